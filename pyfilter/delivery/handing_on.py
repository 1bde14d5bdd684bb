"""What a plan sends: `forward to`, `copy to`, `pipe to`. Everything here happens while no copy is visible yet.

In: the plan, the message, the home, the journal. ``Sendings`` reads the plan before anything is done: ``kept`` says
that a `forward` is not made, or not to all of its addresses, and that the inbox gets the message; ``notes`` why.
``send`` does the rest in the plan's order, and gives "", or one sentence of the first that fails; then the delivery is
put off.

- A message goes in a circle, and is sent to nobody, if it has more than limits.FORWARD_HOPS Received lines or our own
  loop header with this recipient. It is not sent to an address that is the recipient or stands in a Delivered-To.
  Delivered-To stays in what is sent: other mail servers see circles by it. ``X-Pyfilter-Loop: RECIPIENT`` is put above.
- Not more than limits.SENT_AN_HOUR addresses get mail of this user in an hour.
- The envelope sender is kept. One that is not known, as the null one: nobody gets a bounce for what he did not send.
- A program of `pipe to` gets the message on its standard input and, beside the usual environment, SENDER, RECIPIENT
  and EXTENSION. Exit status 0 says that it has the message; all else puts the delivery off.
- What was sent is in the journal (journal.py) when it was sent: a mail server's retry sends nothing twice.
- One address gets one version of the message once.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.delivery import submit
from pyfilter.engine.plan import SENDING
from pyfilter.message.editing import version_of
from pyfilter.message.message import Unreadable
from pyfilter.services import child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.delivery.journal import Journal
    from pyfilter.engine.plan import Action, Plan
    from pyfilter.message.editing import Edits
    from pyfilter.message.message import Message

__all__ = ["LOOP_HEADER", "Sendings"]

LOOP_HEADER = "X-Pyfilter-Loop"

# what counts against limits.SENT_AN_HOUR
_COUNTED = (b"forward\0", b"copy-to\0")


class Sendings:
    """What one plan sends. ``kept``: the `forward` actions, of which the inbox gets the message."""

    __slots__ = ("_actions", "_home", "_journal", "_message", "_plan", "kept", "notes")

    def __init__(self, plan: Plan, message: Message, home: str, journal: Journal) -> None:
        self._plan = plan
        self._message = message
        self._home = home
        self._journal = journal
        self._actions: list[tuple[Action, Sequence[str], bytes]] = []  # with its addresses, and its name in the journal
        self.kept: list[Action] = []
        self.notes: list[str] = []
        had: set[tuple[str, bytes | None, Edits]] = set()
        for action in plan.actions:
            if action.verb == "pipe":
                self._add(action, action.arguments)
            elif action.verb in SENDING:
                new = [address for address in action.arguments if (address.lower(), *_version(action)) not in had]
                going = self._without_circles(action, new)
                if going and not self._too_often(action, going):
                    self._add(action, going)
                    had.update((address.lower(), *_version(action)) for address in going)

    def send(self) -> str:
        """Send everything; "" or what was not sent and why."""
        try:
            self._journal.hold()
            for action, arguments, what in self._actions:
                if self._journal.was_sent(what):
                    continue
                failed = self._pipe(action) if action.verb == "pipe" else self._submit(action, arguments)
                if failed:
                    return f'`{action.verb}` of rule "{action.rule}": {failed}'
                self._journal.sent(what)
            return ""
        finally:
            self._journal.release()

    def _add(self, action: Action, arguments: Sequence[str]) -> None:
        self._actions.append((action, arguments, self._name(action, arguments)))

    def _name(self, action: Action, arguments: Sequence[str]) -> bytes:
        """What a rule does twice has two names."""
        words = (action.verb, action.rule or "", *arguments)
        before = sum((done.verb, done.rule or "", *given) == words for done, given, _ in self._actions)
        return "\0".join(words).encode("utf-8", "surrogateescape") + b" again" * before

    def _without_circles(self, action: Action, addresses: Sequence[str]) -> list[str]:
        circles = _circles(self._message, self._plan.recipient, addresses)
        going = [address for address in addresses if address not in circles]
        for why in dict.fromkeys(circles.values()):
            self._not_sent(action, why, rest=bool(going))
        return going

    def _too_often(self, action: Action, addresses: Sequence[str]) -> bool:
        """A loop that nothing else shows, or a flood, ends here."""
        if self._journal.was_sent(self._name(action, addresses)):
            return False
        most = limits.SENT_AN_HOUR
        if self._journal.count_sent(3600, _COUNTED) + len(addresses) <= most:
            return False
        self._not_sent(action, f"{most} were sent within an hour", rest=False)
        return True

    def _not_sent(self, action: Action, why: str, *, rest: bool) -> None:
        if action.verb != "forward":
            self.notes.append(f"no copy is sent: {why}")
            return
        if action not in self.kept:
            self.kept.append(action)
        self.notes.append(f"kept in the inbox {'too' if rest else 'instead of forwarded'}: {why}")

    def _submit(self, action: Action, addresses: Sequence[str]) -> str:
        envelope = self._plan.envelope
        sender = envelope.sender if envelope is not None else None
        recipient = self._plan.recipient
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
                "RECIPIENT": self._plan.recipient,
                "EXTENSION": (box.extension if box is not None else None) or "",
            },
            deadline_seconds=limits.PIPE_SECONDS,
            output_limit=limits.CHILD_COMPLAINT_BYTES,
            directory=self._home,
        )
        return submit.failure(program, done)


def _version(action: Action) -> tuple[bytes | None, Edits]:
    return action.base, action.edits


def _circles(message: Message, recipient: str, targets: Sequence[str]) -> dict[str, str]:
    """{address: how it shows that sending there would go in a circle}, of those where it does."""
    if whole := _circle(message, recipient):
        return dict.fromkeys(targets, whole)
    had = {value.strip().lower(): value.strip()[:100] for value in message.values("delivered-to")}
    found = {}
    for target in targets:
        if recipient and target.lower() == recipient.lower():
            found[target] = f"{recipient} is the address it came to"
        elif target.lower() in had:
            found[target] = f"{had[target.lower()]} had it already"
    return found


def _circle(message: Message, recipient: str) -> str:
    """How it shows that the message itself goes in a circle; "" if it does not."""
    try:
        hops = len(message.raw_values("received"))
        if hops > limits.FORWARD_HOPS:
            return f"it has {hops} Received lines and seems to go in a circle"
        loops = [value.strip().lower() for value in message.values(LOOP_HEADER.lower())]
        if recipient and recipient.lower() in loops:
            return f"{recipient} has forwarded it already"
        message.values("delivered-to")
    except Unreadable as error:
        return f"nothing tells whether it goes in a circle ({error})"
    return ""
