"""What every part of build.py works with: the parser's branch, and how its leaves become nodes.

Lark is not imported here: the protocols below are all of it that is known. A
branch's ``data`` names its grammar rule; a leaf is a ``str`` with ``type``,
``start_pos`` and ``end_pos``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pyfilter.language import tree
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.texts import text
from pyfilter.language.tree import Source, Span


class Meta(Protocol):
    start_pos: int
    end_pos: int


class Branch(Protocol):
    data: str
    children: list[Any]

    @property
    def meta(self) -> Meta: ...


class Builder:
    """Carries the source and the problems through the recursion, whose depth reader.py limits.

    ``builders``: grammar rule -> what makes its node.
    """

    def __init__(self, source: Source, problems: list[Diagnostic], builders: Mapping[str, Build]) -> None:
        self.source = source
        self.problems = problems
        self.builders = builders

    def build(self, child: Any) -> Any:
        return self.leaf(child) if isinstance(child, str) else self.builders[child.data](self, child)

    def all(self, branch: Branch) -> list[Any]:
        return [self.build(child) for child in branch.children]

    def span(self, branch: Branch) -> Span:
        return Span(self.source, branch.meta.start_pos, branch.meta.end_pos)

    def words(self, branch: Branch, words: str) -> Span:
        """The span of the words a branch begins with, whatever blanks stand between them."""
        found = re.compile(r"\s+".join(words.split())).match(self.source.text, branch.meta.start_pos)
        return Span(self.source, branch.meta.start_pos, found.end() if found else branch.meta.end_pos)

    def token_span(self, token: Any) -> Span:
        return Span(self.source, token.start_pos, token.end_pos)

    def leaf(self, token: Any) -> Any:
        span = self.token_span(token)
        match token.type:
            case "STRING" | "LONG_STRING":
                return text(self.source, span.start, span.end, self.problems)
            case "NUMBER":
                return self.number(token, span)
            case "FIELD":
                return tree.Field(span, spelled(token))
            case "REGEX":
                pattern, _, flags = token[1:].rpartition("/")
                return tree.Regex(span, _ESCAPED.sub(_slash, pattern), flags)
            case _:
                return tree.Word(span, spelled(token))

    def number(self, token: str, span: Span) -> tree.Number:
        if len(token) > LONGEST_NUMBER:
            message = "a number of so many digits cannot be meant"
            self.problems.append(Diagnostic("E113", message, span, help="write it with a larger unit: `10 MB`"))
            return tree.Number(span, 0)
        return tree.Number(span, float(token) if "." in token else int(token))


# characters; a size in bytes needs 15, and Python refuses to read 4300
LONGEST_NUMBER = 18

_ESCAPED = re.compile(r"\\(.)")


def _slash(found: re.Match[str]) -> str:
    return "/" if found[1] == "/" else found[0]


def spelled(written: str) -> str:
    """A name as names are compared: NFC, since editors write one letter in two ways."""
    return unicodedata.normalize("NFC", str(written))


def is_type(child: Any, type: str) -> bool:
    return isinstance(child, str) and getattr(child, "type", "") == type


def named(branch: Branch, data: str) -> Branch | None:
    for child in branch.children:
        if not isinstance(child, str) and child.data == data:
            found: Branch = child
            return found
    return None


def node_of(node: Callable[..., Any]) -> Callable[[Builder, Branch], Any]:
    """A node made of its span and its only child."""
    return lambda b, branch: node(b.span(branch), b.build(branch.children[0]))


Build = Callable[[Builder, Branch], Any]
