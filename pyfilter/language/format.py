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

from dataclasses import fields, is_dataclass
from typing import Any

from pyfilter.language import texts
from pyfilter.language.check_folders import shown
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.format_words import Comment, Listening, Word, words
from pyfilter.language.parse import parse
from pyfilter.language.tree import Place, Source, Span

WIDTH = 100
COMMENT_COLUMN = 80
STEP = 4

_JOINING = ("COMMA", "AND", "OR", "_OR_TEXT", "LPAR", "AS")
# how far in from its statement the first operand stands: behind `when `; of a definition a step within `and `
_OPERANDS = {"WHEN": 5, "GIVEN": 6, "DEFINE": 2 * STEP}


def formatted(source: Source) -> tuple[str | None, list[Diagnostic]]:
    reader = Listening(source)
    file, problems = parse(source, reader)
    if problems:
        return None, problems
    before = words(reader)
    written = _Writer(source, before).run()
    if written == source.text:
        return written, []
    again = Listening(Source(source.name, written))
    result, problems = parse(again.source, again)
    same = not problems and _same(file.items, result.items) and _comments(before) == _comments(words(again))
    # counted too, for what is no comment to words() either
    return (written if same and written.count("#") == source.text.count("#") else None), []


def _comments(words: list[Word]) -> list[str]:
    return [text for word in words for _, text, _ in word.comments]


class _Writer:
    def __init__(self, source: Source, words: list[Word]) -> None:
        self.source = source
        self.words = words
        self.lines: list[str] = []
        self.line = ""
        self.before = ""  # the type of the word written last
        self.first = True  # at the beginning of a statement
        self.carried: list[Comment] = []  # comments before a `{` or a separator, for what follows
        self.flat_until = -1  # the `}` up to which all stays on this line
        self.pending = ""  # the separator before this word, of a block on one line
        self.depth = 0
        self.lists: list[bool] = []  # of each open `{`, whether texts of a list stand in it
        # where operands stand: of each open `{` those of its statement, of each `(` in it
        self.columns: list[list[int]] = [[0]]

    def run(self) -> str:
        for number, word in enumerate(self.words):
            comments, self.carried = self.carried + word.comments, []
            if self.separates(word):
                self.first, self.pending, self.carried = True, word.text, comments
                continue
            if word.type == "LBRACE":
                comments, self.carried = [], comments
            self.place(word, number, comments)
            self.first, self.pending, self.before = False, "", word.type
            self.note(word, number)
        newline = "\r\n" if self.source.text.partition("\n")[0].endswith("\r") else "\n"
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        return "".join(line + newline for line in self.lines)

    def separates(self, word: Word) -> bool:
        return word.type == "SEMICOLON" or (word.type == "COMMA" and self.lists[-1:] == [True])

    def place(self, word: Word, number: int, comments: list[Comment]) -> None:
        """Write the word on this line, or on one of its own."""
        opening, closing = self.before == "LBRACE", word.type == "RBRACE"
        if closing:
            self.depth -= 1
            self.lists.pop()
            self.columns.pop()
        ended = word.ends and self.before not in _JOINING and word.type not in ("LBRACE", "RPAR")
        if number <= self.flat_until:
            self.put(word, self.pending + " " if self.pending and not closing and not opening else " ")
        elif self.first or ended or opening or closing or word.type == "$END":
            under = bool(comments) and comments[-1][0] is None  # a comment of its own: a blank line below it stays
            top = not under and (opening or not (self.lines or self.line))
            edge = top or closing or word.type == "$END"
            self.end(comments, STEP * (self.depth + closing), word.blank and not edge)
            self.line = " " * (STEP * self.depth)
            self.put(word, "")
            if not closing:
                self.columns[-1] = [STEP * self.depth + _OPERANDS.get(word.type, STEP + 1)]
        elif (word.broken or comments) and word.type != "LBRACE":
            margin = self.margin(word)
            self.end(comments, margin, word.blank)
            self.line = " " * margin
            self.put(word, "")
        else:
            self.put(word, " ")

    def margin(self, word: Word) -> int:
        """Where a line begins that goes on with a statement."""
        columns = self.columns[-1]
        if word.text in ("and", "or"):
            return columns[-1] - len(word.text) - 1
        if word.type == "RPAR":
            return columns[-2]
        if self.before in ("AND", "OR", "LPAR", "AS"):
            return columns[-1]
        return STEP * (self.depth + 1) if len(columns) == 1 else columns[-1] + STEP

    def note(self, word: Word, number: int) -> None:
        """What the word just written opens or closes."""
        columns = self.columns[-1]
        if word.type == "LPAR":
            broken = self.words[number + 1].broken
            columns.append(columns[-1] + STEP if broken else len(self.line))
        elif word.type == "RPAR":
            columns.pop()
        elif word.type == "LBRACE":
            self.depth += 1
            self.lists.append(word.entries)
            self.columns.append([0])
            fits = word.flat >= 0 and not self.carried and len(self.line) + word.flat <= WIDTH
            if number > self.flat_until and fits:
                self.flat_until = word.close

    def put(self, word: Word, glue: str) -> None:
        if self.before == "LPAR" or word.type in ("RPAR", "COMMA"):
            glue = glue if glue.strip() else ""
        self.line += glue
        if word.type == "LONG_STRING":
            self.put_long(word)
        else:
            self.line += word.text

    def put_long(self, word: Word) -> None:
        """A text of several lines, a step further in than its statement."""
        margin = " " * (STEP * (self.depth + 1))
        lines = texts.unindented(self.source.text, word.start + 3, word.end - 3)
        written = [self.source.text[start:end] for start, end in lines]
        if "\n" not in word.text or any(line.endswith("\r") for line in written):
            written = word.text.split("\n")
        else:
            written = ['"""', *(margin + line if line else "" for line in written[:-1]), margin + written[-1] + '"""']
        first, *rest = written
        self.line += first
        for line in rest:
            self.lines.append(self.line)
            self.line = line

    def end(self, comments: list[Comment], margin: int, blank: bool) -> None:
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
