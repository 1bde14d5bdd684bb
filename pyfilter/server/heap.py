"""The memory of a process that stays.

``settle`` once, at the start: what is large is given back to the system when it is free, and garbage in circles, of
which a delivery leaves none, is looked for rarely.

Source: mallopt(3): glibc raises M_MMAP_THRESHOLD when something large was freed, up to 32 MB; from then on a message of
that size lies among what is small, and its room is not given back.
"""

from __future__ import annotations

import ctypes
import gc

__all__ = ["settle"]

M_MMAP_THRESHOLD = -3
LARGE_BYTES = 1 << 20
# objects that were made and not freed before they are looked at; 700 is Python's own
GARBAGE = 20_000


def settle() -> None:
    """Where the C library is another one, its own way of doing so stays."""
    gc.freeze()
    gc.set_threshold(GARBAGE)
    try:
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    except (OSError, AttributeError):
        return
