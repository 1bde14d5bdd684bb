"""A rule file's text to its tree, again and again while somebody types.

In: the text as it stands in the editor. Out: a ``Reading``: the tree, the syntax errors, and
where in the text each of their spans lies.

A text up to WHOLE characters is read as ``check`` reads it. Of a longer one only the pieces that
changed are: it is cut at the declarations at the left margin, which is where the parser finds its
way back from an error anyway (language/recovery.py), and each piece is a ``Source`` of its own.
Where several pieces in a row cannot be read, a text or a brace runs over them, and they are
read as one. What an error's remedy takes from far above (an action's bare name) is not seen then.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from pyfilter import limits
from pyfilter.language.compiling import too_large
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.parse import parse
from pyfilter.language.recovery import MARGIN
from pyfilter.language.tree import File, Item, Source, Span

__all__ = ["Reader", "Reading"]

# characters; reading so many takes about a tenth of a second
WHOLE = 20_000

_MARGIN = re.compile(rf"^{MARGIN.pattern}", re.MULTILINE)

Parsed = tuple[File, list[Diagnostic]]


@dataclass(frozen=True, slots=True)
class Reading:
    """``pieces``: the tree of each and the character it begins at."""

    name: str
    text: str
    pieces: tuple[tuple[int, File], ...]
    problems: tuple[Diagnostic, ...]
    _bases: dict[int, int]

    @property
    def items(self) -> list[Item]:
        return [item for _, file in self.pieces for item in file.items]

    @property
    def file(self) -> File:
        """The whole tree, for the checker."""
        return File(self.pieces[0][1].source, tuple(self.items))

    def holds(self, span: Span) -> bool:
        return id(span.source) in self._bases

    def place(self, span: Span) -> tuple[int, int]:
        """First character and the one behind the last, in the whole text."""
        base = self._bases[id(span.source)]
        return base + span.start, base + span.end

    def piece(self, offset: int) -> tuple[int, File]:
        """The piece around a character."""
        found = bisect_right(self.pieces, offset, key=lambda piece: piece[0]) - 1
        return self.pieces[max(found, 0)]


class Reader:
    """Reads one rule file as it changes; ``name`` is its path, beside which lists are looked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._parsed: dict[tuple[str, int], Parsed] = {}
        self._last: Reading | None = None

    def read(self, text: str) -> Reading:
        if self._last is None or self._last.text != text:
            self._last = self._read(text)
        return self._last

    def _read(self, text: str) -> Reading:
        if len(text.encode("utf-8", "surrogatepass")) > limits.RULES_BYTES:
            source = Source(self.name, text)
            return Reading(self.name, text, ((0, File(source, ())),), (too_large(source),), {id(source): 0})
        kept = self._parsed
        self._parsed = {}
        texts = [text] if len(text) <= WHOLE else _cut(text)
        pieces: list[tuple[int, File]] = []
        problems: list[Diagnostic] = []
        base = 0
        for written, (file, found) in self._joined([(piece, self._piece(piece, kept)) for piece in texts], kept):
            pieces.append((base, file))
            problems += found
            base += len(written)
        bases = {id(file.source): start for start, file in pieces}
        return Reading(self.name, text, tuple(pieces), tuple(problems), bases)

    def _piece(self, written: str, kept: dict[tuple[str, int], Parsed]) -> Parsed:
        """A piece that occurs twice stands in two places: each has a tree of its own."""
        number = 0
        while (written, number) in self._parsed:
            number += 1
        made = kept.get((written, number)) or parse(Source(self.name, written))
        self._parsed[written, number] = made
        return made

    def _joined(
        self, pieces: list[tuple[str, Parsed]], kept: dict[tuple[str, int], Parsed]
    ) -> list[tuple[str, Parsed]]:
        made: list[tuple[str, Parsed]] = []
        run: list[tuple[str, Parsed]] = []
        for piece in [*pieces, None]:
            if piece is not None and piece[1][1]:
                run.append(piece)
                continue
            if len(run) > 1:
                whole = "".join(written for written, _ in run)
                run = [(whole, self._piece(whole, kept))]
            made += run
            run = []
            if piece is not None:
                made.append(piece)
        return made


def _cut(text: str) -> list[str]:
    starts = [found.start() for found in _MARGIN.finditer(text)]
    places = [0, *(start for start in starts if start), len(text)]
    return [text[start:end] for start, end in pairwise(places)]
