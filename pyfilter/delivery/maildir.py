"""One copy of a message into one Maildir folder, step by step.

``stage`` writes the copy into ``tmp/``, where no reader looks, and ``finish`` closes it; ``publish``
makes it visible in ``new/``, or in ``cur/`` with ``:2,FLAGS`` behind its name if it carries flags;
``settle`` ends a copy that went well, ``undo`` one that did not. After ``Maildir`` of
D. J. Bernstein, maildir(5) and Courier's Maildir++.

Who calls these brings the ``file`` to disk between ``stage`` and ``finish``, and its name, by ``place_fd``,
between ``publish`` and ``settle``: several deliveries may wait for the disk together (together.py).

Rules it keeps:

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
- **Nobody else's place**: everything happens below the directory that was opened once, and neither it nor its parts
  belong to another user or can be written by everybody (making.py, which also makes missing folders).
- Files are 0600 whatever the umask.

Errors: OSError with ``filename`` the path a person would look for. Names and paths are bytes.
"""

from __future__ import annotations

import errno
import os
import time

from pyfilter.delivery import making

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Copy", "finish", "publish", "secure_folder", "settle", "stage", "undo", "unique_name", "write_all"]

# other names tried when one is taken; the second has always been free
NAME_TRIES = 5
# what link answers where a file system has no hard links between directories
NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK})

_serial = iter(range(1 << 62))  # Q of the unique name; next() on it is atomic between threads


class Copy:
    """One copy on its way.

    ``path``: the folder's directory; ``place``: b"new" or b"cur"; ``temporary``: its name in
    tmp/, ``name``: its name where it becomes visible. ``file``: the descriptor of one that was written, until it is
    closed; -1 for a link. ``made``: the folder had to be made.
    ``visible``: it is; ``uncertain``: an attempt was made whose end is not known yet. ``where``:
    the path being worked on, for errors.
    """

    __slots__ = (
        "device",
        "file",
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
        "where",
    )

    def __init__(self, path: bytes, flags: str) -> None:
        self.path = path
        self.place = b"cur" if flags else b"new"
        self.flags = flags
        self.folder_fd = -1
        self.place_fd = -1
        self.file = -1
        self.temporary = b""
        self.name = b""
        self.size = b""
        self.device = 0
        self.inode = 0
        self.made = False
        self.visible = False
        self.uncertain = False
        self.where = path

    def explain(self, error: OSError) -> None:
        """Give an error the path it is about, where the system gave none or a relative one."""
        if not (isinstance(error.filename, bytes) and error.filename.startswith(b"/")):
            error.filename = self.where


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
    # looking for one CR is much faster than counting, and mail from an MTA on Unix has none
    bare = sum([part.count(b"\n") - (part.count(b"\r\n") if b"\r" in part else 0) for part in parts])
    return b",S=%d,W=%d" % (total, total + bare)


# --- stage ----------------------------------------------------------------


def stage(copy: Copy, parts: Sequence[bytes], durable: str, inbox: bytes, *, first: Copy | None = None) -> None:
    """Write ``parts`` into the folder's tmp/, or link ``first`` there, which holds the same.

    A missing folder of the Maildir ``inbox`` is made. The copy is to be undone if
    this raises.
    """
    try:
        _open_folder(copy, durable, inbox)
        if first is None or not _link_first(copy, first):
            _write(copy, parts)
    except OSError as error:
        copy.explain(error)
        raise


def _open_folder(copy: Copy, durable: str, inbox: bytes) -> None:
    if _open_parts(copy):
        return
    _release(copy)
    copy.folder_fd = making.make(copy.path, inbox, durable)
    copy.made = True
    copy.where = copy.path + b"/" + copy.place
    copy.place_fd = making.open_part(copy.place, copy.folder_fd, copy.path)


def _open_parts(copy: Copy) -> bool:
    """Open the folder and the place; False if one of them, or tmp, is missing."""
    try:
        copy.folder_fd = making.open_folder(copy.path)
        copy.where = copy.path + b"/tmp"
        making.check_part(b"tmp", copy.folder_fd, copy.path)  # made last: see making.py
        copy.where = copy.path + b"/" + copy.place
        copy.place_fd = making.open_part(copy.place, copy.folder_fd, copy.path)
    except FileNotFoundError:
        return False
    return True


def _write(copy: Copy, parts: Sequence[bytes]) -> None:
    copy.size = sizes(parts)
    copy.where = copy.path + b"/tmp"
    copy.file = _create(copy)
    status = os.fstat(copy.file)
    copy.device, copy.inode = status.st_dev, status.st_ino
    for part in parts:
        write_all(copy.file, part)


def finish(copy: Copy) -> None:
    """Close the file of a staged copy. The copy is to be undone if this raises: the error of close(2) counts."""
    file, copy.file = copy.file, -1
    try:
        if file >= 0:
            os.close(file)
    except OSError as error:
        copy.explain(error)
        raise


def _create(copy: Copy) -> int:
    for _ in range(NAME_TRIES):
        # kept before the file is made: an error that lies may have made it
        copy.temporary = unique_name(copy.size)
        try:
            return making.create_file(b"tmp/" + copy.temporary, copy.folder_fd)
        except FileExistsError as error:
            copy.temporary = b""  # another's, which must not be touched
            taken = error
    raise taken


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


# --- publish, settle, undo ------------------------------------------------


def publish(copy: Copy) -> None:
    """Make a staged copy visible. The copy is to be undone if this raises."""
    copy.where = copy.path + b"/" + copy.place
    try:
        _move_into_place(copy)
    except OSError as error:
        copy.explain(error)
        raise


def secure_folder(path: bytes) -> None:
    """Bring to disk the names of copies that an earlier attempt made in the folder ``path``."""
    for place in (b"/new", b"/cur"):
        making.sync(path + place)


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
        if failure.errno in NO_LINKS and not _may_exist(copy, target):
            _rename_into_place(copy, target)
            return
        if failure.errno not in (errno.EEXIST, *NO_LINKS):
            break
        name = unique_name(copy.size)
    raise failure


def _rename_into_place(copy: Copy, target: bytes) -> None:
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
        path = b"tmp/" + copy.temporary
        problem = _try_unlink(copy, path)
        if problem not in (0, errno.ENOENT) and _may_exist(copy, path):
            left.append(f"{os.fsdecode(copy.path + b'/' + path)} could not be removed: {os.strerror(problem)}")
    _release(copy)
    return left


def _unlink_moved(copy: Copy) -> int:
    base = copy.name.partition(b":")[0]
    try:
        fd = os.open(b"cur", making.DIRECTORY, dir_fd=copy.folder_fd)
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


def _may_exist(copy: Copy, path: bytes) -> bool:
    """False only where it is sure that nothing has this name."""
    try:
        os.stat(path, dir_fd=copy.folder_fd, follow_symlinks=False)
    except OSError as error:
        return error.errno != errno.ENOENT
    return True


def _release(copy: Copy) -> None:
    for fd in (copy.file, copy.folder_fd, copy.place_fd):
        if fd >= 0:
            _close(fd)
    copy.file = copy.folder_fd = copy.place_fd = -1


def _close(fd: int) -> None:
    """Close what only was read, or what has failed already."""
    try:
        os.close(fd)
    except OSError:
        return
