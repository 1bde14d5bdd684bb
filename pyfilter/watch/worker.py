"""The process that files what the watching one has seen (watching.py), one message after the other, until that is gone.

A job is a packet of words, with a NUL between them: ``file MAILDIR NAME``, or ``teach FOLDER NAME KIND``. Back come a
word and a sentence: of a message one of filing.RESULTS, of a lesson "learnt", "known", "large", "skipped" or "failed".

- Why a process of its own: a deadline's alarm, a limit of memory, or code that never comes back to Python ends this
  one, and the message is tried again later, behind all others. The locks of the Maildirs (watching.py) are held here as
  well: where the watching process is killed, no other begins before what is being filed here has its end.
- Whatever goes wrong with a message is deferred, and logged.
"""

from __future__ import annotations

import os
import resource
import signal
import socket

from pyfilter import limits
from pyfilter.bounds import lower
from pyfilter.delivering import report
from pyfilter.server.rulebook import Rulebook

__all__ = ["JOB_BYTES", "main"]

# two paths of PATH_MAX, 4096 bytes, and more
JOB_BYTES = 16 << 10


def main(descriptor: int, home: str) -> None:
    """Do the jobs that come on ``descriptor`` for the user whose home is ``home``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    lower((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, limits.MEMORY_BYTES))
    rulebook = Rulebook(home)
    with socket.socket(fileno=descriptor) as end:
        end.set_inheritable(False)
        while packet := end.recv(JOB_BYTES):
            what, folder, name, *kind = packet.split(b"\0")
            if what == b"file":
                word, why = _file(folder, name, home, rulebook)
            else:
                word, why = _teach(folder, name, b"".join(kind).decode(), home, rulebook)
            end.sendall(f"{word}\0{why}".encode("utf-8", "backslashreplace"))


def _file(maildir: bytes, name: bytes, home: str, rulebook: Rulebook) -> tuple[str, str]:
    from pyfilter.watch.filing import file

    try:
        result = file(maildir, name, home, rulebook)
        return result.word, result.why
    except BaseException as error:
        report(error, home)
        return "deferred", ""


def _teach(folder: bytes, name: bytes, kind: str, home: str, rulebook: Rulebook) -> tuple[str, str]:
    from pyfilter.watch.lessons import teach

    try:
        return teach(folder, name, kind, home, rulebook.read().settings)
    except BaseException as error:
        return "failed", f"{type(error).__name__}: {error}"
