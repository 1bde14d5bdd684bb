"""Conditions: `and`, `or`, `not`, parentheses, groups, and what they capture.

In: a condition of the tree and the ``Scope`` of captures it stands in. Out: the
condition as the Program keeps it (see program.py) and the Scope of what it
captures. A condition that is wrong gives None and forgives its captures.

Single tests are judged in ``check_tests.py``, names of conditions in ``check_defines.py``.
"""

from __future__ import annotations

from dataclasses import replace

from pyfilter import limits
from pyfilter.language.check_defines import Defines, defined_by
from pyfilter.language.check_patterns import forgive
from pyfilter.language.check_report import Report, on_one_line
from pyfilter.language.check_scores import score
from pyfilter.language.check_tests import Tests
from pyfilter.language.check_texts import Lowered, Scope
from pyfilter.language.diagnostics import Note
from pyfilter.language.tree import Chain, Condition, Field, Group, Node, Not, Paren, Span, Test, Word
from pyfilter.language.vocabulary import FIELDS

__all__ = ["Conditions"]

_ALTERNATIVES = "stands in one branch of several"


class Conditions:
    def __init__(self, tests: Tests, report: Report) -> None:
        self.tests = tests
        self.report = report
        self.defines = Defines(tests.names, report)
        self.defines.check(self.condition)

    def condition(self, node: Condition, scope: Scope, depth: int = 0) -> tuple[Lowered | None, Scope]:
        if depth > limits.CONDITION_DEPTH:
            self.report.add(
                "E321",
                "this condition is nested too deeply",
                node.span,
                "",
                f"at most {limits.CONDITION_DEPTH} parentheses, groups and `not` stand inside each other: "
                "let rules stand inside rules instead",
            )
            return None, forgive(node)
        if isinstance(node, Test):
            name = defined_by(node, self.tests.names)
            return self.tests.test(node, scope) if name is None else self.defines.inserted(node, name, depth)
        if isinstance(node, Paren):
            return self.condition(node.operand, scope, depth + 1)
        if isinstance(node, Not):
            lowered, captured = self.condition(node.operand, scope, depth + 1)
            return (None if lowered is None else ("not", lowered)), captured.denied()
        if isinstance(node, Chain):
            return self._chain(node, scope, depth)
        if isinstance(node, Group):
            return self._group(node, scope, depth)
        return score(
            node,
            scope,
            lambda condition, around: self.condition(condition, around, depth + 1),
            self.tests.excerpts.number,
            self.report,
        )

    def _chain(self, node: Chain, scope: Scope, depth: int) -> tuple[Lowered | None, Scope]:
        node = self._lists_joined(node)
        if len(node.operands) == 1:
            return self.condition(node.operands[0], scope, depth + 1)
        words = {operator.name.lower() for operator in node.operators}
        if len(words) == 1:
            if words == {"and"}:
                return self._every(node.operands, scope, depth)
            return self._some(node.operands, scope, depth, 1)
        self._mixed(node)
        forgiven = Scope()
        for operand in node.operands:
            _, captured = self.condition(operand, scope.then(forgiven), depth + 1)
            forgiven = forgiven.then(Scope(forgiven=frozenset([*captured.sure, *captured.maybe, *captured.forgiven])))
        return None, forgiven

    def _lists_joined(self, node: Chain) -> Chain:
        """`in family or friends`: an `or` between lists is a comma, as it is between texts. The grammar
        cannot know that `friends` is no condition."""
        operands = [node.operands[0]]
        operators: list[Word] = []
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            bare = operator.name.lower() == "or" and defined_by(operand, self.tests.names) is None
            joined = _with_list(operands[-1], operand) if bare else None
            if joined is None:
                operands.append(operand)
                operators.append(operator)
            else:
                operands[-1] = joined
        return replace(node, operands=tuple(operands), operators=tuple(operators))

    def _every(self, operands: tuple[Condition, ...], scope: Scope, depth: int) -> tuple[Lowered | None, Scope]:
        made: list[Lowered] = []
        captured = Scope()
        for operand in operands:
            lowered, caught = self.condition(operand, scope.then(captured), depth + 1)
            captured = captured.then(caught)
            if lowered is not None:
                made.append(lowered)
        return (_joined("and", made) if len(made) == len(operands) else None), captured

    def _some(
        self, operands: tuple[Condition, ...], scope: Scope, depth: int, least: int
    ) -> tuple[Lowered | None, Scope]:
        made: list[Lowered] = []
        caught: list[Scope] = []
        for operand in operands:
            lowered, captured = self.condition(operand, scope, depth + 1)
            caught.append(captured)
            if lowered is not None:
                made.append(lowered)
        captured = Scope.some(caught, least, _ALTERNATIVES)
        if len(made) < len(operands):
            return None, captured
        if least == 1:
            return _joined("or", made), captured
        return ("at-least", least, *made), captured

    def _group(self, node: Group, scope: Scope, depth: int) -> tuple[Lowered | None, Scope]:
        if node.kind == "all":
            return self._every(node.operands, scope, depth)
        if node.kind == "any":
            return self._some(node.operands, scope, depth, 1)
        if node.kind == "none":
            lowered, captured = self._some(node.operands, scope, depth, 1)
            return (None if lowered is None else ("not", lowered)), captured.denied()
        return self._at_least(node, scope, depth)

    def _at_least(self, node: Group, scope: Scope, depth: int) -> tuple[Lowered | None, Scope]:
        assert node.count is not None
        least, lines = node.count.value, len(node.operands)
        problem, help = "", ""
        if not isinstance(least, int):
            problem, help = "conditions are counted in whole numbers", f"write `at least {round(least)} of`"
        elif least < 1:
            problem, help = f"at least {least} always holds", "write how many of the conditions must hold"
        elif least > lines:
            problem = f"{least} of {lines} conditions can never hold"
            help = f"write `at least {lines} of`, or `all {{ … }}`"
        if problem:
            self.report.add("E222", problem, node.count.span, "", help)
            least = 1
        lowered, captured = self._some(node.operands, scope, depth, int(least))
        return (None, forgive(node)) if problem else (lowered, captured)

    def _mixed(self, node: Chain) -> None:
        first = node.operators[0]
        other = next(operator for operator in node.operators if operator.name != first.name)
        texts = [on_one_line(operand.span.text) for operand in node.operands]
        words = [operator.name for operator in node.operators]
        before = node.span.source.text[max(node.span.start - 20, 0) : node.span.start]
        start = "when " if before.rstrip().endswith("when") else ""
        self.report.add(
            "E212",
            "`and` and `or` are mixed without parentheses",
            other.span,
            f"… and `{other.name}` here",
            f"write `{start}{_grouped(texts, words, 'and', 'or')}`\n"
            f"or    `{start}{_grouped(texts, words, 'or', 'and')}`",
            [Note(first.span, f"`{first.name}` here …")],
        )


def _with_list(before: Condition, operand: Condition) -> Condition | None:
    """`x in a` and, behind an `or`, the bare word `b`: `x in a, b`."""
    if isinstance(before, Not):
        inner = _with_list(before.operand, operand)
        return None if inner is None else replace(before, span=_through(before, operand), operand=inner)
    if not (isinstance(before, Test) and before.relation and before.relation.word == "in"):
        return None
    if not (isinstance(operand, Test) and operand.relation is None and isinstance(operand.subject, Field)):
        return None
    name = operand.subject.name
    if name in FIELDS or "." in name:
        return None
    values = (*before.relation.values, Word(operand.span, name))
    relation = replace(before.relation, span=_through(before.relation, operand), values=values)
    return replace(before, span=_through(before, operand), relation=relation)


def _through(first: Node, last: Node) -> Span:
    return Span(first.span.source, first.span.start, last.span.end)


def _grouped(texts: list[str], words: list[str], tight: str, loose: str) -> str:
    """The chain with parentheses around what ``tight`` joins."""
    groups: list[list[str]] = [[texts[0]]]
    for word, text in zip(words, texts[1:], strict=True):
        if word == tight:
            groups[-1].append(text)
        else:
            groups.append([text])
    return f" {loose} ".join(f"({f' {tight} '.join(group)})" if len(group) > 1 else group[0] for group in groups)


def _joined(word: str, conditions: list[Lowered]) -> Lowered:
    return conditions[0] if len(conditions) == 1 else (word, *conditions)
