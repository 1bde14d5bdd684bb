"""Lark: the grammar's tables, and a parser that can be stopped, asked and set back.

In: grammar.lark and a text. Out: tokens, and at the end the branch Lark built.
The only file that imports Lark (60 ms), itself imported only when rules are
parsed.

Making the tables from the grammar takes Lark 0.4 s, reading them 0.05 s, so
they are kept beside the grammar as plain data, grammar.json, with the digest
of the grammar and the version of Lark they were made by. Where either differs
they are made anew. (Kept in the package and not in a user's cache: nothing of
a user's is then believed, the first run is as fast as the second, and a test
holds file and grammar together. Plain JSON, because what Lark would write
itself is a pickle, which can hold a program.)

    python -m pyfilter.language.lalr        # writes grammar.json, after a change of the grammar
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import Shift

from pyfilter.language.builder import Branch

GRAMMAR = Path(__file__).with_name("grammar.lark")
KEPT = Path(__file__).with_name("grammar.json")


@cache
def tables() -> lark.Lark:
    """The parser of the language: the kept tables if they fit, else made from the grammar."""
    grammar = GRAMMAR.read_text("utf-8")
    kept = _kept(grammar)
    return lark.Lark.load(kept) if kept else made(grammar)


def made(grammar: str) -> lark.Lark:
    return lark.Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=False)


def _kept(grammar: str) -> dict[str, Any] | None:
    try:
        kept = json.loads(KEPT.read_bytes(), object_pairs_hook=_numbered)
    except (OSError, ValueError):
        return None
    fits = isinstance(kept, dict) and kept.get("made of") == _origin(grammar)
    return {"data": kept["data"], "memo": kept["memo"]} if fits else None


def _numbered(pairs: list[tuple[str, Any]]) -> dict[str | int, Any]:
    """JSON knows texts as keys only; Lark counts its states and rules."""
    return {int(key) if key.isdigit() else key: value for key, value in pairs}


def _origin(grammar: str) -> list[str]:
    return [lark.__version__, hashlib.sha256(grammar.encode()).hexdigest()]


def kept_text(grammar: str) -> str:
    """What grammar.json holds for this grammar."""
    data, memo = made(grammar).memo_serialize([TerminalDef, Rule])
    return json.dumps({"made of": _origin(grammar), "data": data, "memo": memo}, separators=(",", ":")) + "\n"


@cache
def keywords() -> dict[str, str]:
    """The words of the language, by the names of their terminals."""
    return {term.name: term.pattern.value for term in tables().terminals if term.pattern.value.isalpha()}


class Stuck(Exception):
    """The text at ``offset`` cannot stand there."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Parser:
    """Lark's LALR(1) parser with its contextual lexer over one text, one token at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._interactive = tables().parse_interactive(text)
        self._state = self._interactive.parser_state
        self._states = self._state.parse_conf.states

    def tokens(self) -> Iterator[Any]:
        """The tokens from where it stands; each is to be taken before the next is asked for. Raises Stuck."""
        lexer: Any = self._interactive.lexer_thread
        try:
            yield from lexer.lex(self._state)
        except lark.UnexpectedInput as error:
            raise Stuck(len(self._text) if error.pos_in_stream is None else error.pos_in_stream) from error

    def take(self, token: Any) -> None:
        """Raises Stuck if the token cannot stand here.

        A stray `}` is looked at first: LALR(1) would take together all items above it before it finds out.
        """
        if token.type == "RBRACE" and not self.accepts("RBRACE"):
            raise Stuck(token.start_pos)
        try:
            self._state.feed_token(token)
        except lark.UnexpectedToken as error:
            raise Stuck(token.start_pos) from error

    def feed(self, type: str, start: int, end: int) -> None:
        """Take a token the text does not have."""
        self.take(_token(type, self._text, start, end))

    def finish(self) -> Branch:
        """The branch of the whole text; ``accepts("$END")`` must be true."""
        end = len(self._text)
        branch: Branch = self._interactive.feed_token(_token("$END", self._text, end, end))
        return branch

    def seek(self, offset: int) -> None:
        """Go on reading at ``offset``."""
        lexer: Any = self._interactive.lexer_thread
        lexer.state.line_ctr.char_pos = offset

    @property
    def depth(self) -> int:
        return len(self._state.state_stack)

    def drop(self) -> None:
        """Forget what was read last on the stack."""
        self._state.state_stack.pop()
        self._state.value_stack.pop()

    def expected(self) -> frozenset[str]:
        """The types of tokens that may stand here."""
        return frozenset(type for type in self._states[self._state.position] if type.isupper() and self.accepts(type))

    def accepts(self, type: str) -> bool:
        """Whether a token of this type would be taken."""
        stack = list(self._state.state_stack)
        while True:
            action, argument = self._states[stack[-1]].get(type, (None, None))
            if action is None or action is Shift:
                return action is Shift
            size = len(argument.expansion)
            if size:
                del stack[-size:]
            stack.append(self._states[stack[-1]][argument.origin.name][1])
            if type == "$END" and stack[-1] == self._state.parse_conf.end_state:
                return True


def _token(type: str, text: str, start: int, end: int) -> lark.Token:
    return lark.Token(type, text[start:end], start_pos=start, line=1, column=1, end_line=1, end_column=1, end_pos=end)


if __name__ == "__main__":
    KEPT.write_text(kept_text(GRAMMAR.read_text("utf-8")), "utf-8")
