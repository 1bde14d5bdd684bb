"""Rules: their order inside, their nesting, their names.

In: a ``Rule`` of the tree. Out: the rule as the Program keeps it, nested tuples.
`when` stands before the actions; several are joined by `and`. An `else` rule
stands directly behind the rule it follows. `do` is replaced by what it does
(check_sequences.py); check_order.py judges what stands behind an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pyfilter import limits
from pyfilter.language.check_actions import Actions
from pyfilter.language.check_conditions import Conditions
from pyfilter.language.check_names import Names
from pyfilter.language.check_order import Order
from pyfilter.language.check_report import Report, first_word, name_of
from pyfilter.language.check_sequences import Sequences
from pyfilter.language.check_shadows import report_takers
from pyfilter.language.check_texts import Lowered, Scope
from pyfilter.language.diagnostics import Note
from pyfilter.language.tree import (
    Action,
    ActionDefinition,
    Broken,
    Define,
    Hole,
    Include,
    Item,
    Let,
    ListDefinition,
    Node,
    Rule,
    Setting,
    Span,
    TestBlock,
    When,
)
from pyfilter.language.walking import below

__all__ = ["Rules"]


_WORDS: dict[type, str] = {
    Include: "include",
    Setting: "set",
    Let: "let",
    ListDefinition: "list",
    Define: "define",
    ActionDefinition: "action",
    TestBlock: "test",
}


class Rules:
    """``files``: of each source (its id) its number in the Program."""

    def __init__(
        self, conditions: Conditions, actions: Actions, names: Names, files: dict[int, int], report: Report
    ) -> None:
        self.conditions = conditions
        self.actions = actions
        self.files = files
        self.report = report
        self.count = 0
        self._named: dict[str, Rule] = {}
        self.sequences = Sequences(names, report)
        self.sequences.check(self._unused, self.misplaced)

    def rules(self, items: Iterable[Item], scope: Scope, depth: int = 1) -> Iterator[tuple[Item, Lowered | None]]:
        """The items, each rule among them lowered."""
        before: Item | None = None
        chain = 0
        for item in items:
            if isinstance(item, Rule):
                chain = self._chain(item, before, chain)
                yield item, self._rule(item, scope, depth, chain)
            else:
                yield item, None
            before = item

    def _rule(self, node: Rule, scope: Scope, depth: int, chain: int) -> Lowered | None:
        self.count += 1
        self._name(node)
        if self.count == limits.RULES + 1:
            self.report.add(
                "E320",
                "there are too many rules",
                name_of(node),
                "",
                f"one program holds at most {limits.RULES:,} rules",
            )
        if depth > limits.RULE_DEPTH:
            self.report.add(
                "E320",
                "rules are nested too deeply",
                name_of(node),
                "",
                f"at most {limits.RULE_DEPTH} rules stand inside each other",
            )
            return None
        condition, scope = self._when(node, scope)
        body = self._body(node, scope, depth)
        return (node.name, node.head.line, self._file(node), condition, body, chain)

    def _chain(self, node: Rule, before: Item | None, chain: int) -> int:
        """How many rules right before it ``node`` follows; ``chain``: how many the one before it follows."""
        if node.otherwise is None or isinstance(before, Broken):
            return 0
        if isinstance(before, Rule):
            return chain + 1
        self.report.add(
            "E314",
            "`else` follows no rule",
            node.otherwise,
            "nothing stands before it" if before is None else "what stands before it is no rule",
            "an `else` rule stands directly behind the rule that did not match: move it there, or leave `else` out",
        )
        return 0

    def _file(self, node: Node) -> int:
        return self.files.get(id(node.span.source), 0)

    def _name(self, node: Rule) -> None:
        before = self._named.setdefault(node.name, node)
        if before is not node:
            self.report.add(
                "W305",
                f'two rules are called "{node.name}"',
                name_of(node),
                "the same name again",
                "give it a name of its own: tests and logs name the rule that decided",
                [Note(name_of(before), "first here")],
            )

    def _when(self, node: Rule, scope: Scope) -> tuple[Lowered | None, Scope]:
        """All `when` lines as one condition, and the scope of the actions."""
        made: list[Lowered] = []
        for statement in node.body:
            if isinstance(statement, Broken):  # perhaps a condition, perhaps one that captured
                scope = scope.then(Scope(forgiven=frozenset(re.findall(r"[{<]([\w.-]+)[}>]", statement.span.text))))
            elif isinstance(statement, When):
                lowered, captured = self.conditions.condition(statement.condition, scope)
                scope = scope.then(captured)
                if lowered is not None:
                    made.append(lowered)
        if not made:
            return None, scope
        return (made[0] if len(made) == 1 else ("and", *made)), scope

    def _body(self, node: Rule, scope: Scope, depth: int) -> tuple[Lowered, ...]:
        made: list[Lowered] = []
        first: Span | None = None  # the first action or nested rule
        order = Order(self.report)
        judged = True
        for statement, lowered in self.rules(node.body, scope, depth + 1):
            if isinstance(statement, When):
                if first is not None:
                    self._late_when(statement, first)
            elif isinstance(statement, Rule):
                order.take(statement)
                first = first or statement.head
                if lowered is not None:
                    made.append(("rule", lowered))
            elif isinstance(statement, Action):
                first = first or statement.span
                for action, by in self.sequences.flat((statement,), counted=True):
                    assert isinstance(action, Action)
                    order.take(action, by)
                    self.report.using = None if by is None else Note(by.span, "done here")
                    done = self.actions.action(action, scope, self._file(action))
                    self.report.using = None
                    if done is not None:
                        made.append(done)
            else:
                judged = False
                self.misplaced(statement)
        inner = [statement for statement in node.body if isinstance(statement, Rule)]
        report_takers(inner, self.sequences, self.report)
        if first is None and judged:
            self._does_nothing(node)
        return tuple(made)

    def _unused(self, action: Action) -> None:
        """Judge an action of a sequence for itself: what only a rule that uses it has is forgiven."""
        holes = frozenset(node.name for node in below(action) if isinstance(node, Hole))
        self.actions.action(action, Scope(forgiven=holes), self._file(action))

    # ------------------------------------------------------------------ what is wrong with the order

    def misplaced(self, statement: Item, where: str = "inside a rule here") -> None:
        """A declaration inside a rule or a sequence."""
        if isinstance(statement, Broken):
            return
        word = _WORDS[type(statement)]
        self.report.add(
            "E309",
            f"`{word}` stands outside of rules",
            first_word(statement.span, word),
            where,
            "move it to the left margin, above the rules",
        )

    def homeless(self, statement: When | Action) -> None:
        """A condition or an action outside of a rule."""
        if isinstance(statement, When):
            what, span = "`when`", first_word(statement.span, "when")
        else:
            what, span = f"`{statement.verb}`", statement.verb_span
        self.report.add(
            "E309",
            f"{what} stands inside a rule",
            span,
            "outside of all rules here",
            'write `rule "name" {` above it and `}` below',
        )

    def _late_when(self, statement: When, first: Span) -> None:
        self.report.add(
            "E311",
            "`when` stands before the actions",
            first_word(statement.span, "when"),
            "below an action here",
            "move it up; for actions that need a condition of their own write a rule inside the rule",
            [Note(first, "the first action")],
        )

    def _does_nothing(self, node: Rule) -> None:
        self.report.add(
            "E302",
            f'rule "{node.name}" does nothing',
            name_of(node),
            "no action in it",
            'say what to do: `file into "Folder"`, or `keep` for the inbox',
        )
