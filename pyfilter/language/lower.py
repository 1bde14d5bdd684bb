"""The Program, put together from what the checker lowered. See program.py for its shape."""

from __future__ import annotations

import marshal

from pyfilter.language.check_texts import Lowered
from pyfilter.language.guards import guard
from pyfilter.language.program import FORMAT, Program

__all__ = ["program"]

Lists = dict[str, tuple[frozenset[str] | None, str | None]]


def program(
    *,
    settings: dict[str, object],
    files: tuple[str, ...],
    lists: Lists,
    rules: list[Lowered],
    excerpts: list[tuple[int, str]],
    remembers: bool = False,
) -> Program:
    return {
        "format": FORMAT,
        "settings": settings,
        "files": files,
        "lists": lists,
        "remembers": remembers,
        "rules": tuple(marshal.dumps(rule) for rule in rules),
        "index": index(rules, lists),
        "excerpts": marshal.dumps(tuple(excerpts)),
    }


def index(rules: list[Lowered], lists: Lists) -> dict[str, object]:
    """Which rules can match a message at all, by the values of a few fields."""
    always: list[int] = []
    exact: dict[tuple[str, str], dict[str, list[int]]] = {}
    part: dict[tuple[str, str], dict[str, list[int]]] = {}
    for number, rule in enumerate(rules):
        found = guard(rule[3], lists)
        if found is None:
            always.append(number)
            continue
        table = (exact if found.whole else part).setdefault((found.key, found.form), {})
        for text in sorted(found.texts):
            table.setdefault(text, []).append(number)
    return {
        "always": tuple(always),
        "exact": {key: {text: tuple(numbers) for text, numbers in table.items()} for key, table in exact.items()},
        "part": {key: tuple((text, tuple(numbers)) for text, numbers in table.items()) for key, table in part.items()},
    }
