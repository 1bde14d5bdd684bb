"""Guards: what must be true of a message before a rule can match at all.

In: a rule's condition as the Program keeps it. Out: a Guard, or None: the rule
must be asked for every message.

A guard says: some value of the field equals (``exact``) or contains (not
``exact``) one of the texts. It is a necessary condition of the rule's `when`
for the field's values in the engine's sense: a test holds if any value does,
and the index looks at the same values in the same form. So nothing under `not`
guards, an `or` only if all its branches do on the same field in the same way,
and tests behind one that asks a Question do not count: the question is asked
whatever the message. A field whose values the world is asked for guards nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyfilter.language.check_texts import Lowered
from pyfilter.language.entries import IDENTIFIERS
from pyfilter.language.patterns import glob_literal
from pyfilter.language.vocabulary import FIELDS

__all__ = ["Guard", "asks", "guard"]

# texts one guard looks for inside values; asking the rule is cheaper than looking for more
MOST_PARTS = 16

# `exactly` -> the form of the texts
_FORMS = {False: "fold", True: "plain"}


@dataclass(frozen=True, slots=True)
class Guard:
    key: str
    form: str  # fold, plain or case: see program.py
    whole: bool  # equals, not contains
    texts: frozenset[str]


def asks(key: str) -> bool:
    """Whether reading the field may ask a Question."""
    row = FIELDS.get(key.partition(".")[0].partition(" ")[0])
    return row is not None and row.asks


def guard(condition: object, lists: dict[str, tuple[frozenset[str] | None, str | None]]) -> Guard | None:
    return _Finder(lists).guard(condition)


class _Finder:
    def __init__(self, lists: dict[str, tuple[frozenset[str] | None, str | None]]) -> None:
        self.lists = lists

    def guard(self, condition: object) -> Guard | None:
        best: Guard | None = None
        for test in _conjuncts(condition):
            found = self._one(test)
            if found is not None and (best is None or _worth(found) > _worth(best)):
                best = found
            if self._asks(test):
                break
        return best

    def _one(self, test: Lowered) -> Guard | None:
        found = self._any_branch(test) if test[0] == "or" else self._test(test)
        if found is None or not found.texts or ("" in found.texts and not found.whole):
            return None
        return found if found.whole or len(found.texts) <= MOST_PARTS else None

    def _any_branch(self, test: Lowered) -> Guard | None:
        guards = [self.guard(branch) for branch in test[1:]]
        first = guards[0]
        if first is None or any(self._asks(branch) for branch in test[1:] if isinstance(branch, tuple)):
            return None
        texts: set[str] = set()
        for found in guards:
            if found is None or (found.key, found.form, found.whole) != (first.key, first.form, first.whole):
                return None
            texts |= found.texts
        return Guard(first.key, first.form, first.whole, frozenset(texts))

    def _test(self, test: Lowered) -> Guard | None:
        key = test[1]
        if not isinstance(key, str) or asks(key):  # `not` and `at least` guard nothing
            return None
        match test:
            case ("is", _, (texts, ()), _, exactly):
                return Guard(key, _FORMS[exactly], True, frozenset(texts))
            case ("contains" | "starts" | "ends", _, (texts, ()), _, exactly):
                return Guard(key, _FORMS[exactly], False, frozenset(texts))
            case ("glob", _, globs, _, exactly):
                return Guard(key, _FORMS[exactly], False, frozenset(glob_literal(pattern) for pattern in globs))
            case ("regex", _, regexes, _, exactly):
                form = "plain" if exactly else "case"
                return Guard(key, form, False, frozenset(literal or "" for _, literal, _ in regexes))
            case ("in", _, (names, texts, ()), _):
                return self._in(key, names, texts)
        return None

    def _in(self, key: str, names: tuple[str, ...], texts: frozenset[str]) -> Guard | None:
        entries = set(texts)
        for name in names:
            held = self.lists.get(name, (None, None))[0]
            if held is None:
                return None
            entries |= held
        if key in IDENTIFIERS:
            return Guard(key, "fold", True, frozenset(entries | {f"<{entry}>" for entry in entries}))
        domains = {entry for entry in entries if entry.startswith("@")}
        if not domains:
            return Guard(key, "fold", True, frozenset(entries))
        if key.endswith(".domain"):
            return Guard(key, "fold", True, frozenset(entries | {entry[1:] for entry in domains}))
        return Guard(key, "fold", False, frozenset(entries))

    def _asks(self, condition: object) -> bool:
        """Whether the condition may ask a Question: for a verdict, or for a list that is a file."""
        assert isinstance(condition, tuple)
        if condition[0] == "score":
            return True
        if condition[0] in ("and", "or", "not", "at-least"):
            return any(self._asks(inner) for inner in condition[1:] if isinstance(inner, tuple))
        if asks(condition[1]) or _inserts(condition[2]):
            return True
        if condition[0] != "in":
            return False
        return any(self.lists.get(name, (None, None))[0] is None for name in condition[2][0])


def _inserts(operand: object) -> bool:
    """Whether a hole in a test's texts may ask a Question."""
    if not isinstance(operand, tuple):
        return False
    if operand[:1] in (("field",), ("days",)):
        return asks(str(operand[1]))
    return any(_inserts(inner) for inner in operand if isinstance(inner, tuple))


def _conjuncts(condition: object) -> list[Lowered]:
    if not isinstance(condition, tuple):
        return []
    if condition[0] == "and":
        return [test for inner in condition[1:] for test in _conjuncts(inner)]
    return [condition]


# fields that are read for the rules that ask them, and not for the index if anything else is asked with them
_COSTLY = frozenset({"body", "attachment", "message"})


def _worth(found: Guard) -> tuple[bool, bool, int]:
    """A body is read last; an equality is one look-up; of parts the longer ones are the rarer."""
    cheap = found.key.partition(".")[0] not in _COSTLY
    return cheap, found.whole, 0 if found.whole else min(len(text) for text in found.texts)
