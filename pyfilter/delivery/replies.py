"""Who got a reply, and when: so that nobody gets one twice within the time that the rule says.

In: the user's home, the rule, the address, the seconds between two replies. Out: why there is none now, else empty:
then the reply is written down as sent, and on disk. A reply that gets lost after that is not sent a second time: one
too few is better than two programs that answer each other.

- ``~/.local/state/pyfilter/replies``, one line a reply: ``sent until RULE address``; ``sent`` and ``until`` in seconds
  since 1970, RULE a digest of the rule's name. A rule whose name is changed answers anew.
- Not more than limits.REPLIES_A_DAY in 24 hours, whoever asks and whatever the rules say.
- Directory and file are believed, and written to, only if nobody else can write them (ownership.py).
- One delivery at a time looks and writes (flock(2)); who cannot have the lock within limits.REPLY_LOCK_SECONDS, or
  cannot read or write the file, sends nothing.
- Lines whose time is over are left out when the file has more than limits.REPLIES_BYTES: it is written anew and
  takes the place of the old one by rename(2). A line that was torn by a crash is passed over.
- Where several hosts share their state, it is kept in Redis instead (services/shared.py, redis_replies.py).

Errors: OSError, where the file cannot be read, written or locked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time

from pyfilter import deadline, limits, ownership
from pyfilter.delivery.maildir import write_all
from pyfilter.services import shared

__all__ = ["promise"]

DIRECTORY = ".local/state/pyfilter"
NAME = "replies"
DAY = 86400
# seconds between two looks at a lock that another delivery holds
PAUSE = 0.02


def promise(home: str, rule: str, address: str, every: int, now: float) -> str:
    """Why ``address`` gets no reply of ``rule`` now; empty: it is written down that it got one."""
    elsewhere = shared.replies(home)
    if elsewhere is not None:
        return elsewhere.promise(rule, address, every, now)
    directory = os.path.join(home, DIRECTORY)
    path = os.path.join(directory, NAME)
    os.close(ownership.directory(home, DIRECTORY))
    descriptor = _locked(path, directory)
    try:
        data = _read(descriptor)
        lines = [line for line in map(_record, data.split(b"\n")) if line is not None]
        key = f"{_digest(rule)} {address.lower()}".encode("ascii", "backslashreplace")
        if any(until > now and whom == key for _, until, whom in lines):
            return "the sender got one already"
        if sum(sent > now - DAY for sent, _, _ in lines) >= limits.REPLIES_A_DAY:
            return f"{limits.REPLIES_A_DAY} were sent within a day"
        line = b"%d %d %s\n" % (now, now + every, key)
        if len(data) + len(line) > limits.REPLIES_BYTES:
            lasting = [_line(*one) for one in lines if one[1] > now or one[0] > now - DAY]
            _replace(path, directory, b"".join([*lasting, line]))
            return ""
        torn = b"\n" if data and not data.endswith(b"\n") else b""
        write_all(descriptor, torn + line)
        os.fsync(descriptor)
        return ""
    finally:
        os.close(descriptor)  # and with it the lock


def _locked(path: str, directory: str) -> int:
    """The file, open and locked, and still the one that lies at ``path``."""
    last = time.monotonic() + min(limits.REPLY_LOCK_SECONDS, deadline.left())
    while True:
        descriptor = _open(path, directory)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, path):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > last:
                os.close(descriptor)
                raise OSError(errno.EAGAIN, "another delivery holds its lock", path) from None
            time.sleep(PAUSE)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _open(path: str, directory: str) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    is_new = not os.path.lexists(path)
    descriptor = os.open(path, flags, 0o600)
    try:
        ownership.required(descriptor, path)
        if is_new:
            _secure(directory)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _read(descriptor: int) -> bytes:
    data = bytearray()
    while chunk := os.read(descriptor, 1 << 16):
        data += chunk
    return bytes(data)


def _replace(path: str, directory: str, data: bytes) -> None:
    new = f"{path}.new"  # its own lock keeps other deliveries away from it
    try:
        os.unlink(new)  # left over from a crash
    except FileNotFoundError:
        pass
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(new, path)
    _secure(directory)


def _secure(directory: str) -> None:
    """The names in the directory, on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _record(line: bytes) -> tuple[int, int, bytes] | None:
    sent, _, rest = line.partition(b" ")
    until, _, whom = rest.partition(b" ")
    return (int(sent), int(until), whom) if whom and _is_time(sent) and _is_time(until) else None


def _is_time(word: bytes) -> bool:
    """Seconds; int() refuses thousands of digits."""
    return word.isdigit() and len(word) < 20


def _line(sent: int, until: int, whom: bytes) -> bytes:
    return b"%d %d %s\n" % (sent, until, whom)


def _digest(rule: str) -> str:
    from _blake2 import blake2b

    return blake2b(rule.encode("utf-8", "replace"), digest_size=8).hexdigest()
