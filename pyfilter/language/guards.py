"""Guards: what must be true of a message before a rule can match at all.

In: a rule's condition as the Program keeps it. Out: a Guard, or None: the rule
must be asked for every message.

A guard says: some value of the field equals (``exact``) or contains (not
``exact``) one of the texts. It is a necessary condition of the rule's `when`
for the field's values in the engine's sense: a test holds if any value does,
and the index looks at the same values in the same form. So nothing under `not`
guards, an `or` only if all its branches do on the same field in the same way,
and tests behind one that asks a Question do not count: the question is asked
whatever the message.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyfilter.language.patterns import glob_literal

__all__ = ["Guard", "guard"]

# texts one guard looks for inside values; asking the rule is cheaper than looking for more
MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class Guard:
    key: str
    exactly: bool
    whole: bool  # equals, not contains
    texts: frozenset[str]


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

    def _one(self, test: tuple[object, ...]) -> Guard | None:
        found = self._any_branch(test) if test[0] == "or" else self._test(test)
        if found is None or not found.texts or "" in found.texts and not found.whole:
            return None
        return found if found.whole or len(found.texts) <= MOST_PARTS else None

    def _any_branch(self, test: tuple[object, ...]) -> Guard | None:
        guards = [self.guard(branch) for branch in test[1:]]
        first = guards[0]
        if first is None or any(self._asks(branch) for branch in test[1:] if isinstance(branch, tuple)):
            return None
        texts: set[str] = set()
        for found in guards:
            if found is None or (found.key, found.exactly, found.whole) != (first.key, first.exactly, first.whole):
                return None
            texts |= found.texts
        return Guard(first.key, first.exactly, first.whole, frozenset(texts))

    def _test(self, test: tuple[object, ...]) -> Guard | None:
        word, key = test[0], test[1]
        assert isinstance(key, str)
        match test:
            case ("is", _, (texts, ()), _, bool(exactly)):
                return Guard(key, exactly, True, frozenset(texts))
            case ("contains" | "starts" | "ends", _, (texts, ()), _, bool(exactly)):
                return Guard(key, exactly, False, frozenset(texts))
            case ("glob", _, globs, _, bool(exactly)):
                return Guard(key, exactly, False, frozenset(glob_literal(pattern) for pattern in globs))  # type: ignore
            case ("regex", _, regexes, _, bool(exactly)):
                return Guard(key, exactly, False, frozenset(_literal(literal, exactly) for _, literal, _ in regexes))  # type: ignore
            case ("in", _, (names, texts, ()), _):
                return self._in(key, names, texts)
        del word
        return None

    def _in(self, key: str, names: tuple[str, ...], texts: frozenset[str]) -> Guard | None:
        entries = set(texts)
        for name in names:
            held = self.lists.get(name, (None, None))[0]
            if held is None:
                return None
            entries |= held
        domains = {entry for entry in entries if entry.startswith("@")}
        if not domains:
            return Guard(key, False, True, frozenset(entries))
        if key.endswith(".domain"):
            return Guard(key, False, True, frozenset(entries | {entry[1:] for entry in domains}))
        return Guard(key, False, False, frozenset(entries))

    def _asks(self, condition: object) -> bool:
        """Whether the condition may ask a Question: a list that is a file."""
        assert isinstance(condition, tuple)
        if condition[0] in ("and", "or", "not"):
            return any(self._asks(inner) for inner in condition[1:])
        if condition[0] != "in":
            return False
        return any(self.lists.get(name, (None, None))[0] is None for name in condition[2][0])


def _conjuncts(condition: object) -> list[tuple[object, ...]]:
    if not isinstance(condition, tuple):
        return []
    if condition[0] == "and":
        return [test for inner in condition[1:] for test in _conjuncts(inner)]
    return [] if condition[0] == "not" else [condition]


def _worth(found: Guard) -> tuple[bool, int]:
    """An equality is one look-up; of parts the longer ones are the rarer."""
    return found.whole, 0 if found.whole else min(len(text) for text in found.texts)


def _literal(literal: str | None, exactly: bool) -> str:
    """A pattern's literal in the index's form. Folding may join the last letter with an accent behind
    it, so that letter does not count."""
    if literal is None:
        return ""
    return literal if exactly else literal[:-1]
