"""What an action puts into the plan: one function a verb.

Each takes the run under way (evaluate.py), the rule and the action as they stand in the Program, and the new Action
with its place. It gives True if the action ends the filtering.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.engine.fields import UNDECIDED
from pyfilter.engine.holes import folder, sentence
from pyfilter.engine.plan import INBOX, OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.engine.evaluate import Run
    from pyfilter.engine.plan import Action

    Tuple = tuple[Any, ...]
    Act = Callable[[Run, Tuple, Tuple, Action], bool]

__all__ = ["ACTS"]

# the most cautious word stands for all actions of one rule
_CAUTION = {"discarded": 0, "piped": 1, "forwarded": 1, "kept": 2, "filed": 2, "rejected": 3, "deferred": 4}


def _taken(run: Run, rule: Tuple, made: Action, ends: bool) -> bool:
    """The message is taken: it is not kept by itself. Which word stands for what became of it?"""
    run.cancelled = True
    plan = run.plan
    outcome = OUTCOMES[made.verb]
    # the rules inside one that has ended belong to it
    together = run.owner is rule or run.final
    if not together or _CAUTION[outcome] >= _CAUTION[plan.outcome]:
        plan.outcome = outcome
        plan.rule, plan.line, plan.file = made.rule, made.line, made.file
    run.owner = rule
    run.final = run.final or ends
    return ends


def _file(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    _, kind, place, continues, _, _ = action
    _put(run, kind, place, made)
    return _taken(run, rule, made, not continues)


def _copy(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    _put(run, action[1], action[2], made)
    return False


def _put(run: Run, kind: str, place: Any, made: Action) -> None:
    made.folder, notes = folder(place, run.case, str(run.plan.settings["layout"]))
    run.plan.notes += notes
    run.add(made)


def _keep(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.folder = INBOX
    run.add(made)
    return _taken(run, rule, made, not action[1])


def _discard(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    if run.undecided(made):
        return _keep(run, rule, action, made)
    run.add(made)
    return _taken(run, rule, made, not action[1])


def _reject(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    if run.undecided(made):
        return _keep(run, rule, ("keep", False), made)
    return _defer(run, rule, action, made)


def _defer(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.text = sentence(action[1], run.case, limits.REASON_CHARACTERS)
    run.add(made)
    return _taken(run, rule, made, True)


def _stop(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    plan = run.plan
    plan.rule, plan.line, plan.file = made.rule, made.line, made.file
    return True


def _mark(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.flags = action[1]
    run.flags = "".join(sorted({*run.flags, *made.flags}))
    run.add(made)
    return False


def _scan(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    from pyfilter.engine import judged

    made.text = judged.scanner(action[1], run.case)
    run.add(made)
    try:
        judged.scan(action[1], run.case)
    except UNDECIDED:  # the notes tell; tests that need it are unknown
        pass
    return False


def _verify(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    from pyfilter.engine import judged

    made.text = action[1]
    run.add(made)
    try:
        judged.verify(run.case)
    except UNDECIDED:
        pass
    return False


def _log(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.text = sentence(action[1], run.case, limits.LOG_CHARACTERS)
    run.add(made)
    return False


ACTS: dict[str, Act] = {
    "file": _file,
    "copy": _copy,
    "keep": _keep,
    "discard": _discard,
    "reject": _reject,
    "defer": _defer,
    "stop": _stop,
    "mark": _mark,
    "scan": _scan,
    "verify": _verify,
    "log": _log,
}
