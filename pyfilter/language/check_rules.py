"""Rules: their order inside, their nesting, their names.

In: a ``Rule`` of the tree. Out: the rule as the Program keeps it, nested tuples.
`when` stands before the actions; several are joined by `and`. Nothing stands
after `stop`, and `stop` does not stand after an action that ends the filtering
anyway.
"""

from __future__ import annotations

import re

from pyfilter import limits
from pyfilter.language.check_actions import Actions
from pyfilter.language.check_conditions import Conditions
from pyfilter.language.check_report import Report, backquoted, name_of
from pyfilter.language.check_shadows import report_takers
from pyfilter.language.check_texts import Lowered, Scope
from pyfilter.language.diagnostics import Note
from pyfilter.language.tree import (
    Action,
    ActionDefinition,
    Broken,
    Define,
    Include,
    Item,
    Let,
    ListDefinition,
    Rule,
    Setting,
    Span,
    TestBlock,
    When,
)
from pyfilter.language.vocabulary import ACTIONS, STATEMENTS

__all__ = ["Rules", "first_word", "later_statement"]


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
    def __init__(self, conditions: Conditions, actions: Actions, report: Report) -> None:
        self.conditions = conditions
        self.actions = actions
        self.report = report
        self.count = 0
        self._named: dict[str, Rule] = {}

    def rule(self, node: Rule, scope: Scope, file: int, depth: int = 1) -> Lowered | None:
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
        if node.otherwise is not None:
            later_statement("else", node.otherwise, self.report)
        condition, scope = self._when(node, scope)
        body = self._body(node, scope, file, depth)
        return (node.name, node.head.line, file, condition, body, 0)

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

    def _body(self, node: Rule, scope: Scope, file: int, depth: int) -> tuple[Lowered, ...]:
        made: list[Lowered] = []
        first: Span | None = None  # the first action or nested rule
        ending: Action | None = None
        stopped: Action | None = None
        judged = True
        for statement in node.body:
            if isinstance(statement, When):
                if first is not None:
                    self._late_when(statement, first)
                continue
            if isinstance(statement, Rule | Action):
                if stopped is not None:
                    self._after_stop(statement, stopped)
                    stopped = None
                first = first or (statement.head if isinstance(statement, Rule) else statement.span)
            if isinstance(statement, Rule):
                nested = self.rule(statement, scope, file, depth + 1)
                if nested is not None:
                    made.append(("rule", nested))
            elif isinstance(statement, Action):
                lowered = self.actions.action(statement, scope, file)
                if lowered is not None:
                    made.append(lowered)
                row = ACTIONS[statement.verb]
                if row.stops and ending is not None:
                    self._needless_stop(statement, ending)
                elif row.stops:
                    stopped = statement
                if row.ends and statement.continues is None:
                    ending = ending or statement
            else:
                judged = False
                self.misplaced(statement)
        report_takers([statement for statement in node.body if isinstance(statement, Rule)], self.report)
        if first is None and judged:
            self._does_nothing(node)
        return tuple(made)

    # ------------------------------------------------------------------ what is wrong with the order

    def misplaced(self, statement: Item) -> None:
        """A declaration inside a rule."""
        if isinstance(statement, Broken):
            return
        word = _WORDS[type(statement)]
        row = STATEMENTS[word]
        if not row.built:
            later_statement(word, first_word(statement.span, word), self.report)
            return
        self.report.add(
            "E309",
            f"`{word}` stands outside of rules",
            first_word(statement.span, word),
            "inside a rule here",
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

    def _needless_stop(self, statement: Action, ending: Action) -> None:
        go_on = backquoted(row.verb for row in ACTIONS.values() if row.built and not row.ends and not row.stops)
        self.report.add(
            "E304",
            f"`stop` is not needed after `{ending.verb}`",
            statement.verb_span,
            "the filtering has ended",
            f"leave it out: only {go_on} go on by themselves",
            [Note(ending.span, "this ends it")],
        )

    def _after_stop(self, statement: Rule | Action, stopped: Action) -> None:
        span = statement.head if isinstance(statement, Rule) else statement.span
        self.report.add(
            "E304",
            "nothing stands after `stop`",
            span,
            "never done",
            "move `stop` to the end of the rule",
            [Note(stopped.verb_span, "the filtering ends here")],
        )


def later_statement(word: str, span: Span, report: Report) -> None:
    """A statement that is not in this version."""
    row = STATEMENTS[word]
    report.later(f"`{word}`", span, row.meanwhile)


def first_word(span: Span, word: str) -> Span:
    return Span(span.source, span.start, span.start + len(word))
