"""What can stand still around a delivery, and how it is made to: the table ``STALLS``.

Each row has rules, and a function that takes the home and makes it stall until the block ends. A FIFO is the usual
way: who opens it waits for the other end, unless O_NONBLOCK says otherwise, and stat(2) still takes it for a file that
is there. It is put in a place alone (``fifo``), and with its other end held open, empty (``held``) or full
(``full``), so that an open goes through, and reading or writing waits.

``rules``: ``HOME`` in them is the home's path. ``filed``: whether the mail must be filed all the same; None: filed or
waiting, as long as one of both is true. ``after``: another message was delivered
before, so that caches and folders are there.

``PEERS_STALLS`` are some of them for the peers, in whose rules nothing asks for a deadline: a FIFO below the home, in
the place of the rules or of a part of the folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from .deliverers import Home

__all__ = ["DEADLINE", "PEERS_STALLS", "STALLS", "Stall"]

DEADLINE = "set deadline = 2 seconds\n"
CRON = 'rule "cron" { when subject contains "cron"; file into "Cron" }\n'
STUCK = "#!/bin/sh\ntrap '' TERM HUP INT PIPE\nexec sleep 600\n"

Make = Callable[[Home], AbstractContextManager[None]]


class Stall(NamedTuple):
    name: str
    rules: str
    make: Make
    filed: bool | None = True
    after: bool = True


def _put_fifo(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.mkfifo(path, 0o600)
    owner = path.parent.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


def fifo(*places: str) -> Make:
    """FIFOs that nobody else has open; of a pattern one in the place of each file that it stands for."""

    @contextmanager
    def make(home: Home) -> Iterator[None]:
        for path in _paths(home, places):
            _put_fifo(path)
        yield

    return make


def full(*places: str) -> Make:
    """FIFOs whose other end is open, and in which there is no room for a byte."""

    @contextmanager
    def make(home: Home) -> Iterator[None]:
        with ExitStack() as stack:
            for path in _paths(home, places):
                _put_fifo(path)
                end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
                stack.callback(os.close, end)
                _fill(lambda end=end: os.write(end, bytes(4096)))  # type: ignore[misc]
            yield

    return make


def held(*places: str) -> Make:
    """FIFOs whose other end is open, and in which there is nothing: a read waits."""

    @contextmanager
    def make(home: Home) -> Iterator[None]:
        with ExitStack() as stack:
            for path in _paths(home, places):
                _put_fifo(path)
                stack.callback(os.close, os.open(path, os.O_RDWR | os.O_NONBLOCK))
            yield

    return make


def _paths(home: Home, places: tuple[str, ...]) -> list[Path]:
    found = [path for place in places for path in (home.path.glob(place) if "*" in place else [home.path / place])]
    assert found, places
    return found


def _fill(write: Callable[[], object]) -> None:
    try:
        while True:
            write()
    except BlockingIOError:
        return


@contextmanager
def program(home: Home) -> Iterator[None]:
    """~/stuck takes its time, whatever it is told."""
    home.write("stuck", STUCK, 0o755)
    yield


@contextmanager
def dot_lock(home: Home) -> Iterator[None]:
    (home.path / "Mail").mkdir(mode=0o700, exist_ok=True)
    home.write("Mail/old.mbox.lock", "1\n")
    yield


@contextmanager
def fcntl_lock(home: Home) -> Iterator[None]:
    (home.path / "Mail").mkdir(mode=0o700, exist_ok=True)
    path = home.write("Mail/old.mbox", "")
    with path.open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def flock(place: str) -> Make:
    @contextmanager
    def make(home: Home) -> Iterator[None]:
        (home.path / place).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (home.path / place).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    return make


@contextmanager
def database_lock(home: Home) -> Iterator[None]:
    database = sqlite3.connect(home.path / ".local/state/pyfilter/memory", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    yield
    database.close()


@contextmanager
def scanner(home: Home) -> Iterator[None]:
    """One that takes the connection, as the kernel does for it, and says nothing."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(home.path / "scanner"))
        silent.listen()
        yield


def system_log(kind: int) -> Make:
    """/dev/log, in a name space of its own, is a socket that takes nothing more."""

    @contextmanager
    def make(home: Home) -> Iterator[None]:
        devices = home.path / "dev"
        devices.mkdir()
        command = home.command
        with socket.socket(socket.AF_UNIX, kind) as log, socket.socket(socket.AF_UNIX, kind) as other:
            log.bind(str(devices / "log"))
            if kind == socket.SOCK_STREAM:
                log.listen(0)
            other.setblocking(False)
            other.connect(str(devices / "log"))
            _fill(lambda: other.send(bytes(1000)))
            for name in ("null", "zero", "urandom"):
                (devices / name).touch()
            binds = " && ".join(f'mount --bind /dev/{name} "$0/{name}"' for name in ("null", "zero", "urandom"))
            script = f'{binds} && mount --rbind "$0" /dev && exec "$@"'
            home.command = ["unshare", "-m", "sh", "-c", script, str(devices), *command]
            try:
                yield
            finally:
                home.command = command

    return make


MBOX = 'rule "old" { file into mbox "~/Mail/old.mbox" }\n'
MH = 'rule "old" { file into mh "~/Mail/old" }\n'
STATE = ".local/state/pyfilter"
DUPLICATE = 'rule "again" { when duplicate; file into "Again" }\n'
LISTED = 'list friends from "friends.txt"\nrule "friend" { when from in friends; file into "Friends" }\n'
REPLY = 'set sendmail = "~/stuck"\nrule "away" { reply "I am away." }\n'


def _everywhere(name: str, rules: str, place: str, filed: bool | None, after: bool = True) -> list[Stall]:
    """The three kinds of a FIFO in one place."""
    kinds = {"a FIFO": fifo, "a FIFO with a silent writer": held, "a FIFO that is full": full}
    return [Stall(f"{name} is {kind}", rules, make(place), filed, after) for kind, make in kinds.items()]


STALLS = [
    *_everywhere("the rule file", CRON, ".pyfilterrc", False),
    *_everywhere("an included file", f'include "more.rules"\n{CRON}', "more.rules", None, after=False),
    *_everywhere("a list", LISTED, "friends.txt", True, after=False),
    *_everywhere("the cache", CRON, ".cache/pyfilter/*", True),
    *_everywhere("the cache's directory", CRON, ".cache/pyfilter", True),
    *_everywhere("the log", f'set log = "~/mail.log"\n{CRON}', "mail.log", True),
    *_everywhere("the usual log", CRON, f"{STATE}/log", True),
    *_everywhere("the journal", CRON, f"{STATE}/journal", True),
    *_everywhere("the old journal", CRON, f"{STATE}/journal.1", True),
    *_everywhere("the state directory", CRON, STATE, True),
    *_everywhere("the memory of deliveries", DUPLICATE, f"{STATE}/memory", True),
    *_everywhere("the journal of that memory", DUPLICATE, f"{STATE}/memory-journal", True),
    *_everywhere("the list of replies", REPLY, f"{STATE}/replies", True),
    *_everywhere("the text of a reply", 'rule "away" { reply file "~/away.txt" }\n', "away.txt", True, after=False),
    *_everywhere("the Maildir", CRON, "Maildir", False),
    *_everywhere("new/ of the inbox", "", "Maildir/new", False),
    *_everywhere("a folder", CRON, "Maildir/.Cron", False),
    *_everywhere("tmp/ of a folder", CRON, "Maildir/.Cron/tmp", False),
    *_everywhere("new/ of a folder", CRON, "Maildir/.Cron/new", False),
    *_everywhere("cur/ of a folder", CRON.replace('"Cron"', '"Cron"; mark read'), "Maildir/.Cron/cur", None),
    *_everywhere("the subscriptions", CRON.replace('"Cron"', '"Fresh"'), "Maildir/subscriptions", True, after=False),
    *_everywhere(
        "the subscriptions' lock", CRON.replace('"Cron"', '"Fresh"'), "Maildir/subscriptions.lock", True, False
    ),
    *_everywhere("an mbox", MBOX, "Mail/old.mbox", False),
    *_everywhere("an mbox's lock", MBOX, "Mail/old.mbox.lock", False),
    *_everywhere("an MH directory", MH, "Mail/old", False),
    *_everywhere("a message in an MH directory", MH, "Mail/old/2", True),
    Stall("an mbox has a dot lock", MBOX, dot_lock, False),
    Stall("an mbox has an fcntl lock", MBOX, fcntl_lock, False),
    Stall(
        "an mbox has a dot lock, and a Maildir gets a copy",
        f'rule "both" {{ copy into "Old" }}\n{MBOX}',
        dot_lock,
        False,
    ),
    Stall("the list of replies is locked", REPLY, flock(f"{STATE}/replies")),
    Stall("the memory of deliveries is locked", DUPLICATE, database_lock),
    Stall("a program that gets the mail", 'rule "on" { pipe to "~/stuck" }\n', program, False),
    Stall("a program that changes the mail", 'rule "on" { pass through "~/stuck" }\n', program, None),
    Stall("a program that is asked", 'rule "on" { when command "~/stuck"; file into "Cron" }\n', program, None),
    Stall("a program that fills a list", LISTED.replace('from "friends.txt"', 'from command "~/stuck"'), program, None),
    Stall("a program that tells of mail", 'rule "on" { notify "~/stuck" }\n', program),
    Stall(
        "sendmail, for a forward", 'set sendmail = "~/stuck"\nrule "on" { forward to "b@z.example" }\n', program, False
    ),
    Stall("sendmail, for a copy", 'set sendmail = "~/stuck"\nrule "on" { copy to "b@z.example" }\n', program, False),
    Stall("sendmail, for a reply", REPLY, program),
    Stall(
        "spamd",
        'set spamd.address = "unix:HOME/scanner"\nrule "spam" { when spam; file into "Spam" }\n',
        scanner,
        None,
    ),
    Stall(
        "rspamd",
        'set spam.source = rspamd\nset rspamd.address = "unix:HOME/scanner"\n'
        'rule "spam" { when spam; file into "Spam" }\n',
        scanner,
        None,
    ),
    Stall("the system's log", CRON, system_log(socket.SOCK_DGRAM)),
    Stall("the system's log, of another kind", CRON, system_log(socket.SOCK_STREAM)),
]

PEERS_STALLS: dict[str, Make] = {
    "new/ of a folder is a FIFO": fifo("Maildir/.Cron/new"),
    "tmp/ of a folder is a FIFO": fifo("Maildir/.Cron/tmp"),
    "a folder is a FIFO": fifo("Maildir/.Cron"),
}
