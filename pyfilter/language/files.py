"""Rule files on disk: which ones, whether they may be trusted, and their bytes.

``/etc/pyfilterrc`` is asked first (never as root), then ``~/.pyfilterrc``, else
``~/.config/pyfilter/rules``; they may include others. A file is used only if it is a regular file, owned
by the running user or root, not writable by a group other than the user's own nor by others: whoever can
write the rules can have all mail. Symbolic links are fine if the user or root made them, the target is what is
checked, and must be there. Anything else is Refused: a temporary failure, and the log names the mode. Rules that
come with pyfilter are trusted as far as pyfilter itself, beside which they lie.

On the hot path; imports os and stat, and what ownership.py does.
"""

from __future__ import annotations

import os
import stat

from pyfilter import limits, ownership

__all__ = [
    "SYSTEM",
    "Changing",
    "Refused",
    "Stamp",
    "candidates",
    "check_home",
    "comes_with_pyfilter",
    "listed",
    "read",
    "shipped",
    "stamp",
]

SYSTEM = "/etc/pyfilterrc"
USER = (".pyfilterrc", ".config/pyfilter/rules")

# the package, and beside it the rules of a checkout; installed they lie in the package
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# what identifies the content of a file: device, inode, bytes, mtime and ctime in ns
Stamp = tuple[int, int, int, int, int]


class Refused(Exception):
    """A file or directory that must not be trusted, or cannot be read now; the text is for the log."""


class Changing(Refused):
    """A file that somebody wrote while it was read."""


def candidates(home: str, chosen: str | None = None) -> list[tuple[str, ...]]:
    """The places of rule files, in the order they are asked; of each tuple the first that exists is used."""
    places: list[tuple[str, ...]] = [] if os.geteuid() == 0 else [(SYSTEM,)]
    if chosen is not None:
        places.append((chosen,))
    else:
        places.append(tuple(os.path.join(home, name) for name in USER))
    return places


def _trusted(path: str, found: os.stat_result) -> Stamp:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"{path} is not a regular file")
    if comes_with_pyfilter(path):
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    if found.st_uid not in (os.geteuid(), 0):
        raise Refused(f"{path} belongs to uid {found.st_uid}, neither to the user nor to root: chown it")
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and found.st_gid != os.getegid()):
        raise Refused(f"{path} is writable by others (mode {mode:04o}): chmod go-w {path}")
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def stamp(path: str) -> Stamp | None:
    """The stamp of ``path``, None if there is no such file. Raises Refused."""
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            if ownership.belongs_to_another(found) and not comes_with_pyfilter(path):
                raise Refused(f"{path} is a symbolic link of uid {found.st_uid}: remove it")
            found = os.stat(path)
        return _trusted(path, found)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):  # the rules are away, not absent: a disk that is not mounted
            raise Refused(f"{path} is a symbolic link to {os.readlink(path)}, which does not exist") from None
        return None
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read(path: str) -> tuple[bytes, Stamp]:
    """The content of a rule file, and the stamp of exactly that content; of a file that is too large
    somewhat more than limits.RULES_BYTES. Raises Refused."""
    try:
        descriptor = _opened(path)
        try:
            before = _trusted(path, os.fstat(descriptor))
            data = b""
            while len(data) <= limits.RULES_BYTES and (chunk := os.read(descriptor, 1 << 20)):
                data += chunk
            if _trusted(path, os.fstat(descriptor)) != before:
                raise Changing(f"{path} was changed while it was read")
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return data, before


def _opened(path: str) -> int:
    """Nothing waits: a FIFO in the file's place is refused afterwards."""
    if comes_with_pyfilter(path):
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    return ownership.opened(path, os.O_RDONLY)


def shipped() -> str:
    """The directory of the rule files that come with pyfilter."""
    installed = os.path.join(_PACKAGE, "rules")
    checkout = os.path.dirname(_PACKAGE)
    if not os.path.isdir(installed) and os.path.isfile(os.path.join(checkout, "meson.build")):
        return os.path.join(checkout, "rules")
    return installed


def comes_with_pyfilter(path: str) -> bool:
    return path.startswith(os.path.dirname(_PACKAGE)) and os.path.dirname(path) == shipped()


def listed(pattern: str) -> tuple[str, ...]:
    """The names in a directory that the last part of ``pattern`` (`*` and `?`) stands for, in order; never hidden
    files, nor those that editors leave behind (`x.rules~`). Raises Refused: whoever can write the directory can
    put any file of the user's there."""
    directory, _, name = pattern.rpartition("/")
    try:
        found = os.stat(directory or "/")
        if found.st_uid not in (os.geteuid(), 0):
            raise Refused(f"{directory} belongs to uid {found.st_uid}, neither to the user nor to root: chown it")
        mode = stat.S_IMODE(found.st_mode)
        if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and found.st_gid != os.getegid()):
            raise Refused(f"{directory} is writable by others (mode {mode:04o}): chmod go-w {directory}")
        names = os.listdir(directory or "/")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError) as error:
        raise Refused(f"{directory} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return tuple(sorted(one for one in names if one[:1] != "." and one[-1:] != "~" and _meets(one, name)))


def _meets(name: str, pattern: str) -> bool:
    """Whether ``name`` is what ``pattern`` says; a star that was too short is made longer, only ever the last one."""
    at = read = 0
    star, after = -1, 0
    while at < len(name):
        if read < len(pattern) and pattern[read] == "*":
            star, after = read, at
            read += 1
        elif read < len(pattern) and pattern[read] in ("?", name[at]):
            at += 1
            read += 1
        elif star >= 0:
            after += 1
            at, read = after, star + 1
        else:
            return False
    return pattern[read:].strip("*") == ""


def check_home(home: str) -> None:
    """Raise Refused unless ``home`` is a directory of the running user's that others cannot write."""
    try:
        found = os.stat(home)
    except FileNotFoundError:
        raise Refused(f"home {home} does not exist: make it, or correct the user's entry") from None
    except (OSError, ValueError) as error:
        raise Refused(f"home {home}: {getattr(error, 'strerror', None) or error}") from None
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode):
        raise Refused(f"home {home} is not a directory")
    if found.st_uid != os.geteuid():
        raise Refused(f"home {home} belongs to uid {found.st_uid}, not to the running user (uid {os.geteuid()})")
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and found.st_gid != os.getegid()):
        raise Refused(f"home {home} is writable by others (mode {mode:04o}): chmod go-w {home}")
