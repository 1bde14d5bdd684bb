"""A real server in a home of its own, and a client that speaks LMTP with it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pyfilter

PACKAGES = str(Path(pyfilter.__file__).parent.parent)
QUEUED = b"Received: from x by y; now\r\n"


class Server:
    """`pyfilter serve` for one home. ``rules``: what stands in its rule file."""

    def __init__(self, directory: Path, rules: str = "", *options: str) -> None:
        self.home = directory / "home"
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.rules(rules)
        self.path = directory / "lmtp"
        self._options = options
        self.process = self.start()

    def rules(self, text: str) -> None:
        path = self.home / ".pyfilterrc"
        path.write_text(text, "utf-8")
        path.chmod(0o600)

    def start(self) -> subprocess.Popen[bytes]:
        """Returns when it listens: it says so."""
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pyfilter",
                "serve",
                "--lmtp",
                f"unix:{self.path}",
                "--workers",
                "2",
                *self._options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", "PYTHONPATH": PACKAGES},
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == f"pyfilter serve: LMTP at {self.path}; Ctrl-C ends it\n".encode(), said
        self.process = process
        return process

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        rest = self.process.stdout.read()
        assert rest == b"", rest
        return self.process.wait(30)

    def workers(self) -> list[int]:
        """Process ids."""
        return [number for number in self._children() if not _is_clerk(number)]

    def clerks(self) -> list[int]:
        """Process ids of those who take mail of the launcher."""
        return [number for number in self._children() if _is_clerk(number)]

    def _children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(number) for number in listed.split()]

    def mail(self) -> dict[str, list[bytes]]:
        """Folder -> what a reader sees in it."""
        found: dict[str, list[bytes]] = {}
        for path in sorted(self.home.glob("Maildir/**/*")):
            if path.parent.name in ("new", "cur") and path.is_file():
                found.setdefault(path.parent.parent.name, []).append(path.read_bytes())
        return found

    @property
    def log(self) -> str:
        path = self.home / ".local/state/pyfilter/log"
        return path.read_text("utf-8") if path.exists() else ""


def _is_clerk(process: int) -> bool:
    try:
        return b"pyfilter.server.clerk" in Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


class Client:
    """One connection. Each method gives the replies as the server sent them."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(server.path))
        self._socket.settimeout(60)
        self._file = self._socket.makefile("rb")
        assert self.reply().startswith(b"220 ")
        assert self.say(b"LHLO there.example\r\n").startswith(b"250-")

    def reply(self) -> bytes:
        heard = b""
        while line := self._file.readline():
            heard += line
            if line[3:4] != b"-":
                break
        return heard

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def say(self, data: bytes) -> bytes:
        self.send(data)
        return self.reply()

    def begin(self, *recipients: str) -> None:
        """Up to the message."""
        assert self.say(b"MAIL FROM:<ann@x.example>\r\n") == b"250 2.1.0 sender ok\r\n"
        for recipient in recipients:
            assert self.say(f"RCPT TO:<{recipient}>\r\n".encode()) == b"250 2.1.5 recipient ok\r\n"
        assert self.say(b"DATA\r\n").startswith(b"354 ")

    def mail(self, text: bytes, *recipients: str) -> list[bytes]:
        """One message; the reply for each recipient."""
        self.begin(*(recipients or ("me@y.example",)))
        self.send(text + b"\r\n.\r\n")
        return [self.reply() for _ in recipients or ("me",)]

    def close(self) -> None:
        self._file.close()
        self._socket.close()
