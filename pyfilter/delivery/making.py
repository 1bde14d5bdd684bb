"""Open a Maildir folder, or make it, in an order that a crash cannot spoil.

A folder is made in this order: the directory itself (in layout fs after those above it, which are no
folders by that: they get no cur, new and tmp), ``cur``, ``new``, in a Maildir++ subfolder, whose name
begins with a dot, the empty file ``maildirfolder`` (which tells other deliverers that this is no Maildir of its
own), fsync of the folder and of its parents, whoever made them — and ``tmp`` last. Thus **a tmp that exists says
that everything else is safely on disk**, whichever process made it: 16 deliverers that make one
folder at once need no lock, and none of them can exit before the folder is durable. A folder
that lacks a part, its ``tmp`` for instance after a crash, is completed.

Below a Maildir that is missing itself, the Maildir is made first, parents included.

Whose directory: a folder may be a symbolic link; what it points to must be a directory that
belongs to the running user or to root. From then on the open directory is used, so that nobody
can put another in its place. Nothing is opened in a way that could wait: a FIFO, a device or a
file where a directory should be is an error at once.

Modes: 0700 for directories, 0600 for files, whatever the umask.

Errors: OSError with ``filename`` the path a person would look for.
"""

from __future__ import annotations

import errno
import os
import stat

from pyfilter import ownership

__all__ = ["DIRECTORY", "check_part", "create_file", "make", "make_parents", "open_folder", "open_part", "sync"]

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
# how files are made and directories are opened, everywhere in the delivery
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC


def open_folder(path: bytes) -> int:
    """A descriptor of the folder; PermissionError if it is another user's."""
    fd = os.open(path, DIRECTORY)
    try:
        _trusted(os.fstat(fd), path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def open_part(name: bytes, folder_fd: int, path: bytes) -> int:
    """A descriptor of a folder's cur, new or tmp: whoever owns it, or can write it, can take the mail out again."""
    fd = os.open(name, DIRECTORY, dir_fd=folder_fd)
    try:
        _trusted(os.fstat(fd), path + b"/" + name)
    except BaseException:
        os.close(fd)
        raise
    return fd


def check_part(name: bytes, folder_fd: int, path: bytes) -> None:
    """The same, without a descriptor."""
    _trusted(os.stat(name, dir_fd=folder_fd), path + b"/" + name)


def _trusted(found: os.stat_result, path: bytes) -> None:
    if ownership.belongs_to_another(found):
        raise PermissionError(errno.EPERM, f"belongs to uid {found.st_uid}, not to uid {os.geteuid()}", path)
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise PermissionError(errno.EPERM, "can be written by everybody", path)


def make(path: bytes, inbox: bytes, durable: str) -> int:
    """Make or complete a folder of the Maildir ``inbox`` (or itself); its descriptor."""
    if path != inbox and not _is_there(inbox + b"/tmp"):
        os.close(make(inbox, inbox, durable))
    where = path
    try:
        if path == inbox:
            _make_with_parents(path, durable)
        for where in _from_the_inbox_down(path, inbox):
            _make_directory(where)
            if durable == "full":  # another delivery may have made it, and not come so far
                sync(where.rpartition(b"/")[0])
        fd = open_folder(path)
        try:
            for name in (b"cur", b"new"):
                where = path + b"/" + name
                _make_directory(name, fd)
            if path[path.rfind(b"/") + 1 :].startswith(b".") and path != inbox:
                where = path + b"/maildirfolder"
                _make_marker(fd)
            where = path
            if durable == "full":
                os.fsync(fd)
            where = path + b"/tmp"
            _make_directory(b"tmp", fd)
        except BaseException:
            os.close(fd)
            raise
    except OSError as error:
        error.filename = where
        raise
    return fd


def _from_the_inbox_down(path: bytes, inbox: bytes) -> list[bytes]:
    """``path`` and the directories between it and the inbox, the one nearest to the inbox first."""
    found = []
    where = inbox
    for name in path[len(inbox) + 1 :].split(b"/") if path != inbox else ():
        where += b"/" + name
        found.append(where)
    return found


def make_parents(path: bytes) -> None:
    """The directory that ``path`` is to lie in, and those above it; on disk when the call returns. What is there
    already must be the user's or root's: another user could take away what lies in his."""
    parent = path.rpartition(b"/")[0] or b"/"
    above = parent
    while not _is_there(above):
        above = above.rpartition(b"/")[0] or b"/"
    found = os.stat(above)
    if ownership.belongs_to_another(found):
        raise PermissionError(errno.EPERM, f"belongs to uid {found.st_uid}, not to uid {os.geteuid()}", above)
    if above != parent:
        _make_with_parents(parent, "full")


def create_file(path: bytes, dir_fd: int | None = None) -> int:
    """A new file to write, 0600; FileExistsError if anything has that name."""
    fd = os.open(path, NEW_FILE, FILE_MODE, dir_fd=dir_fd)
    try:
        if stat.S_IMODE(os.fstat(fd).st_mode) != FILE_MODE:
            os.fchmod(fd, FILE_MODE)
    except BaseException:
        os.close(fd)
        os.unlink(path, dir_fd=dir_fd)
        raise
    return fd


def _make_with_parents(path: bytes, durable: str) -> None:
    parent = path.rpartition(b"/")[0] or b"/"
    try:
        _make_directory(path)
    except FileNotFoundError:
        if parent == b"/":
            raise
        _make_with_parents(parent, durable)
        _make_directory(path)
    if durable == "full":
        sync(parent)


def sync(path: bytes) -> None:
    """Bring the names in a directory to disk."""
    try:
        fd = os.open(path, DIRECTORY)
    except PermissionError:  # /home with mode 0711 can be walked through and not be opened
        os.sync()
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


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
        fd = create_file(b"maildirfolder", folder_fd)
    except FileExistsError:
        return
    os.close(fd)


def _is_there(path: bytes) -> bool:
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True
