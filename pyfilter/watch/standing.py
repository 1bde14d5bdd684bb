"""A plan for a message that lies in a Maildir already: what of it means "leave it where it is".

In: the Plan, the watched Maildir, the home. Out: a Standing.

- Where a copy would go into the folder in which the message lies, there is none to make: the message ``stays``, with
  the flags that the copy would have had. It is neither rewritten nor renamed but for flags: mbsync and others know a
  message by its file's name. What `add header` and the like would have changed is not (``notes``).
- `reject` keeps the message: whoever sent it was told long ago that it was taken.
- What is left to do is a Plan again, for delivery/execute.py; None where nothing is.
"""

from __future__ import annotations

import os

from pyfilter.delivery.targets import maildir_path, targets
from pyfilter.engine.plan import EDITING, FILING, INBOX, SENDING, TELLING, Action, Plan

__all__ = ["Standing", "inbox_of", "standing", "without_reject"]

# names of folders that lie outside of the Maildir (delivery/execute.py)
OUTSIDE = ("mbox:", "mh:")
KEPT_INSTEAD = "kept instead of reject: its sender was told long ago that it was taken"


class Standing:
    """``stays``: the message; ``flags``: those it gets; ``rest``: what is to be carried out, or None."""

    __slots__ = ("flags", "notes", "rest", "stays")

    def __init__(self, stays: bool, flags: str, rest: Plan | None, notes: list[str]) -> None:
        self.stays = stays
        self.flags = flags
        self.rest = rest
        self.notes = notes


def inbox_of(settings: dict[str, object], home: str) -> bytes:
    """The directory of ``set maildir``, as it is on disk. Raises delivery.failures.Refused."""
    return os.path.realpath(maildir_path(str(settings["maildir"]), home))


def without_reject(plan: Plan) -> None:
    """`reject` becomes `keep`."""
    if plan.outcome != "rejected":
        return
    refused = next(action for action in reversed(plan.actions) if action.verb == "reject")
    plan.actions = [action for action in plan.actions if action.verb != "reject"]
    if not any(action.folder == INBOX for action in plan.actions if action.verb in FILING):
        kept = Action("keep", folder=INBOX, rule=refused.rule, line=refused.line, file=refused.file)
        plan.actions.append(kept)
    plan.outcome = "kept"
    plan.notes.append(KEPT_INSTEAD)


def standing(plan: Plan, maildir: bytes, home: str) -> Standing:
    """``maildir``: the real path of the one in which the message lies. Raises delivery.failures.Refused."""
    here = [action for action in plan.actions if action.verb in FILING and _is_here(action, plan, maildir, home)]
    if not here or plan.outcome == "deferred":
        return Standing(False, "", plan, [])
    rest = Plan(plan.settings)
    rest.outcome, rest.rule, rest.line, rest.file = plan.outcome, plan.rule, plan.line, plan.file
    rest.envelope, rest.verdict = plan.envelope, plan.verdict
    rest.actions = [action for action in plan.actions if action not in here]
    verbs = {action.verb for action in rest.actions}
    flags = "".join(sorted({letter for action in here for letter in action.flags}))
    changed = any(action.base is not None for action in here) or bool({a.verb for a in plan.actions} & EDITING)
    notes = ["its header stays as it was, for it stays where it lies"] if changed else []
    if verbs & FILING:
        rest.outcome = "filed"
    elif verbs & (SENDING | TELLING):
        # nothing is to be filed besides what lies here: what execute calls discarded
        rest.outcome = "discarded"
        rest.actions.append(Action("discard"))
    else:
        return Standing(True, flags, None, notes)
    return Standing(True, flags, rest, notes)


def _is_here(action: Action, plan: Plan, maildir: bytes, home: str) -> bool:
    folder = action.folder
    if folder is None or folder.startswith(OUTSIDE):
        return False
    settings = plan.settings
    inbox = maildir_path(str(settings["maildir"]), home)
    wanted, _ = targets({folder: ("", (), None)}, inbox, str(settings["layout"]), bool(settings["create-folders"]))
    return all(os.path.realpath(path) == maildir for path in wanted)
