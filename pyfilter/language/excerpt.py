"""One line of a rule file as a terminal can show it, and where its characters then stand.

In: a line's text. Out: cells, each what is printed for one character and how
many columns it takes, so that a caret below hits its character whatever the
line holds. Tabs become blanks; control, bidirectional and invisible
characters, which could make a line look like another, are spelled out; wide
characters count two columns, combining ones none (UAX #11, UAX #9 section
2.7, "Trojan Source").
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

TAB = 4
# columns of an excerpt; a longer line is cut around its mark
WIDTH = 100
CUT = "…"


@dataclass(frozen=True, slots=True)
class Cell:
    shown: str
    width: int


def cells(line: str) -> list[Cell]:
    found: list[Cell] = []
    column = 0
    for character in line:
        cell = Cell(" " * (TAB - column % TAB), TAB - column % TAB) if character == "\t" else _cell(character)
        found.append(cell)
        column += cell.width
    return found


def _cell(character: str) -> Cell:
    if " " <= character <= "~":
        return Cell(character, 1)
    category = unicodedata.category(character)
    if category == "Cc":
        shown = chr(0x2400 + ord(character)) if character < " " else f"<{ord(character):02X}>"
        return Cell(shown, len(shown))
    if category in ("Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        shown = f"<U+{ord(character):04X}>"
        return Cell(shown, len(shown))
    if category in ("Mn", "Me"):
        return Cell(character, 0)
    return Cell(character, 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1)


def harmless(text: str) -> str:
    """Text of one line for a message: the same spelling, without tab stops."""
    return "".join(" " if character == "\t" else _cell(character).shown for character in text)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The printed part of a line: ``cells[first:last]``, cut marks where something is missing.
    ``skipped``: characters of the line before the first cell."""

    cells: list[Cell]
    first: int
    last: int
    skipped: int
    length: int

    @property
    def text(self) -> str:
        inside = "".join(cell.shown for cell in self.cells[self.first : self.last])
        cut_left, cut_right = self.skipped + self.first > 0, self.skipped + self.last < self.length
        return (CUT if cut_left else "") + inside + (CUT if cut_right else "")

    def columns(self, start: int, end: int) -> tuple[int, int]:
        """Columns from 0 of the characters ``start`` to ``end``, at least one wide; what is cut away counts nothing."""
        start = min(max(start - self.skipped, self.first), self.last)
        end = min(max(end - self.skipped, start), self.last)
        left = sum(cell.width for cell in self.cells[self.first : start]) + (self.skipped + self.first > 0)
        return left, left + max(sum(cell.width for cell in self.cells[start:end]), 1)


def excerpt(line: str, mark: int) -> Excerpt:
    """``line``, cut to WIDTH columns around the character ``mark`` where it is longer."""
    line = line.rstrip("\r")
    # a line of a megabyte is looked at near the mark alone
    skipped = max(mark - 2 * WIDTH, 0)
    found = cells(line[skipped : skipped + 4 * WIDTH])
    if len(found) == len(line) and sum(cell.width for cell in found) <= WIDTH:
        return Excerpt(found, 0, len(found), 0, len(line))
    first = min(mark - skipped, len(found))
    room = WIDTH // 2
    while first > 0 and room > found[first - 1].width:
        first -= 1
        room -= found[first].width
    last = first
    room = WIDTH
    while last < len(found) and room > found[last].width:
        room -= found[last].width
        last += 1
    return Excerpt(found, first, last, skipped, len(line))
