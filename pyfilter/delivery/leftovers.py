"""Remove from ``tmp/`` what crashes left there.

A file in tmp/ that nobody touched for 36 hours belongs to no delivery any more (maildir(5)).
Looking for them costs a directory listing, so about one delivery in 64 does it (execute.py),
before the copy is written, where a kill costs nothing. SWEEP_ENTRIES are looked at, at most.
Failure is none of the delivery's: OSError is not raised.
"""

from __future__ import annotations

import os
import stat
import time

from pyfilter import limits
from pyfilter.delivery import making

__all__ = ["sweep"]

# entries of tmp/; a flood of left-overs is worked off over several sweeps
SWEEP_ENTRIES = 1000


def sweep(folder: bytes) -> int:
    """Remove stale files from a folder's tmp/; how many it were."""
    oldest = time.time() - limits.STALE_TMP_SECONDS
    swept = 0
    try:
        fd = os.open(folder + b"/tmp", making.DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return 0
    try:
        with os.scandir(fd) as entries:
            for _, entry in zip(range(SWEEP_ENTRIES), entries, strict=False):
                swept += _remove_if_stale(fd, entry.name, oldest)
    except OSError:
        return swept
    finally:
        os.close(fd)
    return swept


def _remove_if_stale(tmp_fd: int, name: str, oldest: float) -> int:
    status = os.stat(name, dir_fd=tmp_fd, follow_symlinks=False)
    # the change time too: a file restored with an old date is not old
    if not stat.S_ISREG(status.st_mode) or max(status.st_mtime, status.st_ctime, status.st_atime) >= oldest:
        return 0
    os.unlink(name, dir_fd=tmp_fd)
    return 1
