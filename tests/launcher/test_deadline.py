"""A delivery ends within its deadline, with all it started; so does a launcher that is told to stop or is killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import MESSAGE, POSTPONED, Installation
from .test_clean_room import reported, value

# Leaves a process in the delivery's group that holds the FIFO scratch/alive open until it dies.
LINGERS = "cat >/dev/null; (trap '' TERM HUP INT PIPE; exec sleep 600 >$scratch/alive) & "


@contextmanager
def alive(installation: Installation) -> Iterator[int]:
    """A descriptor that comes to its end when the last writer of scratch/alive has died."""
    os.mkfifo(installation.scratch / "alive")
    end = os.open(installation.scratch / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield end
    finally:
        os.close(end)


def wait_until_dead(end: int) -> None:
    assert select.select([end], [], [], 30)[0], "a process of the delivery is still alive"
    assert os.read(end, 1) == b""


@pytest.mark.parametrize("hangs", ["wait", "exec sleep 600", "while :; do :; done", "exec >&- 2>&-; wait"])
def test_at_the_deadline_the_whole_group_dies(impatient: Installation, hangs: str) -> None:
    impatient.python(LINGERS + hangs)
    with alive(impatient) as end:
        assert impatient.run() == (75, POSTPONED, b"")
        wait_until_dead(end)
    assert impatient.log == ["not done within 1 seconds; the delivery was stopped, the mail stays in the queue"]


def test_a_delivery_that_prints_without_end_ends_at_the_deadline(impatient: Installation) -> None:
    impatient.python("exec yes 5.7.1 no")
    assert impatient.run() == (75, POSTPONED, b"")


def test_a_feeder_that_stalls_ends_at_the_deadline(impatient: Installation) -> None:
    impatient.delivers()
    with subprocess.Popen([impatient.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdin is not None
        launcher.stdin.write(b"From a@x")
        launcher.stdin.flush()
        assert launcher.wait(30) == 75
    assert impatient.delivered is None
    assert impatient.log == ["the message did not arrive within 1 seconds; the mail stays in the queue"]


def test_what_a_delivery_leaves_running_does_not_hold_the_launcher_up(installation: Installation) -> None:
    """A command in the background may hold the pipes open. It is not the launcher's to kill: the delivery was done."""
    installation.python("cat >/dev/null; sleep 600 & echo $! >$scratch/process; printf '\\n2.0.0 delivered\\n'")
    assert installation.run() == (0, b"", b"")
    os.kill(int((installation.scratch / "process").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_takes_the_delivery_along(installation: Installation, number: signal.Signals) -> None:
    installation.python(LINGERS + "echo >$scratch/alive; wait")
    with (
        alive(installation) as end,
        subprocess.Popen([installation.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher,
    ):
        assert launcher.stdin is not None
        launcher.stdin.write(MESSAGE)
        launcher.stdin.close()
        launcher.stdin = None
        assert select.select([end], [], [], 30)[0]
        assert os.read(end, 1) == b"\n"  # it runs
        launcher.send_signal(number)
        assert launcher.communicate(timeout=30)[0] == POSTPONED
        assert launcher.returncode == 75
        wait_until_dead(end)
    assert installation.log == [f"told to stop by {number.name}; the delivery was stopped, the mail stays in the queue"]


def test_signals_are_heard_even_if_the_caller_ignores_and_blocks_them(installation: Installation) -> None:
    """Also SIGCHLD: a caller that ignores it (as some daemons do) must not hide the end of the delivery."""
    installation.delivers()
    ignoring = (
        "import os, signal, sys\n"
        "every = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM}\n"
        "for number in every: signal.signal(number, signal.SIG_IGN)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, every)\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    assert installation.run(prefix=("/usr/bin/python3", "-c", ignoring)).status == 0
    assert installation.delivered == MESSAGE


def test_a_killed_launcher_takes_the_delivery_along(installation: Installation) -> None:
    """The mail system tries again; the first delivery must not go on beside the second."""
    installation.python("exec sleep 600 >$scratch/alive")
    with (
        alive(installation) as end,
        subprocess.Popen([installation.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher,
    ):
        installation.python("echo >$scratch/alive; exec sleep 600 >$scratch/alive")
        assert launcher.stdin is not None
        launcher.stdin.write(MESSAGE)
        launcher.stdin.close()
        assert select.select([end], [], [], 30)[0]
        assert os.read(end, 1) == b"\n"
        launcher.kill()
        wait_until_dead(end)


# Starts a process that leaves the group of the delivery and holds scratch/alive open: in a session of its own, as
# programs that rules run; and as a daemon, whose parent is gone.
LEAVERS = {
    "a session of its own": "setsid sh -c 'echo; exec sleep 600' >$scratch/alive &",
    "a daemon": "(setsid sh -c 'echo; exec sleep 600' >$scratch/alive &)",
    "a daemon's children": "(setsid sh -c 'sleep 600 & setsid sleep 600 & echo; exec sleep 600' >$scratch/alive &)",
}
ENDS = {"the deadline": "wait; exec sleep 600", "a signal": "read line <$scratch/go; kill -9 $$"}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("leaver", LEAVERS.values(), ids=LEAVERS)
def test_who_left_the_group_dies_with_a_delivery_that_failed(impatient: Installation, leaver: str, ends: str) -> None:
    impatient.python(f"cat >/dev/null\n{leaver}\n{ends}")
    os.mkfifo(impatient.scratch / "go")
    with (
        alive(impatient) as end,
        subprocess.Popen([impatient.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher,
    ):
        assert launcher.stdin is not None
        launcher.stdin.write(MESSAGE)
        launcher.stdin.close()
        launcher.stdin = None
        assert select.select([end], [], [], 30)[0]
        assert os.read(end, 1) == b"\n"  # it runs
        go = os.open(impatient.scratch / "go", os.O_RDWR)  # waits for no reader
        os.write(go, b"now\n")
        assert launcher.communicate(timeout=30)[0] == POSTPONED
        assert launcher.returncode == 75
        wait_until_dead(end)
        os.close(go)


@pytest.mark.parametrize("stopped_by", [None, signal.SIGTERM])
def test_a_delivery_that_was_done_in_time_counts(patient: Installation, stopped_by: signal.Signals | None) -> None:
    """The launcher had no time to look before its deadline, or was told to stop just then: the mail is filed."""
    began = time.monotonic()
    patient.python("cat >$scratch/delivered; kill -STOP $PPID; printf '\\n2.0.0 delivered\\n'")
    with subprocess.Popen([patient.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdin is not None
        launcher.stdin.write(MESSAGE)
        launcher.stdin.close()
        launcher.stdin = None
        seen = os.waitid(os.P_PID, launcher.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert seen is not None and seen.si_code == os.CLD_STOPPED
        if stopped_by is not None:
            launcher.send_signal(stopped_by)
        else:
            time.sleep(max(0.0, began + 5.5 - time.monotonic()))  # its deadline passes
        wait_for_the_end_of(launcher.pid)
        launcher.send_signal(signal.SIGCONT)
        assert launcher.communicate(timeout=30)[0] == b""
        assert launcher.returncode == 0
    assert patient.delivered == MESSAGE
    assert patient.log == []


def wait_for_the_end_of(launcher: int) -> None:
    """Of what the launcher started; the launcher, which is stopped, has not taken notice yet."""
    (child,) = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    for _ in range(3000):
        if Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2].startswith("Z"):
            return
        time.sleep(0.01)
    raise AssertionError("it does not end")


def test_python_knows_what_time_is_left(installation: Installation) -> None:
    path = reported(installation, "seconds")
    assert installation.run().status == 0
    assert value(path) in range(295, 301)
    with subprocess.Popen([installation.launcher], stdin=subprocess.PIPE) as launcher:
        assert launcher.stdin is not None
        launcher.stdin.write(MESSAGE)
        launcher.stdin.flush()
        time.sleep(2)  # of a slow feeder
        launcher.stdin.close()
        assert launcher.wait(30) == 0
    seconds = value(path)
    assert isinstance(seconds, int) and seconds < 299
