"""P19: users are walled off. In each place that a delivery opens, makes, renames or takes away lies what another user
has put there, and neither has he a say in anything, nor does the delivery wait for him, nor can he read the mail.

Two users of the machine, by their numbers: ``VICTIM`` gets mail by rules that use everything there is (RULES), and
``STRANGER`` has had, for a moment, the right to write wherever it would help him. ``PLACES`` are the places, ``KINDS``
what he puts there. The mail is filed by its owner's and root's files alone, or it waits.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import WHOLE
from .deliverers import LAUNCHER, PYFILTER
from .record import record

VICTIM, STRANGER = 61001, 61002
SECRET = b"the victim's own secret\n"
MARK = b"words for the victim alone"
HUNG_SECONDS = 40  # four times the deadline of the rules

RULES = """
set deadline = 10 seconds
set log = "LOG"
set sendmail = "~/bin/sendmail"
include "more.rules"
include "rules.d/*.rules"
list blocked from "lists/blocked.txt"
list asked from command "~/bin/list"
rule "everything" {
    when not from in blocked and not from in asked and not duplicate and command "~/bin/ask" succeeds
    pass through "~/bin/clean"
    copy into "Old"
    copy into mbox "~/Mail/old.mbox"
    copy into mh "~/Mail/mh"
    copy to "b@z.example"
    pipe to "~/bin/pipe"
    notify "~/bin/tell"
    reply file "~/replies/away.txt"
    log "{subject}"
    file into "Cron"
}
"""
MESSAGE = b"""Return-Path: <a%(n)d@x.example>
Delivered-To: v@y.example
Received: by y.example; Tue, 24 Nov 2026 04:38:40 +0000
From: a%(n)d@x.example
To: v@y.example
Message-ID: <%(n)d@x.example>
Subject: a cron job

words for the victim alone
"""
STATE = ".local/state/pyfilter"
PLACES = (
    ".", ".pyfilterrc", "more.rules", "rules.d", "rules.d/a.rules", "lists", "lists/blocked.txt", "replies",
    "replies/away.txt", "logs", "logs/log", "bin", "bin/sendmail", "bin/clean", "bin/tell",
    ".cache", ".cache/pyfilter", ".cache/pyfilter/program-*", ".local", ".local/state", STATE,
    f"{STATE}/journal", f"{STATE}/memory", f"{STATE}/memory-journal", f"{STATE}/replies", f"{STATE}/replies.new",
    f"{STATE}/lists", f"{STATE}/lists/*", f"{STATE}/log",
    "Maildir", "Maildir/tmp", "Maildir/new", "Maildir/cur", "Maildir/subscriptions", "Maildir/subscriptions.lock",
    "Maildir/.Cron", "Maildir/.Cron/tmp", "Maildir/.Cron/new", "Maildir/.Cron/maildirfolder",
    "Mail", "Mail/old.mbox", "Mail/old.mbox.lock", "Mail/mh", "Mail/mh/2",
)  # fmt: skip


class World(NamedTuple):
    """``base`` holds both homes, and what programs of either leave behind."""

    base: Path
    launcher: Path

    @property
    def home(self) -> Path:
        return self.base / "victim"

    @property
    def stranger(self) -> Path:
        return self.base / "stranger"


def give(path: Path, owner: int, mode: int | None = None) -> Path:
    os.chown(path, owner, owner, follow_symlinks=False)
    if mode is not None:
        path.chmod(mode)
    return path


def write(path: Path, data: bytes, owner: int = VICTIM, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    if path.parent.stat().st_uid == 0:
        give(path.parent, owner, 0o700)
    path.write_bytes(data)
    return give(path, owner, mode)


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if os.geteuid():
        pytest.skip("two users are needed, and only root can be both")
    base = Path(tempfile.mkdtemp(prefix="walls-", dir="/var/tmp"))
    base.chmod(0o711)
    made = World(base, LAUNCHER)
    try:
        for home, owner in ((made.home, VICTIM), (made.stranger, STRANGER)):
            home.mkdir()
            give(home, owner, 0o755)
        furnish(made)
        yield made
    finally:
        shutil.rmtree(base)


def furnish(world: World) -> None:
    home = world.home
    write(home / ".pyfilterrc", RULES.replace("LOG", "~/logs/log").encode(), mode=0o644)
    write(home / "more.rules", b"# more\n", mode=0o644)
    write(home / "rules.d/a.rules", b"# still more\n", mode=0o644)
    write(home / "lists/blocked.txt", b"nobody@x.example\n", mode=0o644)
    write(home / "replies/away.txt", b"I am away.\n")
    write(home / "private", SECRET)
    write(home / "logs/log", b"")
    for name, text in {
        "list": "echo someone@x.example",
        "ask": "exit 0",
        "clean": "exec cat",
        "pipe": "cat >~/piped",
        "tell": "exit 0",
        "sendmail": "cat >>~/sent",
    }.items():
        write(home / "bin" / name, f"#!/bin/sh\n{text}\n".encode(), mode=0o755)
    write(world.stranger / "own", b"the stranger's own\n", STRANGER, 0o666)
    (world.base / "ran").mkdir()
    (world.base / "ran").chmod(0o777)


class Ended(NamedTuple):
    status: int
    output: bytes
    seconds: float


numbers = iter(range(1, 1 << 30))


def deliver(world: World, home: Path | None = None, uid: int = VICTIM) -> Ended:
    began = time.monotonic()
    with subprocess.Popen(
        [world.launcher],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"HOME": str(home or world.home), "PATH": "/usr/bin:/bin", "RECIPIENT": "v@y.example"},
        cwd="/",
        umask=0o077,
        user=uid,
        group=uid,
        extra_groups=[],
    ) as running:
        try:
            output, _ = running.communicate(MESSAGE % {b"n": next(numbers)}, HUNG_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            output, _ = running.communicate()
    return Ended(running.returncode, output, time.monotonic() - began)


# ------------------------------------------------------------------- what a stranger puts into a place

PROGRAM = b"#!/bin/sh\ntouch BASE/ran/stranger\nexec cat\n"


def foreign(data: bytes, mode: int) -> Callable[[World, Path], None]:
    def put(world: World, path: Path) -> None:
        path.write_bytes(data.replace(b"BASE", os.fsencode(world.base)))
        give(path, STRANGER, mode)

    return put


def link_to(target: str) -> Callable[[World, Path], None]:
    def put(world: World, path: Path) -> None:
        path.symlink_to(world.base / target)
        give(path, STRANGER)

    return put


def hard_link(world: World, path: Path) -> None:
    os.link(world.stranger / "own", path)


def fifo(world: World, path: Path) -> None:
    os.mkfifo(path)
    give(path, STRANGER, 0o666)


def device(world: World, path: Path) -> None:
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero has no end
    give(path, STRANGER, 0o666)


def directory(world: World, path: Path) -> None:
    path.mkdir()
    give(path, STRANGER, 0o777)


def end(world: World, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made, tempfile.TemporaryDirectory(dir=world.base) as near:
        made.bind(f"{near}/end")  # a path of a socket is short
        os.rename(f"{near}/end", path)
    give(path, STRANGER, 0o666)


def huge(world: World, path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 42)
    give(path, STRANGER, 0o666)


KINDS: dict[str, Callable[[World, Path], None]] = {
    "a link to the victim's file": link_to("victim/private"),
    "a link to the victim's directory": link_to("victim/Private"),
    "a link to the stranger's file": link_to("stranger/own"),
    "a link to the stranger's directory": link_to("stranger"),
    "a link to nothing": link_to("victim/new"),
    "a hard link to the stranger's file": hard_link,
    "a FIFO": fifo,
    "a device": device,
    "a directory": directory,
    "a socket": end,
    "a file": foreign(b"123\n", 0o666),
    "an empty file": foreign(b"", 0o666),
    "a program": foreign(PROGRAM, 0o777),
    "a file without end": huge,
}


# ------------------------------------------------------------------- what must hold


def tree(path: Path) -> dict[str, object]:
    """Names, owners, modes and contents below ``path``, or of it."""
    found: dict[str, object] = {}
    for one in [path, *sorted(path.rglob("*"))] if path.is_dir() and not path.is_symlink() else [path]:
        status = one.lstat()
        data: object = None
        if stat.S_ISREG(status.st_mode) and status.st_size < 1 << 20:
            data = hashlib.sha256(one.read_bytes()).hexdigest()
        elif stat.S_ISLNK(status.st_mode):
            data = os.readlink(one)
        found[str(one)] = (status.st_mode, status.st_uid, status.st_size, data)
    return found


def read_fifo(path: Path) -> bytes:
    """What the stranger, who holds its other end, got."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(descriptor, 1000)
    except BlockingIOError:
        return b""
    finally:
        os.close(descriptor)


def marked(world: World) -> list[Path]:
    """The victim's files in which the mail stands, wherever."""
    found = []
    for path in world.base.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_size < 1 << 20 and MARK in path.read_bytes():
            found.append(path)
    return found


def filed(world: World) -> list[Path]:
    """Where a mail client finds it, in files and directories that nobody but the victim has in his hands."""
    mine = []
    for path in marked(world):
        above = [path, *[one for one in path.parents if one.is_relative_to(world.home)]]
        if path.parent.name in ("new", "cur") and all(one.stat().st_uid in (0, VICTIM) for one in above):
            mine.append(path)
    return mine


def clean(world: World) -> None:
    """Take the mail away, and what pyfilter remembers."""
    for path in marked(world):
        path.unlink()
    for name in (f"{STATE}/journal", f"{STATE}/memory", f"{STATE}/replies", "sent", "piped"):
        (world.home / name).unlink(missing_ok=True)


def wrongs(world: World, path: Path, ended: Ended, before: dict[str, object], put: dict[str, object]) -> list[str]:
    found = []
    if ended.seconds > HUNG_SECONDS:
        found.append("it hung")
    if ended.status not in (0, 75):
        found.append(f"status {ended.status}")
    if ended.output not in (b"", b"4.3.0 delivery postponed\n"):
        found.append(f"output {ended.output!r}")
    if ended.status == 0 and not filed(world):
        found.append("status 0, and the mail is not in a folder of the victim's")
    if tree(world.stranger) != before:
        found.append("something in the stranger's home was changed")
    # in a directory of his own the victim may take away what is there, or put another file into its place
    if os.path.lexists(path) and path.lstat().st_uid == STRANGER and tree(path) != put:
        found.append("what the stranger put there was changed")
    if path.is_dir() and not path.is_symlink() and [*path.rglob("*")] != []:
        found.append("something lies in the stranger's directory")
    if (world.home / "private").read_bytes() != SECRET:
        found.append("the victim's own file was changed")
    for sent in ("sent", "piped"):
        if (world.home / sent).exists() and SECRET in (world.home / sent).read_bytes():
            found.append("the victim's secret was sent")
    if any((world.base / "ran").iterdir()):
        found.append("the stranger's program ran as the victim")
    for one in marked(world):
        status = one.stat()
        if status.st_uid != VICTIM or status.st_mode & 0o077:
            found.append(f"{one} can be read by others")
    return found


# ------------------------------------------------------------------- the tests


def at(world: World, place: str) -> Path:
    """The path; of a name with a star the one there is."""
    return next(iter(sorted(world.home.glob(place))), world.home / place) if "*" in place else world.home / place


@pytest.fixture(scope="module")
def settled(world: World) -> World:
    """The victim gets mail, and everything is where it shall be."""
    for _ in range(20):
        assert deliver(world)[:2] == (0, b""), (world.home / "logs/log").read_text()
        if list(world.home.glob(".cache/pyfilter/program-*")):
            break
    assert len(marked(world)) >= 6  # Cron, Old, mbox, MH, what was sent and what was piped
    assert b"I am away." in (world.home / "sent").read_bytes()
    clean(world)
    return world


def try_kind(world: World, place: str, kind: str) -> tuple[Ended, list[str]]:
    path = at(world, place)
    aside = path.with_name(f"{path.name}.aside")
    there = path.exists()
    if there:
        path.rename(aside)
    before = tree(world.stranger)
    KINDS[kind](world, path)
    put = tree(path)
    try:
        ended = deliver(world)
        found = wrongs(world, path, ended, before, put)
        if kind == "a FIFO" and path.is_fifo() and read_fifo(path):
            found.append("the stranger read from his FIFO")
    finally:
        if os.path.lexists(path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if there:
            aside.rename(path)
        for one in (world.base / "ran").iterdir():
            one.unlink()
        (world.home / "new").unlink(missing_ok=True)
        (world.home / "private").write_bytes(SECRET)
        clean(world)
    return ended, found


@pytest.mark.parametrize("place", PLACES[1:])
def test_what_a_stranger_puts_in_the_way_has_no_say(settled: World, place: str) -> None:
    number = PLACES.index(place)
    kinds = list(KINDS) if WHOLE else list(KINDS)[number % 7 :: 7]
    figures: Counter[str] = Counter()
    broken = {}
    for kind in kinds:
        ended, found = try_kind(settled, place, kind)
        figures += Counter(runs=1, delivered=ended.status == 0, deferred=ended.status == 75, broken=bool(found))
        print(f"{place}: {kind}: {ended.status}, {ended.seconds:.1f} s {found or ''}")
        if found:
            broken[kind] = found
    record("P19", PYFILTER.name, place, **figures)
    assert broken == {}
    assert deliver(settled).status == 0, "and without it all is well"
    clean(settled)


HOMES: dict[str, Callable[[Path], object]] = {
    "another user's": lambda path: (path.mkdir(), give(path, STRANGER, 0o777)),
    "writable by all": lambda path: (path.mkdir(), give(path, VICTIM, 0o777)),
    "sticky, as /tmp": lambda path: (path.mkdir(), give(path, 0, 0o1777)),
    "a file": lambda path: (path.touch(), give(path, VICTIM, 0o600)),
    "a FIFO": lambda path: (os.mkfifo(path), give(path, VICTIM, 0o666)),
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("kind", HOMES)
def test_a_home_that_is_not_the_users_own_gets_no_mail(world: World, kind: str) -> None:
    home = world.base / "home"
    HOMES[kind](home)
    before = tree(world.base)
    try:
        ended = deliver(world, home)
        after = tree(world.base)
    finally:
        if os.path.lexists(home):
            home.rmdir() if home.is_dir() else home.unlink()
    assert ended[:2] == (75, b"4.3.0 delivery postponed\n")
    assert after == before


SWAPPED = ("logs/log", "replies/away.txt", "lists/blocked.txt", "rules.d/a.rules", "Mail/old.mbox", "Maildir/.Cron/new")


def swap_for_ever(world: World, path: Path) -> None:
    """In a process of its own, as the stranger: his file, a link to the victim's, his directory, in turn."""
    os.setgroups([])
    os.setresgid(STRANGER, STRANGER, STRANGER)
    os.setresuid(STRANGER, STRANGER, STRANGER)
    file, link, directory = (str(path.parent / f".{name}") for name in ("file", "link", "directory"))
    while True:
        with open(file, "wb") as made:
            made.write(b"stranger\n")
        os.chmod(file, 0o666)
        os.symlink(world.home / "private", link)
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, 0o777)
        for name in (file, link, directory):
            try:
                os.rename(path, f"{directory}-{time.monotonic_ns()}")  # whatever is there
            except OSError:
                pass
            try:
                os.rename(name, path)
            except OSError:
                pass


@pytest.mark.parametrize("place", SWAPPED)
def test_a_stranger_who_swaps_what_lies_there_all_the_time(settled: World, place: str) -> None:
    """The directory is the victim's, and everybody can write it."""
    path = settled.home / place
    aside = settled.home / "aside"
    shutil.copytree(path.parent, aside, symlinks=True)
    for one in [aside, *aside.rglob("*")]:
        give(one, VICTIM)
    mode = stat.S_IMODE(path.parent.stat().st_mode)
    path.parent.chmod(0o777)
    swapper = os.fork()
    if not swapper:
        try:
            swap_for_ever(settled, path)
        finally:
            os._exit(1)
    try:
        ended = [deliver(settled) for _ in range(10 if WHOLE else 3)]
    finally:
        os.kill(swapper, 9)
        os.waitpid(swapper, 0)
    sent = settled.home / "sent"
    found = [
        *[f"status {one.status}" for one in ended if one.status not in (0, 75)],
        *["it hung" for one in ended if one.seconds > HUNG_SECONDS],
        *["the victim's own file was changed" for _ in "x" if (settled.home / "private").read_bytes() != SECRET],
        *["a secret was sent" for _ in "x" if sent.exists() and SECRET in sent.read_bytes()],
        *[f"{one} can be read by others" for one in marked(settled) if one.stat().st_mode & 0o077],
        *[f"{one} is the stranger's" for one in marked(settled) if one.stat().st_uid != VICTIM],
    ]
    delivered = sum(one.status == 0 for one in ended)
    there = len([one for one in marked(settled) if one.parent.name in ("new", "cur")])
    print(f"{place}: {Counter(one.status for one in ended)}, {there} files")
    shutil.rmtree(path.parent)
    aside.rename(path.parent)
    path.parent.chmod(mode)
    clean(settled)
    figures = Counter(runs=len(ended), delivered=delivered, deferred=len(ended) - delivered, broken=bool(found))
    record("P19", PYFILTER.name, f"{place}, swapped all the time", **figures)
    assert found == []
    assert there >= delivered
