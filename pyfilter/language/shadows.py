"""Shadows: rules that can never run, because an earlier rule takes every message they ask for.

In: the top-level rules as lowered, in order. Out: pairs of numbers, the rule
in the shadow and the first rule that throws it. Whether one condition implies
another is decided from what is written alone, test by test; where that says
nothing there is no shadow. A wrong "never" would send people the wrong way, a
missing one costs nothing.

A test of a field holds if any value of the field does, so it is enough that a
value which meets the later test meets the earlier one: ``contains
"ports-changes"`` implies ``contains "ports"``.

An `else` rule does not get all that it asks for, so it throws no shadow but on the rest of its chain, which gets
nothing of it either, whatever it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pyfilter.language.check_texts import Lowered
from pyfilter.language.entries import IDENTIFIERS
from pyfilter.language.forms import fold
from pyfilter.language.guards import asks
from pyfilter.language.patterns import match_glob

__all__ = ["Lists", "ending", "shadows"]

Lists = dict[str, tuple[frozenset[str] | None, str | None]]

# earlier rules on one field that are held against each later one; equalities are looked up and do not count
MOST_COMPARED = 100

_TEXTUAL = frozenset(("is", "contains", "starts", "ends", "glob", "regex", "in"))


def ending(body: tuple[Lowered, ...]) -> int | None:
    """The number of the statement with which a rule's body ends the filtering, come what may; or None."""
    for number, statement in enumerate(body):
        match statement:
            case ("file", _, _, False, _, _) | ("keep" | "discard", False, _, _) | ("reject" | "defer" | "stop", *_):
                return number
            case ("forward" | "pipe", _, False, _, _):
                return number
    return None


def shadows(rules: list[Lowered], lists: Lists) -> Iterator[tuple[int, int]]:
    finder = _Finder(lists)
    changing = any(_asks_anew(rule[4]) for rule in rules)
    for number, rule in enumerate(rules):
        if number and ending(rules[number - 1][4]) is None and _changes(rules[number - 1][4]):
            finder = _Finder(lists)  # from here on it is another message than the rules above have seen
        condition = rule[3]
        if condition is None:
            continue
        by = finder.first_before(condition, rules, number - rule[5], number)
        if by is None:
            by = finder.first_taker(condition, rules)
        if by is not None:
            yield number, by
        if (
            not rule[5]
            and ending(rule[4]) is not None
            and not (changing and any(asks(test[1]) for test in _leaves(condition)))
        ):
            finder.add(number, condition)


def _changes(body: tuple[Lowered, ...]) -> bool:
    """Whether an action changes the message for the rules below."""
    return any(
        statement[0] in ("add-header", "set-header", "remove-header", "pass")
        or (statement[0] == "rule" and _changes(statement[1][4]))
        for statement in body
    )


def _asks_anew(body: tuple[Lowered, ...]) -> bool:
    """Whether an action gives `spam` or `dkim` another meaning for the rules below: equal tests may differ then."""
    return any(
        statement[0] in ("scan", "verify") or (statement[0] == "rule" and _asks_anew(statement[1][4]))
        for statement in body
    )


class _Finder:
    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self.by_text: dict[tuple[str, str], list[int]] = {}  # (field, text) of an equality -> takers
        self.by_field: dict[str, list[int]] = {}  # of anything else

    def add(self, number: int, condition: Lowered) -> None:
        """Remember a rule that takes what it asks for, under the tests of its first conjunct."""
        for test in _leaves(_conjuncts(condition)[0]):
            if test[0] in ("is", "in"):
                for text in self._equal_to(test):
                    self.by_text.setdefault((test[1], text), []).append(number)
            takers = self.by_field.setdefault(test[1], [])
            if test[0] != "is" and len(takers) < MOST_COMPARED:
                takers.append(number)

    def first_taker(self, condition: Lowered, rules: list[Lowered]) -> int | None:
        candidates: set[int] = set()
        for test in _leaves(condition):
            candidates.update(self.by_field.get(test[1], ()))
            for text in self._equal_to(test):
                candidates.update(self.by_text.get((test[1], text), ())[:MOST_COMPARED])
        return next((taker for taker in sorted(candidates) if self.implies(condition, rules[taker][3])), None)

    def first_before(self, condition: Lowered, rules: list[Lowered], start: int, end: int) -> int | None:
        """Of the rules that an `else` rule follows, the first that matches whatever it asks for."""
        chain = range(max(start, end - MOST_COMPARED), end)
        return next((n for n in chain if rules[n][3] is not None and self.implies(condition, rules[n][3])), None)

    def _equal_to(self, test: Lowered) -> frozenset[str]:
        if test[0] == "is":
            return frozenset(test[2][0])
        if test[0] == "in":
            return self._entries(test) or frozenset()
        return frozenset()

    def _entries(self, test: Lowered) -> frozenset[str] | None:
        """What stands in the lists of an `in`; None where that is known only at delivery."""
        names, texts, templates = test[2]
        held = [self.lists[name][0] for name in names]
        if templates or None in held:
            return None
        entries: frozenset[str] = texts.union(*(entries for entries in held if entries is not None))
        return entries

    # ------------------------------------------------------------------ implication

    def implies(self, later: Lowered, earlier: Lowered) -> bool:
        """Whether ``earlier`` holds for every message for which ``later`` does, as far as can be seen."""
        if earlier[0] == "and":
            return all(self.implies(later, each) for each in earlier[1:])
        if later[0] == "or":
            return all(self.implies(each, earlier) for each in later[1:])
        if earlier[0] == "or" and any(self.implies(later, each) for each in earlier[1:]):
            return True
        if later[0] == "and":
            return any(self.implies(each, earlier) for each in later[1:])
        if _same(later, earlier):
            return True
        if earlier[0] in ("or", "not", "at-least") or later[0] in ("not", "at-least") or later[1] != earlier[1]:
            return False
        if earlier[0] == "exists":
            return later[0] in _TEXTUAL
        if earlier[0] in ("compare", "between"):
            if isinstance(earlier[2][1], str) or (later[0] == "compare" and isinstance(later[2][1], str)):
                return False  # compared with another field
            return later[0] in ("compare", "between") and _inside(_interval(later), _interval(earlier))
        return self._texts_imply(later, earlier)

    def _texts_imply(self, later: Lowered, earlier: Lowered) -> bool:
        if later[0] == "in":
            entries = self._entries(later)
            if not entries or any(entry.startswith("@") for entry in entries) or later[1] in IDENTIFIERS:
                return False
            later = ("is", later[1], (entries, ()), later[3], False)
        if later[0] not in ("is", "contains", "starts", "ends"):
            return False
        texts, templates = later[2]
        if templates or (_exactly(earlier) and not _exactly(later)):
            return False
        if _exactly(later) and not _exactly(earlier):
            texts = [fold(text) for text in texts]
        return bool(texts) and all(self._text_meets(later[0], text, earlier) for text in texts)

    def _text_meets(self, relation: str, text: str, earlier: Lowered) -> bool:
        """Whether a value that ``relation`` ``text`` describes meets ``earlier``."""
        word, key, operand = earlier[:3]
        whole = relation == "is"
        if word == "is":
            return whole and text in operand[0]
        if word == "contains":
            return any(wanted in text for wanted in operand[0])
        if word == "starts":
            return (whole or relation == "starts") and text.startswith(tuple(operand[0]))
        if word == "ends":
            return (whole or relation == "ends") and text.endswith(tuple(operand[0]))
        if word == "glob":
            return whole and any(match_glob(pattern, text) is not None for pattern in operand)
        if word == "in" and whole:
            entries = self._entries(earlier) or frozenset()
            _, at, domain = text.rpartition("@")
            return (
                text in entries
                or (bool(at) and at + domain in entries)
                or (not at and key.endswith(".domain") and "@" + text in entries)
            )
        return False


def _conjuncts(condition: Lowered) -> list[Lowered]:
    if condition[0] == "and":
        return [test for each in condition[1:] for test in _conjuncts(each)]
    return [condition]


def _leaves(condition: Lowered) -> Iterator[Lowered]:
    """The tests of a condition."""
    if condition[0] in ("and", "or", "not", "at-least"):
        for each in condition[1:]:
            if isinstance(each, tuple):
                yield from _leaves(each)
    else:
        yield condition


def _same(one: Lowered, other: Lowered) -> bool:
    """Equal but for the numbers of the excerpts; texts with holes may stand for other values."""
    if one[0] != other[0] or len(one) != len(other):
        return False
    if one[0] in ("and", "or", "not", "at-least"):
        return all(
            _same(mine, yours) if isinstance(mine, tuple) and isinstance(yours, tuple) else mine == yours
            for mine, yours in zip(one[1:], other[1:], strict=True)
        )
    if one[0] in ("is", "contains", "starts", "ends") and one[2][1]:
        return False
    if one[0] == "in" and one[2][2]:
        return False
    if one[0] == "command" and not all(isinstance(word, str) for word in one[2]):
        return False
    return one[1:3] == other[1:3] and one[4:] == other[4:]


def _exactly(test: Lowered) -> bool:
    return len(test) > 4 and bool(test[4])


# where a range begins or ends: a number; a moment as check_dates.py writes it
_End = float | tuple[str, str, int]


def _interval(test: Lowered) -> tuple[_End, bool, _End, bool]:
    """Lowest number, is it in, highest, is it in."""
    infinity = float("inf")
    if test[0] == "between":
        low, high = test[2]
        return low, True, high, True
    operator, limit = test[2]
    if operator == "==":
        return limit, True, limit, True
    if operator in ("<", "<="):
        return -infinity, True, limit, operator == "<="
    return limit, operator == ">=", infinity, True


def _inside(inner: tuple[_End, bool, _End, bool], outer: tuple[_End, bool, _End, bool]) -> bool:
    _, low_in, _, high_in = inner
    _, least_in, _, most_in = outer
    ends = _on_one_scale(inner[0], inner[2], outer[0], outer[2])
    if ends is None:
        return False
    low, high, least, most = ends
    if low > high and least <= most:
        return False  # `time between 22:00 and 6:00` goes over midnight
    above = low > least or (low == least and (least_in or not low_in))
    below = high < most or (high == most and (most_in or not high_in))
    return above and below


def _on_one_scale(*ends: _End) -> list[float] | None:
    """As numbers; None of moments of which only the delivery says which is the earlier: `now`, and a day."""
    bases = {(end[0], end[2] if end[0] == "day" else end[1]) for end in ends if isinstance(end, tuple)}
    return None if len(bases) > 1 else [_number(end) for end in ends]


def _number(end: _End) -> float:
    if not isinstance(end, tuple):
        return end
    kind, name, shift = end
    return date.fromisoformat(name).toordinal() if kind == "day" else shift
