"""Warnings of rules that can never run, since an earlier one takes their mail.

Either the earlier rule has no condition at all, which the tree shows; or it
asks for all that the later one asks for, which ``shadows.py`` works out of the
lowered conditions.
"""

from __future__ import annotations

from pyfilter.language.check_report import Report, name_of, on_one_line
from pyfilter.language.check_sequences import Sequences
from pyfilter.language.check_texts import Lowered
from pyfilter.language.diagnostics import Note
from pyfilter.language.shadows import Lists, ending, shadows
from pyfilter.language.tree import Action, Broken, Condition, Rule, Test, When
from pyfilter.language.vocabulary import ACTIONS

__all__ = ["report_shadows", "report_takers"]

# verb -> what it does with the messages, in a note
_ENDS = {
    "file into": "is filed here",
    "keep": "is kept here",
    "forward to": "is forwarded here",
    "pipe to": "is handed to a program here",
    "discard": "is discarded here",
    "reject": "is rejected here",
    "defer": "is deferred here",
    "stop": "stops here",
}


def report_takers(rules: list[Rule], sequences: Sequences, report: Report) -> None:
    """Of rules beside each other, the first behind one that takes every message; and `else` behind one that
    always matches."""
    _report_needless_else(rules, report)
    taker: tuple[Rule, Action] | None = None
    for node in rules:
        if taker is not None:
            rule, action = taker
            report.add(
                "W301",
                f'rule "{node.name}" can never run',
                name_of(node),
                "and no rule below it",
                f'give "{rule.name}" a condition, move it to the end, or let it go on',
                [Note(name_of(rule), "every message comes here …"), Note(action.span, "… and the filtering ends")],
            )
            return
        found = _ending(node, sequences)
        if found is not None:
            taker = node, found


def _report_needless_else(rules: list[Rule], report: Report) -> None:
    always: Rule | None = None  # of the chain so far, the rule that always matches
    for node in rules:
        if node.otherwise is None or report.told("E314", node.otherwise):
            always = None
        elif always is not None:
            report.add(
                "W301",
                f'rule "{node.name}" can never run',
                name_of(node),
                "`else` is asked only if no rule before it matched",
                f'give "{always.name}" a condition, or leave `else` out',
                [Note(name_of(always), "without a condition this matches always")],
            )
        if always is None and not any(isinstance(statement, When | Broken) for statement in node.body):
            always = node


def report_shadows(nodes: list[Rule], rules: list[Lowered], lists: Lists, sequences: Sequences, report: Report) -> None:
    """Top-level rules whose messages an earlier one takes; ``rules`` are ``nodes`` lowered."""
    for number, by in shadows(rules, lists):
        node, taker = nodes[number], nodes[by]
        if number - by <= rules[number][5]:
            _report_shadowed_else(node, taker, report)
            continue
        action = _last(taker, rules[by], sequences)
        help = f'move "{node.name}" above "{taker.name}"'
        if ACTIONS[action.verb].continuable and ACTIONS[action.verb].ends:
            help += f',\nor let "{taker.name}" go on: `{action.span.text} and continue`'
        report.add(
            "W301",
            f'rule "{node.name}" can never run',
            name_of(node),
            "",
            help,
            [
                Note(_when(taker).condition.span, "every message this asks for …"),
                Note(action.span, f"… {_ENDS[action.verb]}, which ends the filtering"),
                Note(_when(node).condition.span, _meets(_when(taker).condition)),
            ],
        )


def _report_shadowed_else(node: Rule, before: Rule, report: Report) -> None:
    assert node.otherwise is not None
    report.add(
        "W301",
        f'rule "{node.name}" can never run',
        name_of(node),
        "",
        f'`else` is asked only if "{before.name}" did not match:\nmove "{node.name}" above it, the other with `else`',
        [
            Note(_when(before).condition.span, "what this asks for …"),
            Note(node.otherwise, "… does not come here"),
            Note(_when(node).condition.span, _meets(_when(before).condition)),
        ],
    )


def _when(node: Rule) -> When:
    return next(statement for statement in node.body if isinstance(statement, When))


def _meets(condition: Condition) -> str:
    """What the later rule's condition does, in the words of the earlier one's where they are few."""
    if isinstance(condition, Test) and condition.relation is not None and not condition.relation.negated:
        return on_one_line(condition.relation.span.text)
    return "asks for some of them"


def _last(node: Rule, lowered: Lowered, sequences: Sequences) -> Action:
    """The action with which the rule ends the filtering: actions and nested rules are lowered one to one."""
    number = ending(lowered[4])
    assert number is not None
    done = [statement for statement, _ in sequences.flat(node.body) if isinstance(statement, Rule | Action)]
    action = done[number]
    assert isinstance(action, Action)
    return action


def _ending(node: Rule, sequences: Sequences) -> Action | None:
    """The action that ends the filtering for every message, or None."""
    if node.otherwise is not None or any(isinstance(statement, When | Broken) for statement in node.body):
        return None
    for statement, _ in sequences.flat(node.body):
        if isinstance(statement, Rule):
            found = _ending(statement, sequences)
            if found is not None:
                return found
        elif isinstance(statement, Action):
            row = ACTIONS[statement.verb]
            if row.stops or (row.ends and statement.continues is None):
                return statement
    return None
