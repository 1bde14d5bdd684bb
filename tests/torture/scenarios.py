"""What pyfilter is made to do in a sweep: rules, the programs they need, and where the mail must then be.

``SCENARIOS`` is the table. ``places`` names every place that gets a copy: a folder of the Maildir as its directory is
called (``.`` is the inbox), ``mbox``, ``mh``, and ``sent``, what a program (stand_in.c) has taken over. ``Seen`` is
what lies where.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .deliverers import Home, whole

__all__ = ["EARLIER", "FALLBACK", "SCENARIOS", "Scenario", "Seen", "compile_stand_in", "look"]

QUEUE = "queue {home}/sent"
# the place of what a peer has put where it turns to without a Maildir
FALLBACK = "fallback"
# what lies in the mbox and in the MH directory already
EARLIER = b"Subject: earlier\n\nan earlier message\n"


class Scenario(NamedTuple):
    """``program``: how stand_in.c is called, where there is one; ``reply``: what it takes is not the message, but an
    answer, which is sent once or, if something goes wrong, not at all. ``status``: when nothing goes wrong."""

    name: str
    rules: str
    places: tuple[str, ...] = (".",)
    program: str = ""
    reply: bool = False
    status: int = 0


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("inbox", ""),
        Scenario("folder", 'rule "cron" { when subject contains "cron"; file into "Cron" }\n', (".Cron",)),
        Scenario("copy", 'rule "both" { copy into "Old"; file into "Cron" }\n', (".Old", ".Cron")),
        Scenario("new folder", 'set layout = fs\nrule "new" { file into "Lists/New" }\n', ("Lists/New",)),
        Scenario("filter", 'rule "clean" { pass through "~/program" }\n', program="filter"),
        Scenario("pipe", 'rule "hand on" { pipe to "~/program" }\n', ("sent",), QUEUE),
        Scenario(
            "forward",
            'set sendmail = "~/program"\nrule "away" { forward to "b@z.example" }\n',
            ("sent",),
            QUEUE,
        ),
        Scenario("mbox", 'rule "old" { file into mbox "~/Mail/old.mbox" }\n', ("mbox",)),
        Scenario("mh", 'rule "old" { file into mh "~/Mail/old" }\n', ("mh",)),
        Scenario(
            "reply",
            'set sendmail = "~/program"\nrule "away" { reply "I am away." }\n',
            (".",),
            QUEUE,
            reply=True,
        ),
        Scenario("reject", 'rule "no" { reject "no cron jobs here" }\n', (), status=77),
    )
}


class Seen(NamedTuple):
    """Whole copies by place; damaged ones; how many answers were sent; files that are left over."""

    copies: Counter[str]
    partial: tuple[str, ...]
    replies: int
    left: int


def look(home: Home) -> Seen:
    """Everything that a reader would see in the home, and what he would not."""
    found = [*_in_maildir(home), *_in_mail(home.path / "Mail"), *_taken(home.path / "sent"), *_in_fallbacks(home)]
    copies: Counter[str] = Counter()
    partial: list[str] = []
    replies = 0
    for place, name, text in found:
        if place == "sent" and text.endswith(b"I am away.\n"):
            replies += 1
        elif whole(text):
            copies[place] += 1
        elif text != EARLIER:
            partial.append(f"{place}/{name}: {len(text)} bytes")
    for place in {place for place, _, _ in found} & {"mbox", "mh"}:
        if (place, EARLIER) not in {(where, text) for where, _, text in found}:
            partial.append(f"{place}: the earlier message is damaged")
    left = home.leftovers() + list((home.path / "sent").glob("unfinished-*"))
    left += [path for path in (home.path / "Mail").glob("**/*") if path.name.startswith(",") or path.suffix == ".lock"]
    return Seen(copies, tuple(partial), replies, len(left))


Found = Iterator[tuple[str, str, bytes]]  # place, file, contents


def _in_maildir(home: Home) -> Found:
    for path in home.maildir.glob("**/*"):
        if path.parent.name in ("new", "cur") and path.is_file():
            yield str(path.parent.parent.relative_to(home.maildir)), path.name, path.read_bytes()


def _in_fallbacks(home: Home) -> Found:
    for place in home.fallbacks:
        if place.is_file():
            for message in (b"\n" + place.read_bytes()).split(b"\nFrom ")[1:]:
                yield FALLBACK, place.name, message.partition(b"\n")[2]


def _in_mail(directory: Path) -> Found:
    mbox = directory / "old.mbox"
    if mbox.is_file():
        for message in (b"\n" + mbox.read_bytes()).split(b"\nFrom ")[1:]:
            yield "mbox", mbox.name, message.partition(b"\n")[2].rstrip(b"\n") + b"\n"
    for path in (directory / "old").glob("[0-9]*"):
        yield "mh", path.name, path.read_bytes()


def _taken(directory: Path) -> Found:
    for path in directory.glob("taken-*"):
        yield "sent", path.name, path.read_bytes()


def compile_stand_in(directory: Path) -> Path:
    """The program of stand_in.c."""
    program = directory / "stand-in"
    source = Path(__file__).with_name("stand_in.c")
    subprocess.run(["cc", "-std=gnu11", "-O2", "-static", str(source), "-o", str(program)], check=True)
    return program
