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
- Only regular files are opened: a FIFO or a device is an Unread. An empty file is an empty
  mailbox: no message.
- Order: numbers by value (MH), then names by their characters; in a tar, as stored.
- An mbox is split at each line that begins with `From ` after an empty line and is followed by a
  header line, or bears a date as an MTA writes it: mail that quotes no body lines (mboxcl, files
  kept by hand) is not cut at "From what I hear …". The empty line before the next `From ` belongs
  to the mbox. All else stays as it was stored, the `From ` line and a `>From ` in a body included,
  as it cannot be known who quoted that. Content-Length is not trusted.
- One message is in memory at a time, of at most limits.ARCHIVE_MESSAGE_BYTES.
- A link, a device or another archive within a tar is an Unread.

Sources: mbox(5); RFC 4155; maildir(5); Maildir++ (courier-imap); mh-mail(5).
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pyfilter import limits

__all__ = ["Found", "Unread", "measure", "messages"]

TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz")
CHUNK = 1 << 18
# bytes from a `From ` line on in which the line and the next one must show what they are; RFC 5322
# allows lines of 998 characters
LOOK_AHEAD = 2048

ENVELOPE_DATE = re.compile(rb" (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:[A-Z][a-z]{2} +\d|\d\d? +[A-Z])")
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
FROM_FIELD = re.compile(rb"From[ \t]+:")  # a header field as RFC 822 allowed it, not an mbox

DAMAGE = (OSError, EOFError, ValueError, OverflowError, tarfile.TarError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class Found:
    """One message as it was stored."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read; ``cause`` completes the sentence that ``name`` begins."""

    name: str
    cause: str


Item = Found | Unread


def messages(path: str) -> Iterator[Item]:
    """All messages at ``path``, ``"-"`` for standard input."""
    if path == "-":
        if sys.stdin is None:
            yield Unread("-", "is closed: there is no standard input")
        else:
            yield from _mailbox("-", sys.stdin.buffer.read)
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
            yield from _tar(path, stream)
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


# ------------------------------------------------------ a message or an mbox


def _mailbox(name: str, read: Callable[[int], bytes | None]) -> Iterator[Item]:
    """The messages of one file, whose bytes ``read`` gives."""
    try:
        head = read(CHUNK) or b""
        if head.startswith(b"From ") and not FROM_FIELD.match(head):
            for number, data in enumerate(_split(head, read), 1):
                yield _item(f"{name}#{number}", data)
        elif head:
            yield _item(name, _whole(head, read))
    except DAMAGE as error:
        yield Unread(name, _damage(error))


def _item(name: str, data: bytes | None) -> Item:
    if data is None:
        return Unread(name, f"is larger than {limits.ARCHIVE_MESSAGE_BYTES >> 20} MiB, which no message is")
    return Found(name, data)


def _damage(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, tarfile.TarError):
        return _cause(error)
    return f"is damaged: {error}"


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


def _split(head: bytes, read: Callable[[int], bytes | None]) -> Iterator[bytes | None]:
    """The messages of an mbox, each with its `From ` line; None for one that is too large."""
    buffer = bytearray(head)
    scan = 0  # what stands before was looked at
    ended = large = False
    while True:
        start = buffer.find(b"\nFrom ", scan)
        if start < 0 or (not ended and len(buffer) - start < LOOK_AHEAD):
            if not ended:
                scan = max(0, len(buffer) - 5) if start < 0 else start
                if scan > limits.ARCHIVE_MESSAGE_BYTES:
                    large = True
                    del buffer[: scan - 2]  # an empty line may stand before
                    scan = 2
                chunk = read(CHUNK)
                ended = not chunk
                buffer += chunk or b""
                continue
            if buffer or large:
                yield None if large else bytes(_without_empty_line(buffer))
            return
        scan = start + 1
        if _separates(buffer, start):
            yield None if large else bytes(_without_empty_line(buffer[:scan]))
            del buffer[:scan]
            scan, large = 0, False


def _separates(buffer: bytearray, start: int) -> bool:
    """Whether the line after the line break at ``start`` begins a message."""
    if not (buffer.endswith(b"\n", 0, start) or buffer.endswith(b"\n\r", 0, start)):
        return False
    line, _, after = bytes(buffer[start + 1 : start + LOOK_AHEAD]).partition(b"\n")
    return bool(HEADER_LINE.match(after) or ENVELOPE_DATE.search(line))


def _without_empty_line(data: bytearray) -> bytearray:
    if data.endswith(b"\n\n"):
        del data[-1:]
    elif data.endswith(b"\n\r\n"):
        del data[-2:]
    return data


# ---------------------------------------------------------------- archives


def _tar(path: str, stream: BinaryIO) -> Iterator[Item]:
    try:
        maildirs = _maildirs(stream)
        stream.seek(0)
        with tarfile.open(fileobj=stream, mode="r|*") as archive:
            while (member := _next(archive)) is not None:
                if not _holds_mail(member.name, maildirs):
                    continue
                name = f"{path}:{member.name}"
                if member.isreg() and not member.name.endswith(TAR_NAMES):
                    content = archive.extractfile(member)
                    if content is not None:
                        yield from _mailbox(name, content.read)
                elif not member.isdir():
                    yield Unread(name, f"is {_member_kind(member)}, which is not read")
    except DAMAGE as error:
        yield Unread(path, _damage(error))


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    """The next member. The module remembers every member, which a large archive need not pay."""
    member = archive.next()
    vars(archive).get("members", []).clear()
    return member


def _member_kind(member: tarfile.TarInfo) -> str:
    if member.islnk() or member.issym():
        return "a link within an archive"
    return "an archive within an archive" if member.isreg() else "a device within an archive"


def _maildirs(stream: BinaryIO) -> frozenset[str]:
    """The directories of an archive that are Maildirs."""
    found: dict[str, set[str]] = {}
    with tarfile.open(fileobj=stream, mode="r|*") as archive:
        while (member := _next(archive)) is not None:
            parts = _parts(member.name)
            if not member.isdir():
                parts = parts[:-1]
            for depth, part in enumerate(parts):
                if part in ("cur", "new"):
                    found.setdefault("/".join(parts[:depth]), set()).add(part)
    return frozenset(path for path, parts in found.items() if len(parts) == 2)


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".")]


def _holds_mail(name: str, maildirs: frozenset[str]) -> bool:
    """Whether a member would be read if the archive were a directory."""
    parts = _parts(name)
    for depth, part in enumerate(parts):
        inside = "/".join(parts[:depth]) in maildirs
        last = depth == len(parts) - 1
        if inside and (part == "tmp" or last):
            return False
        if part.startswith(".") and (last or "/".join(parts[: depth + 1]) not in maildirs):
            return False
    return True
