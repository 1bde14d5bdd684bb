"""SIGKILL in the middle of a delivery: of the Python child, of the launcher, of Postfix's local(8).

strace(1) stands in front of the launcher in a user's ~/.forward and lets the signal strike at one system call.
Before the message is visible a kill costs nothing: it is filed once, by the next attempt. From then on, until
Postfix has heard of it, a kill can cost a second copy, never the only one.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ..account import Account, handed_over
from ..follow import Follower
from ..postfix import Postfix
from ..repair import LETTER, RULES, SENDER, let_in

Make = Callable[..., Account]
LAUNCHER = "pyfilter-delive"  # the kernel keeps 15 characters


def traced(user: Account, bin: Path, *options: str, shell: bool = False) -> Path:
    """Let strace start the user's agent. Answers with its trace, which lies where tail(1) is quick."""
    extension = " -a $EXTENSION" if shell else ""
    trace = Path("/var/log") / f"{user.name}.trace"
    trace.touch()
    os.chown(trace, user.uid, user.gid)
    user.write(".forward", f'"|/usr/bin/strace -o {trace} {" ".join(options)} {bin}/pyfilter-deliver{extension}"\n')
    return trace


def parent_of(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("PPid:")[2].split()[0])


def name_of(process: int) -> str:
    """The first 15 characters of its name; none if it has ended."""
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def copies(postfix: Postfix, user: Account, queue_id: str, message: bytes = LETTER) -> int:
    """How many there are in the end; every one is whole and in its folder, and the queue is empty."""
    postfix.gone(queue_id)
    assert postfix.queue() == {}
    folders = user.folders()
    assert list(folders) == ["Letters"]
    for filed in folders["Letters"]:
        assert handed_over(filed.data, message, queue_id=queue_id, recipient=user.address, sender=SENDER)
    return len(folders["Letters"])


def try_again(postfix: Postfix, user: Account, queue_id: str) -> None:
    (user.home / ".forward").unlink()
    let_in(postfix, queue_id)


# What a delivery does, in its order: the launcher reads the message and writes it into memory, Python opens
# modules and rules, writes and fsyncs in tmp/, links into new/ and fsyncs the directory. strace counts calls by
# process, and the first that comes to the number is killed.
@pytest.mark.parametrize(
    ("call", "number", "most"),
    [
        ("read", 1, 1),
        ("write", 1, 1),
        ("clone,fork,vfork", 1, 1),
        ("openat", 3, 1),
        ("openat", 30, 1),
        ("fsync", 1, 1),
        ("linkat", 1, 2),
        ("fsync", 2, 2),
    ],
)
def test_a_kill_at(postfix: Postfix, account: Make, bin: Path, call: str, number: int, most: int) -> None:
    user = account(RULES)
    postfix.gone(postfix.send(LETTER, user.address))  # the folder is made and the rules are compiled
    user.only().path.unlink()
    traced(user, bin, "-f", f"-e trace={call}", f"-e inject={call}:signal=KILL:when={number}")

    queue_id = postfix.send(LETTER, user.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("deferred", "4.3.0"), attempt
    if most == 1:
        assert user.places() == {}, "visible before it was safe"

    try_again(postfix, user, queue_id)
    assert 1 <= copies(postfix, user, queue_id) <= most


def test_the_launcher_is_killed(postfix: Postfix, account: Make, bin: Path) -> None:
    """Its child does not go on alone: nobody would tell Postfix, and the next attempt would file again."""
    user = account(RULES)
    trace = Follower(traced(user, bin, "-f", "-e trace=fsync", "-e inject=fsync:signal=STOP:when=1"))
    queue_id = postfix.send(LETTER, user.address)
    python = int(trace.wait(r"^(\d+) +--- stopped by SIGSTOP ---")[1])
    launcher = parent_of(python)
    assert name_of(launcher) == LAUNCHER

    os.kill(launcher, signal.SIGKILL)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("deferred", "4.3.0"), attempt
    trace.wait(rf"^{python} +\+\+\+ killed by SIGKILL \+\+\+")

    try_again(postfix, user, queue_id)
    assert copies(postfix, user, queue_id) == 1
    trace.close()


def test_the_launcher_is_killed_behind_a_shell(postfix: Postfix, account: Make, bin: Path) -> None:
    """Postfix starts a shell where the command has quotes or a `$` in it, and bounces what the shell makes of the
    signal: status 137. This is why mailbox_command names the launcher and nothing else."""
    user, sender = account(RULES), account()
    traced(user, bin, "-e trace=read", "-e inject=read:signal=KILL:when=1", shell=True)
    queue_id = postfix.send(LETTER, user.address, sender.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("bounced", "5.3.0")
    assert attempt.text.startswith("Command died with status 137: ")
    postfix.gone(postfix.wait_for_bounce(queue_id))


def test_local_is_killed_while_it_hands_over(postfix: Postfix, account: Make, bin: Path) -> None:
    """The pipe ends as it does after a whole message. What came through it is not taken for one."""
    user = account(RULES)
    message = LETTER + b"line after line after line\n" * 100_000  # far more than a pipe holds
    trace = Follower(traced(user, bin, "-D", "-e trace=read", "-e inject=read:signal=STOP:when=2"))
    queue_id = postfix.send(message, user.address)
    trace.wait("--- stopped by SIGSTOP ---")
    (launcher,) = processes_named(LAUNCHER)
    local = parent_of(launcher)
    assert name_of(local) == "local"

    os.kill(local, signal.SIGKILL)
    postfix.wait(rf"process \S+/local pid {local} killed by signal 9")
    os.kill(launcher, signal.SIGCONT)
    trace.wait(r"\+\+\+ exited with 75 \+\+\+")
    assert user.places() == {}, "a part of a message was filed as a message"

    try_again(postfix, user, queue_id)
    assert copies(postfix, user, queue_id, message) == 1
    trace.close()


def test_local_is_killed_while_python_files(postfix: Postfix, account: Make, bin: Path) -> None:
    """The message was whole and is filed, but nobody hears of it: at worst a second copy."""
    user = account(RULES)
    trace = Follower(traced(user, bin, "-f", "-D", "-e trace=fsync", "-e inject=fsync:signal=STOP:when=1"))
    queue_id = postfix.send(LETTER, user.address)
    python = int(trace.wait(r"^(\d+) +--- stopped by SIGSTOP ---")[1])
    launcher = parent_of(python)
    local = parent_of(launcher)
    assert name_of(local) == "local"

    os.kill(local, signal.SIGKILL)
    os.kill(python, signal.SIGCONT)
    trace.wait(rf"^{launcher} +\+\+\+ exited with \d+ \+\+\+")

    try_again(postfix, user, queue_id)
    assert 1 <= copies(postfix, user, queue_id) <= 2
    trace.close()


def test_kills_at_random(postfix: Postfix, account: Make) -> None:
    """While mail streams in, agents are killed whenever one is seen, the launcher or its child. In the end every
    message is there and whole, and there are no more second copies than there were kills."""
    user = account('rule "even" { when subject contains "even"; file into "Even" }\nrule "odd" { file into "Odd" }\n')
    postfix.gone(postfix.send(b"Subject: even\n\n-1\n", user.address))  # the rules are compiled
    choice = random.Random(2026)
    queued: dict[str, int] = {}
    killed: set[int] = set()
    while len(killed) < 12:
        assert len(queued) < 400, f"of {len(queued)} agents only {len(killed)} were seen"
        number = len(queued)
        queued[postfix.send(b"Subject: %s\n\n%d\n" % ([b"even", b"odd"][number % 2], number), user.address)] = number
        for launcher in processes_named(LAUNCHER):
            if launcher not in killed and choice.random() < 0.5:
                victim = choice.choice([launcher, *children_of(launcher)])
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:  # it was quicker
                    continue
                killed.add(launcher)

    first = {queue_id: postfix.delivery(queue_id) for queue_id in queued}
    postponed = [queue_id for queue_id, attempt in first.items() if attempt.status != "sent"]
    for queue_id in postponed:
        assert (first[queue_id].status, first[queue_id].dsn) == ("deferred", "4.3.0"), first[queue_id]
        postfix.waiting(queue_id)
    postfix.flush()
    for queue_id in postponed:
        assert postfix.delivery(queue_id).status == "sent"
    for queue_id in queued:
        postfix.gone(queue_id)
    assert postfix.queue() == {}
    filed = [message.data.splitlines()[-1] for found in user.folders().values() for message in found]
    assert {int(number) for number in filed} == {-1, *queued.values()}
    assert len(filed) - len(queued) - 1 <= len(killed)


def processes_named(name: str) -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if name_of(int(path.name)) == name]


def children_of(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
