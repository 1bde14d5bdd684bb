"""After `matches`: globs and regular expressions, and what they capture.

Every hole in a pattern captures; it may not bear the name of a field, a `let`
or a setting, which a hole elsewhere would insert.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyfilter.language.check_names import Names, capture_clash
from pyfilter.language.check_report import Report, on_one_line
from pyfilter.language.check_texts import Lowered, Scope
from pyfilter.language.patterns import glob, regex, regex_problem
from pyfilter.language.tree import (
    Chain,
    Condition,
    Group,
    Hole,
    Not,
    Paren,
    Regex,
    Relation,
    Score,
    Span,
    Test,
    Text,
)

__all__ = ["Patterns", "forgive"]


class Patterns:
    def __init__(self, names: Names, report: Report) -> None:
        self.names = names
        self.report = report

    def matches(self, relation: Relation, key: str, excerpt: int) -> tuple[Lowered | None, Scope]:
        globs: list[object] = []
        regexes: list[object] = []
        branches: list[Scope] = []
        whole = True
        for value in relation.values:
            if isinstance(value, Regex):
                made, captured = self._regex(value, relation.exactly)
                regexes.append(made)
            else:
                assert isinstance(value, Text)
                made, captured = self._glob(value, relation.exactly)
                globs.append(made)
            whole = whole and made is not None
            branches.append(captured)
        captured = Scope.some(branches, 1, "stands in one pattern of several")
        if not whole:
            return None, captured
        tests: list[Lowered] = []
        if globs:
            tests.append(("glob", key, tuple(globs), excerpt, relation.exactly))
        if regexes:
            tests.append(("regex", key, tuple(regexes), excerpt, relation.exactly))
        return (tests[0] if len(tests) == 1 else ("or", *tests)), captured

    def _glob(self, text: Text, exactly: bool) -> tuple[object | None, Scope]:
        captures: dict[str, Span] = {}
        whole = True
        for hole in text.holes:
            if hole.format is not None:
                self.report.add("E211", "a capture takes no format", hole.span, "", f"write `{{{hole.name}}}`")
                whole = False
            if hole.name in captures:
                self.report.add(
                    "E207",
                    f"`{{{hole.name}}}` is captured twice in one pattern",
                    hole.span,
                    "",
                    "give one of the two another name",
                )
                whole = False
            whole = self._capture(hole.name, hole, captures) and whole
        if not text.parts:
            self.report.add(
                "W303",
                "an empty pattern matches only an empty text",
                text.span,
                "",
                'for any text write `matches "*"`, or `exists`',
            )
        if not _like_a_regex(text, self.report):
            _without_a_star(text, self.report)
        scope = Scope(captures)
        return (glob(text.parts, exactly) if whole else None), scope

    def _capture(self, name: str, hole: Hole, captures: dict[str, Span]) -> bool:
        captures.setdefault(name, hole.span)
        return self._clash(name, hole.span)

    def _clash(self, name: str, span: Span) -> bool:
        taken = capture_clash(name, self.names)
        if not taken:
            return True
        base = name.rpartition(".")[0] or name
        self.report.add(
            "E207",
            f"a capture cannot be called `{name}`",
            span,
            f"`{name}` is {taken}",
            f"a hole in a pattern captures, it inserts nothing: write `{{{base}-part}}` or any other name",
        )
        return False

    def _regex(self, value: Regex, exactly: bool) -> tuple[object | None, Scope]:
        problem = regex_problem(value.pattern, value.flags)
        if problem is not None:
            cause, offset = problem
            _bad_pattern(value, cause, offset, self.report)
            return None, Scope(forgiven=frozenset(_named_groups(value.pattern)))
        if exactly and "i" in value.flags:
            self.report.add(
                "E214",
                "`exactly` and `i` contradict each other",
                Span(value.span.source, value.span.end - len(value.flags), value.span.end),
                "in any case of the letters",
                "leave out one of the two",
            )
            return None, Scope(forgiven=frozenset(_named_groups(value.pattern)))
        made = regex(value.pattern, value.flags, exactly)
        whole = True
        for name in made[2]:
            whole = self._clash(name, _named_group(value, name)) and whole
        return (made if whole else None), Scope(dict.fromkeys(made[2], value.span))


# what stands in a regular expression and hardly in a glob: an anchor, `.*` in front, `(a|b)`
_REGEX_LIKE = re.compile(r"\A\^|\A\.\*|\.\*\$\Z|\(\.\*\)|\([^()]*\|[^()]*\)")


def _like_a_regex(text: Text, report: Report) -> bool:
    """Warn of a glob that procmail's users and programmers meant as a regular expression."""
    written = text.span.text
    inside = written[3:-3] if text.long else written[1:-1]
    found = None if "\n" in inside or text.holes else _REGEX_LIKE.search(inside)
    if found is None:
        return False
    start = text.span.start + (3 if text.long else 1) + found.start()
    pattern = inside.replace("/", "\\/")
    report.add(
        "W308",
        "this looks like a regular expression, and is none",
        Span(text.span.source, start, start + len(found[0])),
        "in quotes only `*`, `?` and `{name}` are special",
        f"write `matches /{pattern}/`",
    )
    return True


def _without_a_star(text: Text, report: Report) -> None:
    """Warn of a glob that is held against the whole text, where a search in it was meant."""
    if text.parts and all(isinstance(part, str) for part in text.parts):
        written = on_one_line(text.span.text)
        report.add(
            "W309",
            "this pattern matches only the very same text",
            text.span,
            "there is no `*`, `?` or `{name}` in it",
            f"write `contains {written}` to look for it, or `is {written}`",
        )


def _bad_pattern(value: Regex, cause: str, offset: int, report: Report) -> None:
    """The caret stands inside the pattern; ``offset`` counts in it with its ``\\/`` resolved."""
    written = value.span.text
    position = 1
    while offset > 0 and position < len(written):
        position += 2 if written.startswith("\\/", position) else 1
        offset -= 1
    place = value.span.start + min(position, len(written) - 1)
    help = 'the syntax is RE2\'s; for simple patterns `matches "…*…"` needs none'
    report.add(
        "E220", f"the pattern {_short(written)} is wrong", Span(value.span.source, place, place + 1), cause, help
    )


def _short(written: str, longest: int = 40) -> str:
    return f"`{written}`" if len(written) <= longest else f"`{written[:longest]}…`"


def _named_group(value: Regex, name: str) -> Span:
    """Where the pattern names the capture."""
    at = value.span.text.find(f"<{name}>")
    return Span(value.span.source, value.span.start + at + 1, value.span.start + at + 1 + len(name))


def _named_groups(pattern: str) -> list[str]:
    """Names a pattern that does not compile would capture."""
    return re.findall(r"\(\?P?<(\w+)>", pattern)


def forgive(node: Condition) -> Scope:
    """The scope in which whatever a wrong condition might capture is forgiven."""
    return Scope(forgiven=frozenset(_captures(node)))


def _captures(node: Condition) -> Iterator[str]:
    stack: list[Condition] = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, Test):
            for value in node.relation.values if node.relation else ():
                if isinstance(value, Text):
                    yield from (hole.name for hole in value.holes)
                elif isinstance(value, Regex):
                    yield from _named_groups(value.pattern)
        elif isinstance(node, Chain | Group):
            stack.extend(node.operands)
        elif isinstance(node, Not | Paren):
            stack.append(node.operand)
        elif isinstance(node, Score):
            stack.extend(weight.condition for weight in node.weights)
