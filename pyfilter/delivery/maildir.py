"""One copy of a message into one Maildir folder, in two steps.

``stage`` writes the copy into ``tmp/``, where no reader looks; ``publish`` makes it visible in
``new/``, or in ``cur/`` with ``:2,FLAGS`` behind its name if it carries flags; ``settle`` ends a
copy that went well, ``undo`` one that did not. After ``Maildir`` of D. J. Bernstein, maildir(5)
and Courier's Maildir++.

Rules it keeps, each with a test in tests/delivery:

- **Names**: ``seconds.M<usec>P<pid>Q<n>.<host>,S=<size>,W=<size with CRLF>``; "/" and ":" of
  the host are ``\\057`` and ``\\072`` (maildir(5)). S and W save Dovecot reading the file.
- **Durable before visible** (``durable = full``): write, fsync, close, whose error counts too;
  then link, then fsync of the directory. ``file`` leaves out the fsync of directories, ``none``
  all of them.
- **link, not rename**: link never overwrites, so a name that exists already (two machines or
  containers with one host name and one process id) costs a second name and not a message.
  Where a file system has no hard links, rename does it, after a look that the name is free.
- **A lying error**: NFS and FUSE can do what was asked and report a failure. After an error,
  the new name is looked at: if it is our file (device and inode), it was done.
- **Further copies** of one message are hard links to the first in ``tmp/``: one write and one
  fsync for all. Dovecot does the same when it copies. Where that fails they are written anew.
- **A folder is made in an order** that a crash cannot spoil: the directory, ``cur``, ``new``,
  ``maildirfolder``, fsync of all these and of the parents, and ``tmp`` last. Thus a ``tmp``
  that exists says that everything else is safely on disk, whichever process made it, and 16
  deliverers that make the same folder at once need no lock. Made folders stay, even if the
  delivery is undone later: another delivery may be at work in them.
- **Whose directory**: a folder may be a symbolic link; what it points to must be a directory
  that belongs to the running user or to root. From then on the open directory is used, so that
  nobody can put another in its place. Nothing is opened in a way that could wait: a FIFO, a
  device or a file where a directory should be is an error at once.
- **Modes**: 0600 for files, 0700 for directories, whatever the umask.
- **Left-overs** of crashes in ``tmp/`` are swept after 36 hours (maildir(5)), by about one
  delivery in SWEEP_ONE_IN, before it writes; never more than SWEEP_ENTRIES are looked at.

Errors: OSError with ``filename`` the path a person would look for. Names and paths are bytes.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from pyfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Copy", "publish", "settle", "stage", "sweep", "undo", "unique_name", "write_all"]

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
# other names tried when one is taken; the second has always been free
NAME_TRIES = 5
# sweeping costs a directory listing: a mailbox with 20 mails a day is swept every few days
SWEEP_ONE_IN = 64
# entries of tmp/ looked at in one sweep; a flood of left-overs is worked off over several
SWEEP_ENTRIES = 1000
# what link answers where a file system has no hard links between directories
NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK})

_serial = iter(range(1 << 62))  # Q of the unique name; next() on it is atomic between threads


class Copy:
    """One copy on its way.

    ``path``: the folder's directory; ``place``: b"new" or b"cur"; ``temporary``: its name in
    tmp/, ``name``: its name where it becomes visible. ``made``: the folder had to be made.
    ``visible``: it is; ``uncertain``: an attempt was made whose end is not known yet.
    """

    __slots__ = (
        "device",
        "flags",
        "folder_fd",
        "inode",
        "made",
        "name",
        "path",
        "place",
        "place_fd",
        "size",
        "temporary",
        "uncertain",
        "visible",
    )

    def __init__(self, path: bytes, flags: str) -> None:
        self.path = path
        self.place = b"cur" if flags else b"new"
        self.flags = flags
        self.folder_fd = -1
        self.place_fd = -1
        self.temporary = b""
        self.name = b""
        self.size = b""
        self.device = 0
        self.inode = 0
        self.made = False
        self.visible = False
        self.uncertain = False


def unique_name(size: bytes) -> bytes:
    """A name no other delivery has; ``size`` is what follows the host (",S=…,W=…")."""
    now = time.time_ns()
    seconds, microseconds = now // 1_000_000_000, now // 1000 % 1_000_000
    host = os.fsencode(os.uname().nodename) or b"localhost"
    for character in b"/:,":
        host = host.replace(bytes((character,)), b"\\%03o" % character)
    return b"%d.M%dP%dQ%d.%s%s" % (seconds, microseconds, os.getpid(), next(_serial), host, size)


def sizes(parts: Sequence[bytes]) -> bytes:
    """``,S=…,W=…``: bytes on disk, and with every line end as CRLF (Dovecot's Maildir)."""
    total = sum(map(len, parts))
    bare = sum([part.count(b"\n") - part.count(b"\r\n") for part in parts])
    return b",S=%d,W=%d" % (total, total + bare)


# --- stage ----------------------------------------------------------------


def stage(copy: Copy, parts: Sequence[bytes], durable: str, *, create: bool, first: Copy | None = None) -> None:
    """Write ``parts`` into the folder's tmp/, or link ``first`` there, which holds the same.

    A missing folder is made if ``create``. The copy is to be undone if this raises.
    """
    _open_folder(copy, durable, create)
    if first is None or not _link_first(copy, first):
        _write(copy, parts, durable)


def _open_folder(copy: Copy, durable: str, create: bool) -> None:
    try:
        copy.folder_fd = _open_directory(copy.path)
        os.stat(b"tmp", dir_fd=copy.folder_fd)
        copy.place_fd = os.open(copy.place, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK, dir_fd=copy.folder_fd)
        return
    except FileNotFoundError as error:
        if copy.folder_fd < 0 and not create:
            error.filename = copy.path
            raise
    except OSError as error:
        _name(error, copy.path if copy.folder_fd < 0 else copy.path + b"/" + copy.place)
        raise
    _make_folder(copy, durable)
    try:
        copy.place_fd = os.open(copy.place, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK, dir_fd=copy.folder_fd)
    except OSError as error:
        _name(error, copy.path + b"/" + copy.place)
        raise


def _open_directory(path: bytes) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)
    try:
        owner = os.fstat(fd).st_uid
        if owner not in (os.geteuid(), 0):
            raise PermissionError(errno.EPERM, f"belongs to uid {owner}, not to uid {os.geteuid()}", path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _write(copy: Copy, parts: Sequence[bytes], durable: str) -> None:
    copy.size = sizes(parts)
    for _ in range(NAME_TRIES):
        name = unique_name(copy.size)
        path = b"tmp/" + name
        try:
            fd = os.open(
                path,
                os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                FILE_MODE,
                dir_fd=copy.folder_fd,
            )
        except FileExistsError as error:
            taken = error
            continue
        except OSError as error:
            copy.temporary = name  # an error that lies may have made it
            _name(error, copy.path + b"/tmp")
            raise
        copy.temporary = name
        break
    else:
        _name(taken, copy.path + b"/" + path)
        raise taken
    try:
        try:
            status = os.fstat(fd)
            copy.device, copy.inode = status.st_dev, status.st_ino
            if stat.S_IMODE(status.st_mode) != FILE_MODE:
                os.fchmod(fd, FILE_MODE)
            for part in parts:
                write_all(fd, part)
            if durable != "none":
                os.fsync(fd)
        except BaseException:
            _close(fd)
            raise
        os.close(fd)
    except OSError as error:
        _name(error, copy.path + b"/" + path)
        raise


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.write(fd, view)
        if written == 0:  # no file system should; waiting for it would never end
            raise OSError(errno.EIO, "nothing was written")
        view = view[written:]


def _link_first(copy: Copy, first: Copy) -> bool:
    """A further copy as a hard link in tmp/; False where it has to be written."""
    copy.temporary = unique_name(first.size)
    try:
        os.link(
            b"tmp/" + first.temporary,
            b"tmp/" + copy.temporary,
            src_dir_fd=first.folder_fd,
            dst_dir_fd=copy.folder_fd,
            follow_symlinks=False,
        )
    except OSError:
        _unlink_if_same(copy, b"tmp/" + copy.temporary, first)
        copy.temporary = b""
        return False
    copy.size, copy.device, copy.inode = first.size, first.device, first.inode
    return True


# --- making a folder ------------------------------------------------------


def _make_folder(copy: Copy, durable: str) -> None:
    copy.made = True
    path = copy.path
    try:
        if copy.folder_fd < 0:
            _make_with_parents(path, durable)
            copy.folder_fd = _open_directory(path)
        fd = copy.folder_fd
        for name in (b"cur", b"new"):
            path = copy.path + b"/" + name
            _make_directory(name, fd)
        if copy.path.rpartition(b"/")[2].startswith(b"."):  # Maildir++: this is no Maildir of its own
            path = copy.path + b"/maildirfolder"
            _make_marker(fd)
        path = copy.path
        if durable == "full":
            os.fsync(fd)
            _sync_directory(_parent(path))
        path = copy.path + b"/tmp"
        _make_directory(b"tmp", fd)
    except OSError as error:
        _name(error, path)
        raise


def _make_with_parents(path: bytes, durable: str) -> None:
    try:
        _make_directory(path)
    except FileNotFoundError:
        parent = _parent(path)
        if parent == path:
            raise
        _make_with_parents(parent, durable)
        _make_directory(path)
    if durable == "full":
        _sync_directory(_parent(path))


def _parent(path: bytes) -> bytes:
    return path.rstrip(b"/").rpartition(b"/")[0] or b"/"


def _make_directory(path: bytes, dir_fd: int | None = None) -> None:
    try:
        os.mkdir(path, DIRECTORY_MODE, dir_fd=dir_fd)
    except FileExistsError:
        return  # whether it is a directory shows when it is opened
    mode = stat.S_IMODE(os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode)
    if mode & 0o777 != DIRECTORY_MODE:  # the umask took some of it; an inherited set-group-id stays
        os.chmod(path, mode & ~0o777 | DIRECTORY_MODE, dir_fd=dir_fd)


def _make_marker(folder_fd: int) -> None:
    try:
        fd = os.open(
            b"maildirfolder",
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
            FILE_MODE,
            dir_fd=folder_fd,
        )
    except FileExistsError:
        return
    os.close(fd)


def _sync_directory(path: bytes) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


# --- publish, settle, undo ------------------------------------------------


def publish(copy: Copy, durable: str) -> None:
    """Make a staged copy visible, durably. The copy is to be undone if this raises."""
    try:
        _move_into_place(copy)
        if durable == "full":
            os.fsync(copy.place_fd)
    except OSError as error:
        _name(error, copy.path + b"/" + copy.place)
        raise


def _move_into_place(copy: Copy) -> None:
    name = copy.temporary
    for _ in range(NAME_TRIES):
        copy.name = name + b":2," + copy.flags.encode("ascii") if copy.flags else name
        target = copy.place + b"/" + copy.name
        copy.uncertain = True
        try:
            os.link(
                b"tmp/" + copy.temporary,
                target,
                src_dir_fd=copy.folder_fd,
                dst_dir_fd=copy.folder_fd,
                follow_symlinks=False,
            )
        except OSError as error:
            failure = error
        else:
            copy.visible = True
            return
        if _is_same(copy, target, copy):
            copy.visible = True
            return
        if failure.errno in NO_LINKS:
            _rename_into_place(copy, target)
            return
        if failure.errno != errno.EEXIST:
            break
        name = unique_name(copy.size)
    raise failure


def _rename_into_place(copy: Copy, target: bytes) -> None:
    if _exists(copy, target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    try:
        os.rename(b"tmp/" + copy.temporary, target, src_dir_fd=copy.folder_fd, dst_dir_fd=copy.folder_fd)
    except OSError:
        if not _is_same(copy, target, copy):
            raise
    copy.visible = True


def settle(copy: Copy) -> None:
    """Take away what a published copy leaves in tmp/. What cannot be taken away is swept later."""
    _try_unlink(copy, b"tmp/" + copy.temporary)
    _release(copy)


def undo(copy: Copy) -> list[str]:
    """Take back a copy, in whatever state it is. Returns what could not be taken back.

    A reader may have moved a visible copy from new/ to cur/ in the meantime, or changed its
    flags: it is looked for there, too.
    """
    left: list[str] = []
    if copy.visible or copy.uncertain:
        target = copy.place + b"/" + copy.name
        problem = _try_unlink(copy, target) if copy.visible else _unlink_if_same(copy, target, copy)
        if problem == errno.ENOENT and copy.visible:
            problem = _unlink_moved(copy)
        if problem not in (0, errno.ENOENT):
            left.append(f"{os.fsdecode(copy.path + b'/' + target)} could not be taken back: {os.strerror(problem)}")
    if copy.temporary:
        problem = _try_unlink(copy, b"tmp/" + copy.temporary)
        if problem not in (0, errno.ENOENT):
            left.append(f"{os.fsdecode(copy.path)}/tmp could not be tidied: {os.strerror(problem)}")
    _release(copy)
    return left


def _unlink_moved(copy: Copy) -> int:
    base = copy.name.partition(b":")[0]
    try:
        fd = os.open(b"cur", os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK, dir_fd=copy.folder_fd)
        try:
            found = [os.fsencode(name) for name in os.listdir(fd)]
        finally:
            os.close(fd)
    except OSError as error:
        return error.errno or errno.EIO
    for name in found:
        if name.partition(b":")[0] == base:
            return _try_unlink(copy, b"cur/" + name)
    return errno.ENOENT


def _try_unlink(copy: Copy, path: bytes) -> int:
    """0, or the errno of what hindered it."""
    if copy.folder_fd < 0:
        return errno.ENOENT
    try:
        os.unlink(path, dir_fd=copy.folder_fd)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _unlink_if_same(copy: Copy, path: bytes, original: Copy) -> int:
    return _try_unlink(copy, path) if _is_same(copy, path, original) else errno.ENOENT


def _is_same(copy: Copy, path: bytes, original: Copy) -> bool:
    """Whether ``path`` below the folder of ``copy`` is the file that was written for ``original``."""
    try:
        status = os.stat(path, dir_fd=copy.folder_fd, follow_symlinks=False)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (original.device, original.inode)


def _exists(copy: Copy, path: bytes) -> bool:
    try:
        os.stat(path, dir_fd=copy.folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _release(copy: Copy) -> None:
    for fd in (copy.folder_fd, copy.place_fd):
        if fd >= 0:
            _close(fd)
    copy.folder_fd = copy.place_fd = -1


def _close(fd: int) -> None:
    """Close what only was read, or what has failed already."""
    try:
        os.close(fd)
    except OSError:
        return


def _name(error: OSError, path: bytes) -> None:
    error.filename = path


# --- left-overs -----------------------------------------------------------


def sweep_is_due() -> bool:
    """About one delivery in SWEEP_ONE_IN; the clock's microseconds are the die."""
    return time.time_ns() // 1000 % SWEEP_ONE_IN == 0


def sweep(path: bytes) -> int:
    """Remove what crashes left in a folder's tmp/; returns how many. Never raises OSError."""
    oldest = time.time() - limits.STALE_TMP_SECONDS
    swept = 0
    try:
        fd = os.open(path + b"/tmp", os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return 0
    try:
        with os.scandir(fd) as entries:
            for _, entry in zip(range(SWEEP_ENTRIES), entries, strict=False):
                status = os.stat(entry.name, dir_fd=fd, follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and max(status.st_mtime, status.st_ctime, status.st_atime) < oldest:
                    os.unlink(entry.name, dir_fd=fd)
                    swept += 1
    except OSError:
        return swept
    finally:
        _close(fd)
    return swept
