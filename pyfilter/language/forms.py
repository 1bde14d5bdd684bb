"""The two forms in which texts are compared.

``fold``: case-insensitive, Unicode casefold and NFC (Unicode, D145; UAX 15).
``plain``: NFC alone, after ``exactly``. Both are idempotent. Rules and messages
use the same two functions, so that é typed on one system meets é sent by another.
"""

from __future__ import annotations


def plain(text: str) -> str:
    """``text`` in NFC."""
    if text.isascii():
        return text
    from unicodedata import normalize  # only for the mail that needs it

    return normalize("NFC", text)


def fold(text: str) -> str:
    """``text`` without regard to case."""
    if text.isascii():
        return text.lower()
    from unicodedata import normalize

    folded = normalize("NFC", normalize("NFC", text).casefold())
    # casefold of a composed letter may need a second round (Unicode 3.13, D145)
    while (again := normalize("NFC", folded.casefold())) != folded:
        folded = again
    return folded
