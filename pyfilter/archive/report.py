"""What a replay found, as data for programs and as rows for people.

``as_json`` makes the object of ``pyfilter test --json``; its keys and words are a promise to scripts.
``Summary`` counts messages by the rule that ended their filtering and by where they go: every
message is in exactly one row. ``Doubts`` counts those whose plan would, or should, be another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyfilter.archive.asking import PROGRAMS, SCANNERS
from pyfilter.archive.replay import Decided
from pyfilter.engine.plan import EDITING
from pyfilter.engine.trace import FLAG_WORDS, Step

if TYPE_CHECKING:
    from collections.abc import Container

    from pyfilter.engine.plan import Action, Plan

__all__ = ["Doubts", "Row", "Summary", "as_json", "folders", "plan_as_json"]

# reasons that are told of messages that nobody could judge
TOLD = 2


def folders(plan: Plan) -> list[str]:
    """Every folder that gets a copy, in order. A deferred message leaves none behind."""
    return [] if plan.outcome == "deferred" else list(plan.filings())


def as_json(decided: Decided) -> dict[str, object]:
    """The object of one message.

    ``message``: the path, ``path#n`` inside an mbox, ``archive:member`` inside a tar; a byte of a name
    that is no UTF-8 stands as a lone surrogate (PEP 383). ``message_id``: null where the message has
    none. ``folders``: every folder that gets a copy. ``spam``: what a scanner said that was asked. ``trace``:
    where the plan has one, each rule asked, in order.
    """
    return {
        "message": decided.name,
        "message_id": decided.message.message_id or None,
        **plan_as_json(decided.plan),
    }


def plan_as_json(plan: Plan) -> dict[str, object]:
    """What is said of a plan: the keys of ``as_json`` from ``outcome`` on."""
    row: dict[str, object] = {
        "outcome": plan.outcome,
        "rule": plan.rule,
        "folders": folders(plan),
        "actions": [_action(action) for action in plan.actions],
        "problems": list(plan.notes),
    }
    if plan.verdict is not None:
        row["spam"] = plan.verdict.as_data()
    if plan.trace is not None:
        row["trace"] = [step.as_data() for step in plan.trace if isinstance(step, Step)]
    return row


def _action(action: Action) -> dict[str, object]:
    """``folder`` is null for verbs that file nothing, ``rule`` for the implicit keep (line 0);
    ``text`` stands with the verbs that have one, ``addresses`` with those that send mail, ``arguments`` with those that
    run a program, ``header`` with those that change one; of a reply ``file``, ``subject`` and ``every``, in seconds."""
    row: dict[str, object] = {
        "verb": action.verb,
        "folder": action.folder,
        "flags": [FLAG_WORDS.get(letter, letter) for letter in action.flags],
        "rule": action.rule,
        "line": action.line,
    }
    if action.text:
        row["text"] = action.text
    if action.arguments:
        key = _ARGUMENTS.get(action.verb, "arguments")
        row[key] = action.arguments[0] if key == "file" else list(action.arguments)
    if action.verb in EDITING:
        _, name, text = action.edits[-1]
        row |= {"header": name, **({} if action.verb == "remove-header" else {"text": text})}
    if action.verb == "reply":
        row |= {"subject": action.subject or None, "every": action.every}
    return row


# what the arguments of a verb are; of all others a program and its arguments
_ARGUMENTS = {"forward": "addresses", "copy-to": "addresses", "reply": "file"}


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


@dataclass(slots=True)
class Doubts:
    """Counts of messages, each in one of these: nobody was asked (by kind), nobody could answer (by
    reason), or something of the message itself was in the way."""

    unasked: dict[str, int] = field(default_factory=dict)
    unanswered: dict[str, None] = field(default_factory=dict)
    unjudged: int = 0
    problems: int = 0

    def add(self, decided: Decided) -> None:
        if decided.unanswered:
            self.unjudged += 1
            self.unanswered.update(dict.fromkeys(decided.unanswered))
        elif decided.depends:
            for kind in decided.depends:
                self.unasked[kind] = self.unasked.get(kind, 0) + 1
        elif decided.plan.notes and not decided.unasked:
            self.problems += 1

    def failure(self) -> str:
        """How many messages could not be judged, and why; empty if all could."""
        if not self.unjudged:
            return ""
        reasons = list(self.unanswered)
        more = f"; and {len(reasons) - TOLD} more reasons" if len(reasons) > TOLD else ""
        return f"{self.unjudged} of these messages could not be judged: {'; '.join(reasons[:TOLD])}{more}"

    def sentences(self, given: Container[str] = ()) -> list[str]:
        """What else there is to say. ``given``: the fields whose values were supposed."""
        said = []
        for kind, count in self.unasked.items():
            depend = f"{count} of these messages {'depends' if count == 1 else 'depend'}"
            if kind in SCANNERS:
                fact = next((fact for field, fact in SUPPOSED.items() if field not in given), "")
                suppose = f", --fact {fact} supposes one" if fact else ""
                said.append(f"{depend} on a verdict that was not asked for: --scan asks {kind}{suppose}")
            elif kind in PROGRAMS:
                suppose = ", --fact command=yes supposes that it succeeds" if kind == "command" else ""
                said.append(f"{depend} on {PROGRAMS[kind]} that was not run: --run-commands runs it{suppose}")
            else:
                said.append(
                    f"{depend} on signatures that were not verified: --scan verifies them, "
                    "--fact dkim=pass supposes a result"
                )
        if self.problems:
            said.append(f"{self.problems} of these messages have problems: --explain and --json tell which")
        return said


# field -> what is proposed to be supposed, the first that is not yet
SUPPOSED = {"spam": "spam=no", "spam.score": "spam.score=0", "spam.tests": "spam.tests=BAYES_99"}
