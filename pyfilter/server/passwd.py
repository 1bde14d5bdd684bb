"""A user of the system, looked up so that "not there" and "cannot be asked" are two things.

In: a name. Out: an ``Account``; None: there is none. Raises OSError where a directory of users (LDAP, NIS) does not
answer: Python's own pwd says KeyError of both, and mail would be refused because a server is down.

Sources: getpwnam_r(3), with the errors it counts among "not found"; nsswitch.conf(5).
"""

from __future__ import annotations

import ctypes
import errno
import os

__all__ = ["Account", "look_up"]

NOT_FOUND = frozenset({0, errno.ENOENT, errno.ESRCH, errno.EBADF, errno.EPERM})
# bytes of an entry; one with more is none
MOST_BYTES = 1 << 20


class _Passwd(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("password", ctypes.c_char_p),
        ("uid", ctypes.c_uint),
        ("gid", ctypes.c_uint),
        ("gecos", ctypes.c_char_p),
        ("home", ctypes.c_char_p),
        ("shell", ctypes.c_char_p),
    ]


class Account:
    """What getpwnam(3) says of one user."""

    __slots__ = ("gid", "home", "name", "uid")

    def __init__(self, name: str, uid: int, gid: int, home: str) -> None:
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home


def look_up(name: str) -> Account | None:
    """Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    entry, found, size = _Passwd(), ctypes.POINTER(_Passwd)(), 1024
    while True:
        buffer = ctypes.create_string_buffer(size)
        status = library.getpwnam_r(
            os.fsencode(name), ctypes.byref(entry), buffer, ctypes.c_size_t(size), ctypes.byref(found)
        )
        if status != errno.ERANGE or size >= MOST_BYTES:
            break
        size *= 4
    if found:
        return Account(os.fsdecode(entry.name), entry.uid, entry.gid, os.fsdecode(entry.home or b""))
    if status in NOT_FOUND:
        return None
    raise OSError(status, os.strerror(status))
