"""What a replay found, as data for programs and as rows for people.

``as_json`` makes the object of ``pyfilter test --json``; its keys and words are a promise to scripts.
``Summary`` counts messages by the rule that ended their filtering and by where they go: every
message is in exactly one row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyfilter.archive.replay import Decided
from pyfilter.engine.trace import FLAG_WORDS, Step

if TYPE_CHECKING:
    from pyfilter.engine.plan import Action, Plan

__all__ = ["Row", "Summary", "as_json", "folders"]


def folders(plan: Plan) -> list[str]:
    """Every folder that gets a copy, in order. A deferred message leaves none behind."""
    return [] if plan.outcome == "deferred" else list(plan.filings())


def as_json(decided: Decided) -> dict[str, object]:
    """The object of one message.

    ``message``: the path, ``path#n`` inside an mbox, ``archive:member`` inside a tar; a byte of a name
    that is no UTF-8 stands as a lone surrogate (PEP 383). ``message_id``: null where the message has
    none. ``folders``: every folder that gets a copy. ``trace``: where the plan has one, each rule
    asked, in order.
    """
    plan = decided.plan
    row: dict[str, object] = {
        "message": decided.name,
        "message_id": decided.message.message_id or None,
        "outcome": plan.outcome,
        "rule": plan.rule,
        "folders": folders(plan),
        "actions": [_action(action) for action in plan.actions],
        "problems": list(plan.notes),
    }
    if plan.trace is not None:
        row["trace"] = [step.as_data() for step in plan.trace if isinstance(step, Step)]
    return row


def _action(action: Action) -> dict[str, object]:
    """``folder`` is null for verbs that file nothing, ``rule`` for the implicit keep (line 0);
    ``text`` stands with the verbs that have one."""
    row: dict[str, object] = {
        "verb": action.verb,
        "folder": action.folder,
        "flags": [FLAG_WORDS.get(letter, letter) for letter in action.flags],
        "rule": action.rule,
        "line": action.line,
    }
    if action.text:
        row["text"] = action.text
    return row


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the summary. ``rule`` is None for the implicit keep."""

    rule: str | None
    outcome: str
    folders: tuple[str, ...]

    @property
    def target(self) -> str:
        """Where these messages go, in words: ``Cron``, ``INBOX, Boss``, ``(rejected)``."""
        words = list(self.folders)
        if self.outcome not in ("filed", "kept"):
            words.append(f"({self.outcome})")
        return ", ".join(words)


@dataclass(slots=True)
class Summary:
    """Counts of messages. Rows come in the order of the rules, the implicit keep last."""

    _counts: dict[Row, int] = field(default_factory=dict)
    _places: dict[str | None, tuple[str, int]] = field(default_factory=dict)
    total: int = 0

    def add(self, plan: Plan) -> None:
        row = Row(plan.rule, plan.outcome, tuple(folders(plan)))
        self._counts[row] = self._counts.get(row, 0) + 1
        self._places.setdefault(plan.rule, (plan.file, plan.line))
        self.total += 1

    def rows(self) -> list[tuple[Row, int]]:
        return sorted(self._counts.items(), key=self._order)

    def _order(self, item: tuple[Row, int]) -> tuple[bool, tuple[str, int], int, str]:
        row, count = item
        return row.rule is None, self._places[row.rule], -count, row.target
