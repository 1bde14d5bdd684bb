"""When something is wrong, the mail is filed or waits in the queue: never bounced, never lost, never twice.

Each test makes one trouble, sees what Postfix says about it, mends it, lets Postfix try again, and counts:
one copy, in its place, and an empty queue.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..account import Account, handed_over
from ..postfix import Postfix

Make = Callable[..., Account]
RULES = 'rule "letters" { when subject contains "letter"; file into "Letters" }\n'
LETTER = b"From: Olga <olga@family.example>\nSubject: a letter\nMessage-ID: <1@family.example>\n\nDear all,\n"
BROKEN_MODULES = [
    b"raise RuntimeError('5.7.1 secret')\n",
    b"def\n",
    b"import os\nos._exit(1)\n",
    b"print('5.0.0 no')\n",
]
POSTPONED = ("deferred", "4.3.0", "delivery postponed")
SENDER = "stranger@stranger.example"


@contextmanager
def moved_away(path: Path) -> Iterator[None]:
    """As if somebody had deleted it, until the end of the block."""
    if path.is_dir() and path.parent != Path("/home"):  # an overlay does not rename its lower directories
        with mounted("-t", "tmpfs", "tmpfs", str(path)):
            yield
        return
    elsewhere = path.with_name(path.name + ".away")
    path.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(path)


@contextmanager
def mounted(*options: str) -> Iterator[None]:
    """mount(8) until the end of the block; the last option is the place."""
    subprocess.run(["mount", *options], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", options[-1]], check=True)


def filed_once(
    postfix: Postfix, user: Account, queue_id: str, folder: str = "Letters", message: bytes = LETTER
) -> None:
    """The end of every test here: one whole copy, nothing half done, nothing in the queue."""
    postfix.gone(queue_id)
    assert user.places() == {folder: 1}
    assert handed_over(user.only().data, message, queue_id=queue_id, recipient=user.address, sender=SENDER)
    assert user.unfinished() == []
    assert postfix.queue() == {}


def let_in(postfix: Postfix, queue_id: str) -> None:
    """After the repair the administrator says `postqueue -f`."""
    attempt = postfix.retry(queue_id)
    assert (attempt.status, attempt.dsn) == ("sent", "2.0.0"), attempt


# ------------------------------------------------------------ the rules


def test_rules_that_do_not_check(postfix: Postfix, account: Make) -> None:
    """The inbox, with the problem on the message; after the repair the next mail goes where it should."""
    user = account(RULES.replace("file into", "fiel into"))
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)

    assert user.places() == {"INBOX": 1}
    (problem,) = user.only().fields("X-Pyfilter-Problem")
    assert "pyfilterrc" in problem
    assert user.only().data.endswith(b"\n" + LETTER), "the message itself was changed"
    user.only().path.unlink()

    user.write(".pyfilterrc", RULES)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id)
    assert user.only().fields("X-Pyfilter-Problem") == []


@pytest.mark.parametrize(
    "text", ["", "\0", "\xff\xfe", ":0\n* ^Subject\nspam/\n", "{" * 5000, 'set maildir = "', "rule " * 3000]
)
def test_rules_that_are_nonsense(postfix: Postfix, account: Make, text: str) -> None:
    user = account(text)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)
    assert user.places() == {"INBOX": 1}
    assert len(user.only().fields("X-Pyfilter-Problem")) == (1 if text else 0)


@pytest.mark.parametrize("mode", [0o666, 0o646])
def test_rules_that_others_may_write(postfix: Postfix, account: Make, mode: int) -> None:
    user = account()
    user.write(".pyfilterrc", RULES, mode)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED
    assert user.places() == {}

    user.rule_file.chmod(0o644)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_rules_of_somebody_else(postfix: Postfix, account: Make) -> None:
    user, other = account(RULES), account()
    os.chown(user.rule_file, other.uid, other.gid)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    os.chown(user.rule_file, user.uid, user.gid)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_rules_that_cannot_be_read(postfix: Postfix, account: Make) -> None:
    """Not readable is not absent: the mail waits, for the rules may want it elsewhere."""
    user = account(RULES)
    os.chown(user.rule_file, 0, 0)
    user.rule_file.chmod(0o600)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    os.chown(user.rule_file, user.uid, user.gid)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_a_fifo_for_rules(postfix: Postfix, account: Make) -> None:
    """It does not wait for a writer until Postfix's limit is over, which would bounce."""
    user = account()
    os.mkfifo(user.rule_file, 0o600)
    os.chown(user.rule_file, user.uid, user.gid)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    user.rule_file.unlink()
    user.write(".pyfilterrc", RULES)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


# ------------------------------------------------------------ the mailbox


def test_a_maildir_that_is_read_only(postfix: Postfix, account: Make) -> None:
    user = account(RULES)
    user.directory("Maildir")
    with mounted("--bind", str(user.maildir), str(user.maildir)):
        subprocess.run(["mount", "-o", "remount,bind,ro", user.maildir], check=True)
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED
        assert postfix.retry(queue_id).verdict == POSTPONED  # as long as it lasts
        postfix.waiting(queue_id)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_a_maildir_without_permission(postfix: Postfix, account: Make) -> None:
    user = account(RULES)
    user.directory("Maildir").chmod(0o500)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    user.maildir.chmod(0o700)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


@pytest.mark.parametrize("free", [0, 16384])
def test_a_full_disk(postfix: Postfix, account: Make, free: int) -> None:
    """Full from the start, or full while the message is written: nothing of it stays behind."""
    user = account(RULES)
    user.directory("Maildir")
    message = LETTER + b"line after line after line\n" * 4000  # some 100 kB
    with mounted("-t", "tmpfs", "-o", f"size=1m,mode=700,uid={user.uid},gid={user.gid}", "tmpfs", str(user.maildir)):
        filler = user.maildir / "filler"
        filler.write_bytes(bytes(os.statvfs(user.maildir).f_bavail * os.statvfs(user.maildir).f_frsize - free))
        queue_id = postfix.send(message, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED
        for _ in range(5):
            assert postfix.retry(queue_id).verdict == POSTPONED
        assert user.unfinished() == []
        assert user.places() == {}

        filler.unlink()
        let_in(postfix, queue_id)
        filed_once(postfix, user, queue_id, message=message)


def test_a_file_where_the_folder_should_be(postfix: Postfix, account: Make) -> None:
    user = account(RULES)
    in_the_way = user.write("Maildir/.Letters", "not a folder\n")
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED
    assert in_the_way.read_text() == "not a folder\n"

    in_the_way.unlink()
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


@pytest.mark.parametrize("blocks", [1, 20, 200])
def test_a_limit_for_files(postfix: Postfix, account: Make, bin: Path, blocks: int) -> None:
    """Postfix's mailbox_size_limit arrives as RLIMIT_FSIZE, here by ulimit (blocks of 512 bytes): SIGXFSZ does not
    kill the delivery, EFBIG postpones it."""
    user = account(RULES)
    message = LETTER + b"line after line after line\n" * 4000  # some 100 kB
    user.write(".forward", f'"|ulimit -f {blocks}; exec {bin}/pyfilter-deliver"\n')
    queue_id = postfix.send(message, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED
    assert user.unfinished() == []

    (user.home / ".forward").unlink()
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id, message=message)


def test_a_limit_that_only_the_cache_meets(postfix: Postfix, account: Make, bin: Path) -> None:
    """A compiled program that cannot be kept is no reason to keep the mail waiting."""
    user = account(RULES)
    user.write(".forward", f'"|ulimit -f 1; exec {bin}/pyfilter-deliver"\n')
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id)


def test_a_home_that_is_away(postfix: Postfix, account: Make) -> None:
    """A home on a server that is down: no second home is made in its place."""
    user = account(RULES)
    with moved_away(user.home):
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED
        assert not user.home.exists()
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


# ------------------------------------------------------------ the agent itself


@pytest.mark.parametrize("name", ["bin/python3", "lib/python3.11/site-packages/pyfilter", "pyvenv.cfg", "lib"])
def test_a_part_of_the_installation_is_missing(postfix: Postfix, account: Make, bin: Path, name: str) -> None:
    """An upgrade in progress, a broken package, an interpreter that was removed."""
    user = account(RULES)
    with moved_away(bin.parent / name):
        queue_id = postfix.send(LETTER, user.address)
        attempt = postfix.delivery(queue_id)
    if attempt.status == "sent":  # it can do without
        filed_once(postfix, user, queue_id)
        return
    assert attempt.verdict == POSTPONED
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


@pytest.mark.parametrize("module", ["mda.py", "agent.py", "delivery/execute.py", "message/message.py"])
def test_a_module_that_fails(postfix: Postfix, account: Make, bin: Path, module: str) -> None:
    """Whatever the code does, no traceback reaches the log of Postfix or a sender, and nothing bounces."""
    user = account(RULES)
    (package,) = (bin.parent / "lib").glob("python3*/site-packages/pyfilter")
    path = package / module
    working = path.read_bytes()
    for broken in BROKEN_MODULES:
        path.write_bytes(broken)
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED, broken
        path.write_bytes(working)
        let_in(postfix, queue_id)
        filed_once(postfix, user, queue_id)
        user.only().path.unlink()


def test_the_launcher_is_missing(postfix: Postfix, account: Make, bin: Path) -> None:
    """As long as mailbox_command has no quotes, Postfix starts the launcher itself, and a missing one is a
    temporary failure. With quotes a shell starts it, whose 127 would bounce: hence no `-a "$EXTENSION"`."""
    user = account(RULES)
    user.write(".forward", f'"|{bin}/pyfilter-deliver"\n')
    with moved_away(bin / "pyfilter-deliver"):
        queue_id = postfix.send(LETTER, user.address)
        attempt = postfix.delivery(queue_id)
        assert (attempt.status, attempt.dsn) == ("deferred", "4.3.0")
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)
