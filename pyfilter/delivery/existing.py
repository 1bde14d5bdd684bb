"""The folders that exist, for those who name them: the checker's lints, an editor's completion."""

from __future__ import annotations

import os

from pyfilter.delivery.folders import decode_name

__all__ = ["existing"]

# directories looked at; nobody looks for a slip among more
_MOST = 5000


def existing(maildir: bytes) -> list[str]:
    """The folders below the inbox ``maildir``, layout ``maildir++``, as a mail client shows them; sorted. Empty where
    there is no Maildir."""
    found = []
    for name in _names(maildir):
        if name.startswith(b".") and os.path.isdir(os.path.join(maildir, name, b"cur")):
            try:
                found.append("/".join([decode_name(part) for part in name[1:].split(b".")]))
            except ValueError:
                continue  # of another program, or a name that no rule can have
    return sorted(found)


def _names(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)[:_MOST]
    except (OSError, ValueError):
        return []
