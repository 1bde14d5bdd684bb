"""Answer a message: `reply "I am away."`

In: the action of the plan, the plan with its envelope and verdict, the message as it came, the home. Out: "" if the
reply was sent, else one sentence for the log, which says why not. Mail that is answered or not is filed all the same.

Who gets none (RFC 3834, section 2; RFC 5230, sections 4.2, 4.5 and 4.6), the first that holds:

=============== =====================================================================================
nobody to tell  the envelope sender is not known, is null, or is no plain address
automatic mail  lists, bulk mail, reports, daemons, other replies: message/bulk.py; the addresses of MACHINES; and
                subjects of replies and reports from programs that put no sign into the header
spam            the scanner that the rules asked said so, or a header of one does: who forges that harms nobody else
yourself        the sender is one of one's own addresses
not to you      none of one's own addresses stands in To, Cc, Bcc, nor in their Resent- fields
the second      replies.py: within the rule's time, or more than limits.REPLIES_A_DAY in all
=============== =====================================================================================

One's own addresses: `set from-address`, the envelope's recipient, and X-Original-To where the mail server put it
above the first Received (envelope.py); each also without its extension. The reply comes from `from-address`, else from
the one of them that the sender wrote to: he learns no other. It goes to the envelope sender, never to Reply-To or
From, with the null sender, so that no bounce comes back.

It is written down before it is sent: where sending fails, nobody is answered twice. ``set from-address`` and the file
of `reply file` are read when the reply is sent; without holes. A file that another user wrote, could write, or leads to
by a symbolic link is not sent: it may be one of the user's own that nobody shall see (ownership.py).

Errors: none; what goes wrong is a sentence.
"""

from __future__ import annotations

import os
import time

from pyfilter import limits, ownership
from pyfilter.message.addresses import mailbox
from pyfilter.message.bulk import bulk
from pyfilter.message.headers import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.engine.plan import Action, Plan
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

__all__ = ["reply"]

ADDRESSED = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
# a scanner's word in a header, wherever it stands
SPAM_FIELDS = ("x-spam-flag", "x-spam-status", "x-spam")
# local parts from which programs report; a person who writes as one of them does without a reply
MACHINES = frozenset({"postmaster", "post_master", "root", "daemon", "nobody", "dev-null", "devnull", "www-data"})
# how programs begin the subject of a reply or a report, in lower case; who answers one has `Re:` before it
AUTOMATIC = (
    "auto:", "auto reply", "auto-reply", "autoreply", "automatic reply", "automatische antwort", "automatická odpověď",
    "delivery failure", "delivery status notification", "failure notice", "mail delivery failed", "out of office",
    "out of the office", "out-of-office", "returned mail:", "undeliverable:", "undelivered mail", "vacation reply",
)  # fmt: skip


class Refused(Exception):
    """No reply is sent; the text says why."""


def reply(action: Action, plan: Plan, message: Message, home: str) -> str:
    """Send the reply; "" or why there is none."""
    try:
        failed = _send(action, plan, message, home)
    except (Refused, Unreadable) as refusal:
        return f'no reply by rule "{action.rule}": {refusal}'
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return f'no reply by rule "{action.rule}": {where}{error.strerror}'
    return f'the reply by rule "{action.rule}" was not sent: {failed}' if failed else ""


def _send(action: Action, plan: Plan, message: Message, home: str) -> str:
    envelope = plan.envelope
    if envelope is None or envelope.sender is None:
        raise Refused("the envelope sender is not known")
    sign = bulk(message, envelope)
    if sign:
        raise Refused(f"it is not a person's mail ({sign})")
    sender = envelope.sender
    if not _is_plain(sender):
        raise Refused(f"the sender {sender!r} is not a plain address")
    machine = _machine(sender, message)
    if machine:
        raise Refused(f"it is not a person's mail (from {machine})")
    subject = "".join(message.values("subject")[:1])
    if subject.lower().startswith(AUTOMATIC):
        raise Refused(f"it is not a person's mail (subject {subject[:40]!r})")
    if _is_spam(plan, message):
        raise Refused("it is spam")
    stated = str(plan.settings.get("from-address") or "")
    own = _own(stated, envelope, message)
    if not own:
        raise Refused("it is not known to whom it was sent; `set from-address` says it")
    if _base(sender).lower() in own:
        raise Refused("it comes from yourself")
    addressed = _addressed(message, own)
    if not addressed:
        raise Refused("none of your addresses stands in To or Cc")
    me = _address(stated) or addressed
    if not _is_plain(me):
        raise Refused(f"{me!r}, from which it would come, is not a plain address")
    text = _text(action)
    from pyfilter.delivery import replies, reply_message, submit

    now = time.time()
    already = replies.promise(home, action.rule or "", sender, action.every, now)
    if already:
        raise Refused(already)
    raw = reply_message.compose(message, me, sender, action.subject, text, now)
    return submit.send(plan.settings, "", (sender,), (raw,), home)


def _is_plain(address: str) -> bool:
    """One that can stand in a header and in a list of arguments as it is."""
    local, _, domain = address.rpartition("@")
    fits = len(address) <= limits.ADDRESS_CHARACTERS and not address.startswith("-")
    return bool(local and domain) and fits and address.isascii() and address.isprintable() and " " not in address


def _machine(sender: str, message: Message) -> str:
    """The address of a program among the sender and From; else empty."""
    for address in (sender, *[box.address for box in message.mailboxes("from")]):
        if address.partition("@")[0].lower() in MACHINES:
            return address
    return ""


def _is_spam(plan: Plan, message: Message) -> bool:
    if plan.verdict is not None and plan.verdict.spam:
        return True
    return any(value.lower().startswith("yes") for name in SPAM_FIELDS for value in message.values(name))


def _own(stated: str, envelope: Envelope, message: Message) -> dict[str, str]:
    """{in lower case: as it is}, the addresses whole and without their extensions."""
    from pyfilter.message.envelope import prepended

    found: dict[str, str] = {}
    for address in (_address(stated), envelope.recipient, _address(prepended(message).get("x-original-to", ""))):
        if address:
            found.setdefault(address.lower(), address)
            found.setdefault(_base(address).lower(), _base(address))
    return found


def _addressed(message: Message, own: dict[str, str]) -> str:
    """The first of one's own addresses that the header names; empty if it names none."""
    for box in message.mailboxes(*ADDRESSED):
        found = own.get(box.address.lower()) or own.get(_base(box.address).lower())
        if found:
            return found
    return ""


def _address(text: str) -> str:
    box = mailbox(text)
    return box.address if box is not None else ""


def _base(address: str) -> str:
    """``me+lists@x`` is ``me@x``."""
    box = mailbox(address)
    if box is None or box.extension is None:
        return address
    return f"{box.local[: -len(box.extension) - 1]}@{box.domain}"


def _text(action: Action) -> str:
    if not action.arguments:
        return action.text
    [path] = action.arguments
    descriptor = ownership.opened(path, os.O_RDONLY)
    try:
        ownership.required(descriptor, path)
        data = bytearray()
        while len(data) <= limits.REPLY_BYTES and (chunk := os.read(descriptor, 1 << 16)):
            data += chunk
    finally:
        os.close(descriptor)
    if len(data) > limits.REPLY_BYTES:
        raise Refused(f"{path} is larger than {limits.REPLY_BYTES >> 10} KiB")
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if not text.strip():
        raise Refused(f"{path} is empty")
    return text
