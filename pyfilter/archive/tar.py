"""A tar archive as if it were unpacked: the members that hold mail, in the order stored.

Nothing is unpacked to disk, and one member is open at a time. The archive is read through twice:
once for which of its directories are Maildirs, once for the mail. Compression is known by the
file's first bytes (gzip, bzip2, xz), not by its name.

A link, a device or another archive within the archive is a member that cannot be read. What is
whole before some damage is yielded, then Damaged is raised: a header that is none ends no archive
silently, as it does for the module of the standard library.

Sources: tar(5) of libarchive; POSIX.1-2017, pax.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from pyfilter.archive.stored import TAR_NAMES, Damaged

if TYPE_CHECKING:
    from typing import Self

Result = TypeVar("Result")

__all__ = ["Member", "members"]

# first bytes -> what reads the rest
COMPRESSIONS: dict[bytes, Callable[[BinaryIO], BufferedIOBase]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}


# tarfile's errors for what ends an archive (its stubs do not name them); any other header error is damage
ENDS = ("EmptyHeaderError", "EOFHeaderError")


@dataclass(frozen=True, slots=True)
class Member:
    """``read`` gives its bytes and may raise Damaged; None if it cannot be read, and ``cause`` says why."""

    name: str
    read: Callable[[int], bytes] | None
    cause: str = ""


def members(stream: BinaryIO) -> Iterator[Member]:
    """The members that would be read if the archive were a directory. Raises Damaged.

    ``stream``: the file, at its beginning; it must be one that can seek. A member must be read
    before the next one is asked for."""
    maildirs = _maildirs(stream)
    archive = _opened(stream)
    while (member := _next(archive)) is not None:
        if member.isdir() or not _holds_mail(member.name, maildirs):
            continue
        if member.islnk() or member.issym():
            yield Member(member.name, None, "is a link within an archive, which is not read")
        elif not member.isreg():
            yield Member(member.name, None, "is a device within an archive, which is not read")
        elif member.name.endswith(TAR_NAMES):
            yield Member(member.name, None, "is an archive within an archive, which is not read")
        else:
            yield Member(member.name, _reader(archive, member))


class _Header(tarfile.TarInfo):
    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ENDS:
                raise
            raise Damaged(str(error)) from None


def _opened(stream: BinaryIO) -> tarfile.TarFile:
    stream.seek(0)
    head = stream.read(max(map(len, COMPRESSIONS)))
    stream.seek(0)
    plain: BinaryIO | BufferedIOBase = stream
    for magic, reader in COMPRESSIONS.items():
        if head.startswith(magic):
            plain = reader(stream)
    return _sound(lambda: tarfile.open(fileobj=plain, mode="r|", tarinfo=_Header))


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    member = _sound(archive.next)
    vars(archive).get("members", []).clear()  # every member is remembered; a large archive need not pay for it
    return member


def _reader(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[int], bytes]:
    content = _sound(lambda: archive.extractfile(member))
    return lambda size: b"" if content is None else _sound(lambda: content.read(size))


def _sound(read: Callable[[], Result]) -> Result:
    """What ``read`` gives. The modules of the standard library raise whatever a damaged field brings about."""
    try:
        return read()
    except Damaged:
        raise
    except Exception as error:
        raise Damaged(str(error) or type(error).__name__) from None


def _maildirs(stream: BinaryIO) -> frozenset[str]:
    """The directories of an archive that are Maildirs, as far as it is whole."""
    found: dict[str, set[str]] = {}
    with contextlib.suppress(Damaged):
        archive = _opened(stream)
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
    """Whether a file of this name would be read in a directory."""
    parts = _parts(name)
    for depth, part in enumerate(parts):
        inside = "/".join(parts[:depth]) in maildirs
        last = depth == len(parts) - 1
        if inside and (part == "tmp" or last):
            return False
        if part.startswith(".") and (last or "/".join(parts[: depth + 1]) not in maildirs):
            return False
    return True
