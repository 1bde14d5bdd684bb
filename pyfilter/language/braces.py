"""Braces and parentheses in words: open ones, stray ones, too many of them."""

from __future__ import annotations

from pyfilter.language.diagnostics import Diagnostic, Note
from pyfilter.language.tree import Source, Span
from pyfilter.language.trouble import Trouble


def stray(trouble: Trouble) -> Diagnostic | None:
    sign = trouble.rest[:1]
    if sign == "}" and not trouble.block:
        return Diagnostic(
            "E103", "a `}` that closes nothing", trouble.span(0, 1), "", "take it out, or look for a `}` too many above"
        )
    if sign == ")" and trouble.block != "paren":
        return Diagnostic("E115", "a `)` that closes nothing", trouble.span(0, 1), "", "take it out")
    return None


def missing_close(source: Source, kind: str, head: int, start: int, before: int) -> Diagnostic:
    """The ``{`` or ``(`` at ``start`` is still open at ``before``."""
    opened = Span(source, head, start + 1)
    first_line = source.text.find("\n", head, start)
    if first_line >= 0:
        opened = Span(source, head, first_line)
    sign = ")" if kind == "paren" else "}"
    if before >= len(source.text):
        where = "at the end of the file"
        notes: tuple[Note, ...] = ()
    else:
        end = source.text.find("\n", before)
        where = f"above line {source.place(before)[0]}"
        notes = (Note(Span(source, before, end if end >= 0 else len(source.text)), f"the `{sign}` is missing above"),)
    return Diagnostic(
        "E115" if kind == "paren" else "E102", f"{_CALLED.get(kind, 'this')} has no closing `{sign}`", opened,
        "begins here", "write `)` where it ends" if kind == "paren" else f"write `{sign}` {where}", notes,
    )  # fmt: skip


_CALLED = {
    "rule": "this rule",
    "test": "this test",
    "action": "this action",
    "list": "this list",
    "group": "this group",
    "paren": "this parenthesis",
}


def missing_open(source: Source, head: int, before: int) -> Diagnostic:
    end = head + len(source.text[head:before].split("\n", 1)[0].split("#", 1)[0].rstrip())
    written = source.text[head:end]
    return Diagnostic("E104", "the `{` is missing", Span(source, head, end), "", f"write `{written} {{`")


def too_deep(span: Span, what: str, limit: int) -> Diagnostic:
    return Diagnostic("E114", f"{what} nested more than {limit} deep", span, "", _FLATTER[what])


_FLATTER = {
    "rules": "write the inner rules beside each other",
    "conditions": "name a part of it: `define NAME as …`",
}


def too_many(span: Span) -> Diagnostic:
    message = "too many problems; the rest of the file was not read"
    return Diagnostic("E117", message, span, "", "mend those above first")
