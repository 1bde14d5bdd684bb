"""How a text is read to its end whatever errors are in it.

In: a ``Source``. Out: the parser's branch for the whole file (build.py makes
the tree of it) and the syntax errors met on the way (syntax.py words them).

The parser (lalr.py) is given token by token. On an error the statement is
given up: the parser's stack is taken back to where the statement began, a
``BROKEN`` token stands for it, and reading goes on where recovery.py finds the
next statement. So one error is one diagnostic, all of a file come out of one
run, and the rules around stay in the tree.

A declaration at the left margin while a block with indented contents is open
means that the block's ``}`` is missing above it. (In a file that indents
nothing it may be nested on purpose: then only the end of the file tells.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pyfilter import limits
from pyfilter.language import braces, syntax
from pyfilter.language.builder import Branch
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.lalr import Parser, Stuck, keywords
from pyfilter.language.recovery import ACTION_LINE, STATEMENT, at_margin, resume, unclosed
from pyfilter.language.tree import Source, Span
from pyfilter.language.trouble import Trouble

# what a `{` opens, by the word that stood last before it
_OPENERS = {
    "RULE": "rule", "ACTION": "action", "TEST": "test", "LIST": "list",
    "ANY": "group", "ALL": "group", "NONE": "group", "LEAST": "group", "SCORE": "score",
}  # fmt: skip
_BLOCKS = ("rule", "action", "test")
# statements that mean something else when their end is missing: never kept in part
_WHOLE = ("WHEN", "GIVEN", "DEFINE", "EXPECT")
_SEPARATORS = ("_NL", "SEMICOLON")
_CUT = re.compile(r"\w|[.-]\w")


@dataclass(slots=True)
class Opened:
    """An open ``{`` or ``(`` at ``start``, its head at ``head``; ``statement``: the one it belongs to; ``stack``: the
    parser's depth before it; ``nots``: how many ``not`` stand before it; ``indented``: whether its first content is,
    None as long as unknown."""

    kind: str
    head: int
    start: int
    statement: tuple[str, int]
    stack: int
    nots: int
    indented: bool | None = None


class Reader:
    """One pass over one text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.problems: list[Diagnostic] = []
        self.parser = Parser(source.text)
        self.opened: list[Opened] = []
        self.misclosed: Opened | None = None
        self.opener = ("", 0)  # the last word of _OPENERS and its offset
        self.nots = 0
        self.statement = ("", 0)  # the current statement's first token type and offset
        self.fresh = True  # at the beginning of a statement
        self.last_type = ""
        self.last = Span(source, 0, 0)
        self.failed_at = -1
        self.long: Span | None = None  # the long text read last
        self.lost: list[Span] = []  # long texts whose end is not their own
        self.swallowed = False  # a text without end may have swallowed closing braces

    def run(self) -> Branch:
        self.parser.seek(1 if self.text.startswith("\ufeff") else 0)
        while not self.read():
            pass
        end = len(self.text)
        if self.opened and not self.fresh and self.opened[-1].kind in _BLOCKS and not self.parser.accepts("_NL"):
            self.fail(end)
        if self.opened:
            self.missing_close(end)
        if not self.parser.accepts("$END"):
            self.fail(end)
        return self.parser.finish()

    def read(self) -> bool:
        """Tokens up to the end (True) or to the next error, from which it has recovered (False)."""
        try:
            return all(self.take(token, token.start_pos, token.end_pos) for token in self.parser.tokens())
        except Stuck as stuck:
            if self.close_at_margin(stuck.offset):
                return False
            if not self.fresh and self.opened and self.at_action(stuck.offset):
                self.condition_ends(stuck.offset)
            else:
                self.fail(stuck.offset)
            return False

    # ------------------------------------------------------------ one token

    def take(self, token: Any, start: int, end: int) -> bool:
        if self.close_at_margin(start):
            return False
        if not self.fresh and self.at_action(start):
            self.condition_ends(start)
            return False
        if token.type in keywords() and _CUT.match(self.text, end):
            self.fail(start)  # `isnt`, read as `is` and `nt`
            return False
        self.parser.take(token)
        depth = self.parser.depth - 1
        if self.fresh and token.type not in _SEPARATORS and token.type != "RBRACE":
            self.statement, self.fresh = (token.type, start), False
        if token.type not in _SEPARATORS:
            self.last_type, self.last = token.type, Span(self.source, start, end)
            self.long = self.last if token.type == "LONG_STRING" else self.long
        if token.type not in _SEPARATORS:
            self.note_indentation(start)
        if token.type in _OPENERS:
            self.opener = (_OPENERS[token.type], start)
        if token.type == "NOT":
            self.nots += 1
            return not self.too_deep(start)
        if token.type in ("LBRACE", "LPAR"):
            self.open("paren" if token.type == "LPAR" else self.opener[0], start, depth)
            return not self.too_deep(start)
        self.nots = 0
        if token.type in ("RBRACE", "RPAR"):
            self.close(start)
        elif token.type in _SEPARATORS and not self.fresh:
            self.fresh = self.at_statement()
        return True

    def note_indentation(self, start: int) -> None:
        if self.opened and self.opened[-1].indented is None:
            self.opened[-1].indented = self.text[start - 1] != "\n"

    def open(self, kind: str, start: int, depth: int) -> None:
        head = start if kind == "paren" else self.opener[1]
        self.opened.append(Opened(kind, head, start, self.statement, depth, self.nots))
        self.fresh = kind in _BLOCKS
        self.nots = 0

    def close(self, start: int) -> None:
        """A ``}`` further left than the head of what it closes belongs to something further out."""
        closed = self.opened.pop()
        self.statement, self.fresh = closed.statement, False
        line_start = self.text.rfind("\n", closed.start, start) + 1
        if line_start and not self.misclosed and not self.text[line_start:start].strip():
            head_start = self.text.rfind("\n", 0, closed.head) + 1
            head_line = self.text[head_start : closed.head]
            if start - line_start < len(head_line) - len(head_line.lstrip()):
                self.misclosed = closed

    def too_deep(self, start: int) -> bool:
        """Nesting past the limits is an error of its own, and keeps every recursion over the tree shallow."""
        rules = sum(opened.kind in _BLOCKS for opened in self.opened)
        conditions = self.nots
        for opened in reversed(self.opened):
            if opened.kind in _BLOCKS:
                break
            conditions += 1 + opened.nots
        if rules > limits.RULE_DEPTH:
            problem = braces.too_deep(Span(self.source, self.opened[-1].head, start), "rules", limits.RULE_DEPTH)
        elif conditions > limits.CONDITION_DEPTH:
            problem = braces.too_deep(Span(self.source, start, start + 1), "conditions", limits.CONDITION_DEPTH)
        else:
            return False
        self.problems.append(problem)
        self.recover(start + 1)
        return True

    # ----------------------------------------------------------- the errors

    def fail(self, start: int) -> None:
        """What stands at ``start`` cannot stand there."""
        self.note_indentation(start)
        expected = self.parser.expected()
        block_awaited = expected == {"LBRACE"} and self.statement[0] in ("RULE", "ACTION", "TEST")
        if block_awaited and STATEMENT.match(self.text, start):
            self.missing_open(start)
            return
        if self.unclosed_text(start):
            return
        if start > self.failed_at:
            trouble = Trouble(
                self.source, start, self.last_type, self.last, Span(self.source, self.statement[1], start),
                self.fresh, expected, frozenset(keywords().get(name, "") for name in expected),
                self.opened[-1].kind if self.opened else "",
            )  # fmt: skip
            self.problems.append(syntax.explain(trouble))
            self.swallowed = self.swallowed or self.text.startswith('"""', start)
        self.recover(max(start, self.failed_at + 1))
        self.failed_at = max(start, self.failed_at + 1)

    def unclosed_text(self, start: int) -> bool:
        """Whether the long text just above ``start`` runs over a rule or test of its own: its end is missing."""
        within = unclosed(self.text, self.long) if self.long and not self.text[self.long.end : start].strip() else None
        if not self.long or within is None:
            return False
        self.problems.append(syntax.unclosed_text(self.long))
        self.swallowed = True
        self.lost.append(self.long)
        begin = self.statement[1] if not self.fresh else self.long.start
        self.unwind()
        self.parser.feed("BROKEN", begin, begin + len(self.text[begin:within].rstrip()))
        self.parser.feed("_NL", start, start)
        self.fresh = True
        self.long = None
        self.parser.seek(within)
        return True

    def at_action(self, start: int) -> bool:
        """Whether a line begins at ``start`` that can only be an action: not what a condition goes on with."""
        return ACTION_LINE.match(self.text, start) is not None and "\n" in self.text[self.last.end : start]

    def condition_ends(self, start: int) -> None:
        """An action begins at ``start`` though what stands above is not complete."""
        inner = self.opened[-1] if self.opened else None
        closing = "RPAR" if inner and inner.kind == "paren" else "RBRACE"
        if not inner or inner.kind in _BLOCKS or not self.parser.accepts(closing):
            self.fail(self.last.end)
            return
        self.problems.append(braces.missing_close(self.source, inner.kind, inner.head, inner.start, start))
        while self.opened and self.opened[-1].kind not in _BLOCKS:
            closing = "RPAR" if self.opened[-1].kind == "paren" else "RBRACE"
            if not self.parser.accepts(closing):
                break
            self.parser.feed(closing, self.last.end, self.last.end)
            self.statement, self.fresh = self.opened.pop().statement, False
        self.end_statement(start)
        self.parser.seek(start)

    def missing_open(self, start: int) -> None:
        self.problems.append(braces.missing_open(self.source, self.statement[1], start))
        self.parser.feed("LBRACE", start, start)
        depth = self.parser.depth - 1
        self.open(self.opener[0], start, depth)
        self.opened[-1].indented = True
        self.parser.seek(start)

    def close_at_margin(self, start: int) -> bool:
        if not self.opened or not at_margin(self.text, start):
            return False
        inner = next((opened for opened in reversed(self.opened) if opened.kind in _BLOCKS), None)
        if inner and inner.kind != "test" and not inner.indented:
            return False
        self.missing_close(start)
        self.parser.seek(start)
        return True

    def missing_close(self, start: int) -> None:
        """Whatever is open at ``start`` should not be."""
        lost = self.misclosed or self.opened[-1]
        if len(self.problems) <= limits.PROBLEMS and not self.swallowed:
            self.problems.append(braces.missing_close(self.source, lost.kind, lost.head, lost.start, start))
        while self.opened:
            self.end_statement(start)
            if self.opened:
                self.parser.feed("RBRACE", self.last.end, self.last.end)
                self.statement, self.fresh = self.opened.pop().statement, False
        self.end_statement(start)
        self.misclosed = None
        self.swallowed = False

    # --------------------------------------------------------- the recovery

    def recover(self, start: int) -> None:
        """Give up the statement around ``start`` and go on at the next one."""
        open_before = [opened for opened in self.opened if opened.kind != "paren"]
        kept = self.complete_statement()
        if not kept:
            self.unwind()
        lost = len(open_before) - sum(opened.kind != "paren" for opened in self.opened)
        if len(self.problems) > limits.PROBLEMS:
            position = len(self.text)
        else:
            position = resume(self.text, start, lost, bool(self.opened))
            self.swallowed = self.swallowed or '"""' in self.text[start:position]
        broken_from = start if kept or self.fresh else self.statement[1]
        end = max(broken_from + len(self.text[broken_from:position].rstrip()), broken_from)
        self.parser.feed("BROKEN", broken_from, end)
        self.parser.feed("_NL", end, end)
        self.fresh = True
        self.nots = 0
        self.parser.seek(position)

    def end_statement(self, start: int) -> None:
        """Bring the parser to the beginning of a statement, at ``start``, whatever it is in."""
        if self.fresh and self.at_statement():
            return
        if not self.complete_statement():
            begin = self.statement[1]
            self.unwind()
            self.parser.feed("BROKEN", begin, max(self.last.end, begin))
            self.parser.feed("_NL", start, start)
        self.fresh = True

    def complete_statement(self) -> bool:
        """End the statement as a line break would, if it may end here and means the same then."""
        if self.fresh or self.statement[0] in _WHOLE or not self.parser.accepts("_NL"):
            return False
        self.parser.feed("_NL", self.last.end, self.last.end)
        return self.at_statement()

    def unwind(self) -> None:
        """Take the parser's stack back to where a statement may begin."""
        while not self.at_statement():
            self.parser.drop()
        while self.opened and self.opened[-1].stack >= self.parser.depth:
            self.opened.pop()

    def at_statement(self) -> bool:
        return self.parser.accepts("WHEN") or self.parser.accepts("GIVEN")
