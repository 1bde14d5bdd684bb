"""Run the `test` blocks of rules: a message, what is given, what is expected.

In: the Program and its Trials (language/trials.py). Out: for each a Tried: the plan, and of each `expect` that was not
met a Diagnostic (E501) that says what came instead and what decided it.

Nothing outside is asked. What is not given takes the quiet answer: not spam, score 0, no signature, no duplicate, a
program fails, `pass through` changes nothing. List files are read, and the clock says now, or what is given of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pyfilter.agent import decide
from pyfilter.engine.plan import INBOX, Action, Plan
from pyfilter.engine.questions import Facts, Question, Unknown
from pyfilter.engine.trace import describe, step_lines
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.program import Program
from pyfilter.language.trials import Expected, Trial
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services import answers, clock

__all__ = ["Tried", "run"]


@dataclass(frozen=True, slots=True)
class Tried:
    """``problems``: one for each expectation that was not met; none: the test passed."""

    trial: Trial
    plan: Plan
    problems: tuple[Diagnostic, ...]


def run(program: Program, trials: Iterable[Trial]) -> Iterator[Tried]:
    """Each of ``trials``, run."""
    shared: Facts = {}
    for trial in trials:
        plan = _plan(program, trial, shared)
        problems = [_problem(trial, expected, plan) for expected in trial.expected if not _met(expected, plan)]
        yield Tried(trial, plan, tuple(problems))


# ------------------------------------------------------------------ the world of a test


def _plan(program: Program, trial: Trial, shared: Facts) -> Plan:
    message = Message.from_bytes(trial.message)
    envelope = Envelope.of_archive(message, sender=trial.sender, recipient=trial.recipient)

    def answer(question: Question, message: Message, envelope: Envelope, settings: dict[str, object]) -> object:
        if question.kind == "command":
            return trial.commands.get(question.argument, False)
        quiet = _QUIET.get(question.kind)
        return answers.answer(question, message, envelope, settings) if quiet is None else quiet(question)

    given = {**_unscanned(program, message), **trial.given}
    if trial.clock is not None:  # for this test alone
        at = trial.clock
        shared = {**shared, Question("clock"): clock.stated(at.day, at.minute, at.after, at.weekday)}
    return decide(program, message, envelope, shared, trace=True, given=given, answer=answer)


def _unscanned(program: Program, message: Message) -> dict[str, tuple[str, ...]]:
    """With `set spam.source = headers`: a message without such a header is not spam."""
    settings: Any = program["settings"]
    if settings["spam.source"] != "headers":
        return {}
    from pyfilter.message import spam_headers

    found = spam_headers.verdict(message, settings["trusted-hops"])
    return {"spam": ("no",), "spam.score": ("0",)} if found is None else {}


# kind of a question -> the answer where nothing is given
_QUIET: dict[str, Callable[[Question], object]] = {
    "spamd": lambda question: Verdict(question.kind, False, 0.0, 5.0, ()),
    "rspamd": lambda question: Verdict(question.kind, False, 0.0, 5.0, ()),
    "dkim": lambda question: (),
    "seen": lambda question: False,
    "lister": lambda question: frozenset(),
    "pass": lambda question: Unknown("a test runs no program: the message stays as it was", asked=False),
}

# ------------------------------------------------------------------ is it as expected?


def _met(expected: Expected, plan: Plan) -> bool:
    return any(_fits(expected, action) for action in plan.actions) is not expected.negated


def _fits(expected: Expected, action: Action) -> bool:
    if expected.by is not None and action.rule != expected.by:
        return False
    if expected.verb == "keep":
        return action.verb in ("keep", "file") and action.folder == INBOX
    return (
        action.verb == expected.verb
        and expected.folder in (None, action.folder)
        and set(expected.flags) <= set(action.flags)
        and _has_arguments(expected, action)
        and _says(expected, action)
    )


def _has_arguments(expected: Expected, action: Action) -> bool:
    if expected.verb in ("forward", "copy-to"):  # addresses: so many of them, in any order
        return {address.casefold() for address in expected.arguments} <= {a.casefold() for a in action.arguments}
    return not expected.arguments or expected.arguments == action.arguments


def _says(expected: Expected, action: Action) -> bool:
    if expected.header is not None:
        edits = [(name.lower(), value) for _, name, value in action.edits]
        return any(
            name == expected.header and (expected.text is None or expected.text == value) for name, value in edits
        )
    return expected.text is None or " ".join(expected.text.split()) == " ".join(action.text.split())


# ------------------------------------------------------------------ what is said where it is not


def _problem(trial: Trial, expected: Expected, plan: Plan) -> Diagnostic:
    label = "but it did" if expected.negated else f"got {_happened(plan)}"
    return Diagnostic("E501", f'test "{trial.name}" fails', expected.span, label, "\n".join(_why(expected, plan)))


def _happened(plan: Plan) -> str:
    """What becomes of the message, each action with its rule."""
    return ", ".join(
        describe(action) + ("" if action.rule is None else f' by "{action.rule}"')
        for action in plan.actions
        if action.verb not in ("mark", "unmark")  # what is filed shows its flags
    )


def _why(expected: Expected, plan: Plan) -> list[str]:
    """What decided it: the rule that was expected, and the one that took the message."""
    steps = plan.trace or []
    asked = {step.rule for step in steps}
    lines = [line for step in steps if step.rule in (*expected.doers, plan.rule) for line in step_lines(step)]
    lines += [
        f'"{rule}" was not asked: the filtering had ended above it' for rule in expected.doers if rule not in asked
    ]
    if plan.rule is None:
        lines.append("no rule took it")
    return [*lines, *(f"note: {note}" for note in plan.notes)]
