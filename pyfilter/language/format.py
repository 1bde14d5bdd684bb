"""A rule file as everybody would write it: the same tokens and comments, with other blanks between them.

In: a ``Source``. Out: its text formatted; or None and the syntax errors of a text that does not parse; or None and no
errors where the result would mean something else or lose a comment: a defect here, which must not reach a file.

The rules:

- Four blanks an indentation; ``{`` on its head's line; one statement, condition or entry a line.
- A block written on one line stays there as long as it ends before column 100.
- A line that begins with ``and`` or ``or`` is indented so that operands stand below each other.
- A break after ``,``, ``and``, ``or`` or ``(`` stays. One blank line at most; none at the edges of a block.
- A comment behind a statement keeps its column, if two blanks or more are before it, else it gets two.
- Quoted texts stay as written; a long text moves with its statement, and its value stays.
- But a folder without holes is named as a mail client shows it: `".Cron.DenyHosts/"` is `"Cron/DenyHosts"`. (What a
  hole holds may have dots itself, and in procmail's spelling alone they separate.)
- LF or CRLF as the first line has it; no byte order mark; a line break at the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from pyfilter.language import texts
from pyfilter.language.check_folders import respelled, shown
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.parse import parse
from pyfilter.language.reader import Reader
from pyfilter.language.tree import Place, Source, Span

WIDTH = 100
COMMENT_COLUMN = 80
STEP = 4

_COMMENT = re.compile(r"#[^\n]*")
_SEPARATORS = ("SEMICOLON", "COMMA")
_JOINING = ("COMMA", "AND", "OR", "_OR_TEXT", "LPAR", "AS")
# so that what follows stands below what follows `when `
_ALIGNED = {"and": 1, "or": 2}


def formatted(source: Source) -> tuple[str | None, list[Diagnostic]]:
    file, problems = parse(source)
    if problems:
        return None, problems
    written = _Writer(source).run()
    again, problems = parse(Source(source.name, written))
    same = not problems and _same(file.items, again.items)
    return (written if same and _comments(source) == _comments(again.source) else None), []


@dataclass(slots=True)
class _Word:
    """A token, and what stands before it: comments as (column or None for one on its own line, text, blank line above),
    whether a line break or the end of a statement does, and a blank line."""

    type: str
    start: int
    end: int
    text: str
    comments: list[tuple[int | None, str, bool]] = field(default_factory=list)
    broken: bool = False
    ends: bool = False
    blank: bool = False
    close: int = 0  # of a `{`: the number of its `}`
    flat: int = -1  # of a `{`: how wide the block is on one line, -1 if it cannot be
    entries: bool = False  # of a `{`: whether texts of a list stand in it


class _Listening(Reader):
    """A reader that keeps the tokens it took."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.seen: list[tuple[str, int, int]] = []

    def take(self, token: Any, start: int, end: int) -> bool:
        self.seen.append((token.type, start, end))
        return super().take(token, start, end)


def _words(source: Source) -> list[_Word]:
    reader = _Listening(source)
    reader.run()
    text = source.text
    words: list[_Word] = []
    ends = False
    position = 0
    for type, start, end in [*reader.seen, ("$END", len(text), len(text))]:
        if type == "_NL":
            ends = True
            continue
        word = _Word(type, start, end, text[start:end], ends=ends)
        if type == "STRING" and words and words[-1].type == "INTO":
            word.text = _folder(source, word)
        _note_gap(word, text, position, start)
        words.append(word)
        position, ends = end, False
    _pair(words)
    return words


def _folder(source: Source, word: _Word) -> str:
    holes = texts.text(source, word.start, word.end, []).holes
    return word.text if holes else f'"{respelled(word.text[1:-1])}"'


def _note_gap(word: _Word, text: str, start: int, end: int) -> None:
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


def _pair(words: list[_Word]) -> None:
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


class _Writer:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.words = _words(source)
        self.lines: list[str] = []
        self.line = ""
        self.depth = 0
        self.parens = 0
        self.lists: list[bool] = []

    def run(self) -> str:
        flat_until = -1
        first = True  # at the beginning of a statement
        carried: list[tuple[int | None, str, bool]] = []  # comments between a head and its `{`
        before = ""
        pending = ""  # a separator within a block on one line
        for number, word in enumerate(self.words):
            flat = number <= flat_until
            comments, word.comments = carried + word.comments, []
            carried = []
            if word.type == "LBRACE" and comments:
                carried, comments = comments, []
            if word.type in _SEPARATORS and (word.type == "SEMICOLON" or (self.lists and self.lists[-1])):
                if comments:
                    carried = comments
                first, pending = True, word.text
                continue
            opening, closing = before == "LBRACE", word.type == "RBRACE"
            first = first or (word.ends and before not in _JOINING and word.type != "LBRACE") or opening
            first = first or word.type == "$END"
            if closing:
                self.depth -= 1
                self.lists.pop()
            if flat:
                glue = pending + " " if pending and not closing and not opening else " "
                self.put(word, glue, before)
            elif first or closing:
                edge = opening or closing or not (self.lines or self.line) or word.type == "$END"
                self.end(comments, STEP * (self.depth + closing), word.blank and not edge)
                self.line = " " * (STEP * self.depth)
                self.put(word, "", before)
            elif (word.broken or comments) and word.type != "LBRACE":
                margin = STEP * (self.depth + self.parens) + _ALIGNED.get(word.text, STEP + (before in ("AND", "OR")))
                self.end(comments, margin, word.blank)
                self.line = " " * margin
                self.put(word, "", before)
            else:
                self.put(word, " ", before)
            first, pending, before = False, "", word.type
            self.parens += (word.type == "LPAR") - (word.type == "RPAR")
            if word.type == "LBRACE":
                self.depth += 1
                self.lists.append(word.entries)
                fits = word.flat >= 0 and not carried and len(self.line) + word.flat <= WIDTH
                if not flat and fits:
                    flat_until = word.close
        newline = "\r\n" if self.source.text.partition("\n")[0].endswith("\r") else "\n"
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        return "".join(line + newline for line in self.lines)

    def put(self, word: _Word, glue: str, before: str) -> None:
        if before == "LPAR" or word.type in ("RPAR", "COMMA"):
            glue = glue if glue.strip() else ""
        if word.type != "LONG_STRING":
            self.line += glue + word.text
            return
        margin = " " * (STEP * (self.depth + 1))
        lines = texts.unindented(self.source.text, word.start + 3, word.end - 3)
        written = [self.source.text[start:end] for start, end in lines]
        if "\n" not in word.text or any(line.endswith("\r") for line in written):
            first, *rest = word.text.split("\n")
            written = [first, *rest]
            self.line += glue + written[0]
        else:
            self.line += glue + '"""'
            written = ["", *(margin + line if line else "" for line in written[:-1]), margin + written[-1] + '"""']
        for line in written[1:]:
            self.lines.append(self.line)
            self.line = line

    def end(self, comments: list[tuple[int | None, str, bool]], margin: int, blank: bool) -> None:
        """End the line; the comments behind and below it."""
        begun = bool(self.line.strip())
        for number, (column, text, above) in enumerate(comments):
            if column is not None and begun and not number:
                kept = column if len(self.line) + 2 <= column <= COMMENT_COLUMN else len(self.line) + 2
                self.line = self.line.ljust(kept) + text
            else:
                if begun:
                    self.lines.append(self.line)
                if above and self.lines and not self.lines[-1].endswith("{"):
                    self.lines.append("")
                self.line = " " * margin + text
            begun = True
        if begun:
            self.lines.append(self.line)
        if blank and self.lines:
            self.lines.append("")
        self.line = ""


def _comments(source: Source) -> list[str]:
    return [comment[1] for word in _words(source) for comment in word.comments]


def _same(left: Any, right: Any) -> bool:
    """Whether two trees are equal but for where they stand and how folders are spelled."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (Span, Source)):
        return True
    if isinstance(left, Place) and left.kind == "folder" and left.text and right.text and not left.text.holes:
        return left.kind == right.kind and not right.text.holes and shown(left.text) == shown(right.text)
    if isinstance(left, (tuple, list)):
        return len(left) == len(right) and all(_same(one, other) for one, other in zip(left, right, strict=True))
    if is_dataclass(left):
        return all(_same(getattr(left, each.name), getattr(right, each.name)) for each in fields(left))
    return bool(left == right)
