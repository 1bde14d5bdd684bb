"""Tell a user that there are errors in the rules: a short message of our own in the inbox, once a day.

In: the first problem, what can be done about it, what becomes of mail meanwhile, the Plan of the mail that was just
delivered, the home. Out: "" or one sentence for the log. The mail is filed already, whatever happens here.

- At most one in limits.NOTICE_SECONDS, however many deliveries run at once: the time of the last one is the mtime of
  ``~/.local/state/pyfilter/notice``. Only who makes that file, or holds its lock and finds the time over, sends one.
- The time is written *before* the notice is filed, and where it cannot be written none is: a delivery that is killed in
  between costs a day's notice, and nothing makes a flood of them. Nor does a clock that was set back.
- It is filed like any mail (execute.py), in the Maildir of the Plan. Auto-Submitted (RFC 3834, section 5) keeps other
  programs from answering it.

Errors: none; what goes wrong is a sentence.
"""

from __future__ import annotations

import os
import time

from pyfilter import deadline, limits, ownership
from pyfilter.engine.plan import INBOX, Action, Plan
from pyfilter.message.message import Message
from pyfilter.status import DELIVERED

__all__ = ["notice"]

# below the home directory
DIRECTORY = ".local/state/pyfilter"
NAME = "notice"


def notice(problem: str, remedy: str, becomes: str, plan: Plan, home: str) -> str:
    """File the notice if it is time for one; "" or what went wrong."""
    if deadline.left() < limits.TELL_LEAST_SECONDS:
        return ""
    now = time.time()
    try:
        if not _is_time(home, now):
            return ""
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return f"no notice of the errors in the rules: {where}{error.strerror}"
    from pyfilter.delivery.execute import execute

    own = Plan(plan.settings)
    own.envelope = plan.envelope
    own.actions.append(Action("keep", folder=INBOX))
    outcome = execute(own, Message.from_bytes(compose(problem, remedy, becomes, plan.recipient, now)), home)
    return "" if outcome.status is DELIVERED else f"no notice of the errors in the rules: {outcome.detail}"


def _is_time(home: str, now: float) -> bool:
    """Whether this delivery sends one; then the time is written down. Raises OSError."""
    from fcntl import LOCK_EX, LOCK_NB, flock

    directory = ownership.directory(home, DIRECTORY)
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        try:
            os.close(os.open(NAME, flags | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=directory))
            return True  # nobody else can have made it
        except FileExistsError:
            descriptor = os.open(NAME, flags, dir_fd=directory)
    finally:
        os.close(directory)
    try:
        ownership.required(descriptor, f"{home}/{DIRECTORY}/{NAME}")
        flock(descriptor, LOCK_EX | LOCK_NB)
        since = now - os.fstat(descriptor).st_mtime
        if 0 <= since < limits.NOTICE_SECONDS:
            return False
        os.utime(descriptor, (now, now))
        return since >= 0
    except BlockingIOError:  # another delivery is at it
        return False
    finally:
        os.close(descriptor)


def compose(problem: str, remedy: str, becomes: str, recipient: str, now: float) -> bytes:
    """The message, with LF line ends."""
    from pyfilter.delivery.reply_message import date, encoded

    host = "".join(
        [letter for letter in os.uname().nodename if letter.isascii() and (letter.isalnum() or letter in ".-")]
    )
    me = f"pyfilter@{host or 'localhost'}"
    plain = recipient.isascii() and recipient.isprintable() and not set(recipient) & set(" <>")
    to = recipient if recipient and plain else me
    text = "\n".join(
        [
            f"There are errors in your mail rules. Until they are mended, {becomes}.",
            "",
            problem,
            *(["", remedy] if remedy else []),
            "",
            "`pyfilter check` shows all of them. This notice comes once a day at most.",
        ]
    )
    encoding, body = encoded(text)
    lines = [
        f"From: pyfilter <{me}>",
        f"To: <{to}>",
        "Subject: Your mail rules have errors",
        f"Date: {date(now)}",
        f"Message-ID: <{os.urandom(12).hex()}@{me.rpartition('@')[2]}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    return "\n".join([*lines, "", ""]).encode("ascii") + body
