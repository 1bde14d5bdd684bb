"""Make a trouble, mend it, and see what the mail did meanwhile.

The letter and the rules that all scenarios about trouble use, and their end: the administrator lets Postfix try
again, and there is one copy, in its place, and an empty queue.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .account import Account, handed_over
from .postfix import Postfix

__all__ = ["LETTER", "LONG_LETTER", "POSTPONED", "RULES", "SENDER", "filed_once", "let_in", "missing", "mounted"]

RULES = 'rule "letters" { when subject contains "letter"; file into "Letters" }\n'
LETTER = b"From: Olga <olga@family.example>\nSubject: a letter\nMessage-ID: <1@family.example>\n\nDear all,\n"
LONG_LETTER = LETTER + b"line after line after line\n" * 4000  # some 100 kB
SENDER = "stranger@stranger.example"

# how Postfix logs a delivery that was postponed: nothing of the cause, which is for our own log
POSTPONED = ("deferred", "4.3.0", "delivery postponed")


@contextmanager
def mounted(*options: str) -> Iterator[None]:
    """mount(8) until the end of the block; the last option is the place."""
    subprocess.run(["mount", *options], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", options[-1]], check=True)


@contextmanager
def missing(path: Path) -> Iterator[None]:
    """As if somebody had deleted the file, or what is in the directory, until the end of the block."""
    if path.is_dir():
        with mounted("-t", "tmpfs", "tmpfs", str(path)):
            yield
        return
    elsewhere = path.with_name(path.name + ".away")
    path.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(path)


def let_in(postfix: Postfix, queue_id: str) -> None:
    """After the repair the administrator says `postqueue -f`."""
    attempt = postfix.retry(queue_id)
    assert (attempt.status, attempt.dsn) == ("sent", "2.0.0"), attempt


def filed_once(
    postfix: Postfix, user: Account, queue_id: str, folder: str = "Letters", message: bytes = LETTER
) -> None:
    """One whole copy, nothing half done, nothing in the queue."""
    postfix.gone(queue_id)
    assert user.places() == {folder: 1}
    assert handed_over(user.only().data, message, queue_id=queue_id, recipient=user.address, sender=SENDER)
    assert user.unfinished() == []
    assert postfix.queue() == {}
