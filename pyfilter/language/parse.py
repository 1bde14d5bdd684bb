"""A rule file's text to its tree, and every syntax error in one run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lark import Lark, UnexpectedInput

from pyfilter.language import build
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.tree import File, Source, Span


@cache
def tables() -> Lark:
    """The parser, built from grammar.lark."""
    grammar = Path(__file__).with_name("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=False)


def parse(source: Source) -> tuple[File, list[Diagnostic]]:
    problems: list[Diagnostic] = []
    try:
        branch = tables().parse(source.text)
    except UnexpectedInput as error:
        offset = min(error.pos_in_stream or 0, len(source.text))
        place = Span(source, offset, min(offset + 1, len(source.text)))
        return File(source, ()), [Diagnostic("E105", "this cannot be read", place)]
    return File(source, build.items(source, branch, problems)), problems
