"""Lists that stand in files: ``list blocked from "blocked.txt"``.

One entry a line; ``#`` starts a comment at the start of a line or behind white space; what
an entry may be stands in language/entries.py. UTF-8, other bytes are read as Latin-1; CRLF is fine.

A file that others can write, or that belongs to another user than root, is not read, nor is what a symbolic link of
another user's leads to (ownership.py).

Where a file cannot be read, what it held when it was read last counts (last_contents.py), and a note says so. Without
that the list is unknown, not empty: ``not in`` must not fire because a disk is away. ``Inquiry.argument`` is the path.
"""

from __future__ import annotations

import os

from pyfilter import limits, ownership
from pyfilter.engine.questions import Stale, Unknown
from pyfilter.language.entries import entry
from pyfilter.services import last_contents

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


def read(inquiry: Inquiry) -> frozenset[str] | Stale | Unknown:
    """The entries of the list file."""
    path = inquiry.argument
    home = os.path.expanduser("~")
    try:
        data, when = _data(path)
    except (OSError, ValueError) as error:
        why = f"list file {path} {_wrong(error)}"
        last = last_contents.last(home, path)
        if last is not None:
            return Stale(entries(last.data), f"{why}; what it held before counts")
        return Unknown(f"{why}; the list is unknown")
    if inquiry.keeps:
        last_contents.keep(home, path, data, when)
    return entries(data)


class Unfit(ValueError):
    """The file is there, and no list; the text says why."""


def _wrong(error: Exception) -> str:
    words = getattr(error, "strerror", None) or error
    return f"{words}" if isinstance(error, Unfit | ownership.Distrusted) else f"cannot be read ({words})"


def _data(path: str) -> tuple[bytes, float]:
    """What the file holds, and since when. Raises OSError, ValueError."""
    descriptor = ownership.opened(path, os.O_RDONLY)
    try:
        found = ownership.required(descriptor, path)
        data = bytearray()
        while chunk := os.read(descriptor, 1 << 20):
            data += chunk
            if len(data) > limits.LIST_BYTES:  # counted, since some files (in /proc) tell no size
                raise Unfit(f"is larger than {limits.LIST_BYTES} bytes")
        return bytes(data), found.st_mtime
    finally:
        os.close(descriptor)
