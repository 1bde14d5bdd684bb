"""The message as LMTP carries it: what follows DATA, and what follows BDAT, as the bytes that are filed.

``DotData`` reads to the line with a lone dot. **Only CR LF "." CR LF ends it** (RFC 5321, section 4.1.1.4): a dot
between bare LFs, bare CRs or a mixture is text, for two servers that disagree about the end of a message let a stranger
write another one behind it. A dot that begins a line of more is taken away (section 4.5.2). ``ChunkData`` reads so many
bytes (RFC 3030).

What is kept has LF where CR LF came, as files on Unix have it; a bare CR or LF stays. Of a message of more than
``most`` bytes nothing is kept, and it is read to its end all the same: its sender must hear why.

In: bytes as they come, in pieces of any size; the result does not depend on the pieces.
"""

from __future__ import annotations

__all__ = ["ChunkData", "DotData"]

_END = b"\r\n.\r\n"


class _Kept:
    """What was read so far. ``size``: bytes as they came, without the dots."""

    __slots__ = ("_body", "_most", "size")

    def __init__(self, most: int) -> None:
        self._most = most
        self._body = bytearray()
        self.size = 0

    @property
    def too_large(self) -> bool:
        return self.size > self._most

    @property
    def held(self) -> int:
        """Bytes that are kept."""
        return len(self._body)

    def forget(self) -> None:
        """Keep nothing of it: what is to come is read to its end and thrown away."""
        self._most = -1
        self._body = bytearray()

    def message(self) -> bytearray:
        """The whole message, which is given away: nobody changes it any more."""
        body, self._body = self._body, bytearray()
        return body

    def _keep(self, text: bytes) -> None:
        self.size += len(text)
        if self.too_large:
            self._body = bytearray()
        else:
            self._body += text.replace(b"\r\n", b"\n")


class DotData(_Kept):
    """``feed`` until it gives something else than None."""

    __slots__ = ("_is_first", "_tail")

    def __init__(self, most: int) -> None:
        super().__init__(most)
        # what may be the beginning of the end; at first the line end of the command, which is no part of the message
        self._tail = b"\r\n"
        self._is_first = True

    def feed(self, data: bytes) -> bytes | None:
        """None: more is needed. Else the end was there, and this is what came behind it."""
        text = self._tail + data
        end = text.find(_END)
        if end >= 0:
            self._lines(text[: end + 2])
            return text[end + len(_END) :]
        waits = next(length for length in (4, 3, 2, 1, 0) if text.endswith(_END[:length]))
        self._tail = _END[:waits]
        self._lines(text[: len(text) - waits])
        return None

    def _lines(self, text: bytes) -> None:
        """Every ``CR LF .`` in the message lies in one ``text``, since its beginning would have waited."""
        text = text.replace(b"\r\n.", b"\r\n")
        if self._is_first and text:
            text = text[2:]
            self._is_first = False
        self._keep(text)


class ChunkData(_Kept):
    """The chunks of one message: ``begin`` one, then ``feed`` until it gives something else than None."""

    __slots__ = ("_cr", "_left")

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._left = 0
        self._cr = b""  # a CR at the end of a piece, which may be the first half of a line end

    def begin(self, size: int) -> None:
        """A chunk of ``size`` bytes follows."""
        self._left = size

    def feed(self, data: bytes) -> bytes | None:
        """None: more is needed. Else the chunk is whole, and this is what came behind it."""
        mine, rest = data[: self._left], data[self._left :]
        self._left -= len(mine)
        text = self._cr + mine
        self._cr = text[-1:] if text.endswith(b"\r") else b""
        self._keep(text.removesuffix(b"\r"))
        return None if self._left else rest

    def message(self) -> bytearray:
        self._keep(self._cr)
        self._cr = b""
        return super().message()
