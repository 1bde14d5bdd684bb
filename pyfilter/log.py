"""The log: one line a delivery, to syslog or a file.

``set log`` names a file; else syslog (facility mail) where there is one, else
``~/.local/state/pyfilter/log``. Whatever came from a message is escaped: control and bidi
characters, and anything that could start a line of its own (CONTRACT: logs). Never the body. A log
that cannot be written never changes how a delivery ends, and one that stands still never holds it up:
the datagram for syslog (RFC 3164) is sent without waiting, which syslog(3) does not do. Where no daemon
takes it, the line goes to the file. One that another user has put there, or leads to by a symbolic link, gets none
(ownership.py).
"""

from __future__ import annotations

import errno
import os
import time

from pyfilter import limits, ownership

__all__ = ["DEFAULT", "escaped", "write"]

# below the home directory
DEFAULT = ".local/state/pyfilter/log"

# files that stay open: a server has those of many users
OPEN = 16
_open: dict[str, int] = {}  # the one written to last is the last

_DEVICE = "/dev/log"
_MAIL_INFO = 2 * 8 + 6  # facility and severity, RFC 3164, section 4.1.1

# Unicode's bidi controls and line separators (UAX 9, UAX 14)
_TURNING = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def escaped(text: str) -> str:
    """``text`` on one line with every control, bidi or half character written as ``\\\\xNN`` or ``\\\\uNNNN``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() and character not in _TURNING
        else character.encode("unicode_escape", "replace").decode("ascii")
        for character in text
    )


def _to_syslog(text: str) -> bool:
    from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, socket

    stamp = time.strftime("%b %e %H:%M:%S")
    record = f"<{_MAIL_INFO}>{stamp} pyfilter[{os.getpid()}]: {text}".encode("utf-8", "replace")
    try:
        end = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
        try:
            end.connect(_DEVICE)
            end.send(record)
        finally:
            end.close()
    except OSError:
        return False
    return True


def write(text: str, home: str, setting: str = "") -> None:
    """Write one line; ``setting`` is the value of ``set log``, ``home`` empty where it is not known. Never raises."""
    text = escaped(text[: limits.LOG_CHARACTERS])[: limits.LOG_CHARACTERS]
    try:
        if not setting and os.path.exists(_DEVICE) and _to_syslog(text):
            return
        if not home:  # nowhere that is known to be the user's
            return
        path = setting or "~/" + DEFAULT
        if path.startswith("~/"):
            path = os.path.join(home, path[2:])
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        os.write(_opened(path, home), f"{stamp} pyfilter[{os.getpid()}]: {text}\n".encode("utf-8", "replace"))
    except (OSError, ValueError, ImportError):
        return


def _opened(path: str, home: str) -> int:
    """The file, to append to. It stays open as long as it is the one that lies there, for the next line."""
    kept = _open.pop(path, -1)
    if kept >= 0:
        if _lies_there(kept, path):
            _open[path] = kept
            return kept
        os.close(kept)
    if path == os.path.join(home, DEFAULT):
        os.close(ownership.directory(home, os.path.dirname(DEFAULT)))
    descriptor = ownership.opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    found = os.fstat(descriptor)
    if ownership.belongs_to_another(found):
        os.close(descriptor)
        raise ownership.Distrusted(errno.EPERM, f"belongs to uid {found.st_uid}", path)
    while len(_open) >= OPEN:
        os.close(_open.pop(next(iter(_open))))
    _open[path] = descriptor
    return descriptor


def _lies_there(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False
