"""What a plan sends: `forward to`, `copy to`, `pipe to`. Everything here happens while no copy is visible yet.

In: the plan, the message, the home. ``Sendings`` reads the plan before anything is done: ``kept`` says that a
`forward` is not made and the message goes to the inbox instead, ``notes`` why. ``send`` does the rest in the plan's
order, and gives "", or one sentence of the first that fails; then the delivery is put off.

- A message goes in a circle, and is forwarded no further, if it has more than limits.FORWARD_HOPS Received lines, our
  own loop header with this recipient, or the target is the recipient or stands in a Delivered-To. Delivered-To stays
  in what is sent: other mail servers see circles by it. ``X-Pyfilter-Loop: RECIPIENT`` is put above.
- The envelope sender is kept. One that is not known, as the null one: nobody gets a bounce for what he did not send.
- A program of `pipe to` gets the message on its standard input and, beside the usual environment, SENDER, RECIPIENT
  and EXTENSION. Exit status 0 says that it has the message; all else puts the delivery off.
- What was sent is in the journal (journal.py) when it was sent: a mail server's retry sends nothing twice.
- One address gets one version of the message once.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.delivery import submit
from pyfilter.delivery.journal import Journal
from pyfilter.engine.plan import SENDING
from pyfilter.message.editing import version_of
from pyfilter.message.message import Unreadable
from pyfilter.services import child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.engine.plan import Action, Plan
    from pyfilter.message.editing import Edits
    from pyfilter.message.message import Message

__all__ = ["LOOP_HEADER", "Sendings"]

LOOP_HEADER = "X-Pyfilter-Loop"


class Sendings:
    """What one plan sends. ``kept``: the `forward` actions that are not made; the inbox gets their message."""

    __slots__ = ("_actions", "_home", "_message", "_plan", "kept", "notes")

    def __init__(self, plan: Plan, message: Message, home: str) -> None:
        self._plan = plan
        self._message = message
        self._home = home
        self._actions: list[Action] = []
        self.kept: list[Action] = []
        self.notes: list[str] = []
        for action in plan.actions:
            if action.verb not in SENDING:
                continue
            why = "" if action.verb == "pipe" else _circle(message, _recipient(plan), action.arguments)
            if not why:
                self._actions.append(action)
            elif action.verb == "forward":
                self.kept.append(action)
                self.notes.append(f"kept in the inbox instead of forwarded: {why}")
            else:
                self.notes.append(f"no copy is sent: {why}")

    def send(self) -> str:
        """Send everything; "" or what was not sent and why."""
        journal = Journal(self._home, self._message, _recipient(self._plan))
        had: set[tuple[str, bytes | None, Edits]] = set()
        for action in self._actions:
            if action.verb == "pipe":
                if failed := self._once(journal, action, action.arguments):
                    return failed
                continue
            new = [address for address in action.arguments if (address.lower(), *_version(action)) not in had]
            had.update((address.lower(), *_version(action)) for address in new)
            if new and (failed := self._once(journal, action, new)):
                return failed
        if journal.problem:
            self.notes.append(journal.problem)
        return ""

    def _once(self, journal: Journal, action: Action, arguments: Sequence[str]) -> str:
        what = "\0".join((action.verb, action.rule or "", *arguments)).encode("utf-8", "surrogateescape")
        if journal.was_sent(what):
            return ""
        failed = self._pipe(action) if action.verb == "pipe" else self._submit(action, arguments)
        if failed:
            return f'`{action.verb}` of rule "{action.rule}": {failed}'
        journal.sent(what)
        return ""

    def _submit(self, action: Action, addresses: Sequence[str]) -> str:
        envelope = self._plan.envelope
        sender = envelope.sender if envelope is not None else None
        recipient = _recipient(self._plan)
        loop: Edits = (("add", LOOP_HEADER, recipient),) if recipient else ()
        parts = version_of(self._message, action.base, action.edits + loop)
        return submit.send(self._plan.settings, sender or "", addresses, parts, self._home)

    def _pipe(self, action: Action) -> str:
        envelope = self._plan.envelope
        box = envelope.recipient_box if envelope is not None else None
        program, *rest = action.arguments
        done = child.run(
            (submit.path_of(program, self._home), *rest),
            version_of(self._message, action.base, action.edits),
            environment={
                "HOME": self._home,
                "SENDER": (envelope.sender if envelope is not None else None) or "",
                "RECIPIENT": _recipient(self._plan),
                "EXTENSION": (box.extension if box is not None else None) or "",
            },
            deadline_seconds=limits.PIPE_SECONDS,
            output_limit=limits.CHILD_COMPLAINT_BYTES,
            directory=self._home,
        )
        return submit.failure(program, done)


def _version(action: Action) -> tuple[bytes | None, Edits]:
    return action.base, action.edits


def _recipient(plan: Plan) -> str:
    envelope = plan.envelope
    return (envelope.recipient if envelope is not None else None) or ""


def _circle(message: Message, recipient: str, targets: Sequence[str]) -> str:
    """How it shows that forwarding would go in a circle; "" if it does not."""
    lowered = {target.lower() for target in targets}
    if recipient and recipient.lower() in lowered:
        return f"{recipient} is the address it came to"
    try:
        hops = len(message.raw_values("received"))
        if hops > limits.FORWARD_HOPS:
            return f"it has {hops} Received lines and seems to go in a circle"
        loops = [value.strip().lower() for value in message.values(LOOP_HEADER.lower())]
        if recipient and recipient.lower() in loops:
            return f"{recipient} has forwarded it already"
        for value in message.values("delivered-to"):
            if value.strip().lower() in lowered:
                return f"{value.strip()[:100]} had it already"
    except Unreadable as error:
        return f"nothing tells whether it goes in a circle ({error})"
    return ""
