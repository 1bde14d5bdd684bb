"""Debian's Dovecot inside the machine: an IMAP server on its stock port, and a mail client that looks.

Every account reads its own Maildir, in the layout it was added with; the password is that of everybody. Nothing of
what Dovecot is asked may leave an error in its log: ``complaints``.

Names are shown with "/" between their parts, whatever separates them in the layout, and in Unicode (RFC 3501,
section 5.1.3, has them in modified UTF-7; it is decoded here by a codec of our own, not by what is under test).
"""

from __future__ import annotations

import base64
import imaplib
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .account import Account
from .follow import SECONDS

__all__ = ["Client", "Dovecot", "Seen"]

ADDRESS = ("127.0.0.1", 143)
LOG = Path("/var/log/dovecot.log")
USERS = Path("/etc/dovecot/users.d")  # a file for each: Dovecot looks no oftener than once a second whether one is new
PASSWORD = "secret"
CONFIGURATION = f"""\
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = {LOG}
passdb {{
  driver = passwd-file
  args = {USERS}/%u
}}
userdb {{
  driver = passwd-file
  args = {USERS}/%u
}}
namespace inbox {{
  inbox = yes
}}
"""
LISTED = re.compile(rb'\((?P<signs>[^)]*)\) "(?P<separator>.)" (?P<name>.*)')
SIZES = re.compile(rb"RFC822\.SIZE (?P<size>\d+)")
MODIFIED_UTF7 = re.compile(r"&([A-Za-z0-9+,]*)-")
COMPLAINT = re.compile(r"\b(Error|Warning|Fatal|Panic): ")


@dataclass(frozen=True)
class Seen:
    """One message, as the client got it."""

    data: bytes  # line ends are CR LF
    size: int  # what the server said before: RFC822.SIZE
    flags: frozenset[str]


class Dovecot:
    """A running Dovecot."""

    def __init__(self) -> None:
        Path("/etc/dovecot/dovecot.conf").write_text(CONFIGURATION)
        USERS.mkdir()
        LOG.write_text("")
        self.process = subprocess.Popen(["dovecot", "-F"])
        deadline = time.monotonic() + SECONDS
        while not answers():
            assert self.process.poll() is None, LOG.read_text()
            assert time.monotonic() < deadline, "dovecot does not listen"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)

    def add(self, account: Account, layout: str) -> None:
        location = f"maildir:~/Maildir{':LAYOUT=fs' if layout == 'fs' else ''}"
        line = f"{account.name}:{{PLAIN}}{PASSWORD}:{account.uid}:{account.gid}::{account.home}::userdb_mail={location}"
        (USERS / account.name).write_text(f"{line}\n")

    def client(self, account: Account) -> Client:
        return Client(account.name)

    def complaints(self) -> list[str]:
        return [line for line in LOG.read_text().splitlines() if COMPLAINT.search(line)]


class Client:
    """A mail client that has logged in."""

    def __init__(self, name: str) -> None:
        self.connection = imaplib.IMAP4(*ADDRESS, timeout=SECONDS)
        self.connection.login(name, PASSWORD)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.logout()

    def folders(self) -> set[str]:
        """Those that can be opened."""
        return {name for name, signs in self._listed(self.connection.list()) if "\\Noselect" not in signs}

    def subscribed(self) -> set[str]:
        return {name for name, _ in self._listed(self.connection.lsub())}

    def make(self, folder: str) -> None:
        done(self.connection.create(self._quoted(folder)))

    def messages(self, folder: str) -> list[Seen]:
        done(self.connection.select(self._quoted(folder), readonly=True))
        found = []
        for number in done(self.connection.search(None, "ALL"))[0].split():
            (sizes,) = done(self.connection.fetch(number, "(FLAGS RFC822.SIZE)"))
            (_, data), _ = done(self.connection.fetch(number, "BODY.PEEK[]"))
            size = SIZES.search(sizes)
            assert size is not None
            flags = frozenset(flag.decode() for flag in imaplib.ParseFlags(sizes)) - {"\\Recent"}
            found.append(Seen(data, int(size["size"]), flags))
        return found

    # ------------------------------------------------------------ names

    def _listed(self, answer: tuple[str, list[bytes | None]]) -> list[tuple[str, str]]:
        found = [LISTED.fullmatch(line) for line in done(answer) if line is not None]
        assert all(found), answer
        return [
            (
                decoded(match["name"].decode("ascii").strip('"').replace(match["separator"].decode(), "/")),
                match["signs"].decode(),
            )
            for match in found
            if match
        ]

    def _quoted(self, folder: str) -> str:
        """As this account's layout has it, in quotes."""
        (line,) = done(self.connection.list('""', '""'))
        match = LISTED.fullmatch(line)
        assert match is not None
        return f'"{encoded(folder).replace("/", match["separator"].decode())}"'


def decoded(name: str) -> str:
    def text(shifted: re.Match[str]) -> str:
        if not shifted[1]:
            return "&"
        padded = shifted[1].replace(",", "/") + "=" * (-len(shifted[1]) % 4)
        return base64.b64decode(padded).decode("utf-16-be")

    return MODIFIED_UTF7.sub(text, name)


def encoded(name: str) -> str:
    def shifted(run: re.Match[str]) -> str:
        base64_of_it = base64.b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{base64_of_it}-"

    return re.sub(r"[^ -~]+", shifted, name.replace("&", "&-"))


def done(answer):  # type: ignore[no-untyped-def]
    """What the server answered to a command that went well."""
    assert answer[0] == "OK", answer
    return answer[1]


def answers() -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(ADDRESS) == 0
