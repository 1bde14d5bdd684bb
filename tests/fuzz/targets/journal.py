"""The journal's file (delivery/journal.py): whatever stands in it, what is written next is read again."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pyfilter.delivery.journal import Journal
from pyfilter.message.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 400
FIELDS = ()
MESSAGE = Message(b"Received: by y\nSubject: x\n\nhello\n")
HOME = tempfile.mkdtemp(prefix="pyfilter-fuzz-")
FILE = Path(HOME, ".local/state/pyfilter/journal")
OLDER = FILE.with_name("journal.1")
MBOX = b"/m/mbox"
SENT = b"forward\0rule 1\0a@x \xff%\n "


def opened(recipient: str = "me") -> Journal:
    made = Journal(HOME, MESSAGE, recipient)
    made.read()
    return made


def written(write: Callable[[Journal], None]) -> bytes:
    """A record as the journal writes it."""
    FILE.unlink(missing_ok=True)
    write(opened())
    return FILE.read_bytes()


RECORD = written(lambda made: made.sent(b"x"))
KEY = RECORD.split(b" ")[1]
WORDS = (
    KEY, b" " + KEY + b" ", b" S ", b" I ", b" P ", b"\n", b" ", b"%", b"%41", b"%00", b"%+1", b"%F", b"1795000000",
    b"/m/.Cron/1", MBOX, b"%2F", b"/", b"9" * 30,
)  # fmt: skip
SEEDS = (
    b"",
    RECORD,
    written(lambda made: made.intend([b"/m/.Cron/1795000000.M1P1Q1.host", b"/m/1795000000.M1P1Q1.host"])),
    written(lambda made: made.intend_place(MBOX, 17)),
    written(lambda made: made.sent(SENT)),
    RECORD + b"17",
    RECORD * 3,
    RECORD.replace(b" S ", b" I "),
    RECORD.replace(b" x", b" %FF%0A%2"),
    # what was found
    b"1 " + KEY + b" I /m/.x%00/17\n",
    b"1 " + KEY + b" I /m/\0\0\0/\0\n",
    b"99999999999 " + KEY + b" S forward\n",
    b"1 " + KEY + b" P " + MBOX + b" " + b"9" * 5000 + b"\n",
    b"9" * 5000 + b" " + KEY + b" S forward%00x%00a@b\n",
)


def examine(data: bytes) -> None:
    OLDER.unlink(missing_ok=True)
    FILE.write_bytes(data)
    found = opened()
    assert not found.problem
    assert isinstance(found.filed(), list) and not found.lies(b"/m/.Cron")
    assert all(place >= 0 for place in found.places(MBOX))
    assert found.count_sent(1000, (b"forward",)) >= 0
    found.sent(SENT)
    found.intend_place(MBOX, 17)
    assert not found.problem
    again = opened()
    assert again.was_sent(SENT) and 17 in again.places(MBOX) and again.count_sent(1000, (b"forward",)) >= 1
    assert not opened("you").was_sent(SENT)
    assert not (again.problem or found.problem)
