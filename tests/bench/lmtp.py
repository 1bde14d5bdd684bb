"""Messages over LMTP: pyfilter against Dovecot with Sieve, and how fast the client could be.

16 connections; every message is another one, about 7 kB. In each round and for each set of rules both servers are
started in a fresh home, take some messages to get warm, and then those that are measured. What lies on the disk
afterwards is compared with what was sent (filed.py).

Figures of a row: ``cpu`` is the milliseconds a message that all processes of the server have cost, the client's left
out; ``rate`` messages a second; ``p50`` and ``p95`` milliseconds from MAIL to the reply; ``client`` the client's own
milliseconds a message. The sink's row says what the client takes of these processors when nobody delivers.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .corpus import Letter, typical
from .filed import trouble
from .results import Row, Run, attempt, in_turn
from .room import Room
from .rule_sets import SETS, Rule
from .servers import RECIPIENT, SENDER, Dovecot, Pyfilter, Server, Sink

__all__ = ["CASES", "CONTENDERS", "PROGRAMS", "Sender", "measure", "wire"]

CASES = ("4", "50", "1000", "1000 regex", "5", "5000")
CONNECTIONS = 16
WARM = 96
PROGRAMS = [
    ("/usr/sbin/dovecot", "dovecot-core"),
    ("/usr/bin/sievec", "dovecot-sieve"),
    ("/usr/lib/dovecot/lmtp", "dovecot-lmtpd"),
    ("/usr/sbin/smtp-sink", "postfix"),
]
CONTENDERS: tuple[type[Server], ...] = (Dovecot, Pyfilter)
SOURCE = Path(__file__).with_name("sender.c")


class Sender:
    """The client (sender.c), compiled, with messages as they go over the wire."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._program = directory / "sender"
        subprocess.run(["cc", "-std=gnu11", "-O2", "-D_GNU_SOURCE", str(SOURCE), "-o", str(self._program)], check=True)

    def load(self, letters: Sequence[Letter], name: str) -> Path:
        """A file of ``letters`` for ``send``."""
        file = self._directory / name
        with file.open("wb") as out:
            for letter in letters:
                data = wire(letter.data)
                out.write(b"%d\n%b" % (len(data), data))
        return file

    def send(
        self, place: str, file: Path, connections: int = CONNECTIONS, recipient: str = RECIPIENT
    ) -> tuple[dict[str, float], str]:
        """(figures, trouble): how long it took, and whether every message was taken. ``place``: the path of a socket
        for LMTP, or a port for SMTP."""
        command = [str(self._program), place, str(connections), SENDER, recipient, str(file)]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            return {}, f"the messages could not be sent: {ended.stderr.strip()}"
        head, *lines = ended.stdout.splitlines()
        wall, cpu = map(float, head.split())
        times = sorted(int(line.split()[0]) / 1000 for line in lines)
        refused = [line.split()[1] for line in lines if not line.endswith(" 250")]
        figures = {
            "rate": len(times) / wall,
            "p50": times[len(times) // 2],
            "p95": times[len(times) * 95 // 100],
            "client": cpu * 1000 / len(times),
        }
        return figures, f"{len(refused)} messages were answered {refused[0]}" if refused else ""


def wire(data: bytes) -> bytes:
    """As DATA sends it: CR LF, a dot doubled where a line begins with it, and a dot alone."""
    return data.replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..") + b".\r\n"


def measure(room: Room, run: Run, rounds: int, messages: int, cases: Sequence[str]) -> None:
    sender = Sender(room.path)
    count = min(WARM, 2 * messages)
    letters = typical(count + messages)
    warm, measured = sender.load(letters[:count], "warm"), sender.load(letters[count:], "measured")
    for round in range(1, rounds + 1):
        with Sink(room, ()) as sink:
            figures, problem = sender.send(sink.socket, measured)
            run.add(Row(round, Sink.name, "", figures, problem))
        for case in cases:
            for contender in in_turn(CONTENDERS, round):
                row = partial(_row, room, sender, contender, case, round, letters, messages, warm, measured)
                run.add(attempt(row, round, contender.name, case))
                run.save()


def _row(
    room: Room,
    sender: Sender,
    contender: type[Server],
    case: str,
    round: int,
    letters: list[Letter],
    messages: int,
    warm: Path,
    measured: Path,
) -> Row:
    rules: tuple[Rule, ...] = SETS[case]
    with contender(room, rules) as server:
        _, problem = sender.send(server.socket, warm)
        before = server.group.seconds_at_rest()
        figures, refused = sender.send(server.socket, measured)
        spent = server.group.seconds_at_rest() - before
    figures["cpu"] = spent * 1000 / messages
    problem = problem or refused or trouble(server.maildir, letters, rules)
    return Row(round, contender.name, case, figures, problem)
