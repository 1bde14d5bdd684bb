"""What an archive yields: messages as they were stored, and what could not be read, as values."""

from __future__ import annotations

from dataclasses import dataclass

# a file so named is an archive of files
TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz")

__all__ = ["TAR_NAMES", "Damaged", "Found", "Item", "Unread"]


@dataclass(frozen=True, slots=True)
class Found:
    """One message as it was stored."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read; ``cause`` completes the sentence that ``name`` begins."""

    name: str
    cause: str


Item = Found | Unread


class Damaged(Exception):
    """Stored bytes that are not what they should be; the text completes the sentence "FILE is damaged: …"."""
