"""What changes the message: headers added, set, removed; what a program makes of it.

Later rules see the message so changed, and what is filed from here on carries the change (evaluate.Run.edits). The
size, the envelope and what others said of the message stay what they were, and what servers wrote into it is read of
the message as it came: a rule cannot vouch for a sender.

`pass through` is a Question: a service runs the program. Where it gives no message, the message stays as it was and a
note says why.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.engine.fields import UNDECIDED
from pyfilter.engine.holes import sentence
from pyfilter.engine.questions import Question
from pyfilter.engine.sending import program
from pyfilter.message.editing import edited
from pyfilter.message.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.engine.evaluate import Run
    from pyfilter.engine.plan import Action
    from pyfilter.message.editing import Edits

    Tuple = tuple[Any, ...]

__all__ = ["ACTS"]


def _add(run: Run, action: Tuple, made: Action) -> bool:
    _, name, template, _, _ = action
    return _edit(run, made, (("add", name, sentence(template, run.case, limits.HEADER_TEXT_CHARACTERS)),))


def _set(run: Run, action: Tuple, made: Action) -> bool:
    _, name, template, _, _ = action
    text = sentence(template, run.case, limits.HEADER_TEXT_CHARACTERS)
    return _edit(run, made, (("remove", name.lower(), ""), ("add", name, text)))


def _remove(run: Run, action: Tuple, made: Action) -> bool:
    return _edit(run, made, (("remove", action[1].lower(), ""),))


def _edit(run: Run, made: Action, edits: Edits) -> bool:
    if len(run.changes) + len(edits) > limits.HEADER_EDITS:
        run.plan.notes.append(
            f'rule "{made.rule}" changes no header: one message gets at most {limits.HEADER_EDITS} changes'
        )
        return False
    made.edits = edits
    run.changes += edits
    run.add(made)
    run.case.change(_joined(run, run.changes))
    return False


def _pass(run: Run, action: Tuple, made: Action) -> bool:
    made.arguments = program(run, action[1])
    run.add(made)
    run.passes += 1
    argument = "\0".join((str(run.passes), *made.arguments))
    try:
        answer: Any = run.case.fact(Question("pass", argument, _joined(run, run.edits())))
    except UNDECIDED:  # the notes tell
        return False
    message = Message.from_bytes(answer)
    run.base, run.changes = message.raw, ()
    run.case.change(message)
    return False


def _joined(run: Run, edits: Edits) -> Message:
    """The message as it stands, with ``edits``."""
    base = run.case.received if run.base is None else Message(run.base)
    return Message(b"".join(edited(base, edits))) if edits else base


ACTS: dict[str, Callable[[Run, Tuple, Action], bool]] = {
    "add-header": _add,
    "set-header": _set,
    "remove-header": _remove,
    "pass": _pass,
}
