"""Whose file it is: what another user has put in the way is not followed, believed or written to.

Everything goes through the open descriptor, so that nobody can put another file in its place in between.

- ``opened``: a symbolic link at the end of a path counts if the user or root made it. The kernel has a setting for
  that (fs.protected_symlinks), which not every system and no container has for certain. Nothing waits: not a FIFO.
  No file is made in another user's directory.
- ``directory``: one of pyfilter's own below the home, made where it is missing. It and each above it up to the home
  belongs to the user or root, and nobody else can write it.
- ``put``: a file of pyfilter's own in such a directory, whole or as it was before.
- ``distrust``: what is wrong with a file that only the user or root may have written.

Errors: OSError; of what is not trusted Distrusted, with words for a log in ``strerror``.

Sources: open(2), symlink(7), proc_sys_fs(5). On the hot path; imports errno, os and stat alone.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AnyStr

__all__ = ["Distrusted", "belongs_to_another", "directory", "distrust", "opened", "put", "required"]

# symbolic links that lead to each other; the kernel follows 40
LINKS = 40

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK


class Distrusted(PermissionError):
    """Another user may have a say in it; ``strerror`` says why."""


def opened(path: AnyStr, flags: int, mode: int = 0o600) -> int:
    """A descriptor. Distrusted where a symbolic link of another user's stands in the place."""
    where = path
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    for _ in range(LINKS):
        try:
            return _made(where, flags, mode) if flags & os.O_CREAT else os.open(where, flags)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        where = _target(where)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def _made(path: AnyStr, flags: int, mode: int) -> int:
    directory, name = os.path.split(path)
    above = os.open(directory or os.curdir, _DIRECTORY)
    try:
        found = os.fstat(above)
        if belongs_to_another(found):
            raise Distrusted(errno.EPERM, f"belongs to uid {found.st_uid}", directory)
        return os.open(name, flags, mode, dir_fd=above)
    finally:
        os.close(above)


def _target(path: AnyStr) -> AnyStr:
    link = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(link)
        if belongs_to_another(found):
            raise Distrusted(errno.EPERM, f"is a symbolic link of uid {found.st_uid}", path)
        target = os.readlink(path[:0], dir_fd=link)
    finally:
        os.close(link)
    return os.path.join(os.path.dirname(path), target)


def belongs_to_another(found: os.stat_result) -> bool:
    """Neither the user's nor root's."""
    return found.st_uid not in (os.geteuid(), 0)


def distrust(found: os.stat_result) -> str:
    """Why a file or directory may hold what another user wrote; empty if it cannot."""
    if belongs_to_another(found):
        return f"belongs to uid {found.st_uid}, neither to the user nor to root"
    mode = stat.S_IMODE(found.st_mode)
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and found.st_gid != os.getegid()):
        return f"is writable by others (mode {mode:04o}): chmod go-w"
    return ""


def required(descriptor: int, path: str | bytes) -> os.stat_result:
    """The state of a regular file that only the user or root can have written; else Distrusted."""
    found = os.fstat(descriptor)
    why = "is not a regular file" if not stat.S_ISREG(found.st_mode) else distrust(found)
    if why:
        raise Distrusted(errno.EPERM, why, path)
    return found


def directory(home: str, below: str) -> int:
    """A descriptor of ``home``/``below``; to be closed. Made with mode 0700 where it is missing."""
    where = home
    current = os.open(home, _DIRECTORY)
    try:
        for name in below.split("/"):
            where = f"{where}/{name}"
            try:
                deeper = os.open(name, _DIRECTORY, dir_fd=current)
            except FileNotFoundError:
                try:
                    os.mkdir(name, 0o700, dir_fd=current)
                except FileExistsError:  # another delivery was quicker
                    pass
                deeper = os.open(name, _DIRECTORY, dir_fd=current)
            current, above = deeper, current
            os.close(above)
            if why := distrust(os.fstat(current)):
                raise Distrusted(errno.EPERM, why, where)
    except BaseException as error:
        os.close(current)
        if isinstance(error, OSError):
            error.filename = where
        raise
    return current


def put(directory: int, name: str, data: bytes, *, durable: bool, moment: int | None = None) -> None:
    """Write ``data`` beside ``name``, and put it in its place; ``moment``: its modification time, ns. Raises OSError,
    and leaves nothing beside it then."""
    beside = f"{name}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(beside, flags, 0o600, dir_fd=directory)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            if moment is not None:
                os.utime(descriptor, ns=(moment, moment))
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(beside, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        try:
            os.unlink(beside, dir_fd=directory)
        except OSError:
            pass
        raise
