"""A real Dovecot for one user, which runs as nobody, in a directory that goes with it."""

from __future__ import annotations

import imaplib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from .watched import SECONDS, until

__all__ = ["NOBODY", "PASSWORD", "Dovecot", "missing", "without_tuid"]

NOBODY = 65534
PASSWORD = "secret"
CONFIGURATION = """\
protocols = imap
base_dir = {directory}/run
state_dir = {directory}/state
instance_name = watched
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = {directory}/log
mail_location = maildir:{directory}/mail/Maildir
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={nobody} gid={nobody} home={directory}/mail
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Dovecot:
    """A mail server with one user, whose Maildir is ``maildir``."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pyfilter-watch-"))
        self.directory.chmod(0o755)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        mail = self.directory / "mail"
        mail.mkdir(mode=0o700)
        self.maildir = mail / "Maildir"
        os.chown(mail, NOBODY, NOBODY)
        configuration = CONFIGURATION.format(directory=self.directory, password=PASSWORD, port=self.port, nobody=NOBODY)
        (self.directory / "conf").write_text(configuration)
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.directory / "conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self.answers)

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.directory / "log").read_text()
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        shutil.rmtree(self.directory)

    def client(self) -> imaplib.IMAP4:
        made = imaplib.IMAP4("127.0.0.1", self.port, timeout=SECONDS)
        made.login("ann", PASSWORD)
        return made

    def add(self, data: bytes, flags: str = "") -> None:
        with self.client() as client:
            assert client.append("INBOX", flags, "", data)[0] == "OK"

    def messages(self) -> dict[str, list[bytes]]:
        """Folder -> what is in it, with LF and without what mbsync writes into what it brings."""
        found: dict[str, list[bytes]] = {}
        with self.client() as client:
            for line in client.list()[1]:
                assert isinstance(line, bytes)
                folder = line.rpartition(b" ")[2].decode()
                client.select(folder, readonly=True)
                for number in client.search(None, "ALL")[1][0].split():
                    data = client.fetch(number, "(BODY.PEEK[])")[1][0][1]
                    found.setdefault(folder, []).append(without_tuid(data))
        return {folder: sorted(mail) for folder, mail in found.items()}

    def move(self, text: str, folder: str, to: str) -> None:
        with self.client() as client:
            client.select(folder)
            (numbers,) = client.search(None, "TEXT", f'"{text}"')[1]
            client.copy(numbers, to)
            client.store(numbers, "+FLAGS", "\\Deleted")
            client.expunge()


def without_tuid(data: bytes) -> bytes:
    return re.sub(rb"(?m)^X-TUID: .*\n", b"", data.replace(b"\r\n", b"\n"))


def missing(*programs: str) -> str:
    """Why there can be none; empty if there can."""
    found = [f"the program `{name}` is missing" for name in ("dovecot", *programs) if shutil.which(name) is None]
    found += ["Dovecot can be started by root only"] if os.geteuid() != 0 else []
    return "; ".join(found)
