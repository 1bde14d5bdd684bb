"""One watching process for a Maildir: flock(2) on ``watch-NAME.lock`` in ``~/.local/state/pyfilter``.

The lock belongs to the open file: a worker that got the descriptor holds it, too, until it ends. Where the home lies
on NFS the lock holds between hosts. The file stays; what stands in it is the process that has the lock, for people.

Errors: OSError; Held, where another process has it for longer than ``seconds``.
"""

from __future__ import annotations

import os
import time
from fcntl import LOCK_EX, LOCK_NB, flock

from pyfilter import ownership

__all__ = ["Held", "lock"]

DIRECTORY = ".local/state/pyfilter"
# seconds between two tries; nothing tells that a lock is free
PAUSE = 0.05


class Held(Exception):
    """Another process watches it; the text is its number, or empty."""


def lock(maildir: bytes, home: str, seconds: float) -> int:
    """The descriptor that holds the lock. ``maildir``: a real path."""
    from _blake2 import blake2b

    name = f"watch-{blake2b(maildir, digest_size=8).hexdigest()}.lock"
    directory = ownership.directory(home, DIRECTORY)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(name, flags, 0o600, dir_fd=directory)
    finally:
        os.close(directory)
    try:
        ownership.required(descriptor, f"{home}/{DIRECTORY}/{name}")
        until = time.monotonic() + seconds
        while not _has(descriptor):
            if time.monotonic() >= until:
                raise Held(os.pread(descriptor, 20, 0).decode("ascii", "replace").strip())
            time.sleep(PAUSE)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _has(descriptor: int) -> bool:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True
