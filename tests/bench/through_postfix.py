"""From an SMTP client through a real Postfix into the folder: how the ways of delivering differ in the whole.

A Postfix of its own, below the room's directory, with its queue on the disk and its smtpd at a free port of the
loopback interface; its settings are the defaults save for what ``MAIN`` says. Messages come over 8 connections for one
user; local(8) delivers two of them at a time, as is its default. ``CONTENDERS`` says what is set for each.

Figures of a row: ``rate`` is messages a second from the first MAIL until the last is delivered; ``cpu`` the
milliseconds a message of all processes of Postfix, of what it starts and of the server behind it, the client's left
out; ``server`` what the server has of it.

Sources: postconf(5), local(8), lmtp(8), postfix(1) "start-fg".
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from . import rule_sets
from .corpus import Letter, typical
from .cpu import Group
from .filed import trouble
from .lmtp import Sender
from .results import Row, Run, attempt, in_turn
from .room import Room
from .rule_sets import SETS, Rule
from .servers import LEAST_SERVER_MS, Dovecot, Pyfilter, Server

__all__ = ["BUILT_IN", "CASES", "CONTENDERS", "PROGRAMS", "measure"]

CASES = ("4", "1000")
CONNECTIONS = 8
WARM = 40
PATIENCE_SECONDS = 180
PROGRAMS = [
    ("/usr/sbin/postfix", "postfix"),
    ("/usr/bin/procmail", "procmail"),
    ("/usr/sbin/dovecot", "dovecot-core"),
    ("/usr/bin/sievec", "dovecot-sieve"),
    ("/usr/lib/dovecot/lmtp", "dovecot-lmtpd"),
]
BUILT_IN = "built-in Maildir"

MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
maillog_file = {log}
maillog_file_prefixes = {root}
multi_instance_name = postfix-bench
myhostname = bench.example
mydestination = localhost
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
smtp_dns_support_level = disabled
in_flow_delay = 0
{way}
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Contender(NamedTuple):
    """``way``: what main.cf says, ``{socket}`` being the server's. ``rules``: (file in the home, language), where no
    server writes it."""

    name: str
    way: str
    server: Callable[[Room, tuple[Rule, ...], Path], Server] | None = None
    rules: tuple[str, str] | None = None


CONTENDERS = (
    Contender(BUILT_IN, "home_mailbox = Maildir/"),
    Contender("procmail", "mailbox_command = /usr/bin/procmail", rules=(".procmailrc", "procmail")),
    Contender("pyfilter cold", "mailbox_command = {pyfilter}/pyfilter-deliver", rules=(".pyfilterrc", "pyfilter")),
    Contender("pyfilter warm", "mailbox_command = {pyfilter}/pyfilter-deliver", Pyfilter),
    Contender("Dovecot LMTP", "mailbox_transport = lmtp:unix:{socket}", Dovecot),
    Contender("pyfilter LMTP", "mailbox_transport = lmtp:unix:{socket}", Pyfilter),
    Contender("Dovecot LMTP, without local(8)", "local_transport = lmtp:unix:{socket}", Dovecot),
    Contender("pyfilter LMTP, without local(8)", "local_transport = lmtp:unix:{socket}", Pyfilter),
)


class Postfix:
    """A running Postfix that delivers in this ``way``."""

    def __init__(self, room: Room, way: str) -> None:
        self._room = room
        self.root = room.path / "postfix"
        self.log = self.root / "mail.log"
        self.port = _free_port()
        self._etc = self.root / "etc"
        for directory in (self._etc, self.root / "spool"):
            directory.mkdir(parents=True, exist_ok=True)
        data = self.root / "data"
        data.mkdir(exist_ok=True)
        subprocess.run(["chown", "postfix", str(data)], check=True)
        self.log.unlink(missing_ok=True)
        (self._etc / "main.cf").write_text(MAIN.format(root=self.root, log=self.log, way=way))
        (self._etc / "master.cf").write_text(MASTER.format(port=self.port))
        for file in self._etc.iterdir():
            os.utime(file, (0, 0))  # Postfix waits with a file that has just been written
        self.group = Group(f"bench-postfix-{self.port}")
        command = ["/usr/sbin/postfix", "-c", str(self._etc), "start-fg"]
        self.process = room.start(command, self.root, self.group, as_root=True)
        self._seen = 0
        try:
            self._wait(self._listens)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Postfix:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        subprocess.run(["/usr/sbin/postfix", "-c", str(self._etc), "stop"], check=False, capture_output=True)
        self._room.stop(self.process)
        self.group.close()

    def delivered(self) -> int:
        """How many messages so far, as the log says."""
        return self._log().count("status=sent")

    def wait_for(self, count: int) -> str:
        """Until so many are delivered; what went wrong, or ""."""
        self._wait(lambda: self.delivered() >= count or self._failure() != "")
        return self._failure()

    def _failure(self) -> str:
        return next((line for line in self._log().splitlines() if "status=bounced" in line or "status=def" in line), "")

    def _log(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _listens(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Postfix does not go on: {self._log()[-2000:]}")
            time.sleep(0.005)


def measure(room: Room, run: Run, rounds: int, messages: int, cases: Sequence[str]) -> None:
    sender = Sender(room.path)
    warm = min(WARM, 2 * messages)
    letters = typical(warm + messages)
    files = (sender.load(letters[:warm], "warm"), sender.load(letters[warm:], "measured"))
    for round in range(1, rounds + 1):
        for case in cases:
            for contender in in_turn(CONTENDERS, round):
                row = partial(_row, room, sender, contender, case, round, letters, warm, files)
                run.add(attempt(row, round, contender.name, case))
                run.save()


def _row(
    room: Room,
    sender: Sender,
    contender: Contender,
    case: str,
    round: int,
    letters: list[Letter],
    warm: int,
    files: tuple[Path, Path],
) -> Row:
    rules = () if contender.name == BUILT_IN else SETS[case]
    home = room.own_home()
    room.maildir(home / "Maildir", {rule.folder for rule in rules})
    if contender.rules:
        file, language = contender.rules
        room.write(home / file, rule_sets.text(rules, language, home))
    recipient = f"{room.user}@localhost"
    with _served(contender, room, rules, home) as server:
        way = contender.way.format(pyfilter=Pyfilter.installation, socket=server.socket if server else "")
        with Postfix(room, way) as postfix:
            is_unasked = isinstance(server, Pyfilter) and not server.takes_commands
            groups = [postfix.group, *([server.group] if server else [])]
            _, refused = sender.send(str(postfix.port), files[0], CONNECTIONS, recipient)
            problem = refused or postfix.wait_for(warm)
            before = [group.seconds_at_rest() for group in groups]
            began = time.perf_counter()
            _, refused = sender.send(str(postfix.port), files[1], CONNECTIONS, recipient)
            problem = problem or refused or postfix.wait_for(len(letters))
            took = time.perf_counter() - began
            spent = [group.seconds_at_rest() - ago for group, ago in zip(groups, before, strict=True)]
            count = len(letters) - warm
            figures = {"rate": count / took, "cpu": sum(spent) * 1000 / count}
    if server:
        figures["server"] = spent[1] * 1000 / count
        if is_unasked or figures["server"] < LEAST_SERVER_MS:
            problem = problem or "the server was not asked"
    return Row(round, contender.name, case, figures, problem or trouble(home / "Maildir", letters, rules))


@contextlib.contextmanager
def _served(contender: Contender, room: Room, rules: tuple[Rule, ...], home: Path) -> Iterator[Server | None]:
    """The server behind Postfix, whose user may open its socket."""
    if contender.server is None:
        yield None
        return
    with contender.server(room, rules, home) as server:
        home.chmod(0o711)
        os.chmod(server.socket, 0o666)
        yield server


def _free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])
