"""Places in a text as editors count them, and as we do.

Ours: characters from the text's beginning. An editor's: line and column, both from 0, the
column in the units it agreed on with the server: UTF-16 code units if it said nothing
(Language Server Protocol 3.17, "Position"), where an emoji counts two.

A place behind a line's end is its end, one behind the last line the text's end: while
somebody types, an editor may be ahead of us.
"""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["Positions"]

# bytes of one unit, and the encoding that has them; no mark at the beginning
_UNITS = {"utf-8": (1, "utf-8"), "utf-16": (2, "utf-16-le"), "utf-32": (4, "utf-32-le")}


class Positions:
    """The places of one text; ``units``: utf-8, utf-16 or utf-32."""

    def __init__(self, text: str, units: str = "utf-16") -> None:
        self._text = text
        self._width, self._codec = _UNITS[units]
        self._starts = [0]
        position = text.find("\n")
        while position >= 0:
            self._starts.append(position + 1)
            position = text.find("\n", position + 1)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a character."""
        offset = min(max(offset, 0), len(self._text))
        line = bisect_right(self._starts, offset) - 1
        return line, self._length(self._text[self._starts[line] : offset])

    def offset(self, line: int, column: int) -> int:
        """The character at a line and column; the one that begins before it, if it lies within one."""
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self._text)
        start = self._starts[line]
        end = self._text.find("\n", start)
        written = self._text[start : end if end >= 0 else len(self._text)]
        if written.isascii():
            return start + min(max(column, 0), len(written))
        for number, character in enumerate(written):
            column -= self._length(character)
            if column < 0:
                return start + number
        return start + len(written)

    def _length(self, text: str) -> int:
        # a lone surrogate, which a broken client may send, counts as what it is
        return len(text) if text.isascii() else len(text.encode(self._codec, "surrogatepass")) // self._width
