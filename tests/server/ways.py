"""The ways in which mail comes, each giving what became of it: LMTP, warm, cold.

In: a home with its rules, and letters. Out: of each letter the ``Answer`` that the mail server got; ``filed`` says what
lies in the home then.

=========  ===========================================================================================
``lmtp``   several connections to `pyfilter serve`, which file by DATA what ends with a line, else by BDAT
``warm``   the launcher, for each message, where there is a server to turn to: at most LATE of them may
           find it too busy, and deliver by themselves
``cold``   the launcher, for each message, where there is no server
=========  ===========================================================================================

Every way brings the same envelope: LMTP by its commands, for which the server writes Return-Path and Delivered-To; the
launcher gets these lines above the message, as Postfix's local(8) writes them.
"""

from __future__ import annotations

import os
import re
import socket
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pyfilter import limits

from .serving import Server

__all__ = ["LAUNCHER", "Answer", "Letter", "Way", "beside", "cold", "filed", "lmtp", "logged", "warm"]

LAUNCHER = Path(sysconfig.get_path("scripts")) / "pyfilter-deliver"
STATUSES = {"250": "delivered", "550": "rejected", "451": "deferred", 0: "delivered", 77: "rejected", 75: "deferred"}
# characters of a log line that are not always the same: where it was cut depends on them
VARIES = 200
# of those that are handed over, the part that may find the server too busy
LATE = 0.05


class Letter(NamedTuple):
    """``data`` is what the client sends."""

    name: str
    sender: str
    recipient: str
    data: bytes

    @property
    def came(self) -> bytes:
        """As it lies in a folder."""
        return f"Return-Path: <{self.sender}>\nDelivered-To: {self.recipient}\n".encode() + self.data


class Answer(NamedTuple):
    """``reason``: of a refusal."""

    status: str
    reason: str = ""


# letters, and how many at a time
Way = Callable[[Path, Sequence[Letter], int], list[Answer]]


def _side_by_side(
    letters: Sequence[Letter], many: int, each: Callable[[Sequence[Letter]], list[Answer]]
) -> list[Answer]:
    """Each n-th letter by one of so many, the answers in the order of the letters."""
    with ThreadPoolExecutor(many) as threads:
        parts = list(threads.map(each, [letters[start::many] for start in range(many)]))
    return [parts[place % many][place // many] for place in range(len(letters))]


# ---------------------------------------------------------------------- LMTP


class _Connection:
    def __init__(self, path: Path) -> None:
        self._end = socket.socket(socket.AF_UNIX)
        self._end.settimeout(120)
        self._end.connect(str(path))
        self._heard = self._end.makefile("rb")
        self._reply()
        self._end.sendall(b"LHLO there.example\r\n")
        self._reply()

    def close(self) -> None:
        self._heard.close()
        self._end.close()

    def send(self, letter: Letter) -> Answer:
        begin = f"MAIL FROM:<{letter.sender}>\r\nRCPT TO:<{letter.recipient}>\r\n".encode()
        text = letter.data.replace(b"\n", b"\r\n")
        if letter.data.endswith(b"\n"):
            self._end.sendall(begin + b"DATA\r\n")
            replies = [self._reply(), self._reply(), self._reply()]
            assert replies[-1].startswith(b"354"), replies
            dotted = (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:]
            self._end.sendall(dotted + b".\r\n")
        else:
            self._end.sendall(begin + b"BDAT %d LAST\r\n" % len(text) + text)
            assert [self._reply()[:3], self._reply()[:3]] == [b"250", b"250"]
        code, enhanced, said = self._reply().decode("ascii").rstrip("\r\n").split(" ", 2)
        return Answer(STATUSES[code], said if enhanced == "5.7.1" else "")

    def _reply(self) -> bytes:
        while (line := self._heard.readline())[3:4] == b"-":
            pass
        return line


def lmtp(home: Path, letters: Sequence[Letter], many: int) -> list[Answer]:
    """To a server that is started for it."""

    def each(mine: Sequence[Letter]) -> list[Answer]:
        connection = _Connection(server.path)
        try:
            return [connection.send(letter) for letter in mine]
        finally:
            connection.close()

    with _serving(home) as server:
        return _side_by_side(letters, many, each)


@contextmanager
def _serving(home: Path) -> Iterator[Server]:
    server = Server(home.parent, (home / ".pyfilterrc").read_text("utf-8"))
    try:
        yield server
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


# ------------------------------------------------------------------ launcher


def warm(home: Path, letters: Sequence[Letter], many: int) -> list[Answer]:
    """Handed over to a server that is started for it."""
    with _serving(home):
        _await_clerk(home)
        answers = cold(home, letters, min(many, limits.CLERKS))
    by = Counter(re.findall(r"(?m)^\S+ pyfilter\[(\d+)\]: ", (home / "log").read_text("utf-8")))
    late = sum(times for _, times in by.most_common()[limits.CLERKS :])
    assert late <= max(1, len(letters) * LATE), f"{late} of {len(letters)} were not delivered by the server: {by}"
    return answers


def _await_clerk(home: Path) -> None:
    """Somebody hears us, and has no use for what we say."""
    directory = os.open(home / ".local/state/pyfilter", os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.settimeout(60)
        with suppress(ConnectionError):
            asking.connect(f"/proc/self/fd/{directory}/socket")  # its path may be too long for a socket's
            asking.send(b"nothing")
            assert asking.recv(100) == b""
    os.close(directory)


def cold(home: Path, letters: Sequence[Letter], many: int) -> list[Answer]:
    """Nobody listens in this home."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}

    def each(mine: Sequence[Letter]) -> list[Answer]:
        answers = []
        with tempfile.TemporaryFile(dir=home.parent) as came, tempfile.TemporaryFile(dir=home.parent) as said:
            streams = [
                (os.POSIX_SPAWN_DUP2, came.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, said.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, said.fileno(), 2),
            ]
            for letter in mine:
                for file, content in ((came, letter.came), (said, b"")):
                    file.seek(0)
                    file.truncate()
                    file.write(content)
                    file.seek(0)
                _, extension = _extension(letter.recipient)
                process = os.posix_spawn(LAUNCHER, [LAUNCHER, "-a", extension], environment, file_actions=streams)
                status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                said.seek(0)
                line = said.read().decode("ascii").rstrip("\n")
                answers.append(Answer(STATUSES[status], line.partition(" ")[2] if status == 77 else ""))
        return answers

    return _side_by_side(letters, many, each)


def _extension(recipient: str) -> tuple[str, str]:
    """The local part as local(8) splits it."""
    user, _, extension = recipient.partition("@")[0].partition("+")
    return user, extension


# ------------------------------------------------------------- what lies there

# folder as it is called on disk below the home, flags, digest
Copy = tuple[str, str, str]


def filed(home: Path) -> Counter[Copy]:
    """Every copy in a Maildir of this home."""
    found: Counter[Copy] = Counter()
    for place, _, names in os.walk(home):
        above, _, last = place.rpartition("/")
        if last in ("new", "cur"):
            folder = os.path.relpath(above, home)
            for name in names:
                found[folder, name.partition(":2,")[2], digest(Path(place, name).read_bytes())] += 1
    return found


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:20]


def beside(home: Path) -> Counter[str]:
    """What was put elsewhere: messages of an MH directory and of an mbox, lines that a program has written."""
    found: Counter[str] = Counter()
    for path in home.glob("boxes/**/[0-9]*"):
        found[f"{path.parent.name}: {digest(path.read_bytes())}"] += 1
    for path in home.glob("boxes/*.mbox"):
        for message in (b"\n" + path.read_bytes()).split(b"\nFrom ")[1:]:
            _, _, text = message.rstrip(b"\n").partition(b"\n")
            found[f"{path.name}: {digest(text)}"] += 1
    for path in home.glob("beside"):
        found.update(path.read_text("utf-8", "replace").splitlines())
    return found


def logged(home: Path) -> Counter[str]:
    """The lines of deliveries, less the time they took and where pyfilter's own rules lie: they say by which rule, and
    what else there was."""
    path = home / "log"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    shown = (
        re.sub(r", \d+ ms|/\S*/(?=[a-z]+\.rules:)", "", line.partition(": ")[2]).replace(str(home), "~")
        for line in lines
    )
    return Counter(line[: limits.LOG_CHARACTERS - VARIES] for line in shown)
