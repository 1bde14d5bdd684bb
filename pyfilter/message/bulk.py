"""Is a message list, bulk or automatic mail, which no person wrote to one person?

In: a message and its envelope. Out: the sign that says so, in words for the trace (``List-Id``,
``Precedence: bulk``, ``empty envelope sender``); empty where there is none. The first of these counts:

================== =================================================================================
FIELDS             fields that only lists and automatons write, whatever stands in them; so does any name
                   that begins with ``List-`` (RFC 2369, RFC 2919, RFC 8058)
VALUES             fields with a value that says so: ``Precedence`` (RFC 3834, section 2), ``Auto-Submitted`` other
                   than ``no`` (RFC 3834, section 5), ``X-Auto-Response-Suppress`` (MS-OXCMAIL, 2.2.3.2.14)
multipart/report   reports of delivery and of reading (RFC 6522)
empty sender       ``MAIL FROM:<>`` (RFC 5321, section 4.5.5)
DAEMONS …          the local part of the envelope sender or of From: MAILER-DAEMON, owner-x, x-request (RFC 3834,
                   section 2; RFC 5230, section 4.6), x-bounces, noreply
================== =================================================================================

A ``postmaster`` is no daemon, people write as postmaster too: its reports bear other signs. ``X-Loop`` says
that a program had the message in hand, not who wrote it: it counts for nothing.

Errors: Unreadable where the header goes past a limit and no sign stands within it. Time: linear in the fields.
"""

from __future__ import annotations

from pyfilter.message import words
from pyfilter.message.headers import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Field, Message

__all__ = ["bulk"]

# name -> as it is shown
FIELDS = {
    "mailing-list": "Mailing-List",  # ezmlm
    "x-mailing-list": "X-Mailing-List",
    "x-beenthere": "X-BeenThere",  # Mailman
    "x-list": "X-List",
    "feedback-id": "Feedback-ID",  # whom a sender of bulk mail sends for
    "x-autoreply": "X-Autoreply",
    "x-autorespond": "X-Autorespond",
    "x-auto-reply-from": "X-Auto-Reply-From",
    "x-failed-recipients": "X-Failed-Recipients",  # Exim's reports
    "x-cron-env": "X-Cron-Env",
}

# name -> (as it is shown, whether the value's words say it)
VALUES: dict[str, tuple[str, Callable[[list[str]], bool]]] = {
    "precedence": ("Precedence", lambda said: said[:1] in (["bulk"], ["list"], ["junk"], ["auto_reply"])),
    "auto-submitted": ("Auto-Submitted", lambda said: said[:1] not in ([], ["no"])),
    "x-auto-response-suppress": (
        "X-Auto-Response-Suppress",
        lambda said: any(word in ("all", "oof", "autoreply") for word in said),
    ),
}

DAEMONS = frozenset({"mailer-daemon", "listserv", "majordomo", "noreply", "no-reply", "donotreply", "do-not-reply"})
DAEMON_STARTS = ("owner-", "noreply-", "no-reply-", "bounce-", "bounces-")
DAEMON_ENDS = ("-request", "-owner", "-bounces", "-bounce", "-relay", "-noreply", "-no-reply")

# bytes of a value that are looked at, and that are shown
LOOKED_AT = 200
SHOWN = 40


def bulk(message: Message, envelope: Envelope) -> str:
    """Why ``message`` is bulk mail; empty if it is not."""
    for field in message.fields:
        why = _field(message, field)
        if why:
            return why
    if envelope.sender == "":
        return "empty envelope sender"
    for local, whose in _writers(message, envelope):
        if _is_daemon(local.lower().partition("+")[0]):  # a list that is told who bounces: list-bounces+ann=x
            return f"{whose} {local[:SHOWN]}"
    if message.header.excess:
        raise Unreadable(message.header.excess)
    return ""


def _field(message: Message, field: Field) -> str:
    name = field.name
    if name.startswith("list-"):
        return "-".join(piece.capitalize() for piece in name[:SHOWN].split("-"))
    if name in FIELDS:
        return FIELDS[name]
    if name in VALUES:
        shown, says = VALUES[name]
        said = _words(message, field)
        return f"{shown}: {' '.join(said)[:SHOWN]}" if says(said) else ""
    if name == "content-type" and _words(message, field)[:1] == ["multipart/report"]:
        return "multipart/report"
    return ""


def _words(message: Message, field: Field) -> list[str]:
    """The words of a value in lower case, parameters and comments not."""
    raw = words.unfold(message.raw[field.value : min(field.end, field.value + LOOKED_AT)])
    text = words.clean(words.raw_text(raw)).lower()
    return text.partition(";")[0].partition("(")[0].replace(",", " ").split()


def _writers(message: Message, envelope: Envelope) -> list[tuple[str, str]]:
    """(local part, whose it is) of those the message comes from."""
    # DragonFly's reports say `From: MAILER-DAEMON <>`
    boxes = [] if message.header.excess else message.mailboxes("from")
    found = [(box.local or box.name, "From") for box in boxes]
    sender = envelope.sender_box
    return found if sender is None else [(sender.local, "envelope sender"), *found]


def _is_daemon(local: str) -> bool:
    return local in DAEMONS or local.startswith(DAEMON_STARTS) or local.endswith(DAEMON_ENDS)
