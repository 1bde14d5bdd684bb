"""The servers that take mail by LMTP: pyfilter, Dovecot with Sieve, and Postfix's sink, which throws all away.

A server is started for one measurement, in a home and a control group of its own, and stopped after it; RuntimeError
where it does not come up::

    with Dovecot(room, rules) as server:
        ... server.socket, server.group.seconds(), server.maildir

Dovecot is set up as its documentation shows it for one user of the system: Maildir, Sieve compiled beforehand,
``mail_fsync = optimized``, which is its default and flushes what is delivered. Everything else is its default, too.

Sources: doc.dovecot.org 2.3, LMTP server and Pigeonhole Sieve; smtp-sink(1).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from . import rule_sets
from .cpu import Group
from .room import Room

__all__ = ["LEAST_SERVER_MS", "RECIPIENT", "SENDER", "Dovecot", "Pyfilter", "Server", "Sink"]

SENDER, RECIPIENT = "ann@sender.example", "ann@bench.example"
PATIENCE_SECONDS = 60
# CPU of a message, milliseconds: a server that spends less has delivered nothing
LEAST_SERVER_MS = 0.05

DOVECOT = """\
base_dir = {run}
state_dir = {run}
log_path = {log}
ssl = no
protocols = lmtp
mail_location = maildir:~/Maildir
mail_fsync = optimized
postmaster_address = postmaster@bench.example
hostname = bench.example
first_valid_uid = 1
lda_mailbox_autocreate = yes
namespace inbox {{
  inbox = yes
  separator = .
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home} allow_all_users=yes
}}
passdb {{
  driver = static
  args = nopassword=y
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
protocol lmtp {{
  mail_plugins = sieve
}}
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{home}/main.sieve
}}
"""


class Server:
    """One server. ``socket``: where it speaks LMTP."""

    name: str

    def __init__(self, room: Room, rules: tuple[rule_sets.Rule, ...], home: Path | None = None) -> None:
        self.room = room
        self.home = home or room.home()
        self.maildir = self.home / "Maildir"
        self.socket = str(self.home / "lmtp")
        self.log = self.home / "log"
        self.group = Group(f"bench-{self.home.name}")
        self.prepare(rules)
        self.process = self.begin()
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def prepare(self, rules: tuple[rule_sets.Rule, ...]) -> None:
        """Write what it reads."""

    def begin(self) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.room.stop(self.process)
        self.group.close()

    def _wait(self) -> None:
        """Until it greets."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._greets():
            ended = self.process.poll()
            if ended is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace") if self.log.exists() else ""
                raise RuntimeError(f"{self.name} does not answer (status {ended}): {said}")
            time.sleep(0.02)

    def _greets(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asking:
            try:
                asking.settimeout(PATIENCE_SECONDS)
                asking.connect(self.socket)
                return asking.recv(512).startswith(b"220")
            except OSError:
                return False


class Pyfilter(Server):
    """`pyfilter serve`; ``installation`` is the directory of the programs."""

    name = "pyfilter LMTP"
    installation: Path

    def prepare(self, rules: tuple[rule_sets.Rule, ...]) -> None:
        self.room.write(self.home / ".pyfilterrc", rule_sets.text(rules, "pyfilter", self.home))

    @property
    def takes_commands(self) -> bool:
        """Does the launcher find it? What is measured as warm would be cold otherwise."""
        return (self.home / ".local/state/pyfilter/socket").is_socket()

    def begin(self) -> subprocess.Popen[bytes]:
        command = [str(self.installation / "pyfilter"), "serve", "--lmtp", f"unix:{self.socket}"]
        with self.log.open("wb") as log:
            return self.room.start(command, self.home, self.group, output=log)


class Dovecot(Server):
    """Its master runs as root; lmtp(8) delivers as the account."""

    name = "Dovecot LMTP"

    def prepare(self, rules: tuple[rule_sets.Rule, ...]) -> None:
        run = self.home / "run"
        run.mkdir(0o755)
        self.home.chmod(0o755)
        self.socket = str(run / "lmtp")
        self.room.write(self.home / "main.sieve", rule_sets.text(rules, "sieve", self.home))
        self.configuration = self.home / "dovecot.conf"
        words = {"run": run, "log": self.log, "home": self.home, "uid": self.room.uid, "gid": self.room.gid}
        self.configuration.write_text(DOVECOT.format(**words))
        compiler = ["sievec", "-c", str(self.configuration), str(self.home / "main.sieve")]
        subprocess.run(compiler, check=True, capture_output=True)
        os.chown(self.home / "main.svbin", self.room.uid, self.room.gid)

    def begin(self) -> subprocess.Popen[bytes]:
        command = ["/usr/sbin/dovecot", "-F", "-c", str(self.configuration)]
        return self.room.start(command, self.home, self.group, as_root=True)


class Sink(Server):
    """What the client can do at most: nothing is looked at, nothing is kept."""

    name = "smtp-sink"

    def begin(self) -> subprocess.Popen[bytes]:
        self.socket = str(self.room.directory(self.home / "sink") / "lmtp")
        command = ["/usr/sbin/smtp-sink", "-L", f"unix:{self.socket}", "256"]
        return self.room.start(command, self.home, self.group)
