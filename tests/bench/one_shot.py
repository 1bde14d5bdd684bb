"""One process a message, as a mail server's ``mailbox_command`` starts it.

procmail, maildrop, fdm and dovecot-lda against ``pyfilter-deliver``: cold, as it is where no server runs, and warm,
where it hands the message to `pyfilter serve` of the same user. For each message every contender delivers in its turn,
the message in a pipe on standard input with the lines that Postfix's local(8) puts above it.

Figures of a row: ``cpu`` is the milliseconds a message of the process and what it started (wait4(2)), on average, and
of the server where there is one (cpu.py); ``wall`` the milliseconds from its start to its end, the median of the round.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from . import rule_sets
from .corpus import Letter, typical
from .filed import trouble
from .results import Row, Run, in_turn
from .room import PATH, Room
from .rule_sets import SETS, Rule
from .servers import LEAST_SERVER_MS, RECIPIENT, SENDER, Pyfilter

__all__ = ["CASES", "CONTENDERS", "PROGRAMS", "Contender", "measure"]

# rules -> the part of the messages that is enough
CASES = {"4": 1.0, "50": 1.0, "1000": 0.5, "5000": 0.1}
WARM_FIRST, WARM_PATIENCE_SECONDS = 900_001, 20
ENVELOPE = (
    f"From {SENDER} Tue Nov 24 05:00:00 2026\nReturn-Path: <{SENDER}>\n"
    f"X-Original-To: {RECIPIENT}\nDelivered-To: {RECIPIENT}\n"
).encode()
PIPE_BYTES = 1 << 20

LDA = """\
mail_location = maildir:{home}/Maildir
mail_fsync = optimized
protocols =
log_path = {home}/lda.log
postmaster_address = postmaster@bench.example
hostname = bench.example
lda_mailbox_autocreate = yes
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{home}/main.sieve
}}
"""


class Contender(NamedTuple):
    """One row. In ``command`` and ``files`` stands ``{home}``; ``rules`` is (file of the rules, their language)."""

    name: str
    command: tuple[str, ...]
    rules: tuple[str, str]
    files: tuple[tuple[str, str], ...] = ()
    before: tuple[str, ...] = ()  # run once
    has_server: bool = False


CONTENDERS = (
    Contender("procmail", ("/usr/bin/procmail", "{home}/rc"), ("rc", "procmail")),
    Contender("maildrop", ("/usr/bin/maildrop", "{home}/rc"), ("rc", "maildrop")),
    Contender("fdm", ("/usr/bin/fdm", "-f", "{home}/rc", "-a", "stdin", "fetch"), ("rc", "fdm")),
    Contender(
        "dovecot-lda",
        ("/usr/lib/dovecot/dovecot-lda", "-c", "{home}/dovecot.conf"),
        ("main.sieve", "sieve"),
        (("dovecot.conf", LDA),),
        ("/usr/bin/sievec", "-c", "{home}/dovecot.conf", "{home}/main.sieve"),
    ),
    Contender("pyfilter cold", ("{pyfilter}/pyfilter-deliver",), (".pyfilterrc", "pyfilter")),
    Contender("pyfilter warm", ("{pyfilter}/pyfilter-deliver",), (".pyfilterrc", "pyfilter"), has_server=True),
)
PROGRAMS = [
    ("/usr/bin/procmail", "procmail"),
    ("/usr/bin/maildrop", "maildrop"),
    ("/usr/bin/fdm", "fdm"),
    ("/usr/lib/dovecot/dovecot-lda", "dovecot-core"),
    ("/usr/bin/sievec", "dovecot-sieve"),
]


class Place:
    """One contender's home. ``sent``: every message that it got."""

    def __init__(self, room: Room, contender: Contender, rules: tuple[Rule, ...]) -> None:
        self.contender = contender
        self.home = room.home()
        words = {"home": str(self.home), "pyfilter": str(Pyfilter.installation)}
        self.command = [word.format(**words) for word in contender.command]
        self.before = [word.format(**words) for word in contender.before]
        for name, content in contender.files:
            room.write(self.home / name, content.format(**words))
        name, language = contender.rules
        room.write(self.home / name, rule_sets.text(rules, language, self.home))
        room.maildir(self.home / "Maildir", {rule.folder for rule in rules})  # maildrop makes none
        self.sent: list[Letter] = []
        self.environment = {
            "HOME": str(self.home),
            "LOGNAME": room.user,
            "USER": room.user,
            "SHELL": "/bin/sh",
            "PATH": PATH,
            "SENDER": SENDER,
            "RECIPIENT": RECIPIENT,
        }

    def deliver(self, letter: Letter) -> tuple[float, float, int]:
        """(milliseconds of CPU, milliseconds, wait status)."""
        read, write = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            os.write(write, ENVELOPE + letter.data)
            os.close(write)
            actions = [(os.POSIX_SPAWN_DUP2, read, 0), *((os.POSIX_SPAWN_DUP2, null, end) for end in (1, 2))]
            began = time.perf_counter()
            pid = os.posix_spawn(self.command[0], self.command, self.environment, file_actions=actions)
            _, status, usage = os.wait4(pid, 0)
            wall = time.perf_counter() - began
        finally:
            os.close(read)
            os.close(null)
        return (usage.ru_utime + usage.ru_stime) * 1000, wall * 1000, status

    def warm(self) -> list[Letter]:
        """Deliver until everything is in the caches it has: pyfilter does not keep what it makes of a file that has
        just been written. What was sent."""
        if self.before:
            os.waitpid(os.posix_spawn(self.before[0], self.before, self.environment), 0)
        deadline = time.monotonic() + WARM_PATIENCE_SECONDS
        sent: list[Letter] = []
        while time.monotonic() < deadline:
            sent += typical(1, WARM_FIRST + len(sent))
            self.deliver(sent[-1])
            is_kept = self.contender.rules[1] != "pyfilter" or any((self.home / ".cache").rglob("program-*"))
            if len(sent) >= 4 and (is_kept or self.contender.has_server):
                break
        return sent


def measure(room: Room, run: Run, rounds: int, messages: int, cases: Sequence[str]) -> None:
    for round in range(1, rounds + 1):
        for case in cases:
            for row in _rows(room, case, round, typical(max(2, int(messages * CASES[case])))):
                run.add(row)
            run.save()


def _rows(room: Room, case: str, round: int, letters: list[Letter]) -> Iterator[Row]:
    rules = SETS[case]
    places = [Place(room, contender, rules) for contender in CONTENDERS]
    with contextlib.ExitStack() as stack:
        servers = {
            place.contender.name: stack.enter_context(Pyfilter(room, rules, place.home))
            for place in places
            if place.contender.has_server
        }
        warmed = as_account(room, lambda: [place.warm() for place in places])
        before = {name: server.group.seconds_at_rest() for name, server in servers.items()}
        spent = as_account(room, lambda: _deliver_all(places, letters, round))
        unasked = {name for name, server in servers.items() if not server.takes_commands}
        served = {name: server.group.seconds_at_rest() - before[name] for name, server in servers.items()}
    for place, warm, runs in zip(places, warmed, spent, strict=True):
        name = place.contender.name
        server = served.get(name, 0) * 1000 / len(letters)
        figures = {
            "cpu": statistics.fmean(cpu for cpu, _, _ in runs) + server,
            "wall": statistics.median(wall for _, wall, _ in runs),
        }
        if place.contender.has_server:
            figures["server"] = server
        failed = [status for _, _, status in runs if status]
        problem = f"{len(failed)} deliveries ended with {os.waitstatus_to_exitcode(failed[0])}" if failed else ""
        if name in unasked or (place.contender.has_server and server < LEAST_SERVER_MS):
            problem = problem or "the server was not asked"
        yield Row(round, name, case, figures, problem or trouble(place.home / "Maildir", [*warm, *letters], rules))


def _deliver_all(places: list[Place], letters: list[Letter], round: int) -> list[list[tuple[float, float, int]]]:
    """For each place what each message has cost."""
    spent: dict[str, list[tuple[float, float, int]]] = {place.contender.name: [] for place in places}
    for number, letter in enumerate(letters):
        start = (number + round) % len(places)
        for place in in_turn(places[start:] + places[:start], number):
            spent[place.contender.name].append(place.deliver(letter))
    return [spent[place.contender.name] for place in places]


def as_account(room: Room, do: Callable[[], Any]) -> Any:
    """What ``do`` returns in a process of the account's."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            room.drop_rights()
            os.chdir(room.path)
            with open(write, "wb") as out:
                pickle.dump(do(), out)
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(1)
    os.close(write)
    with open(read, "rb") as answer:
        said = answer.read()
    _, status = os.waitpid(pid, 0)
    if status:
        raise RuntimeError("the process that delivers as the account has failed")
    return pickle.loads(said)
