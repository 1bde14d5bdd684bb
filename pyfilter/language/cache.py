"""The user's own cache: checked programs (and other data made from files), as marshalled data.

It lies in ``~/.cache/pyfilter``, a directory of mode 0700. What is read is believed only if directory
and file belong to the running user, nobody else can write them, and the checksum fits; anything
odd means: not there, make it anew. Where one of them, or a directory above, is another user's nothing is written.
Writing fails silently: a cache is never needed.

An entry is MAGIC, a CRC-32, then marshalled data. The sum is against damage, not against the user, and it is
the fastest there is: a megabyte of rules costs a quarter of a millisecond. MAGIC names the format, pyfilter's version
and the interpreter's marshal format, so that another version makes its own.

On the hot path: ``_blake2`` is the C module behind hashlib (which costs 4 ms to import).
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
from _blake2 import blake2b
from binascii import crc32

from pyfilter import __version__, ownership
from pyfilter.language.program import FORMAT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DIRECTORY", "load", "name_for", "store"]

# below the home directory
DIRECTORY = ".cache/pyfilter"

MAGIC = f"pyfilter {__version__} {FORMAT} {sys.implementation.cache_tag} {marshal.version}\n".encode()
_SUM = 4  # bytes of the CRC-32

# bytes; a program of 10,000 rules takes some 5 MB
_LARGEST = 64 << 20


def name_for(kind: str, *parts: str) -> str:
    """A file name for an entry of ``kind`` that is identified by ``parts``."""
    digest = blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16)
    return f"{kind}-{digest.hexdigest()}"


def _sum(body: bytes | memoryview) -> bytes:
    return crc32(body).to_bytes(_SUM, "big")


def load(home: str, name: str) -> object:
    """The data stored under ``name``, or None."""
    try:
        directory = os.stat(os.path.join(home, DIRECTORY))
        if directory.st_uid != os.geteuid() or directory.st_mode & 0o022:
            return None
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(os.path.join(home, DIRECTORY, name), flags)
        try:
            found = os.fstat(descriptor)
            if (
                not stat.S_ISREG(found.st_mode)
                or found.st_uid != os.geteuid()
                or found.st_mode & 0o022
                or found.st_size > _LARGEST
            ):
                return None
            data = b""
            while chunk := os.read(descriptor, 1 << 22):
                data += chunk
        finally:
            os.close(descriptor)
        start = len(MAGIC) + _SUM
        body = memoryview(data)[start:]
        if not data.startswith(MAGIC) or _sum(body) != data[len(MAGIC) : start]:
            return None
        content: object = marshal.loads(body)
        return content
    except (OSError, ValueError, EOFError, TypeError):
        return None


def store(home: str, name: str, content: Any) -> None:
    """Keep ``content`` (plain data) under ``name``; the old entry stays whole until the new one is."""
    try:
        body = marshal.dumps(content)
        directory = ownership.directory(home, DIRECTORY)
        try:
            ownership.put(directory, name, MAGIC + _sum(body) + body, durable=False)
        finally:
            os.close(directory)
    except (OSError, ValueError, MemoryError):
        return
