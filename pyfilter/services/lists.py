"""Lists that stand in files: ``list blocked from "blocked.txt"``.

One entry a line; ``#`` starts a comment at the start of a line or behind white space; what
an entry may be stands in language/entries.py. UTF-8, other bytes are read as Latin-1; CRLF is fine.

A file that cannot be read makes the list unknown, not empty: ``not in`` must not fire because a disk
is away. ``Inquiry.argument`` is the path.
"""

from __future__ import annotations

import os
import stat

from pyfilter import limits
from pyfilter.engine.questions import Unknown
from pyfilter.language.entries import entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.services.answers import Inquiry

__all__ = ["entries", "read"]


def _line(text: str) -> str:
    """One line's entry; empty for a comment or a blank line."""
    if text.lstrip().startswith("#"):
        return ""
    for mark in (" #", "\t#"):
        text = text.partition(mark)[0]
    return entry(text)


def entries(data: bytes) -> frozenset[str]:
    """All entries of a list file."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return frozenset(found for written in text.splitlines() if (found := _line(written)))


def read(inquiry: Inquiry) -> frozenset[str] | Unknown:
    """The entries of the list file."""
    path = inquiry.argument
    try:
        # O_NONBLOCK: a FIFO in its place must not hold the delivery up
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return Unknown(f"list file {path} is not a regular file; the list is unknown")
            data = bytearray()
            while chunk := os.read(descriptor, 1 << 20):
                data += chunk
                if len(data) > limits.LIST_BYTES:  # counted, since some files (in /proc) tell no size
                    return Unknown(f"list file {path} is larger than {limits.LIST_BYTES} bytes; the list is unknown")
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        return Unknown(
            f"list file {path} cannot be read ({getattr(error, 'strerror', None) or error}); the list is unknown"
        )
    return entries(bytes(data))
