"""docs/torture.md out of the records of the last torture run (record.py): ``python -m tests.torture.tables``.

``PROMISES`` is the table of tables: a promise of docs/promises.md, its number, what was done, and a column for each
figure with the target beside it. A promise without a record has no table, a figure without a column is an error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from .deliverers import DELIVERERS
from .record import path

__all__ = ["PROMISES", "Column", "Promise", "render"]

PAGE = Path(__file__).parents[2] / "docs" / "torture.md"


class Column(NamedTuple):
    """One figure: its name in the record, the heading, and the target; "" where there is none."""

    figure: str
    heading: str
    target: str = ""


class Promise(NamedTuple):
    """One table. ``title`` is its heading, ``text`` says in plain sentences what was done and what is promised."""

    number: str
    title: str
    text: str
    columns: tuple[Column, ...]


# what a sweep counts, whatever the fault
SWEEP = (
    Column("calls", "system calls"),
    Column("runs", "runs"),
    Column("delivered", "status 0"),
    Column("deferred", "deferred"),
    Column("bounced", "bounced", "0"),
    Column("lost", "status 0 and lost", "0"),
    Column("unsure", "status 0, not on disk", "0"),
    Column("partial", "partial", "0"),
    Column("twice", "twice after the retry", "0"),
    Column("sent_twice", "sent twice"),
    Column("never", "not filed by the retry", "0"),
    Column("hung", "longer than 5 s", "0"),
    Column("left", "files left in tmp"),
    Column("window", "visible before the retry"),
)

# how deliveries ended, and what lay where then
ENDS = (
    Column("runs", "runs"),
    Column("delivered", "status 0"),
    Column("deferred", "deferred"),
    Column("bounced", "bounced", "0"),
    Column("lost", "status 0 and lost", "0"),
    Column("partial", "partial", "0"),
    Column("twice", "twice", "0"),
    Column("never", "not filed by the retry", "0"),
)

# how long reading takes
TIME = (
    Column("bombs", "kinds of bomb"),
    Column("bytes", "bytes of the largest"),
    Column("ratio", "highest T(2n)/T(n)", "< 2.5"),
    Column("seconds", "longest, in seconds of CPU", "≤ 1"),
    Column("megabytes", "most memory, MB", "≤ 64 + 3 × the message"),
)

PROMISES = (
    Promise(
        "P1",
        "SIGKILL at any system call",
        "Every system call of every process of a delivery is a moment at which that process is killed; then the mail "
        "server tries again. The last two columns count the moments at which a copy is visible already, and those at "
        "which the retry makes another one because a reader has taken that copy out of its folder meanwhile. Sent "
        "twice: a program or a mail server had the message, and the journal did not say so yet.",
        (*SWEEP, Column("refiled", "taken away, filed again")),
    ),
    Promise(
        "P2",
        "Any one system call fails once",
        "Every system call of every process fails once, with an error that it can have; where the mail waits, it is "
        "tried again. Of pyfilter one process is struck at a time, of a peer each at its n-th call.",
        SWEEP,
    ),
    Promise(
        "P3",
        "A system call fails for good",
        "As before, but from that call on every further one of its name fails, too. Twice: where the journal cannot be "
        "written, and then the word that all went well cannot, either, the retry does not know of the first copy.",
        tuple(column._replace(target="") if column.figure == "twice" else column for column in SWEEP),
    ),
    Promise(
        "P3, short of everything",
        "A disk that is full or read-only, and limits of the system",
        "The home is on a disk without room, without inodes or read-only, where the mail is tried again and again, and "
        "is tried once more with room; or the delivery has a limit of setrlimit(2), and is tried again without it.",
        (*ENDS, Column("left", "files left in tmp", "0"), Column("slowest", "slowest, s", "< 2")),
    ),
    Promise(
        "P4",
        "Status 0 outlives a power cut",
        "The home is on an image of a disk, which is cut off the moment the delivery has ended; a delivery cut in the "
        "middle was killed at a call that changes the disk, and is tried again on what is left. Twice: what a retry "
        "finds of a first attempt is not on disk for certain.",
        tuple(column._replace(target="") if column.figure == "twice" else column for column in ENDS),
    ),
    Promise(
        "P5",
        "A file system that lies",
        "Each call below the home does what it was asked and reports an error, or does not and reports one, or writes "
        "less than it was given; so on NFS and FUSE. The mail server tries again what waits.",
        (*ENDS, Column("hung", "hung", "0")),
    ),
    Promise(
        "P6",
        "The mail server dies while it hands the message over",
        "The process that feeds the message is killed behind so many of its bytes, so that the pipe ends as behind a "
        "whole one. Nothing of it may be filed.",
        (
            Column("runs", "cuts"),
            Column("delivered", "status 0", "0"),
            Column("deferred", "deferred"),
            Column("bounced", "bounced", "0"),
            Column("filed", "filed, cut", "0"),
            Column("never", "not filed by the retry", "0"),
        ),
    ),
    Promise(
        "P7",
        "What is filed is what came",
        "Every message of a collection of real mail is delivered by rules that file, copy and mark; what lies there is "
        "compared with what came, byte for byte.",
        (Column("messages", "messages"), Column("copies", "copies"), Column("different", "different", "0")),
    ),
    Promise(
        "P12",
        "A crowd",
        "Deliveries side by side, and a mail client that moves what is new to cur/, sets flags and deletes. What waits "
        "is tried again.",
        (
            Column("deliverers", "at a time"),
            Column("sent", "messages"),
            Column("deferred", "deferred"),
            Column("bounced", "bounced", "0"),
            Column("lost", "lost", "0"),
            Column("partial", "partial", "0"),
            Column("twice", "twice", "0"),
            Column("seconds", "s"),
        ),
    ),
    Promise(
        "P14",
        "Programs that fail",
        "A program that rules run prints nothing, a stump or without end, reads nothing, hangs, ignores SIGTERM, "
        "leaves others behind or kills who started it; pyfilter's rules say `set deadline = 6 seconds`. Who still runs "
        "after 30 s hangs, of the peers after 12 s. A delivery that is put off leaves no process; one that succeeds "
        "only such as have made themselves a session of their own, as daemons do. The peers filter as their manuals "
        "show it.",
        (
            *ENDS[:6],
            Column("hung", "hung", "0"),
            Column("left_running", "processes left"),
            Column("slowest", "slowest, s"),
        ),
    ),
    Promise(
        "P15",
        "Broken rules",
        "Files of rules that a chance has changed are read as a delivery reads them, by each of the three policies "
        "for broken rules, and decide three messages. `nowhere`: a message was neither filed nor waits.",
        (
            Column("files", "files"),
            Column("standing", "without an error"),
            Column("messages", "messages decided"),
            Column("nowhere", "nowhere", "0"),
        ),
    ),
    Promise(
        "P16",
        "Everything stalls",
        "A FIFO lies in the place of a file that is opened, or a lock is held, or a program, a scanner or the system's "
        "log stands still; pyfilter's rules say `set deadline = 2 seconds`. Who still runs after a minute hangs.",
        (*ENDS, Column("hung", "hung", "0"), Column("slowest", "slowest, s")),
    ),
    Promise(
        "P9",
        "Reading takes time in proportion to the length",
        "Mail that costs a careless reader the square of its length, at n, 2n and 4n bytes: 1 MiB of a header, which "
        "is all that is read of one, 10 MiB of a body, 3 MB of HTML.",
        TIME,
    ),
    Promise(
        "P10",
        "No pattern hangs",
        "Patterns that make a backtracking matcher hang, each held against texts up to 1 MiB that do.",
        TIME,
    ),
    Promise(
        "P17",
        "LMTP under attack",
        "Clients do what no mail server does, by the thousand. Meanwhile a new one comes again and again with one "
        "message and is to be served at once; afterwards all are gone, and so is what they took.",
        (
            Column("clients", "attackers"),
            Column("messages", "messages meanwhile"),
            Column("failed", "not delivered", "0"),
            Column("slowest", "slowest, s", "< 1"),
            Column("wrong", "wrong replies", "0"),
            Column("grown", "memory grown, MB", "< 48"),
            Column("left", "descriptors left", "0"),
        ),
    ),
    Promise(
        "P18",
        "The last reply is lost",
        "The copy lies on disk, and its sender does not hear of it: the connection is cut within the reply, the server "
        "or its workers are killed. He tries again. Of so many the copy was there before the retry.",
        (
            Column("runs", "lost replies"),
            Column("known", "filed before"),
            Column("delivered", "retries with 250"),
            Column("lost", "lost", "0"),
            Column("twice", "twice", "0"),
        ),
    ),
    Promise(
        "P19",
        "Users are walled off",
        "In a place that a delivery opens, makes, renames or takes away lies what another user has put there: a "
        "symbolic link to the victim's file or to his own, a hard link, a FIFO, a device, a directory, a socket, a "
        "file, a program, a file without end. `broken`: he has a say in something, reads something, or holds the "
        "delivery up.",
        (
            Column("runs", "runs"),
            Column("delivered", "status 0"),
            Column("deferred", "deferred"),
            Column("broken", "broken", "0"),
        ),
    ),
    Promise(
        "P20",
        "Hostile values stay values",
        "Each value, as it is and as encoded words, stands in every field of a message; rules carry them to folders, "
        "mbox and MH, headers, the log, arguments and environment of programs, addresses, replies and lists. "
        "`broken`: a shell ran one, a file lay outside, a log held a control character, a header had a line more, a "
        "program an argument.",
        (
            Column("values", "values"),
            Column("runs", "deliveries"),
            Column("broken", "broken", "0"),
        ),
    ),
    Promise(
        "P21",
        "Mail in circles",
        "Users who forward, copy and reply to each other, to themselves, to lists and to nobody, below a real Postfix: "
        "it holds no mail a minute later. Taken: the messages that it has had from first to last.",
        (Column("sent", "sent"), Column("taken", "taken"), Column("kept", "in folders")),
    ),
    Promise(
        "one decision",
        "Whichever way mail comes, the same becomes of it",
        "Each message is decided by the library under each of fifty rule files that have, between them, every word "
        "that decides or files; then it comes by LMTP, and by the launcher to a server: what lies in the folders, with "
        "which flags and to the byte, and what the mail server hears must be the same. So it is with all of them under "
        "one rule file, and 200 under each, brought by the launcher where there is no server, and read by `pyfilter "
        "test`.",
        (
            Column("files", "rule files"),
            Column("messages", "messages"),
            Column("decided", "decisions"),
            Column("different", "different", "0"),
            Column("seconds", "s"),
        ),
    ),
)

HEAD = """# What torture shows

Made by `make torture` as root (`python -m tests.torture.tables` makes the page alone); do not edit. pyfilter was put
to the test, and the programs that deliver mail elsewhere in the same way: same machine, message and fault. What is
promised stands in [promises.md](promises.md). The status says what Postfix's local(8) does: 0 takes the message out of
the queue, 71, 75 and death by a signal keep it there, anything else returns it to its sender.

| program | version |
| --- | --- |
{versions}

Taken on {dates}, Linux {kernels}, Python {pythons}.
"""


def render(lines: Iterable[dict[str, Any]]) -> str:
    """The page; ``lines`` are the records."""
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in lines:
        last[line["promise"], line["deliverer"], line["scenario"]] = line
    records = list(last.values())
    if unknown := {line["promise"] for line in records} - {promise.number for promise in PROMISES}:
        sys.exit(f"{', '.join(sorted(unknown))} has no table: add it in tests/torture/tables.py")
    versions = {name: {line["version"] for line in records if line["deliverer"] == name} for name in DELIVERERS}
    tables = [_table(promise, records) for promise in PROMISES]
    head = HEAD.format(
        versions="\n".join(f"| {name} | {', '.join(sorted(found))} |" for name, found in versions.items() if found),
        dates=_spread(line["date"] for line in records),
        kernels=_spread(line["kernel"] for line in records),
        pythons=_spread(line["python"] for line in records),
    )
    return "\n".join([head, *filter(None, tables)])


def _table(promise: Promise, records: list[dict[str, Any]]) -> str:
    mine = [line for line in records if line["promise"] == promise.number]
    names = list(DELIVERERS)
    mine.sort(key=lambda line: names.index(line["deliverer"]))  # as they came, pyfilter first
    known = {column.figure for column in promise.columns}
    for line in mine:
        if unknown := set(line["figures"]) - known:
            sys.exit(
                f"{promise.number} has no column for {', '.join(sorted(unknown))}: add it in tests/torture/tables.py"
            )
    if not mine:
        return ""
    used = [column for column in promise.columns if any(column.figure in line["figures"] for line in mine)]
    rows = [
        ["", "", *(column.heading for column in used)],
        ["---", "---", *("---:" for _ in used)],
        ["**target**", "", *(f"**{column.target}**" if column.target else "" for column in used)],
        *(
            [line["deliverer"], line["scenario"], *(str(line["figures"].get(column.figure, "")) for column in used)]
            for line in mine
        ),
    ]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"## {promise.number}: {promise.title}\n\n{promise.text}\n\n{table}\n"


def _spread(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def main() -> None:
    file = path()
    if not file.exists():
        sys.exit(f"{file} is missing: `make torture` writes it")
    PAGE.write_text(render(json.loads(line) for line in file.read_text().splitlines()))


if __name__ == "__main__":
    main()
