"""What an action puts into the plan: one function a verb.

Each takes the run under way (evaluate.py), the rule and the action as they stand in the Program, and the new Action
with its place. It gives True if the action ends the filtering. Verbs that few rules have stand in modules of their own,
which are imported when a rule does one: sending.py, changing.py.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.engine.fields import UNDECIDED
from pyfilter.engine.holes import folder, mailbox_path, sentence
from pyfilter.engine.plan import INBOX, OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.engine.evaluate import Run
    from pyfilter.engine.plan import Action

    Tuple = tuple[Any, ...]
    Act = Callable[[Run, Tuple, Tuple, Action], bool]

__all__ = ["ACTS", "keep", "taken"]

# the most cautious word stands for all actions of one rule
_CAUTION = {"discarded": 0, "piped": 1, "forwarded": 1, "kept": 2, "filed": 2, "rejected": 3, "deferred": 4}


def taken(run: Run, rule: Tuple, made: Action, ends: bool) -> bool:
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
    return taken(run, rule, made, not continues)


def _copy(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    _put(run, action[1], action[2], made)
    return False


def _put(run: Run, kind: str, place: Any, made: Action) -> None:
    if kind in ("mbox", "mh"):
        made.folder, notes = mailbox_path(kind, place, run.case)
    else:
        made.folder, notes = folder(place, run.case, str(run.plan.settings["layout"]))
    run.plan.notes += notes
    run.add(made)


def keep(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.folder = INBOX
    run.add(made)
    return taken(run, rule, made, not action[1])


def _discard(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    if run.undecided(made):
        return keep(run, rule, action, made)
    run.add(made)
    return taken(run, rule, made, not action[1])


def _reject(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    if run.undecided(made):
        return keep(run, rule, ("keep", False), made)
    return _defer(run, rule, action, made)


def _defer(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.text = sentence(action[1], run.case, limits.REASON_CHARACTERS)
    run.add(made)
    return taken(run, rule, made, True)


def _stop(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    plan = run.plan
    plan.rule, plan.line, plan.file = made.rule, made.line, made.file
    return True


def _mark(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.flags = action[1]
    run.flags = "".join(sorted({*run.flags, *made.flags}))
    run.add(made)
    return False


def _unmark(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.flags = action[1]
    run.flags = "".join(sorted({*run.flags} - {*made.flags}))
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


def _change(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    from pyfilter.engine import changing

    return changing.ACTS[action[0]](run, action, made)


def _send(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    from pyfilter.engine import sending

    return sending.ACTS[action[0]](run, rule, action, made)


ACTS: dict[str, Act] = {
    "file": _file,
    "copy": _copy,
    "keep": keep,
    "discard": _discard,
    "reject": _reject,
    "defer": _defer,
    "stop": _stop,
    "forward": _send,
    "copy-to": _send,
    "pipe": _send,
    "reply": _send,
    "notify": _send,
    "mark": _mark,
    "unmark": _unmark,
    "add-header": _change,
    "set-header": _change,
    "remove-header": _change,
    "pass": _change,
    "scan": _scan,
    "verify": _verify,
    "log": _log,
}
