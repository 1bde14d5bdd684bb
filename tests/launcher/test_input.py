"""The message is read whole before anything starts, and a message that may be cut is not delivered."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import MESSAGE, POSTPONED, Installation

PR_SET_CHILD_SUBREAPER = 36


@pytest.mark.parametrize("size", [1, 4095, 65535, 65536, 65537, 5_000_000])
def test_the_child_reads_exactly_the_message(installation: Installation, size: int) -> None:
    message = bytes(range(256)) * (size // 256) + b"\0" * (size % 256)
    installation.delivers()
    assert installation.run(message=message) == (0, b"", b"")
    assert installation.delivered == message


def test_a_message_of_60_megabytes(installation: Installation) -> None:
    installation.python('[ "$(wc -c)" = 60000000 ] && printf "\\n2.0.0 delivered\\n"')
    assert installation.run(message=b"x" * 60_000_000) == (0, b"", b"")


def test_nothing_starts_before_the_end_of_the_message(installation: Installation) -> None:
    installation.delivers()
    with subprocess.Popen([installation.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdin is not None
        launcher.stdin.write(b"x" * 200_000)  # more than the pipe holds: part of it is read
        launcher.stdin.flush()
        assert list(installation.scratch.iterdir()) == []
        assert Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text() == ""
        launcher.stdin.close()
        assert launcher.wait(60) == 0
    assert installation.delivered == b"x" * 200_000


def test_no_message_is_no_delivery(installation: Installation) -> None:
    installation.delivers()
    assert installation.run(message=b"") == (75, POSTPONED, b"")
    assert installation.delivered is None
    assert installation.log == ["no message on standard input"]


@pytest.mark.parametrize("how", ["<&-", "</", ">/dev/null 0>/dev/null"])
def test_a_standard_input_that_cannot_be_read(installation: Installation, how: str) -> None:
    installation.delivers()
    assert installation.run(prefix=("sh", "-c", f'exec "$0" "$@" {how}')).status == 75
    assert installation.delivered is None


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "3>&- 4>&- 5>&-"])
def test_closed_output_descriptors_do_not_matter(installation: Installation, closed: str) -> None:
    installation.delivers()
    assert installation.run(prefix=("sh", "-c", f'exec "$0" "$@" {closed}')).status == 0
    assert installation.delivered == MESSAGE


@pytest.fixture
def orphans_come_to_us() -> Iterator[None]:
    """A launcher whose parent was killed becomes our child, so its status can be seen."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
    yield
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 0) == 0


FEEDER = """
import fcntl, struct, subprocess, sys, termios
launcher = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, start_new_session=True)
launcher.stdin.write(b"x" * int(sys.argv[1]))
launcher.stdin.flush()
while fcntl.ioctl(launcher.stdin, termios.FIONREAD, bytes(4)) != bytes(4):
    pass  # until the launcher runs and has read it all
print(launcher.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("orphans_come_to_us")
@pytest.mark.parametrize("through", [[], ["sh", "-c", '"$0" || exit 75'], ["sh", "-c", 'env "$0" || exit 75']])
@pytest.mark.parametrize("fed", [1, 65536, 65537, 300_000])
def test_a_feeder_killed_half_way(installation: Installation, fed: int, through: list[str]) -> None:
    """local(8) killed in mid-feed: end of file comes, but the message is not whole.

    It comes even before the kernel gives the launcher another parent.
    """
    installation.delivers()
    command = [sys.executable, "-c", FEEDER, str(fed), *through, str(installation.launcher)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as feeder:
        assert feeder.stdout is not None
        launcher = int(feeder.stdout.readline())
        feeder.kill()
    assert os.waitstatus_to_exitcode(os.waitpid(launcher, 0)[1]) == 75
    assert installation.delivered is None
    (line,) = installation.log
    assert line.endswith("ended before the message did; the message may be cut, so nothing was delivered")


def test_a_shell_between_is_fine_as_long_as_the_feeder_lives(installation: Installation) -> None:
    installation.delivers()
    command = ["setsid", "-w", "sh", "-c", '"$0" || exit 75', installation.launcher]
    assert subprocess.run(command, input=MESSAGE, timeout=60).returncode == 0
    assert installation.delivered == MESSAGE


def test_as_process_1_of_a_container(installation: Installation) -> None:
    """No parent at all: getppid() is 0 before and after."""
    installation.delivers()
    ended = installation.run(prefix=("unshare", "--user", "--map-root-user", "--pid", "--fork"))
    assert ended.status == 0
    assert installation.delivered == MESSAGE


def test_a_feeder_that_is_process_1_of_a_container(installation: Installation) -> None:
    installation.delivers()
    shell = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "sh", "-c", '"$0" "$@"; exit $?')
    assert installation.run(prefix=shell).status == 0
    assert installation.delivered == MESSAGE


def test_a_signal_while_the_message_comes_postpones(installation: Installation) -> None:
    installation.delivers()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with subprocess.Popen([installation.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
            assert launcher.stdin is not None
            launcher.stdin.write(b"x" * 200_000)
            launcher.send_signal(number)
            assert launcher.wait(60) == 75
            assert launcher.stdout is not None
            assert launcher.stdout.read() == POSTPONED
        assert installation.log == [
            f"stopped by {number.name} before the message was read; the mail stays in the queue"
        ]
    assert installation.delivered is None
