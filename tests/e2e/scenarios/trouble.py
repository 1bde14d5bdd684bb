"""When something is wrong around the agent, the mail is filed or waits in the queue: never bounced, never lost,
never twice.

Each test makes one trouble, sees what Postfix says about it, mends it, lets Postfix try again, and counts.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..account import Account
from ..postfix import Postfix
from ..repair import LETTER, LONG_LETTER, POSTPONED, RULES, filed_once, let_in, missing, mounted

Make = Callable[..., Account]

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


@pytest.mark.parametrize(
    ("size", "free"),
    [
        ("size=1m", 0),
        ("size=1m", 16384),  # full while the message is written
        ("size=1m,nr_inodes=3", 500_000),  # room for bytes, not for files
    ],
)
def test_a_full_disk(postfix: Postfix, account: Make, size: str, free: int) -> None:
    """Nothing of it stays behind, however often it is tried."""
    user = account(RULES)
    place = str(user.directory("Maildir"))
    with mounted("-t", "tmpfs", "-o", f"{size},mode=700,uid={user.uid},gid={user.gid}", "tmpfs", place):
        disk = os.statvfs(place)
        filler = user.maildir / "filler"
        filler.write_bytes(bytes(disk.f_bavail * disk.f_frsize - free))
        queue_id = postfix.send(LONG_LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED
        for _ in range(5):
            assert postfix.retry(queue_id).verdict == POSTPONED
        assert user.unfinished() == []
        assert user.places() == {}

        filler.unlink()
        subprocess.run(["mount", "-o", "remount,nr_inodes=1000", place], check=True)
        let_in(postfix, queue_id)
        filed_once(postfix, user, queue_id, message=LONG_LETTER)


def test_a_file_where_the_folder_should_be(postfix: Postfix, account: Make) -> None:
    user = account(RULES)
    in_the_way = user.write("Maildir/.Letters", "not a folder\n")
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED
    assert in_the_way.read_text() == "not a folder\n"

    in_the_way.unlink()
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


@pytest.mark.parametrize(
    "limit",
    [
        "-f 1",  # blocks of 512 bytes: Postfix's mailbox_size_limit arrives so, SIGXFSZ and EFBIG
        "-f 20",
        "-f 200",
        "-v 2000",  # kilobytes of memory
        "-v 20000",
        "-n 3",  # open files
        "-n 5",
        "-t 0",  # seconds of CPU
    ],
)
def test_a_limit(postfix: Postfix, account: Make, bin: Path, limit: str) -> None:
    """Resource limits of the system: whatever the shortage hits, the launcher or Python, it is a postponement."""
    user = account(RULES)
    user.write(".forward", f'"|ulimit {limit}; exec {bin}/pyfilter-deliver"\n')
    queue_id = postfix.send(LONG_LETTER, user.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("deferred", "4.3.0"), attempt
    assert user.unfinished() == []

    (user.home / ".forward").unlink()
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id, message=LONG_LETTER)


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
    with missing(user.home):
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED
        assert list(user.home.iterdir()) == []
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_a_maildir_behind_a_link(postfix: Postfix, account: Make) -> None:
    """On another disk, say. A link that leads nowhere is a disk that is not mounted."""
    user = account(RULES)
    user.maildir.symlink_to("/var/mail-disk")
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    Path("/var/mail-disk").mkdir(mode=0o700)
    os.chown("/var/mail-disk", user.uid, user.gid)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


# ------------------------------------------------------------ the agent itself


# what is missing -> whether mail is filed without it
PARTS = {
    "bin/python*": True,  # the launcher takes Debian's
    "lib": False,
    "lib/python3*/site-packages/pyfilter": False,
    "lib/python3*/site-packages/pyfilter/engine": False,
    "pyvenv.cfg": True,
}


@pytest.mark.parametrize(("part", "filed"), PARTS.items(), ids=PARTS)
def test_a_part_of_the_installation_is_missing(
    postfix: Postfix, account: Make, bin: Path, part: str, filed: bool
) -> None:
    """An upgrade in progress, a broken package, an interpreter that was removed."""
    user = account(RULES)
    with ExitStack() as repair:
        for path in bin.parent.glob(part):
            repair.enter_context(missing(path))
        queue_id = postfix.send(LETTER, user.address)
        attempt = postfix.delivery(queue_id)
    if not filed:
        assert attempt.verdict == POSTPONED
        let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_there_is_no_interpreter(postfix: Postfix, account: Make, bin: Path) -> None:
    user = account(RULES)
    with ExitStack() as repair:
        for path in [*bin.glob("python3*"), *Path("/usr/bin").glob("python3*")]:
            repair.enter_context(missing(path))
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED
        assert postfix.retry(queue_id).verdict == POSTPONED
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


MODULES = ["mda.py", "agent.py", "delivery/execute.py", "message/message.py", "engine/evaluate.py"]
CONTENTS = {
    "an exception": "raise RuntimeError('5.7.1 secret')\n",
    "a syntax error": "def\n",
    "exit 0": "import os\nos._exit(0)\n",
    "exit 1": "raise SystemExit(1)\n",
    "output": "print('5.0.0 no', flush=True)\n",
    "a recursion": "def f(): f()\nf()\n",
    "a crash": "import os\nos.abort()\n",
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_fails(postfix: Postfix, account: Make, bin: Path, module: str) -> None:
    """Whatever the code does, nothing of it reaches the log of Postfix or a sender, and nothing bounces."""
    user = account(RULES)
    (package,) = (bin.parent / "lib").glob("python3*/site-packages/pyfilter")
    path = package / module
    working = path.read_bytes()
    for content in CONTENTS.values():
        path.write_text(content)
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED, content
        path.write_bytes(working)
        let_in(postfix, queue_id)
        filed_once(postfix, user, queue_id)
        user.only().path.unlink()


def test_the_launcher_is_missing(postfix: Postfix, account: Make, bin: Path) -> None:
    """Postfix starts the launcher itself where the command has no quotes, and a missing one is a temporary failure."""
    user = account(RULES)
    with missing(bin / "pyfilter-deliver"):
        queue_id = postfix.send(LETTER, user.address)
        attempt = postfix.delivery(queue_id)
        assert (attempt.status, attempt.dsn) == ("deferred", "4.3.0")
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_the_launcher_is_missing_behind_a_shell(postfix: Postfix, account: Make, bin: Path) -> None:
    """With `-a "$EXTENSION"` Postfix starts a shell, and what the shell says of a missing program bounces. The
    option is not needed: the extension stands in Delivered-To."""
    user, sender = account(RULES), account()
    user.write(".forward", f'"|{bin}/pyfilter-deliver -a $EXTENSION"\n')
    with missing(bin / "pyfilter-deliver"):
        queue_id = postfix.send(LETTER, user.address, sender.address)
        attempt = postfix.delivery(queue_id)
        assert (attempt.status, attempt.dsn) == ("bounced", "5.3.0")
        bounce = postfix.wait_for_bounce(queue_id)
        assert postfix.delivery(bounce).status == "deferred"
    let_in(postfix, bounce)
    postfix.gone(bounce)
    assert sender.places() == {"INBOX": 1}
