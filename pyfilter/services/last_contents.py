"""The last contents of lists: what a file held, or a program printed, when it could be read last.

In: the home, what names the list (the path of its file, or the program with its arguments), its bytes. They lie in
``~/.local/state/pyfilter/lists/``, a file each, named by a digest; its modification time is that of the contents. Its
first line is a digest of them.

- Written beside, brought to disk and renamed into place, so that nobody reads half a list, also after a power cut.
- Believed only if the file is the running user's own, nobody else can write it, and its digest is right: one that was
  emptied or cut is no empty list.

Errors: none. What cannot be written is not kept, what cannot be read is None.
"""

from __future__ import annotations

import os
import stat

from pyfilter import limits, ownership

__all__ = ["Contents", "keep", "last"]

# below the home directory
DIRECTORY = ".local/state/pyfilter/lists"
# bytes of the first line
DIGEST_BYTES = 33


class Contents:
    """``data``, and the seconds since 1970 of which it is."""

    __slots__ = ("data", "time")

    def __init__(self, data: bytes, time: float) -> None:
        self.data = data
        self.time = time


def keep(home: str, name: str, data: bytes, when: float) -> None:
    """Keep ``data``, which is of the time ``when``, unless that is what is kept already."""
    path = _path(home, name)
    moment = int(when * 1_000_000_000)
    try:
        found = os.lstat(path)
        if found.st_size == DIGEST_BYTES + len(data) and found.st_mtime_ns == moment:
            return
    except OSError:
        pass
    try:
        directory = ownership.directory(home, DIRECTORY)
        try:
            ownership.put(directory, os.path.basename(path), _digest(data) + data, durable=True, moment=moment)
        finally:
            os.close(directory)
    except OSError:
        return


def last(home: str, name: str) -> Contents | None:
    """What was kept last."""
    try:
        descriptor = os.open(_path(home, name), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            return None
        data = bytearray()
        while chunk := os.read(descriptor, 1 << 20):
            data += chunk
            if len(data) > DIGEST_BYTES + limits.LIST_BYTES:
                return None
        held = bytes(data[DIGEST_BYTES:])
        if data[:DIGEST_BYTES] != _digest(held):
            return None
        return Contents(held, found.st_mtime_ns / 1_000_000_000)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _path(home: str, name: str) -> str:
    return os.path.join(home, DIRECTORY, _digest(name.encode("utf-8", "surrogatepass"))[:-1].decode("ascii"))


def _digest(data: bytes) -> bytes:
    """32 digits and the end of a line."""
    from _blake2 import blake2b

    return blake2b(data, digest_size=16).hexdigest().encode("ascii") + b"\n"
