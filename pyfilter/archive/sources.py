"""Stored mail, one message after the other.

``messages(path)`` yields what lies at ``path``, each as a Found (name and bytes) or an Unread
(name and cause; never an exception):

=================== ==================================================== ====================
``path``            is read as                                           names
=================== ==================================================== ====================
a file              a message                                            ``path``
… beginning `From ` an mbox                                              ``path#1``, ``path#2`` …
a directory         every file in it, and in the directories below       ``path/file``
a Maildir           what lies in ``new/`` and ``cur/``, and its folders  ``path/cur/file``
``.tar``, ``.tgz``… its members as if they lay in a directory            ``path:member``
``-``               standard input, a message or an mbox                 ``-``, ``-#1`` …
=================== ==================================================== ====================

Rules
- Nothing is written, locked, unpacked or left behind; not even the time of the last access
  changes where the kernel allows that.
- A directory is a Maildir if it has ``new`` and ``cur`` (maildir(5)). Its ``tmp`` and the files
  beside ``new`` and ``cur`` (indexes of a server) hold no messages. Of the names that begin with a
  dot only folders that are themselves Maildirs are read (Maildir++: ``.Cron.DenyHosts``).
- Links to files are followed; links to directories are not, save for ``path`` itself, so that no
  link leads in a circle or out of the archive.
- What is packed (gzip, zip, a tar by another name) is an Unread, not a message of odd bytes.
- Only regular files are opened: a FIFO or a device is an Unread. An empty file is an empty
  mailbox: no message.
- Order: numbers by value (MH), then names by their characters; in a tar, as stored.
- How an mbox is split stands in mbox.py, what is read of a tar in tar.py.
- One message is in memory at a time, of at most limits.ARCHIVE_MESSAGE_BYTES.

Sources: maildir(5); Maildir++ (courier-imap); mh-mail(5).
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

from pyfilter import limits
from pyfilter.archive.mbox import CHUNK, is_mbox, split
from pyfilter.archive.stored import TAR_NAMES, Damaged, Found, Item, Unread

__all__ = ["Found", "Item", "Unread", "measure", "messages"]


def messages(path: str) -> Iterator[Item]:
    """All messages at ``path``, ``"-"`` for standard input."""
    if path == "-":
        if sys.stdin is None:
            yield Unread("-", "is closed: there is no standard input")
        else:
            yield from _mailbox("-", _ending_once(sys.stdin.buffer.read))
        return
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        yield Unread(path, _cause(error))
        return
    if stat.S_ISDIR(mode):
        yield from _directory(path)
    else:
        yield from _file(path)


def measure(path: str) -> int | None:
    """Bytes of the files at ``path``, for a progress bar; None where that says nothing (standard
    input, a compressed archive)."""
    if path == "-" or (path.endswith(TAR_NAMES) and not path.endswith(".tar")):
        return None
    try:
        if not os.path.isdir(path):
            return os.stat(path).st_size
    except (OSError, ValueError):
        return 0
    total = 0
    for name in _walk(path):
        if isinstance(name, str):
            try:
                total += os.stat(name).st_size
            except OSError:
                continue  # reading it will say so
    return total


# ------------------------------------------------------------- directories


def _directory(path: str) -> Iterator[Item]:
    for name in _walk(path):
        if isinstance(name, Unread):
            yield name
        else:
            yield from _file(name)


def _walk(path: str) -> Iterator[str | Unread]:
    """Paths of all files that hold mail, below ``path``."""
    waiting: list[tuple[str, bool | None]] = [(path, None)]  # a path and whether it is a file
    while waiting:
        name, is_file = waiting.pop()
        if is_file:
            yield name
            continue
        try:
            with os.scandir(name) as entries:
                listed = sorted(entries, key=_order)
        except OSError as error:
            yield Unread(name, _cause(error))
            continue
        inside = _inside_maildir(listed)
        for entry in reversed(listed):
            directory = _is_directory(entry)
            if inside and (entry.name == "tmp" or not directory):
                continue
            if entry.name.startswith(".") and not (directory and _is_maildir(entry.path)):
                continue
            if not directory and entry.is_symlink() and os.path.isdir(entry.path):
                continue
            waiting.append((entry.path, not directory))


def _order(entry: os.DirEntry[str]) -> tuple[int, int, str]:
    name = entry.name
    number = int(name) if name.isascii() and name.isdigit() and len(name) < 20 else None
    return (1, 0, name) if number is None else (0, number, name)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _inside_maildir(listed: list[os.DirEntry[str]]) -> bool:
    return sum(entry.name in ("cur", "new") and _is_directory(entry) for entry in listed) == 2


def _is_maildir(path: str) -> bool:
    return all(os.path.isdir(os.path.join(path, name)) for name in ("cur", "new"))


# ------------------------------------------------------------------- files


def _file(path: str) -> Iterator[Item]:
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
        if kind != stat.S_IFREG:
            yield Unread(path, f"is {KINDS.get(kind, 'not a regular file')}, not a message")
            return
        descriptor = _open(path)
    except (OSError, ValueError) as error:
        yield Unread(path, _cause(error))
        return
    with open(descriptor, "rb", buffering=0) as stream:
        if path.endswith(TAR_NAMES):
            yield from _members(path, stream)
        else:
            yield from _mailbox(path, stream.read)


KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def _open(path: str) -> int:
    # should a FIFO have taken the place of the file meanwhile, this does not wait for it
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:  # only the owner may leave the access time alone
        return os.open(path, flags)


def _cause(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"cannot be read: {error}"


def _members(path: str, stream: BinaryIO) -> Iterator[Item]:
    """The messages in a tar."""
    from pyfilter.archive.tar import members

    try:
        for member in members(stream):
            name = f"{path}:{member.name}"
            if member.read is None:
                yield Unread(name, member.cause)
            else:
                yield from _mailbox(name, member.read)
    except Damaged as damage:
        yield Unread(path, f"is damaged: {damage}")
    except OSError as error:
        yield Unread(path, _cause(error))


# ------------------------------------------------------ a message or an mbox


def _ending_once(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Of a buffered stream: less than was asked for is the end. A terminal asked again would want a
    second Ctrl-D."""
    ended = False

    def once(size: int) -> bytes:
        nonlocal ended
        data = b"" if ended else read(size)
        ended = len(data) < size
        return data

    return once


def _mailbox(name: str, read: Callable[[int], bytes | None]) -> Iterator[Item]:
    """The messages of one file, whose bytes ``read`` gives."""
    try:
        head = read(CHUNK) or b""
        if cause := _packed(head):
            yield Unread(name, cause)
        elif is_mbox(head):
            for number, data in enumerate(split(head, read), 1):
                yield _item(f"{name}#{number}", data)
        elif head:
            yield _item(name, _whole(head, read))
    except Damaged as damage:
        yield Unread(name, f"is damaged: {damage}")
    except (OSError, ValueError) as error:
        yield Unread(name, _cause(error))


# first bytes that no message has -> what wrote them
PACKED = {
    b"\x1f\x8b": "compressed by gzip",
    b"BZh91AY&SY": "compressed by bzip2",
    b"\xfd7zXZ\0": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"PK\x03\x04": "a zip archive",
}


def _packed(head: bytes) -> str:
    """Why a file that begins with ``head`` is neither a message nor an mbox; empty if it may be one."""
    if head[257:262] == b"ustar" and b"\0" in head[:100]:
        return "is a tar archive, which is read from a file whose name says so (.tar, .tar.gz …)"
    for magic, what in PACKED.items():
        if head.startswith(magic):
            return f"is {what}, not a message: unpack it first"
    return ""


def _item(name: str, data: bytes | None) -> Item:
    if data is None:
        return Unread(name, f"is larger than {limits.ARCHIVE_MESSAGE_BYTES >> 20} MiB, which no message is")
    return Found(name, data)


def _whole(head: bytes, read: Callable[[int], bytes | None]) -> bytes | None:
    """All bytes of one message; None if they are too many."""
    if len(head) < CHUNK:
        tail = read(CHUNK)
        if not tail:
            return head
        head += tail
    data = bytearray(head)
    while chunk := read(CHUNK):
        data += chunk
        if len(data) > limits.ARCHIVE_MESSAGE_BYTES:
            return None
    return bytes(data)
