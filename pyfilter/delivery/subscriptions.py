"""Subscribe a folder that was just made, so that mail clients show it.

Dovecot (2.2, 2.3) keeps the folders a user subscribed to in the file ``subscriptions`` of the
Maildir, one a line, in one of two formats, and reads either:

- the old one: the name as on disk, components joined by the layout's separator: ``Cron.DenyHosts``, in
  layout fs ``Cron/DenyHosts``;
- version 2: a first line ``V<TAB>2`` and an empty one, then components joined by TABs.

A file that exists keeps its format; a new one is made in version 2. Names are in modified UTF-7
as on disk (folders.py), so that no component can hold a TAB or a line break.

Writers exclude each other by ``subscriptions.lock`` (Dovecot's dotlock), made with O_EXCL. The
new contents are written to a file of their own in ``tmp/`` and renamed over the old: a reader
sees the one or the other, and a lock that was broken wrongly can cost a line but never the file.

A file that another user wrote, or leads to by a symbolic link, is not read (ownership.py).

Failure costs the subscription and nothing else: ``subscribe`` returns sentences for the log
and never raises OSError. It waits LOCK_TRIES times LOCK_PAUSE seconds for another writer at most.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from pyfilter import ownership
from pyfilter.delivery import folders, maildir, making

__all__ = ["subscribe"]

VERSION_2 = b"V\t2\n\n"
LOCK_TRIES = 50
LOCK_PAUSE = 0.01
# a lock older than this was left by a crash; Dovecot breaks it after 30 seconds of no change
STALE_LOCK_SECONDS = 60
# bytes; 10,000 folders of 100 bytes each. More is no list of folders
FILE_BYTES = 1 << 20


def subscribe(directory: bytes, names: list[str], layout: str) -> list[str]:
    """Add the folders to the Maildir's subscriptions. Returns what went wrong, [] if nothing did."""
    path = directory + b"/subscriptions"
    lock = path + b".lock"
    try:
        old, _ = _read(path)
        if with_names(old, names, layout) == old:  # 16 deliverers make a folder at once, one subscribes it
            return []
        _lock(lock)
        try:
            _rewrite(directory, path, names, layout)
        finally:
            _discard(lock)
    except OSError as error:
        where = error.filename if isinstance(error.filename, bytes) else path
        return [f"not subscribed to {', '.join(names)}: {os.fsdecode(where)}: {error.strerror}"]
    return []


def _lock(lock: bytes) -> None:
    for _ in range(LOCK_TRIES):
        try:
            fd = making.create_file(lock)
        except FileExistsError:
            if not _break_stale(lock):
                time.sleep(LOCK_PAUSE)
            continue
        os.close(fd)
        return
    raise OSError(errno.EAGAIN, "another program holds it", lock)


def _break_stale(lock: bytes) -> bool:
    try:
        if time.time() - os.lstat(lock).st_mtime < STALE_LOCK_SECONDS:
            return False
        os.unlink(lock)
    except FileNotFoundError:
        return True
    return True


def _rewrite(directory: bytes, path: bytes, names: list[str], layout: str) -> None:
    old, mode = _read(path)
    new = with_names(old, names, layout)
    if new == old:
        return
    draft = directory + b"/tmp/" + maildir.unique_name(b",subscriptions")
    fd = making.create_file(draft)
    try:
        try:
            os.fchmod(fd, mode)
            maildir.write_all(fd, new)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(draft, path)
    except BaseException:
        _discard(draft)
        raise


def _discard(path: bytes) -> None:
    """Remove if possible; a lock that stays is broken by the next writer, a draft is swept from tmp/."""
    try:
        os.unlink(path)
    except OSError:
        return


def _read(path: bytes) -> tuple[bytes | None, int]:
    """Contents, None if there is no file; and the mode the new one gets."""
    try:
        fd = ownership.opened(path, os.O_RDONLY)
    except FileNotFoundError:
        return None, making.FILE_MODE
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is not a file")
        if ownership.belongs_to_another(status):
            raise PermissionError(errno.EPERM, f"belongs to uid {status.st_uid}")
        contents = b""
        while (chunk := os.read(fd, FILE_BYTES)) and len(contents) <= FILE_BYTES:
            contents += chunk
        if len(contents) > FILE_BYTES:
            raise OSError(errno.EFBIG, "is too large for a list of folders")
        return contents, stat.S_IMODE(status.st_mode) & 0o666
    finally:
        os.close(fd)


def with_names(contents: bytes | None, names: list[str], layout: str) -> bytes:
    """The file's contents with the folders added that are not in it yet."""
    if contents is None:
        contents = VERSION_2
    separator = b"\t" if contents.startswith(VERSION_2) else folders.SEPARATORS[layout]
    known = set(contents.split(b"\n"))
    for name in names:
        line = separator.join([folders.encode_name(part) for part in folders.components(name)])
        if line not in known:
            known.add(line)
            contents += line + b"\n" if not contents or contents.endswith(b"\n") else b"\n" + line + b"\n"
    return contents
