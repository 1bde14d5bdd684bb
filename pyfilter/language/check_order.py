"""The order of the actions of a rule or a sequence: nothing stands after `stop`, nor `stop` after an end.

Actions that `do` brings in count as if they were written there.
"""

from __future__ import annotations

from pyfilter.language.check_report import Report
from pyfilter.language.diagnostics import Note
from pyfilter.language.tree import Action, Rule
from pyfilter.language.vocabulary import ACTIONS

__all__ = ["Order"]


class Order:
    """Takes one statement after the other."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._ending: tuple[Action, Action | None] | None = None
        self._stopped: Action | None = None

    def take(self, statement: Rule | Action, by: Action | None = None) -> None:
        """``by``: the `do` that brings ``statement`` in."""
        if self._stopped is not None:
            self._after_stop(by or statement, self._stopped)
            self._stopped = None
        if isinstance(statement, Rule):
            return
        row = ACTIONS[statement.verb]
        if row.stops and self._ending is None:
            self._stopped = statement
        elif row.stops and self._ending is not None:
            ending, ended_by = self._ending
            # a sequence may end with `stop` for the sake of other rules
            if by is ended_by:
                self._needless_stop(statement, ending)
        if row.ends and statement.continues is None and self._ending is None:
            self._ending = statement, by

    def _needless_stop(self, statement: Action, ending: Action) -> None:
        self.report.add(
            "E304",
            f"`stop` is not needed after `{ending.verb}`",
            statement.verb_span,
            "the filtering has ended",
            "leave it out: only after actions that go on by themselves, like `copy into` and `mark`, it ends anything",
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
