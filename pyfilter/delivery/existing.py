"""The folders that exist, for those who name them: the checker's lints, an editor's completion."""

from __future__ import annotations

import os

from pyfilter.delivery.folders import decode_name
from pyfilter.language.reserved import is_reserved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["existing"]

# directories looked at; nobody looks for a slip among more
_MOST = 5000


def existing(maildir: bytes, layout: str) -> list[str]:
    """The folders below the inbox ``maildir``, as a mail client shows them; sorted. Empty where there is no Maildir."""
    found = []
    for parts in _below(maildir) if layout == "fs" else _beside(maildir):
        try:
            found.append("/".join([decode_name(part) for part in parts]))
        except ValueError:
            continue  # of another program, or a name that no rule can have
    return sorted(found)


def _beside(maildir: bytes) -> Iterator[list[bytes]]:
    for name in _names(maildir):
        if name.startswith(b".") and os.path.isdir(os.path.join(maildir, name, b"cur")):
            yield name[1:].split(b".")


def _below(maildir: bytes) -> Iterator[list[bytes]]:
    """Layout fs: directories at any depth, those that only hold others left out. What a symbolic link points to may be
    a folder; nobody goes on below it, for it may lead back."""
    waiting: list[list[bytes]] = [[]]
    looked_at = 0
    while waiting and looked_at < _MOST:
        above = waiting.pop()
        for name in _names(os.path.join(maildir, *above)):
            looked_at += 1
            if name.startswith(b".") or is_reserved(os.fsdecode(name), len(above)):
                continue
            path = os.path.join(maildir, *above, name)
            if not os.path.isdir(path):
                continue
            if os.path.isdir(os.path.join(path, b"cur")):
                yield [*above, name]
            if not os.path.islink(path):
                waiting.append([*above, name])


def _names(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)[:_MOST]
    except (OSError, ValueError):
        return []
