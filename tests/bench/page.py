"""docs/speed.md and docs/speed.svg out of what was measured last (results.py): ``python -m tests.bench.page``.

``PARTS`` is the table of tables, ``TARGETS`` what pyfilter is meant to reach, each beside what it did. A part that was
not measured has no table; a cell with an invalid round has the reason in the place of figures, and a target that hangs
on it is not met.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from . import plot
from .results import Run, load

__all__ = ["PARTS", "TARGETS", "Target", "page", "table"]

DOCS = Path(__file__).parents[2] / "docs"
MISSING = "–"
# processes that run or want to, before a run: with more of them the figures are those of a crowd
BUSY = 1.0
BUSY_NOTE = " **The machine was busy with other work during: {}.** Those figures are not to be quoted."


class Column(NamedTuple):
    """A figure; ``is_compared``: a second column has its ratio to that of the part's base."""

    figure: str
    heading: str
    digits: int = 2
    is_compared: bool = False


class Part(NamedTuple):
    """One table. ``case``: what the first column names; ``base``: the contender that the others are compared with."""

    title: str
    text: str
    case: str
    base: str
    columns: tuple[Column, ...]


CPU = Column("cpu", "CPU, ms a message", 2, True)
RATE = Column("rate", "messages/s", 0, True)

PARTS = {
    "lmtp": Part(
        "LMTP",
        "16 connections, each message another one of about 7 kB, one user. CPU is that of all processes of the server, "
        "without the client's. `smtp-sink`, which throws all mail away, shows how far the client is from being the "
        "limit.",
        "rules",
        "Dovecot LMTP",
        (CPU, RATE, Column("p50", "p50, ms", 1), Column("p95", "p95, ms", 1), Column("client", "client's CPU, ms", 3)),
    ),
    "one-shot": Part(
        "One process a message",
        "As `mailbox_command` runs it, one message after the other. CPU is that of the process and what it starts; "
        "with a server behind it (warm), the server's is in it and stands beside it.",
        "rules",
        "procmail",
        (CPU, Column("wall", "from start to end, ms", 2, True), Column("server", "of it the server's CPU, ms")),
    ),
    "postfix": Part(
        "Through Postfix",
        "8 SMTP connections into a Postfix with its defaults, mail for one user, until the last message lies in its "
        "folder. CPU is that of all of Postfix, of what it starts and of the server behind it. Postfix's own delivery "
        "filters nothing. LMTP is `mailbox_transport`, or `local_transport` where it says: without local(8).",
        "rules",
        "procmail",
        (RATE, CPU, Column("server", "of it the server's CPU, ms")),
    ),
    "large": Part(
        "Large messages",
        "One connection, LMTP, 4 rules. Memory is the VmHWM of the largest process of the server.",
        "message",
        "Dovecot LMTP",
        (
            Column("ms", "ms a message", 1, True),
            CPU,
            Column("peak", "memory, MB", 1),
            Column("times", "memory by message", 1),
        ),
    ),
}


class Target(NamedTuple):
    """``figure`` of ``one``, (contender, case), or its ratio to that of ``other``, is at most or at least ``bound``."""

    text: str
    part: str
    figure: str
    one: tuple[str, str]
    other: tuple[str, str] | None
    bound: float
    at_least: bool = False

    def value(self, run: Run | None) -> float | None:
        if run is None:
            return None
        if self.other is None:
            return run.median(*self.one, self.figure)
        return run.ratio(self.one, self.other, self.figure)

    def is_met(self, value: float | None) -> bool:
        return value is not None and (value >= self.bound if self.at_least else value <= self.bound)


def _lmtp(case: str, cpu: float, rate: float) -> tuple[Target, Target]:
    one, other = ("pyfilter LMTP", case), ("Dovecot LMTP", case)
    return (
        Target(f"LMTP, {case} rules: CPU to Dovecot's", "lmtp", "cpu", one, other, cpu),
        Target(f"LMTP, {case} rules: messages/s to Dovecot's", "lmtp", "rate", one, other, rate, True),
    )


def _one_shot(name: str, case: str, cpu: float) -> Target:
    one, other = (f"pyfilter {name}", case), ("procmail", case)
    return Target(f"{name}, {case} rules: CPU to procmail's", "one-shot", "cpu", one, other, cpu)


def _postfix(one: str, other: str, rate: float) -> Target:
    text = f"Postfix, {one}: messages/s to those of {other}"
    return Target(text, "postfix", "rate", (one, "4"), (other, "4"), rate, True)


TARGETS = (
    *_lmtp("4", 0.3, 2.5),
    *_lmtp("1000", 1 / 8, 5),
    *_lmtp("1000 regex", 1 / 12, 8),
    Target(
        "LMTP: CPU with 5000 rules to that with 5",
        "lmtp",
        "cpu",
        ("pyfilter LMTP", "5000"),
        ("pyfilter LMTP", "5"),
        1.25,
    ),
    _one_shot("warm", "4", 0.75),
    _one_shot("warm", "50", 0.5),
    _one_shot("warm", "1000", 0.06),
    _one_shot("cold", "1000", 1),
    _postfix("pyfilter warm", "procmail", 1.2),
    _postfix("pyfilter LMTP", "Dovecot LMTP", 2),
    _postfix("pyfilter LMTP", "built-in Maildir", 0.75),
    _postfix("pyfilter LMTP, without local(8)", "Dovecot LMTP, without local(8)", 2),
    _postfix("pyfilter LMTP, without local(8)", "built-in Maildir", 0.75),
    Target(
        "25 MB: memory of a process, MB (2 × the message + 40)", "large", "peak", ("pyfilter LMTP", "25 MB"), None, 90
    ),
    Target(
        "25 MB: time to that of 5 MB (linear: 5)",
        "large",
        "ms",
        ("pyfilter LMTP", "25 MB"),
        ("pyfilter LMTP", "5 MB"),
        6,
    ),
)

HEAD = """# How fast it is

Made by `make bench` as root (`python -m tests.bench.page` makes the page alone); do not edit. pyfilter and the programs
that deliver mail elsewhere took the same mail by the same rules, in turns, on one machine in one run. A figure is the
median of the rounds, a ratio the median of the ratios of each round. What lay in the folders was compared with what was
sent after every round: each message once, byte for byte but for the lines that each program puts above it, and in the
right folder. A row of which that is not true has no figures.

Absolute figures are those of this machine; the ratios are what can be compared. Everyone flushes a message to the disk
before it says that it has it; Dovecot and pyfilter flush its directory, too. What the kernel does on its own account,
such as writing the journal of the file system, is nobody's CPU here.

{circumstances}

## What is meant to be, and what is

{targets}

![CPU of a message by the number of rules, and messages a second through Postfix](speed.svg)
"""


def page(runs: Mapping[str, Run]) -> str:
    """The page of ``runs``, by the name of the part."""
    head = HEAD.format(circumstances=_circumstances(runs), targets=_targets(runs))
    return "\n".join([head, *(section(name, runs[name]) for name in PARTS if name in runs)])


def section(name: str, run: Run) -> str:
    part = PARTS[name]
    counts = f"{run.counts['rounds']} rounds, {run.counts['messages']} messages in each at most."
    return f"## {part.title}\n\n{part.text} {counts}\n\n{table(part, run)}\n"


def table(part: Part, run: Run) -> str:
    used = [column for column in part.columns if any(column.figure in row.figures for row in run.rows)]
    heads = [head for column in used for head in _heads(column)]
    lines = [_line([part.case, "", *heads]), _line(["---", "---", *("---:" for _ in heads)])]
    for case in run.cases:
        for contender in run.contenders:
            trouble = run.trouble(contender, case)
            if trouble == "not measured":
                continue
            cells = [cell for column in used for cell in _cells(column, run, contender, case, part.base)]
            lines.append(_line([case, contender, *([f"invalid: {trouble}"] if trouble else cells)]))
    return "\n".join(lines)


def _heads(column: Column) -> tuple[str, ...]:
    return (column.heading, "×") if column.is_compared else (column.heading,)


def _cells(column: Column, run: Run, contender: str, case: str, base: str) -> list[str]:
    cells = [_number(run.median(contender, case, column.figure), column.digits)]
    if column.is_compared:
        cells.append(_number(run.ratio((contender, case), (base, case), column.figure), 2))
    return cells


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return MISSING
    return f"{value:.{3 if 0 < value < 0.1 and digits == 2 else digits}f}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _targets(runs: Mapping[str, Run]) -> str:
    lines = [_line(["", "target", "measured", ""]), _line(["---", "---:", "---:", "---"])]
    for target in TARGETS:
        run = runs.get(target.part)
        value = target.value(run)
        bound = f"{'≥' if target.at_least else '≤'} {target.bound:.3g}"
        if value is None:
            verdict = run.trouble(*target.one) or "invalid" if run else "not measured"
        else:
            verdict = "met" if target.is_met(value) else "**missed**"
        lines.append(_line([target.text, bound, _number(value, 2), verdict]))
    return "\n".join(lines)


def _circumstances(runs: Mapping[str, Run]) -> str:
    lines = [_line(["part", "date", "load before", "kernel", "processors", "Python", "CPU by"]), _line(["---"] * 7)]
    for name in PARTS:
        if name in runs:
            found = runs[name].circumstances
            told = (found[key] for key in ("date", "load", "kernel", "processors", "python", "counted"))
            lines.append(_line([PARTS[name].title, *told]))
    versions = sorted({run.circumstances["versions"] for run in runs.values()})
    busy = [PARTS[name].title for name in PARTS if name in runs and float(runs[name].circumstances["load"]) > BUSY]
    note = BUSY_NOTE.format(", ".join(busy)) if busy else ""
    return "\n".join([*lines, "", f"Compared with {'; '.join(versions)}.{note}"])


def main() -> int:
    runs = {name: run for name in PARTS if (run := load(name)) is not None}
    if not runs:
        print("nothing was measured: make bench, or python -m tests.bench.peers, as root", file=sys.stderr)
        return 2
    (DOCS / "speed.md").write_text(page(runs))
    (DOCS / "speed.svg").write_text(plot.picture(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
