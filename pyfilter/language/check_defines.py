"""`define`: conditions with a name, put in where the bare name stands.

Each is judged once, alone: what it asks depends on no rule. Where it is used its lowered form is put in, and what
it captures holds there as if it had been written out. Its tests keep their places, so that a trace shows them as
written.

In a condition the name of a field goes before the name of a definition, which is an error where it is defined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyfilter import limits
from pyfilter.language.check_circles import in_order
from pyfilter.language.check_names import Names
from pyfilter.language.check_patterns import forgive
from pyfilter.language.check_report import Report
from pyfilter.language.check_texts import Lowered, Scope
from pyfilter.language.tree import Condition, Define, Field, Test
from pyfilter.language.vocabulary import FIELDS
from pyfilter.language.walking import below

__all__ = ["Defines", "defined_by"]

# a condition and a scope -> the condition lowered, and what it captures
Judge = Callable[[Condition, Scope], tuple[Lowered | None, Scope]]


@dataclass(frozen=True, slots=True)
class _Made:
    lowered: Lowered | None
    captured: Scope
    tests: int
    depth: int


class Defines:
    def __init__(self, names: Names, report: Report) -> None:
        self.names = names
        self.report = report
        self._made: dict[str, _Made] = {}
        self._inserted = 0

    def check(self, judge: Judge) -> None:
        """Judge all of them, used or not."""
        defines = {name: found for name, found in self.names.defined.items() if isinstance(found, Define)}
        made_of = {
            name: {inner for node in below(define.condition) if (inner := defined_by(node, self.names))}
            for name, define in defines.items()
        }
        for name in in_order(made_of, lambda name: defines[name].name.span, self.report):
            lowered, captured = judge(defines[name].condition, Scope())
            tests, depth = (0, 0) if lowered is None else _measure(lowered)
            self._made[name] = _Made(lowered, captured, tests, depth)

    def inserted(self, node: Test, name: str, depth: int) -> tuple[Lowered | None, Scope]:
        """What ``name`` stands for, in place of ``node``, ``depth`` conditions deep."""
        made = self._made.get(name)
        if made is None or made.lowered is None:  # reported where it is defined
            define = self.names.defined[name]
            assert isinstance(define, Define)
            return None, forgive(define.condition)
        self._inserted += made.tests
        if self._inserted > limits.DEFINED_TESTS:
            self.report.add(
                "E209",
                "conditions insert each other without measure",
                node.span,
                f"`{name}` holds {made.tests:,} tests",
                f"all that `define`s insert together is at most {limits.DEFINED_TESTS:,} tests",
            )
            return None, made.captured
        if depth + made.depth > limits.CONDITION_DEPTH:
            self.report.add(
                "E321",
                "this condition is nested too deeply",
                node.span,
                f"with what `{name}` stands for",
                f"at most {limits.CONDITION_DEPTH} parentheses, groups and `not` stand inside each other: "
                "let rules stand inside rules instead",
            )
            return None, made.captured
        return made.lowered, made.captured


def defined_by(node: object, names: Names) -> str | None:
    """The name of the definition if ``node`` is one, bare."""
    if not isinstance(node, Test) or node.relation is not None or not isinstance(node.subject, Field):
        return None
    name = node.subject.name
    return name if name not in FIELDS and isinstance(names.defined.get(name), Define) else None


def _measure(condition: Lowered) -> tuple[int, int]:
    """How many tests a condition has, and how deep they stand."""
    kind = condition[0]
    if kind == "score":
        parts = [part for _, part, _ in condition[3]]
    elif kind in ("and", "or", "not", "at-least"):
        parts = [part for part in condition[1:] if isinstance(part, tuple)]
    else:
        return 1, 0
    measured = [_measure(part) for part in parts]
    return sum(tests for tests, _ in measured), 1 + max((depth for _, depth in measured), default=0)
