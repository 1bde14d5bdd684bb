"""The trace: which rules were asked, and what decided each; and the Plan in words.

A Step is one rule asked. ``reasons`` are the tests that decided it: of conditions joined by
`and` the first that failed, or all if all held; of `or` the first that held, or all if none did.
"""

from __future__ import annotations

from pyfilter.engine.fields import JUDGED_FIELDS, TIME_FIELDS, TRUTHS, Asked, Case, PutOff, Unanswered
from pyfilter.engine.holes import line
from pyfilter.engine.plan import Action, Plan
from pyfilter.engine.relations import holds, witness
from pyfilter.message.message import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.language.program import Program

__all__ = ["VERDICTS", "Reason", "Step", "describe", "explain", "reasons", "step_lines"]

VERDICTS = {True: "matched", False: "not matched", None: "unknown"}

# characters of a value that a trace shows, and of the reason why there is none
SHOWN = 72
SHOWN_REASON = 200
# and of the lines of a score
SHOWN_SCORE = 500
# what a reason begins with that stands in the place of a value
NOT_KNOWN = "not known: "


class Reason:
    """One test: ``condition`` as written, its ``line``, whether it held, and the value it ``saw``."""

    __slots__ = ("condition", "held", "line", "saw")

    def __init__(self, condition: str, line: int, held: bool | None, saw: str) -> None:
        self.condition = condition
        self.line = line
        self.held = held
        self.saw = saw

    def as_data(self) -> dict[str, object]:
        return {"condition": self.condition, "line": self.line, "held": self.held, "saw": self.saw}


class Step:
    """One rule asked; ``depth`` 0 for a top-level rule. ``because``: why an `else` rule was not asked, else empty."""

    __slots__ = ("because", "depth", "file", "line", "reasons", "rule", "verdict")

    def __init__(
        self,
        rule: str,
        file: str,
        line: int,
        depth: int,
        verdict: bool | None,
        reasons: list[Reason],
        because: str = "",
    ) -> None:
        self.because = because
        self.rule = rule
        self.file = file
        self.line = line
        self.depth = depth
        self.verdict = verdict
        self.reasons = reasons

    def as_data(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "file": self.file,
            "line": self.line,
            "depth": self.depth,
            "verdict": "not asked" if self.because else VERDICTS[self.verdict],
            **({"because": self.because} if self.because else {}),
            "reasons": [reason.as_data() for reason in self.reasons],
        }


def reasons(
    condition: tuple[Any, ...],
    judge: Callable[[tuple[Any, ...]], bool | None],
    case: Case,
    program: Program,
    excerpts: tuple[tuple[int, str], ...],
) -> list[Reason]:
    """The tests that decided ``condition``; ``judge`` evaluates any part of it."""

    def tests(part: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        kind = part[0]
        if kind == "not":
            return [part] if len(part) > 2 else tests(part[1])  # `is not` is one test to its reader
        if kind not in ("and", "or", "at-least"):
            return [part]
        operands = part[2:] if kind == "at-least" else part[1:]
        undecided = None
        if kind != "at-least":
            for operand in operands:  # no further than the decision went: the rest may ask a Question
                verdict = judge(operand)
                if verdict is (kind == "or"):
                    return tests(operand)
                if verdict is None and undecided is None:
                    undecided = operand
        if undecided is not None:
            return tests(undecided)
        return [test for operand in operands for test in tests(operand)]

    found: list[Reason] = []
    for part in tests(condition):
        test = part[1] if part[0] == "not" else part
        if test[0] == "score":
            found.append(_scored(test, judge, excerpts))
            continue
        while test[0] == "or":  # of one test that names several values
            test = test[1]
        number, text = excerpts[test[3]]
        made = Reason(text, number, judge(part), _saw(test, case, program))
        if not found or found[-1].as_data() != made.as_data():  # one test to its reader
            found.append(made)
    return found


def _scored(
    test: tuple[Any, ...], judge: Callable[[tuple[Any, ...]], bool | None], excerpts: tuple[tuple[int, str], ...]
) -> Reason:
    """A score, with the points it came to and what gave them."""
    from pyfilter.engine.scores import judged

    tally = judged(test, judge)
    given = [f"{points:g} if {excerpts[excerpt][1]}" for points, _, excerpt in tally.held]
    given += [f"perhaps {points:g} if {excerpts[excerpt][1]}" for points, _, excerpt in tally.unknown]
    rest = "" if tally.whole else "; the lines below change nothing"
    saw = f"{tally.points:g}{': ' if given else ''}{', '.join(given)}{rest}"
    number, text = excerpts[test[4]]
    return Reason(text, number, tally.verdict, line(saw, SHOWN_SCORE))


def _saw(test: tuple[Any, ...], case: Case, program: Program) -> str:
    """The value that held, or else what there is, cut and harmless."""
    key = test[1]
    try:
        if test[0] == "command":
            return "yes" if holds(case, program, test) else "no"
        values = case.shown(key)
        if not case.exists(key):
            return "absent"
        holding = witness(case, program, test)
    except Unreadable:
        return "more than pyfilter reads (see limits)"
    except Unanswered as error:
        return NOT_KNOWN + line(str(error), SHOWN_REASON)
    if key in JUDGED_FIELDS:
        return _judged(test, values, case)
    if (field := key.partition(" ")[0]) in TRUTHS:
        from pyfilter.engine.truths import seen

        return seen(field, values[0], case)
    if key in TIME_FIELDS and values:
        from pyfilter.engine.moments import told

        return told(key, values[0], case)
    if not values:
        return "present, without an address"
    if test[0] in ("compare", "between"):
        return f"{values[0]} bytes" if key == "size" or key.endswith(".size") else line(values[0], SHOWN)
    value = values[0] if holding is None else case.values(key)[holding]
    text = _quoted(value)
    more = len(values) - 1
    return f"{text} and {more} more" if more and holding is None else text


def _judged(test: tuple[Any, ...], values: list[str], case: Case) -> str:
    """Words of the language stand without quotes; a verdict is shown with its points."""
    key = test[1]
    shown = line(", ".join(values), SHOWN)
    if key == "spam":
        try:
            points = case.values("spam.score") + case.values("spam.threshold")
        except (Asked, PutOff, Unanswered):  # the verdict alone was given
            return shown
        return f"{shown}, score {' of '.join(points)}"
    if test[0] == "compare" and isinstance(test[2][1], str):
        return f"{shown}, and {test[2][1]} is {', '.join(case.values(test[2][1])) or 'absent'}"
    return shown


def _quoted(value: str) -> str:
    shown = " ".join(value.split())
    return f'"{line(shown, SHOWN)}{"…" if len(shown) > SHOWN else ""}"'


# ------------------------------------------------------------------- in words

# verb -> why it is done, where no rule says so
_BY_NOBODY = {"defer": "the rules need an answer that cannot be had"}

_WORDS: dict[str, Callable[[Action], str]] = {
    "file": lambda action: f"file into {_named(action)}",
    "copy": lambda action: f"copy into {_named(action)}",
    "keep": lambda action: f"keep in {_named(action)}",
    "discard": lambda action: "discard",
    "reject": lambda action: f'reject "{action.text}"',
    "defer": lambda action: f'defer "{action.text}"',
    "forward": lambda action: f"forward to {_addresses(action)}",
    "copy-to": lambda action: f"copy to {_addresses(action)}",
    "pipe": lambda action: f"pipe to {_program(action)}",
    "pass": lambda action: f"pass through {_program(action)}",
    "notify": lambda action: f"notify {_program(action)}",
    "reply": lambda action: _reply(action),
    "add-header": lambda action: f"add header {_header(action)}",
    "set-header": lambda action: f"set header {_header(action)}",
    "remove-header": lambda action: f"remove header {action.edits[-1][1]}",
    "unmark": lambda action: f"unmark {_flags(action.flags)}",
    "mark": lambda action: f"mark {_flags(action.flags)}",
    "log": lambda action: f'log "{action.text}"',
    "scan": lambda action: f"scan with {action.text}",
    "verify": lambda action: f"verify {action.text}",
}

FLAG_WORDS = {"D": "draft", "F": "flagged", "P": "passed", "R": "answered", "S": "read", "T": "deleted"}


def _flags(letters: str) -> str:
    return ", ".join(FLAG_WORDS.get(letter, letter) for letter in letters)


def _named(action: Action) -> str:
    flags = f" ({_flags(action.flags)})" if action.flags else ""
    return f"{action.folder}{flags}" if action.folder == "INBOX" else f'"{action.folder}"{flags}'


def _addresses(action: Action) -> str:
    return ", ".join(f'"{address}"' for address in action.arguments)


def _program(action: Action) -> str:
    return " ".join(f'"{line(argument, SHOWN)}"' for argument in action.arguments)


def _header(action: Action) -> str:
    _, name, text = action.edits[-1]
    return f'{name} "{line(text, SHOWN_REASON)}"'


def _reply(action: Action) -> str:
    days = action.every // 86400
    often = f"every {days} day{'' if days == 1 else 's'}"
    about = f' subject "{action.subject}"' if action.subject else ""
    said = f'file "{action.arguments[0]}"' if action.arguments else f'"{line(action.text, SHOWN)}"'
    return f"reply {often}{about} {said}"


def describe(action: Action) -> str:
    """The action in the words of the rule language."""
    return _WORDS[action.verb](action)


def explain(plan: Plan) -> str:
    """The plan in words: what happens, by which rule, and why each rule asked did or did not match."""
    lines = []
    stopped = "no rule took it" if plan.rule is None else f'stopped by rule "{plan.rule}", {plan.file}:{plan.line}'
    for action in plan.actions:
        by = (
            _BY_NOBODY.get(action.verb, stopped)
            if action.rule is None
            else f'rule "{action.rule}", {action.file}:{action.line}'
        )
        lines.append(f"{describe(action)}    [{by}]")
    lines += [f"note: {note}" for note in plan.notes]
    if plan.trace:
        lines.append("")
        lines.append("rules asked, in order:")
        several = len({step.file for step in plan.trace}) > 1
        lines += [f"  {text}" for step in plan.trace for text in step_lines(step, several)]
    return "\n".join(lines)


def _said(reason: Reason) -> str:
    if reason.saw.startswith(NOT_KNOWN):
        return reason.saw
    return f"{'yes' if reason.held else 'no' if reason.held is False else 'unknown'}, it is {reason.saw}"


_MARKS = {True: "+", False: "-", None: "?"}


def step_lines(step: Step, several: bool = False) -> list[str]:
    """One rule asked, in words: its verdict, and a line for each test that decided it. ``several``: its file is named,
    since there are others."""
    indent = "  " * step.depth
    place = f"{step.file}:{step.line}" if several else f"line {step.line}"
    if step.because:
        return [f'{indent}- "{step.rule}" ({place}): not asked, {step.because}']
    lines = [f'{indent}{_MARKS[step.verdict]} "{step.rule}" ({place}): {VERDICTS[step.verdict]}']
    lines += [f"{indent}    {reason.condition}: {_said(reason)}" for reason in step.reasons]
    if not step.reasons:
        lines[0] += " (it has no condition)"
    return lines
