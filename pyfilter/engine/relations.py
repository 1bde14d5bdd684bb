"""Relations: does a test hold?

``holds(case, program, test)`` gives True, False or None for unknown. The table RELATIONS has one
row a relation; a row looks at one value of the field (by its number) and says whether the test holds
for it; a field holds if any value does. Patterns that match fill ``case.captures``.

A test's layout stands in language/program.py.
"""

from __future__ import annotations

from pyfilter.engine.fields import FORMS, Case, Unanswered
from pyfilter.engine.questions import Question
from pyfilter.language.entries import IDENTIFIERS
from pyfilter.language.patterns import match_glob, search_regex
from pyfilter.language.points import OPERATORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.language.program import Program

    Test = tuple[Any, ...]

__all__ = ["RELATIONS", "WHOLE", "form_of", "holds", "insert", "render", "witness"]


def render(template: str | tuple[Any, ...], case: Case) -> str:
    """A template's text: captures and fields in their places, nothing cleaned."""
    if isinstance(template, str):
        return template
    return "".join(part if isinstance(part, str) else insert(part, case) for part in template)


def insert(part: tuple[Any, ...], case: Case) -> str:
    """The text of one hole."""
    if part[0] == "capture":
        return case.captures.get(part[1], "")
    if part[2] is not None:
        from pyfilter.engine.moments import formatted

        return formatted(part[1], part[2], case)
    return case.first(part[1])


def form_of(test: Test) -> str:
    """The form in which the values of ``test``'s field are compared."""
    return "plain" if len(test) > 4 and test[4] else "fold"


def _value(case: Case, test: Test, number: int) -> str:
    return case.formed(test[1], form_of(test))[number]


def _texts(test: Test, case: Case) -> tuple[str, ...]:
    """The texts with holes, in the form of the test; made once a test, not once a value."""
    if case.texts is None:
        form = FORMS[form_of(test)]
        case.texts = tuple(form(render(template, case)) for template in test[2][-1])
    return case.texts


def _is(case: Case, program: Program, test: Test, number: int) -> bool:
    value = _value(case, test, number)
    literals, templates = test[2]
    return value in literals or (bool(templates) and value in _texts(test, case))


def _contains(case: Case, program: Program, test: Test, number: int) -> bool:
    value = _value(case, test, number)
    return any(text in value for text in test[2][0] + _texts(test, case))


def _starts(case: Case, program: Program, test: Test, number: int) -> bool:
    return _value(case, test, number).startswith(test[2][0] + _texts(test, case))


def _ends(case: Case, program: Program, test: Test, number: int) -> bool:
    return _value(case, test, number).endswith(test[2][0] + _texts(test, case))


def _number(case: Case, test: Test, number: int) -> float | None:
    """The number a value stands for, or None: a header may hold anything."""
    return _as_number(_value(case, test, number))


def _as_number(text: str) -> float | None:
    try:
        return float(text) if len(text) < 40 else None
    except ValueError:
        return None


def _compare(case: Case, program: Program, test: Test, number: int) -> bool:
    value = _number(case, test, number)
    operator, limit = test[2]
    if isinstance(limit, tuple):
        from pyfilter.engine.moments import holds as stands

        return stands(_value(case, test, number), operator, limit, case)
    if isinstance(limit, str):  # a field's key
        numbers = [_as_number(text) for text in case.values(limit)]
        return value is not None and any(other is not None and OPERATORS[operator](value, other) for other in numbers)
    return value is not None and OPERATORS[operator](value, limit)


def _between(case: Case, program: Program, test: Test, number: int) -> bool:
    value = _number(case, test, number)
    low, high = test[2]
    if isinstance(low, tuple):
        from pyfilter.engine.moments import within

        return within(_value(case, test, number), low, high, case)
    return value is not None and low <= value <= high


def _in(case: Case, program: Program, test: Test, number: int) -> bool | None:
    names, literals, templates = test[2]
    value = _value(case, test, number)
    _, at, domain = value.rpartition("@")
    # an entry `@example.org` stands for every address there, and for the domain itself
    wanted = (value, at + domain) if at else (value, "@" + value) if test[1].endswith(".domain") else (value,)
    if test[1] in IDENTIFIERS:
        wanted = (value, value.strip("<>"))
    if any(text in literals for text in wanted):
        return True
    if templates and any(text in wanted for text in _texts(test, case)):
        return True
    verdict: bool | None = False
    lists: Any = program["lists"]
    for name in names:
        entries, path = lists[name]
        try:
            if entries is None:
                entries = case.fact(Question("lister" if "\0" in path else "list", path))
        except Unanswered:
            verdict = None
        else:
            if any(text in entries for text in wanted):
                return True
    return verdict


# characters; 2000 values of this length do not fit into a header
_LONG = 10_000


def _as_it_came(original: str, value: str, start: int, end: int, form: Callable[[str], str]) -> str:
    """What stands at ``value[start:end]``, in the letters of ``original``, of which ``value`` is a form.

    Folding may move the places (ß is ss, a J with a caron is one letter). Where no run of the original folds
    to the text, or the original is too long to look for it letter by letter, it is the folded text.
    """
    wanted = value[start:end]
    if form(original[start:end]) == wanted:
        return original[start:end]
    if len(original) > _LONG:
        return wanted
    place = first = 0
    for index, character in enumerate(original):
        if place == start:
            first = index
        place += len(form(character))
        if place == end:
            found = original[first : index + 1]
            return found if form(found) == wanted else wanted
    return wanted


def _glob(case: Case, program: Program, test: Test, number: int) -> bool:
    value = _value(case, test, number)
    for pattern in test[2]:
        found = match_glob(pattern, value)
        if found is not None:
            original = case.formed(test[1], "plain")[number]
            for name, start, end in found:
                case.captures[name] = _as_it_came(original, value, start, end, FORMS[form_of(test)])
            return True
    return False


def _regex(case: Case, program: Program, test: Test, number: int) -> bool:
    cased = case.formed(test[1], "plain" if form_of(test) == "plain" else "case")[number]
    for pattern, literal, names in test[2]:
        if literal is None or literal in cased:
            captured = search_regex(pattern, names, case.formed(test[1], "plain")[number])
            if captured is not None:
                case.captures.update(captured)
                return True
    return False


# relation -> does it hold for the value of that number? None: unknown
RELATIONS: dict[str, Callable[[Case, Program, Test, int], bool | None]] = {
    "is": _is,
    "contains": _contains,
    "starts": _starts,
    "ends": _ends,
    "glob": _glob,
    "regex": _regex,
    "in": _in,
    "compare": _compare,
    "between": _between,
}


def _fails(case: Case, key: str) -> bool:
    """One signature that holds is enough, whatever became of the others (RFC 6376, section 6.1)."""
    results = case.values(key)
    return "fail" in results and "pass" not in results


# relations that look at all values of a field together
WHOLE: dict[str, Callable[[Case, str], bool]] = {"exists": Case.exists, "fails": _fails}


def holds(case: Case, program: Program, test: Test) -> bool | None:
    """Does ``test`` hold for any value of its field? None where a list it needs is unknown.

    Raises Unreadable (a field past a limit), Unanswered, PutOff, and Asked (a fact is missing).
    """
    relation, key = test[0], test[1]
    if relation == "command":
        from pyfilter.engine.truths import succeeds

        return succeeds(case, test[2])
    whole = WHOLE.get(relation)
    if whole is not None:
        return whole(case, key)
    row = RELATIONS[relation]
    case.texts = None
    verdict: bool | None = False
    for number in range(len(case.values(key))):
        found = row(case, program, test, number)
        if found:
            return True
        if found is None:
            verdict = None
    return verdict


def witness(case: Case, program: Program, test: Test) -> int | None:
    """The number of the first value for which ``test`` holds, None if there is none: for the trace."""
    row = RELATIONS.get(test[0])
    if row is None:
        return None
    case.texts = None
    return next((number for number in range(len(case.values(test[1]))) if row(case, program, test, number)), None)
