"""What the formatter puts in order: the tokens of a text that parses, with the comments and breaks before each.

In: a ``Listening`` that has read a ``Source``. Out: a ``Word`` for each token but the ends of lines, and one for the
end of the file.

Comments are looked for between two tokens, so `#` in a text is none. A `{` knows how wide its block is on one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pyfilter.language import texts
from pyfilter.language.check_folders import respelled
from pyfilter.language.reader import Reader
from pyfilter.language.tree import Source

__all__ = ["Comment", "Listening", "Word", "words"]

_COMMENT = re.compile(r"#[^\n]*")
# column (None of one on a line of its own), text, whether a blank line is above
Comment = tuple[int | None, str, bool]


@dataclass(slots=True)
class Word:
    """A token, and what stands before it: comments; whether a line break, the end of a statement, a blank line."""

    type: str
    start: int
    end: int
    text: str
    comments: list[Comment] = field(default_factory=list)
    broken: bool = False
    ends: bool = False
    blank: bool = False
    close: int = 0  # of a `{`: the number of its `}`
    flat: int = -1  # of a `{`: how wide the block is on one line, -1 if it cannot be
    entries: bool = False  # of a `{`: whether texts of a list stand in it


class Listening(Reader):
    """A reader that keeps the tokens it took."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.seen: list[tuple[str, int, int]] = []

    def take(self, token: Any, start: int, end: int) -> bool:
        self.seen.append((token.type, start, end))
        return super().take(token, start, end)


def words(reader: Listening) -> list[Word]:
    source, text = reader.source, reader.text
    words: list[Word] = []
    ends = False
    position = 0
    for type, start, end in [*reader.seen, ("$END", len(text), len(text))]:
        if type == "_NL":
            ends = True
            continue
        word = Word(type, start, end, text[start:end], ends=ends)
        if type == "STRING" and words and words[-1].type == "INTO":
            word.text = _folder(source, word)
        _note_gap(word, text, position, start)
        words.append(word)
        position, ends = end, False
    _pair(words)
    return words


def _folder(source: Source, word: Word) -> str:
    holes = texts.text(source, word.start, word.end, []).holes
    return word.text if holes else f'"{respelled(word.text[1:-1])}"'


def _note_gap(word: Word, text: str, start: int, end: int) -> None:
    position = start
    for found in _COMMENT.finditer(text, start, end):
        breaks = text.count("\n", position, found.start())
        own = breaks > 0 or not start
        column = None if own else found.start() - (text.rfind("\n", 0, found.start()) + 1)
        if column is not None and text[found.start() - 2 : found.start()].strip(" "):
            column = 0
        word.comments.append((column, found[0].rstrip(), breaks > 1))
        position = found.end()
    breaks = text.count("\n", position, end)
    word.broken = bool(word.comments) or breaks > 0
    word.blank = breaks > 1


def _pair(words: list[Word]) -> None:
    opened: list[int] = []
    for number, word in enumerate(words):
        if word.type == "LBRACE":
            word.entries = number > 1 and words[number - 2].type == "LIST"
            opened.append(number)
        elif word.type == "RBRACE":
            words[opened.pop()].close = number
    # widths from the left, and how many breaks stand before each word: so each block costs the same
    total, breaks = [0], [0]
    for word in words:
        total.append(total[-1] + len(word.text) + 1)
        breaks.append(breaks[-1] + (word.broken or word.type == "LONG_STRING"))
    for number, word in enumerate(words):
        if word.type == "LBRACE" and breaks[word.close + 1] == breaks[number + 1]:
            word.flat = total[word.close + 1] - total[number]
