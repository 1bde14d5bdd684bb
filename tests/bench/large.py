"""Large messages over LMTP: how much memory the largest process takes, and whether time grows with the length alone.

One connection, three messages of each size; a fresh server for each size, so that its processes' peak is that size's.
The rules are those of "4" in rule_sets.py.

Figures of a row: ``ms`` from MAIL to the reply, the median; ``cpu`` milliseconds a message of all processes of the
server; ``peak`` the most memory that one of them has had, in millions of bytes, and ``times`` how often the message
goes into it.
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Sequence
from functools import partial

from .corpus import Letter, large
from .filed import trouble
from .lmtp import CONTENDERS, PROGRAMS, wire
from .results import Row, Run, attempt, in_turn
from .room import Room
from .rule_sets import SETS
from .servers import RECIPIENT, SENDER, Server

__all__ = ["CASES", "PROGRAMS", "measure"]

# what it is called -> bytes
CASES = {"7 kB": 7_000, "1 MB": 1_000_000, "5 MB": 5_000_000, "25 MB": 25_000_000}
RULES = "4"
PATIENCE_SECONDS = 120


class Client:
    """One connection, which stays open while somebody looks at the server's processes."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_SECONDS)
        self._socket.connect(path)
        self._file = self._socket.makefile("rb")
        self.say(b"")
        self.say(b"LHLO bench.example\r\n")

    def say(self, data: bytes) -> bytes:
        """The last line of the reply."""
        self._socket.sendall(data)
        while (line := self._file.readline())[3:4] == b"-":
            pass
        return line

    def send(self, letter: Letter) -> tuple[float, bytes]:
        """(milliseconds, reply)."""
        data = wire(letter.data)
        began = time.perf_counter()
        self.say(f"MAIL FROM:<{SENDER}>\r\n".encode())
        self.say(f"RCPT TO:<{RECIPIENT}>\r\n".encode())
        self.say(b"DATA\r\n")
        reply = self.say(data)
        return (time.perf_counter() - began) * 1000, reply

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def measure(room: Room, run: Run, rounds: int, messages: int, cases: Sequence[str]) -> None:
    letters = {case: [large(CASES[case], number) for number in range(1, messages + 1)] for case in cases}
    for round in range(1, rounds + 1):
        for case in cases:
            for contender in in_turn(CONTENDERS, round):
                row = partial(_row, room, contender, case, round, letters[case])
                run.add(attempt(row, round, contender.name, case))
                run.save()


def _row(room: Room, contender: type[Server], case: str, round: int, letters: list[Letter]) -> Row:
    rules = SETS[RULES]
    warm = large(CASES["7 kB"], 900_001)
    with contender(room, rules) as server:
        client = Client(server.socket)
        sent = [client.send(warm)]
        before = server.group.seconds_at_rest()
        sent += [client.send(letter) for letter in letters]
        spent = server.group.seconds_at_rest() - before
        peak = max(bytes for _, bytes in server.group.peaks())
        client.close()
    figures = {
        "ms": statistics.median(took for took, _ in sent[1:]),
        "cpu": spent * 1000 / len(letters),
        "peak": peak / 1e6,
        "times": peak / len(letters[0].data),
    }
    refused = [reply for _, reply in sent if not reply.startswith(b"250")]
    problem = f"a message was answered {refused[0].decode().strip()}" if refused else ""
    problem = problem or trouble(server.maildir, [warm, *letters], rules)
    return Row(round, contender.name, case, figures, problem)
