"""The list of who got a reply (delivery/replies.py): whatever stands in it, nobody gets two."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pyfilter import ownership
from pyfilter.delivery import replies

LONGEST = 300
FIELDS = ()
MODULES = (ownership,)  # to be instrumented
HOME = tempfile.mkdtemp(prefix="pyfilter-fuzz-")
FILE = Path(HOME, replies.DIRECTORY, replies.NAME)
NOW = 1795000000
EVERY = 7 * replies.DAY
RULE, ADDRESS = "away", "Anna@Example.org"
WHY = ("", "the sender got one already", "50 were sent within a day")


def promised() -> str:
    return replies.promise(HOME, RULE, ADDRESS, EVERY, NOW)


promised()
RECORD = FILE.read_bytes()
KEY = RECORD.split(b" ")[2]
WORDS = (KEY, b" anna@example.org", b"%d" % NOW, b" ", b"\n", b"9" * 30, b"0", b"-1", b"\xd9\xa3", b"\0", b"\xff")
SEEDS = (
    b"",
    RECORD,
    RECORD[:-1],
    RECORD.replace(b"1795", b"1794"),
    RECORD.replace(KEY, b"x") * 3,
    # int() refuses thousands of digits
    RECORD.replace(b"1795", b"9" * 5000),
)


def examine(data: bytes) -> None:
    descriptor = os.open(FILE, os.O_WRONLY | os.O_TRUNC | os.O_CREAT, 0o600)
    os.write(descriptor, data)
    os.close(descriptor)
    first = promised()
    assert first in WHY
    assert promised() == (first or WHY[1]), "two replies to one sender"
    assert FILE.read_bytes().startswith(data)
