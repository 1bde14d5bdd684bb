"""Carry out a Plan: stage every copy, send what is to be sent, then make the copies visible.

In: a Plan (engine/plan.py), the Message it was made for, and the user's home directory.
Out: an Outcome (status.py); ``execute`` never raises. ``steps`` are the same, and stop wherever something must be on
disk (together.py); a delivery that does more than file into Maildir folders does not stop on its way.

- **stage**: each copy is written to its folder's ``tmp/`` and brought to disk (maildir.py).
- **send**: what goes to somebody else goes now (handing_on.py): forward, copy-to, pipe.
- **publish**: each copy is made visible; then every directory is brought to disk. What goes into an mbox (mbox.py) or
  an MH directory (mh.py) comes first. From here on no short deadline ends the delivery (deadline.py).
- What an earlier attempt had made visible or sent, and could not tell the mail server of, is not done again: before the
  first copy becomes visible its name is written down (journal.py). It is only brought to disk.
- Whatever goes wrong before the last copy is visible and durable: everything is taken back,
  and the outcome is DEFERRED: the mail stays with whoever holds it now, who tries again.
- **tell**: replies and notices, when all is done, as long as there is time; that one fails is only told.

G1: DELIVERED says that the message is durable in every folder of the plan (as far as ``set durable`` asks for it).
G2: DEFERRED says that no copy is visible, except after a crash between two copies, whose first one the next attempt
finds. A ``reject`` is REJECTED only after the copies made before it are filed; a ``defer`` touches nothing.

Nothing is made unless the home is a directory that belongs to the running user and that others
cannot write; the Maildir itself (the inbox) is always made when it is missing, other folders
unless ``set create-folders = no``: then the message lies in the inbox, and a note says so.

``Outcome.detail`` is for the log: the path, what the system said, and what an administrator
can do. A sender sees nothing of it.
"""

from __future__ import annotations

import time

from pyfilter import deadline, limits
from pyfilter.delivery import maildir
from pyfilter.delivery.failures import Refused, explain
from pyfilter.delivery.journal import Journal
from pyfilter.delivery.targets import maildir_path, targets
from pyfilter.delivery.together import alone
from pyfilter.engine.plan import INBOX, SENDING, TELLING
from pyfilter.language import files
from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.delivery.handing_on import Sendings
    from pyfilter.delivery.journal_file import JournalFile
    from pyfilter.delivery.mbox import Appended
    from pyfilter.delivery.mh import Numbered
    from pyfilter.delivery.targets import Filings, Version
    from pyfilter.delivery.together import Steps
    from pyfilter.engine.plan import Action, Plan
    from pyfilter.message.message import Message

__all__ = ["execute", "steps"]

# left-overs in tmp/ are looked for by about one delivery in so many, the clock's microseconds being
# the die: a mailbox with 20 mails a day is swept every few days
SWEEP_ONE_IN = 64

DURABLE = ("full", "file", "none")

# outcomes after which the message may be nowhere, and the verb that must have asked for it
LOSING = {"discarded": "discard", "rejected": "reject", "forwarded": "forward", "piped": "pipe"}

# how the folders of other formats begin in a plan; no message can name one (engine/holes.py)
MBOX, MH = "mbox:", "mh:"


class Attempt:
    """The copies of one delivery. A block that ends by an exception, whichever it is (a signal of a
    deadline included), takes back every copy; the exception goes no further, ``failure`` tells it.

    ``earlier``: folders in which a copy lies that an earlier attempt made, which was killed before it could say so."""

    __slots__ = ("boxes", "copies", "earlier", "failure", "journal")

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.copies: list[maildir.Copy] = []
        self.boxes: list[Appended | Numbered] = []
        self.earlier: list[bytes] = []
        self.failure = ""

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> bool:
        if error is not None:
            left = [sentence for copy in reversed(self.copies) for sentence in maildir.undo(copy)]
            left += [sentence for box in reversed(self.boxes) for sentence in box.undo()]
            self.failure = "; ".join([explain(error), *left])
        return True


def execute(plan: Plan, message: Message, home: str, held: bytes = b"") -> Outcome:
    """Do what the plan says with the message; everything or nothing. ``held``: see Journal."""
    return alone(_attempted(plan, message, Journal(home, message, plan.recipient, held=held), home))


def steps(plan: Plan, message: Message, home: str, file: JournalFile | None = None) -> Steps[Outcome]:
    """The same; ``file``: the journal's, which a process has in hand already."""
    attempted = _attempted(plan, message, Journal(home, message, plan.recipient, file), home)
    if all(action.verb not in SENDING | TELLING for action in plan.actions) and not any(
        map(_is_outside, plan.copies())
    ):
        return (yield from attempted)
    return alone(attempted)  # who sends or locks something must not be left waiting


def _attempted(plan: Plan, message: Message, journal: Journal, home: str) -> Steps[Outcome]:
    attempt = Attempt(journal)
    outcome: Outcome | None = None
    with attempt:
        outcome = yield from _carry_out(plan, message, home, attempt)
    if outcome is None:
        return Outcome(DEFERRED, detail=attempt.failure)
    if outcome.status is DELIVERED and any(action.verb in TELLING for action in plan.actions):
        notes = _tell(plan, message, home, journal)
        return Outcome(outcome.status, outcome.reason, "; ".join([*filter(None, (outcome.detail,)), *notes]))
    return outcome


def _carry_out(plan: Plan, message: Message, home: str, attempt: Attempt) -> Steps[Outcome]:
    if plan.outcome == "deferred":
        by = "" if plan.rule is None else f"by rule {plan.rule!r}: "
        return Outcome(DEFERRED, detail=by + plan.reason)
    filings = plan.copies()
    verbs = {action.verb for action in plan.actions}
    if plan.outcome in ("filed", "kept"):
        if not filings:
            raise Refused(f"the plan says {plan.outcome} and names no folder")
    elif LOSING.get(plan.outcome) not in verbs:
        raise Refused(f"the plan says {plan.outcome} and has no such action")
    notes = []
    sendings = None
    if filings or verbs & SENDING:
        files.check_home(home)
        attempt.journal.read()
    if verbs & SENDING:
        sendings = _sendings(plan, message, home, attempt.journal)
        for action in sendings.kept:
            flags = filings.get(INBOX, ("", (), None))[0] + action.flags
            filings[INBOX] = flags, action.edits, action.base
    if filings:
        notes += yield from _stage(plan, message, home, filings, attempt)
    if sendings is not None:
        if failed := sendings.send():
            raise Refused(failed)
        notes += sendings.notes
    deadline.publish()
    yield from _publish(str(plan.settings["durable"]), attempt)
    deadline.filed()
    if attempt.journal.problem:
        notes.append(attempt.journal.problem)
    detail = "; ".join(notes)
    if plan.outcome == "rejected":
        return Outcome(REJECTED, _one_line(plan.reason), detail)
    return Outcome(DELIVERED, detail=detail)


def _stage(plan: Plan, message: Message, home: str, filings: Filings, attempt: Attempt) -> Steps[list[str]]:
    settings = plan.settings
    durable = str(settings["durable"])
    if durable not in DURABLE:
        raise Refused(f"`set durable = {durable}` means nothing; {', '.join(DURABLE)} do")
    inbox = maildir_path(str(settings["maildir"]), home)
    create = bool(settings["create-folders"])
    outside = {name: filings[name] for name in filings if _is_outside(name)}
    within = {name: filings[name] for name in filings if name not in outside} if outside else filings
    wanted, notes = targets(within, inbox, str(settings["layout"]), create)
    if filed := attempt.journal.filed():
        attempt.earlier += filed
        return [*notes, f"an earlier attempt had filed it already, in {', '.join(map(_shown, filed))}"]
    made = []
    first: dict[Version, maildir.Copy] = {}  # the first copy of these bytes
    for path, (name, flags, version) in wanted.items():
        if attempt.journal.lies(path):
            attempt.earlier.append(path)
            notes.append(f"an earlier attempt had filed it in {_shown(path)} already")
            continue
        if time.time_ns() // 1000 % SWEEP_ONE_IN == 0:
            _sweep(path)
        copy = maildir.Copy(path, flags)
        attempt.copies.append(copy)
        maildir.stage(copy, _parts(message, version), durable, inbox, first=first.get(version))
        if copy.file >= 0 and durable != "none":
            yield from _on_disk(copy, copy.file)
        maildir.finish(copy)
        first.setdefault(version, copy)
        if copy.made and path != inbox:
            made.append(name)
    if made and settings["subscribe"]:
        notes += _subscribe(inbox, made, str(settings["layout"]))
    if outside:
        _stage_outside(plan, message, home, outside, attempt)
    return notes


def _publish(durable: str, attempt: Attempt) -> Steps[None]:
    for box in attempt.boxes:
        box.publish(durable, attempt.journal)
    if attempt.copies:
        attempt.journal.intend([copy.path + b"/" + copy.temporary for copy in attempt.copies])
    for copy in attempt.copies:
        maildir.publish(copy)
    if durable == "full":
        for copy in attempt.copies:  # only now: disks are slow, and all copies should be seen at once
            yield from _on_disk(copy, copy.place_fd)
        for folder in attempt.earlier:  # who was killed may not have come so far
            maildir.secure_folder(folder)
    for copy in attempt.copies:
        maildir.settle(copy)
    for box in attempt.boxes:
        box.settle()


def _on_disk(copy: maildir.Copy, descriptor: int) -> Steps[None]:
    """Go on when it is."""
    try:
        yield descriptor
    except OSError as error:
        copy.explain(error)
        raise


def _is_outside(folder: str) -> bool:
    return folder.startswith((MBOX, MH))


# What follows is imported by the few deliveries that need it.


def _parts(message: Message, version: Version) -> Sequence[bytes]:
    if version == (None, ()):
        return (message.raw,)
    from pyfilter.message.editing import version_of

    return version_of(message, *version)


def _sendings(plan: Plan, message: Message, home: str, journal: Journal) -> Sendings:
    from pyfilter.delivery.handing_on import Sendings

    return Sendings(plan, message, home, journal)


def _stage_outside(plan: Plan, message: Message, home: str, filings: Filings, attempt: Attempt) -> None:
    """Folders of other formats, in the order of their paths: who locks two of them cannot wait for one that does,
    too."""
    durable = str(plan.settings["durable"])
    sender = (plan.envelope.sender if plan.envelope is not None else None) or ""
    for name, (_, edits, base) in sorted(filings.items()):
        format, _, written = name.partition(":")
        path = maildir_path(written, home)
        parts = _parts(message, (base, edits))
        if format + ":" == MBOX:
            from pyfilter.delivery.mbox import Appended

            attempt.boxes.append(Appended(path, parts, sender))
        else:
            from pyfilter.delivery.mh import Numbered

            attempt.boxes.append(box := Numbered(path, parts))
            box.stage(durable)


def _tell(plan: Plan, message: Message, home: str, journal: Journal) -> list[str]:
    """Answer and notify, now that the mail lies where it should; what goes wrong is only told."""
    notes = []
    for action in plan.actions:
        if action.verb in TELLING:
            if deadline.left() < limits.TELL_LEAST_SECONDS:
                notes.append(f"no {action.verb} by rule {action.rule!r}: the deadline of the delivery is over")
                continue
            try:
                notes.append(_told(action, plan, message, home, journal))
            except BaseException as error:
                notes.append(f"no {action.verb} by rule {action.rule!r}: {explain(error)}")
    return [note for note in notes if note]


def _told(action: Action, plan: Plan, message: Message, home: str, journal: Journal) -> str:
    if action.verb == "reply":
        from pyfilter.delivery import reply

        return reply.reply(action, plan, message, home)
    from pyfilter.delivery import notify

    return notify.notify(plan, action, message, home, journal)


def _sweep(path: bytes) -> None:
    from pyfilter.delivery import leftovers

    leftovers.sweep(path)


def _subscribe(inbox: bytes, made: list[str], layout: str) -> list[str]:
    from pyfilter.delivery import subscriptions

    return subscriptions.subscribe(inbox, made, layout)


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _one_line(text: str) -> str:
    """A reason as one printable line that fits an SMTP reply."""
    printable = "".join([character if character.isprintable() else " " for character in text])
    return " ".join(printable.split())[: limits.REASON_CHARACTERS]
