"""P14: programs that rules run, and all the ways in which they fail: the message is filed as it came, or it waits.

The same programs are given to pyfilter's `pass through`, `pipe to`, `when command` and `list … from command`, and to
what its peers have for `pass through`: procmail's ``:0fw``, maildrop's ``xfilter``, fdm's ``rewrite``. Nothing that a
program has started may outlive the delivery: it is known by its environment, in which HOME stands.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from .conftest import WHOLE
from .deliverers import BODY, DELIVERERS, PYFILTER, TEXT, Ended, Home
from .record import record

LONGEST_SECONDS, LONGEST_OF_A_PEER = 30, 12
DEADLINE = "set deadline = 6 seconds\n"

# what the program does, and what becomes of the mail: of a `pass through`, of a `pipe to`
PROGRAMS = {
    "prints nothing": ("cat >/dev/null", True),
    "reads nothing, prints nothing": ("exit 0", True),
    "prints a stump of the header": ("head -c 100", True),
    "prints the header alone": ("sed '/^$/q'", True),
    "prints words of its own": ("echo An error has come about; cat >/dev/null", True),
    "prints all and fails": ("cat; exit 1", False),
    "prints without end": ("exec yes 'X-More: y'", False),
    "complains without end": ("exec yes 'oh no' >&2", False),
    "closes its output and hangs": ("exec >&- 2>&-; exec sleep 300", False),
    "never reads and hangs": ("exec sleep 300", False),
    "works without end": ("while :; do :; done", False),
    "ignores SIGTERM": ("trap '' TERM INT HUP; while :; do sleep 1; done", False),
    "stops itself": ("kill -STOP $$; cat", False),
    "kills itself": ("cat; kill -KILL $$", False),
    "kills who started it": ("kill -KILL $PPID; sleep 300", False),
    "leaves one behind that holds its output": ("cat; sleep 300 & exit 0", True),
    "leaves one behind in a session of its own": ("cat; setsid sleep 300 & exit 0", True),
    "goes away, and a child does its work": ("(sleep 300; cat) & exit 0", True),
    "leaves a tree behind and fails": ("(setsid sh -c 'sleep 300 & sleep 300' &) ; exit 1", False),
}  # fmt: skip

VERBS = {
    "pass through": 'rule "x" {{ pass through "{program}" }}\n',
    "pipe to": 'rule "x" {{ pipe to "{program}" }}\n',
    "when command": 'rule "x" {{ when command "{program}" succeeds; file into "Cron" }}\n',
    "list": 'list those from command "{program}"\nrule "x" {{ when not from in those; file into "Cron" }}\n',
}
# each program in one place, with TORTURE=1 in all
CASES = [
    (name, verb)
    for number, name in enumerate(PROGRAMS)
    for place, verb in enumerate(VERBS)
    if WHOLE or place == number % len(VERBS)
]
PEERS = {
    "procmail -t": "TIMEOUT=3\n\n:0fw\n| {program}\n",
    "maildrop": 'xfilter "{program}"\n',
    "fdm": 'match all action rewrite "{program}" continue\n',
}


def of_this_delivery(home: Home) -> list[int]:
    """Processes in whose environment its home stands, and which live."""
    found = []
    wanted = f"HOME={home.path}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def program(home: Home, text: str) -> Path:
    return home.write("program", f"#!/bin/sh\n{text}\n", 0o755)


def deliver(home: Home, longest: float = LONGEST_SECONDS) -> tuple[Ended, float, int]:
    """How it ended, the seconds, and how many processes were left; they are ended."""
    began = time.monotonic()
    ended = home.deliver(longest=longest)
    seconds = time.monotonic() - began
    left = of_this_delivery(home)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return ended, seconds, len(left)


@pytest.mark.parametrize(("name", "verb"), CASES)
def test_a_program_that_fails_costs_no_mail(tmp_path: Path, name: str, verb: str) -> None:
    text, succeeds = PROGRAMS[name]
    kills = name == "kills who started it"
    with Home(tmp_path, PYFILTER, rules="") as home:
        home.write(".pyfilterrc", DEADLINE + VERBS[verb].format(program=program(home, text)))
        ended, seconds, left = deliver(home)
        filed = home.filed()
        unfinished = home.leftovers()
    print(f"{verb}: {name}: {ended.status}, {seconds:.1f} s, {len(filed)} filed, {left} processes left")
    damaged = [data for data in filed if data != BODY]
    figures = {
        "runs": 1,
        ended.fate: 1,
        "lost": ended.status == 0 and not filed and not (verb == "pipe to" and succeeds),
        "partial": bool(damaged),
        "hung": ended.hung,
        "left_running": left,
    }
    record("P14", PYFILTER.name, f"{verb}: {name}", **figures, slowest=round(seconds, 1))
    assert (figures["lost"], damaged, ended.hung, unfinished) == (False, [], False, []), ended
    # a session of its own is what a daemon has, which may stay; of an attempt that comes again nothing does
    assert left == 0 or (ended.status == 0 and "setsid" in text)
    assert ended.output in (b"", b"4.3.0 delivery postponed\n")
    if kills or (verb == "pipe to" and not succeeds):
        assert (ended.status, filed) == (75, [])
    elif verb == "pipe to":
        assert (ended.status, filed) == (0, [])
    else:
        assert (ended.status, filed) == (0, [BODY])


@pytest.mark.whole  # the peers are measured by make torture
@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_peers_are_put_to_the_same(tmp_path: Path, name: str, peer: str) -> None:
    """Whatever becomes of the mail is a figure; here it is only shown that the program ran."""
    if DELIVERERS[peer].missing:
        pytest.skip(DELIVERERS[peer].missing)
    with Home(tmp_path, DELIVERERS[peer], rules="") as home:
        rules = PEERS[peer].format(program=program(home, f"touch {home.path}/ran\n{PROGRAMS[name][0]}"))
        for file, text in DELIVERERS[peer].files.items():
            home.write(file, text.format(home=home.path, user=home.user, rules=rules))
        ended, seconds, left = deliver(home, LONGEST_OF_A_PEER)
        filed = home.filed()
        assert (home.path / "ran").exists(), ended
    figures = {
        "runs": 1,
        ended.fate: 1,
        "lost": ended.status == 0 and not filed,
        "partial": any(TEXT not in data + b"\n" for data in filed),
        "hung": ended.hung,
        "left_running": left,
    }
    print(f"{peer}: {name}: {figures} {ended.output!r} {ended.complaints!r}")
    record("P14", peer, f"pass through: {name}", **figures, slowest=round(seconds, 1))
