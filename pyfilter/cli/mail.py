"""The MAIL… of a command: what lies there, and how much of it there is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyfilter.cli.terminal import complain

if TYPE_CHECKING:
    from pyfilter.archive.sources import Item

__all__ = ["MAIL", "count_bytes", "read"]

# of --help
MAIL = """MAIL is a message, an mbox, a Maildir, an MH or other directory, a .tar of them, or `-` for standard
input. Directories are read recursively, links to files are followed. A Maildir's tmp/ and files whose
names begin with a dot are not read; nor are links to directories."""


def read(mail: tuple[str, ...]) -> Iterator[Item]:
    """Every message, and what could not be read (archive/sources.py)."""
    from pyfilter.archive.sources import messages

    for path in mail:
        if path == "-" and sys.stdin is not None and sys.stdin.isatty():
            complain("pyfilter: reading a message from the terminal; Ctrl-D ends it")
        yield from messages(path)


def count_bytes(mail: tuple[str, ...]) -> int | None:
    """How much there is to read; None if that is not known."""
    from pyfilter.archive.sources import measure

    total = 0
    for path in mail:
        size = measure(path)
        if size is None:
            return None
        total += size
    return total
