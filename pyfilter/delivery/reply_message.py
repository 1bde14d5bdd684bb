"""The message that a reply is, byte for byte.

In: the message that is answered, the two addresses, the subject and the text of the rule (empty: the usual subject),
the moment. Out: a message with LF line ends, as sendmail(8) takes it.

============== ====================================================================================
From, To       the bare addresses; To is the envelope's sender (RFC 3834, section 4)
Subject        the rule's, else ``Auto: `` and that of the message (RFC 3834, section 3.1.5)
In-Reply-To    the Message-ID that is answered, where it is one
References     those of the message, or its In-Reply-To if that is one id, and its own (RFC 5322, section 3.6.4);
               of a long thread the first and the last ones
Auto-Submitted ``auto-replied`` (RFC 3834, section 3.1.7): no other program answers it
body           text/plain in UTF-8, as it is where it is short lines of ASCII, else quoted-printable
============== ====================================================================================

What a stranger wrote gets in as a decoded subject, encoded again, and as ids of printable ASCII without blanks: it
begins no header line of its own. Errors: none.
"""

from __future__ import annotations

import os
import time
from binascii import b2a_base64, b2a_qp

from pyfilter import limits
from pyfilter.message.headers import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.message import Message

__all__ = ["compose", "date", "encoded"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# bytes of text in one encoded word: 52 characters of base64, 64 with what stands around them; a line that has one
# may have 76 characters (RFC 2047, section 2), and `Subject: ` stands before the first
WORD_BYTES = 39
# characters of a line that needs no encoding (RFC 5322, section 2.1.1)
LINE = 78
# bytes of an id; so many fit a header line beside its name
ID_BYTES = 900


def compose(answered: Message, me: str, sender: str, subject: str, text: str, now: float, unique: str = "") -> bytes:
    """The reply. ``unique``: what makes its Message-ID its own; drawn where it is empty."""
    unique = unique or os.urandom(12).hex()
    lines = [
        f"From: <{me}>",
        f"To: <{sender}>",
        f"Subject: {_subject(subject or _usual(answered))}",
        f"Date: {date(now)}",
        f"Message-ID: <{unique}@{me.rpartition('@')[2]}>",
        *_thread(answered),
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
    ]
    encoding, body = encoded(text)
    lines.append(f"Content-Transfer-Encoding: {encoding}")
    return "\n".join([*lines, "", ""]).encode("ascii", "replace") + body


def _usual(answered: Message) -> str:
    try:
        subject = "".join(answered.values("subject")[:1])
    except Unreadable:
        subject = ""
    return f"Auto: {subject}"[: limits.SUBJECT_CHARACTERS] if subject else "Automatic reply"


def _subject(text: str) -> str:
    """``text`` as one value; encoded words where it is more than printable ASCII, or looks like one."""
    text = " ".join("".join([character if character.isprintable() else " " for character in text]).split())
    if text.isascii() and "=?" not in text:
        return text
    words = []
    word = b""
    for character in text:
        raw = character.encode("utf-8", "replace")
        if len(word) + len(raw) > WORD_BYTES:  # no character is torn (RFC 2047, section 5)
            words.append(word)
            word = b""
        word += raw
    return "\n ".join([f"=?utf-8?B?{b2a_base64(word, newline=False).decode()}?=" for word in [*words, word]])


def date(now: float) -> str:
    """RFC 5322, section 3.3; the names are English in every locale."""
    at = time.localtime(now)
    sign, ahead = ("-", -at.tm_gmtoff) if at.tm_gmtoff < 0 else ("+", at.tm_gmtoff)
    zone = f"{sign}{ahead // 3600:02}{ahead // 60 % 60:02}"
    day = f"{DAYS[at.tm_wday]}, {at.tm_mday} {MONTHS[at.tm_mon - 1]} {at.tm_year}"
    return f"{day} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} {zone}"


def _thread(answered: Message) -> list[str]:
    own = _ids(answered, "message-id")[:1]
    if not own:
        return []
    above = _ids(answered, "references")
    if not above:
        stated = _ids(answered, "in-reply-to")
        above = stated if len(stated) == 1 else []
    above = [id for id in above if id != own[0]]
    if len(above) > limits.REPLY_REFERENCES:
        above = [above[0], *above[1 - limits.REPLY_REFERENCES :]]
    return [f"In-Reply-To: {own[0]}", "References: " + "\n ".join([*above, *own])]


def _ids(answered: Message, name: str) -> list[str]:
    """What looks like an id in the first field of this name, as it stands there: no id is encoded."""
    try:
        raw = answered.raw_values(name)[:1]
    except Unreadable:
        return []
    found = [word.decode("latin-1") for word in (raw[0].split() if raw else ())]
    return [
        word
        for word in found
        if word[0] == "<" and word[-1] == ">" and 2 < len(word) <= ID_BYTES and word.isascii() and word.isprintable()
    ]


def encoded(text: str) -> tuple[str, bytes]:
    """A text as a body: its Content-Transfer-Encoding, its bytes."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    raw = "\n".join([*lines, ""]).encode("utf-8", "replace")
    plain = all(len(line) <= LINE and line.replace("\t", " ").isprintable() for line in lines)
    return ("7bit", raw) if plain and raw.isascii() else ("quoted-printable", b2a_qp(raw))
