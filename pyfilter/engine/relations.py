"""Relations: does a test hold?

``holds(case, program, test)`` gives True, False or None for unknown. The table RELATIONS has one
row a relation; a row looks at one value of the field and says whether it holds for that value (a
field holds if any value does). Patterns that match fill ``case.captures``.

A test's layout stands in language/program.py.
"""

from __future__ import annotations

from pyfilter.engine.fields import FORMS, Case
from pyfilter.engine.questions import Question
from pyfilter.language.patterns import match_glob, search_regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.language.program import Program

    Test = tuple[Any, ...]

__all__ = ["RELATIONS", "form_of", "holds", "render"]


def render(template: str | tuple[Any, ...], case: Case) -> str:
    """A template's text: captures and fields in their places, nothing cleaned."""
    if isinstance(template, str):
        return template
    return "".join(part if isinstance(part, str) else insert(part, case) for part in template)


def insert(part: tuple[Any, ...], case: Case) -> str:
    """The text of one hole."""
    if part[0] == "capture":
        return case.captures.get(part[1], "")
    return case.first(part[1])


def form_of(test: Test) -> str:
    """The form in which the values of ``test``'s field are compared."""
    return "plain" if len(test) > 4 and test[4] else "fold"


def _texts(test: Test, case: Case) -> tuple[str, ...]:
    """The texts with holes, in the form of the test."""
    form = FORMS[form_of(test)]
    return tuple(form(render(template, case)) for template in test[2][1])


def _is(test: Test, value: str, case: Case) -> bool:
    literals, templates = test[2]
    return value in literals or (bool(templates) and value in _texts(test, case))


def _contains(test: Test, value: str, case: Case) -> bool:
    return any(text in value for text in test[2][0] + _texts(test, case))


def _starts(test: Test, value: str, case: Case) -> bool:
    return value.startswith(test[2][0] + _texts(test, case))


def _ends(test: Test, value: str, case: Case) -> bool:
    return value.endswith(test[2][0] + _texts(test, case))


def _compared(value: str) -> float | None:
    """The number a value stands for, or None; a header may hold anything."""
    try:
        return float(value) if len(value) < 40 else None
    except ValueError:
        return None


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "==": lambda left, right: left == right,
}


def _compare(test: Test, value: str, case: Case) -> bool:
    number = _compared(value)
    operator, limit = test[2]
    return number is not None and _OPERATORS[operator](number, limit)


def _between(test: Test, value: str, case: Case) -> bool:
    number = _compared(value)
    low, high = test[2]
    return number is not None and low <= number <= high


# relation -> does it hold for one value, already in the test's form
RELATIONS: dict[str, Callable[[Test, str, Case], bool]] = {
    "is": _is,
    "contains": _contains,
    "starts": _starts,
    "ends": _ends,
    "compare": _compare,
    "between": _between,
}


def holds(case: Case, program: Program, test: Test) -> bool | None:
    """Does ``test`` hold for any value of its field? None where a list it needs is unknown.

    Raises Unreadable (a field past a limit) and Asked (a fact is missing).
    """
    relation, key = test[0], test[1]
    if relation == "exists":
        return case.exists(key)
    if relation == "in":
        return _in(case, program, test)
    if relation in ("glob", "regex"):
        return _matches(case, test)
    row = RELATIONS[relation]
    return any(row(test, value, case) for value in case.formed(key, form_of(test)))


def _in(case: Case, program: Program, test: Test) -> bool | None:
    names, literals, templates = test[2]
    key = test[1]
    wanted: list[str] = []  # every text whose standing in a list makes the value stand in it
    for value in case.formed(key, "fold"):
        wanted.append(value)
        _, at, domain = value.rpartition("@")
        if at:
            wanted.append(at + domain)
        elif key.endswith(".domain"):
            wanted.append("@" + value)
    if any(text in literals for text in wanted):
        return True
    if templates and any(FORMS["fold"](render(template, case)) in wanted for template in templates):
        return True
    verdict: bool | None = False
    lists: Any = program["lists"]
    for name in names:
        entries, path = lists[name]
        if entries is None:
            entries = case.fact(Question("list", path))
            if entries is None:
                verdict = None
                continue
        if any(text in entries for text in wanted):
            return True
    return verdict


def _matches(case: Case, test: Test) -> bool:
    relation, key, patterns = test[:3]
    originals = case.formed(key, "plain")
    if relation == "glob":
        for value, original in zip(case.formed(key, form_of(test)), originals, strict=True):
            for pattern in patterns:
                found = match_glob(pattern, value)
                if found is not None:
                    # folding may change the length (ß, İ): then the capture is in folded form
                    text = original if len(original) == len(value) else value
                    for name, start, end in found:
                        case.captures[name] = text[start:end]
                    return True
        return False
    cased = case.formed(key, "plain" if form_of(test) == "plain" else "case")
    for value, original in zip(cased, originals, strict=True):
        for pattern, literal, names in patterns:
            if literal is None or literal in value:
                captured = search_regex(pattern, names, original)
                if captured is not None:
                    case.captures.update(captured)
                    return True
    return False
