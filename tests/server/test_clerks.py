"""What the launcher hands over to a server, through real processes: filed once, as the launcher's own Python would."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pyfilter

from .conftest import RULES
from .serving import PACKAGES, Server

LAUNCHER = Path(sysconfig.get_path("scripts")) / "pyfilter-deliver"
POSTPONED = b"4.3.0 delivery postponed\n"
HEAD = b"Return-Path: <ann@x.example>\nDelivered-To: me@y.example\nReceived: from x by y; now\n"
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE

pytestmark = pytest.mark.skipif(
    not LAUNCHER.exists() and os.environ.get("CI") != "true", reason="needs an installed pyfilter-deliver: `make test`"
)


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    """It has nobody but the server: no package lies beside it, so that it postpones what the server does not take."""
    alone = tmp_path / "bin"
    alone.mkdir()
    return Path(shutil.copy(LAUNCHER, alone))


def started(server: Server, launcher: Path, message: bytes, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
    environment = {"HOME": str(server.home), "PATH": "/usr/bin:/bin", **more}
    process = subprocess.Popen(
        [launcher, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    assert process.stdin is not None
    process.stdin.write(message)
    process.stdin.close()
    process.stdin = None
    return process


def deliver(server: Server, launcher: Path, message: bytes, *arguments: str, **more: str) -> tuple[int, bytes]:
    process = started(server, launcher, message, *arguments, **more)
    said = process.communicate(timeout=60)[0]
    return process.returncode, said


def test_a_message_is_filed_as_it_came(server: Server, launcher: Path) -> None:
    message = HEAD + b"Subject: hello\nMessage-ID: <1@x>\n\n.\nhi"
    from_line = b"From ann@x.example Tue Nov 24 05:00:00 2026\n"
    assert deliver(server, launcher, from_line + message, SENDER="x@x") == (0, b"")
    assert server.mail() == {".Hello": [message]}
    (line,) = [line for line in server.log.splitlines() if "<1@x> from" in line]
    assert 'filed Hello by rule "hello"' in line


ENDS = {  # a subject -> how the launcher ends
    "no": (77, b"5.7.1 no no\n"),
    "no \u017e": (77, b"5.7.1 no no ?\n"),
    "later": (75, POSTPONED),
    "hello": (0, b""),
}


@pytest.mark.parametrize("subject", ENDS)
def test_the_launcher_ends_with_what_the_rules_say(server: Server, launcher: Path, subject: str) -> None:
    assert deliver(server, launcher, HEAD + f"Subject: {subject}\n\n".encode()) == ENDS[subject]
    assert sorted(server.mail()) == [".Hello"] * (subject == "hello")


def test_arguments_and_variables_say_what_the_header_does_not(server: Server, launcher: Path) -> None:
    bare = b"Received: from x by y; now\nSubject: x\n\n"
    assert deliver(server, launcher, bare + b"1\n", "-d", "me+a@y.example") == (0, b"")
    assert deliver(server, launcher, bare + b"2\n", RECIPIENT="me+b@y.example") == (0, b"")
    assert sorted(server.mail()) == [".a", ".b"]


def test_rules_that_change_hold_for_the_next_message(server: Server, launcher: Path) -> None:
    assert deliver(server, launcher, HEAD + b"Subject: hello\n\n1\n") == (0, b"")
    server.rules('rule "other" { file into "Other" }\n')
    assert deliver(server, launcher, HEAD + b"Subject: hello\n\n2\n") == (0, b"")
    assert sorted(server.mail()) == [".Hello", ".Other"]
    server.rules("nonsense\n")
    assert deliver(server, launcher, HEAD + b"Subject: hello\n\n3\n") == (0, b"")
    assert sum(b"X-Pyfilter-Problem: " in text for all_ in server.mail().values() for text in all_) == 1


def test_a_retry_files_nothing(server: Server, launcher: Path) -> None:
    for _ in range(3):
        assert deliver(server, launcher, HEAD + b"Subject: hello\n\n") == (0, b"")
    assert [len(all_) for all_ in server.mail().values()] == [1]


def test_many_at_once_are_all_filed_once(server: Server) -> None:
    """More than the server has room for: the others are delivered by Python."""
    messages = [HEAD + b"Subject: hello\n\n%d\n" % number for number in range(40)]
    with ThreadPoolExecutor(40) as threads:
        ends = list(threads.map(lambda message: deliver(server, LAUNCHER, message), messages))
    assert ends == [(0, b"")] * 40
    assert sorted(server.mail()[".Hello"]) == sorted(messages)


def test_a_large_message(server: Server, launcher: Path) -> None:
    message = HEAD + b"Subject: hello\n\n" + b"x" * 998 + b"\n" + b"line\n" * 2_000_000
    assert deliver(server, launcher, message) == (0, b"")
    assert server.mail() == {".Hello": [message]}


# ---------------------------------------------------------------------- the socket


def test_the_socket_is_the_users_alone_and_gone_with_the_server(server: Server, launcher: Path) -> None:
    place = server.home / ".local/state/pyfilter/socket"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert server.stop() == 0
    assert not place.exists()
    assert deliver(server, launcher, HEAD + b"Subject: hello\n\n") == (75, POSTPONED)
    assert server.mail() == {}


def test_the_socket_of_a_server_that_died_is_taken_over(server: Server, launcher: Path) -> None:
    server.stop(signal.SIGKILL)
    assert (server.home / ".local/state/pyfilter/socket").exists()
    server.start()
    assert deliver(server, launcher, HEAD + b"Subject: hello\n\n") == (0, b"")


def test_the_socket_of_a_server_that_lives_is_left_to_it(server: Server, launcher: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pyfilter", "serve", "--lmtp", f"unix:{tmp_path / 'other'}"]
    environment = {"HOME": str(server.home), "PATH": "/usr/bin:/bin", "PYTHONPATH": PACKAGES}
    with subprocess.Popen(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        said = other.stdout.readline()
        assert said == b"pyfilter serve: pyfilter-deliver hands its mail to the server that runs already\n"
        assert other.stdout.readline().startswith(b"pyfilter serve: LMTP at ")
        other.terminate()
        assert other.wait(60) == 0
    assert deliver(server, launcher, HEAD + b"Subject: hello\n\n") == (0, b"")


# ---------------------------------------------------------------------- ends in the midst

SLOW = 'rule "slow" {{ when command "{program}" succeeds; file into "Slow" }}\n'


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Server]:
    """A server whose rules ask a program that waits: until ``go`` is there."""
    made = Server(tmp_path, SLOW.format(program=tmp_path / "home/program"))
    program = made.home / "program"
    program.write_text('#!/bin/sh\ncd "$HOME" || exit 1\ntouch began\nwhile [ ! -e go ]; do sleep 0.05; done\n')
    program.chmod(0o700)
    yield made
    (made.home / "go").touch()
    made.process.kill()
    made.process.wait()
    assert made.process.stdout is not None
    made.process.stdout.close()


def begun(server: Server, launcher: Path) -> subprocess.Popen[bytes]:
    """A delivery that is waiting for the program."""
    process = started(server, launcher, HEAD + b"Subject: hello\n\n")
    while not (server.home / "began").exists():
        time.sleep(0.01)
    return process


def the_busy(server: Server) -> int:
    """The clerk that waits for the program."""
    (busy,) = [clerk for clerk in server.clerks() if Path(f"/proc/{clerk}/task/{clerk}/children").read_text().split()]
    return busy


def test_a_clerk_that_is_killed_has_postponed_the_message(slow: Server, launcher: Path) -> None:
    process = begun(slow, launcher)
    os.kill(the_busy(slow), signal.SIGKILL)
    assert process.communicate(timeout=60)[0] == POSTPONED
    assert process.returncode == 75 and slow.mail() == {}
    (slow.home / "go").touch()
    assert deliver(slow, launcher, HEAD + b"Subject: hello\n\n") == (0, b"")
    assert {folder: len(all_) for folder, all_ in slow.mail().items()} == {".Slow": 1}
    ended = "who takes mail of the launcher ended with -9; what it was at stays with the mail server"
    while len(slow.clerks()) < 2 or ended not in slow.log:  # another clerk may be quicker than who notes it
        time.sleep(0.01)


def test_what_goes_on_when_the_server_is_told_to_end_is_ended_first(slow: Server, launcher: Path) -> None:
    process = begun(slow, launcher)
    slow.process.send_signal(signal.SIGTERM)
    place = slow.home / ".local/state/pyfilter/socket"
    refused = started(slow, launcher, HEAD + b"Subject: another\n\n")
    while refused.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None
    (slow.home / "go").touch()
    assert process.communicate(timeout=60)[0] == b"" and process.returncode == 0
    assert slow.process.wait(60) == 0
    assert not place.exists()
    assert {folder: len(all_) for folder, all_ in slow.mail().items()} == {".Slow": 1}
    assert refused.communicate()[0] == POSTPONED  # it has no Python


def test_a_server_that_is_killed_takes_nothing_more_and_what_goes_on_is_ended(slow: Server, launcher: Path) -> None:
    process = begun(slow, launcher)
    clerks = slow.clerks()
    slow.process.kill()
    slow.process.wait()
    (slow.home / "go").touch()
    assert process.communicate(timeout=60)[0] == b"" and process.returncode == 0
    while any(Path(f"/proc/{clerk}/cmdline").exists() for clerk in clerks):
        time.sleep(0.01)
    assert deliver(slow, launcher, HEAD + b"Subject: another\n\n") == (75, POSTPONED)
    assert {folder: len(all_) for folder, all_ in slow.mail().items()} == {".Slow": 1}


def test_a_launcher_that_is_killed_and_tried_again_has_filed_once(slow: Server, launcher: Path) -> None:
    process = begun(slow, launcher)
    process.kill()
    process.communicate()
    (slow.home / "go").touch()
    while not slow.mail():
        time.sleep(0.01)
    assert deliver(slow, launcher, HEAD + b"Subject: hello\n\n") == (0, b"")
    assert {folder: len(all_) for folder, all_ in slow.mail().items()} == {".Slow": 1}


def test_a_program_gets_the_launchers_variables(server: Server, launcher: Path) -> None:
    program = server.home / "program"
    program.write_text('#!/bin/sh\nenv >"$HOME/variables"\n')
    program.chmod(0o700)
    server.rules(f'rule "ask" {{ when command "{program}" succeeds; file into "Asked" }}\n')
    assert deliver(server, launcher, HEAD + b"\n1\n", USER="ann", LOGNAME="anna", SHELL="/x") == (0, b"")
    variables = set((server.home / "variables").read_text().splitlines())
    assert {"USER=ann", "LOGNAME=anna", "LANG=C", f"HOME={server.home}"} <= variables
    assert deliver(server, launcher, HEAD + b"\n2\n") == (0, b"")
    assert not any(line.startswith(("USER=", "LOGNAME=")) for line in (server.home / "variables").read_text().split())


# ---------------------------------------------------------------------- what is not taken


def memory(data: bytes, seals: int = SEALS) -> int:
    file = os.memfd_create("message", os.MFD_ALLOW_SEALING)
    os.write(file, data)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    return file


def packet(server: Server, version: str = pyfilter.__version__, count: str = "0", **more: str) -> bytes:
    variables = {"HOME": str(server.home), **more}
    words = [f"pyfilter {version}", "300", count, *(f"{name}={value}" for name, value in variables.items())]
    return "".join(f"{word}\0" for word in words).encode()


def ask(server: Server, said: bytes, files: list[int]) -> bytes:
    """The answer; b"" where it was not taken. Closes the files but the last, the token."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
        end.settimeout(60)
        directory = os.open(server.home / ".local/state/pyfilter", os.O_PATH)
        end.connect(f"/proc/self/fd/{directory}/socket")
        os.close(directory)
        socket.send_fds(end, [said], files)
        for file in files[:-1]:
            os.close(file)
        return end.recv(4096)


MESSAGE = HEAD + b"Subject: hello\n\n"


def test_what_suits_is_taken(server: Server) -> None:
    token = os.eventfd(1, os.EFD_NONBLOCK)
    assert ask(server, packet(server), [memory(MESSAGE), token]) == b"0 2.0.0 delivered\n"
    with pytest.raises(BlockingIOError):
        os.read(token, 8)
    os.close(token)
    assert server.mail() == {".Hello": [MESSAGE]}


SAID = {
    "nothing": lambda server: b"x",
    "another program's": lambda server: packet(server).replace(b"pyfilter ", b"pyfilters "),
    "of a newer version": lambda server: packet(server, version="99.0"),
    "another home": lambda server: packet(server).replace(b"HOME=", b"HOME=/x"),
    "no home": lambda server: packet(server).replace(b"HOME=", b"HOMES="),
    "another time zone": lambda server: packet(server, TZ="Pacific/Kiritimati"),
    "its end is missing": lambda server: packet(server)[:-1],
    "arguments that are not there": lambda server: packet(server, count="9"),
    "a count that is none": lambda server: packet(server, count="-1"),
    "without end": lambda server: packet(server, SENDER="x" * 40_000),
}


@pytest.mark.parametrize("said", SAID)
def test_what_does_not_suit_is_left_to_the_launcher(server: Server, said: str) -> None:
    token = os.eventfd(1, os.EFD_NONBLOCK)
    assert ask(server, SAID[said](server), [memory(MESSAGE), token]) == b""
    assert len(os.read(token, 8)) == 8
    os.close(token)
    assert server.mail() == {}
    told = (
        f"the launcher of pyfilter 99.0 delivers by itself, for this server is of {pyfilter.__version__}: start it anew"
    )
    assert (told in server.log) == (said == "of a newer version")


FILES = {
    "could still be written": lambda: memory(MESSAGE, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL),
    "could still be cut": lambda: memory(MESSAGE, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL),
    "is empty": lambda: memory(b""),
    "is no file in memory": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "is a pipe": lambda: os.pipe()[0],
}


@pytest.mark.parametrize("file", FILES)
def test_what_is_no_message_is_left_to_the_launcher(server: Server, file: str) -> None:
    token = os.eventfd(1, os.EFD_NONBLOCK)
    assert ask(server, packet(server), [FILES[file](), token]) == b""
    assert len(os.read(token, 8)) == 8
    os.close(token)
    assert server.mail() == {}


def test_what_the_launcher_has_taken_back_is_not_taken(server: Server) -> None:
    token = os.eventfd(1, os.EFD_NONBLOCK)
    os.read(token, 8)
    assert ask(server, packet(server), [memory(MESSAGE), token]) == b""
    os.close(token)
    assert server.mail() == {}


def test_descriptors_that_are_missing_or_too_many(server: Server) -> None:
    for count in (1, 3, 200):
        token = os.eventfd(1, os.EFD_NONBLOCK)
        assert ask(server, packet(server), [*(memory(MESSAGE) for _ in range(count - 1)), token]) == b""
        os.close(token)
    assert server.mail() == {}
    for clerk in server.clerks():
        assert len(os.listdir(f"/proc/{clerk}/fd")) < 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user at hand")
def test_a_launcher_of_another_user_is_sent_away(server: Server) -> None:
    """Even if it could reach the socket."""
    for place in (server.home, *(server.home / part for part in (".local", ".local/state", ".local/state/pyfilter"))):
        place.chmod(0o755)
    (server.home / ".local/state/pyfilter/socket").chmod(0o777)
    directory = os.open(server.home / ".local/state/pyfilter", os.O_PATH)
    token = os.eventfd(1, os.EFD_NONBLOCK)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
        end.settimeout(60)
        os.seteuid(65534)
        try:
            end.connect(f"/proc/self/fd/{directory}/socket")
        finally:
            os.seteuid(0)
        try:
            socket.send_fds(end, [packet(server)], [memory(MESSAGE), token])
            assert end.recv(100) == b""
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert len(os.read(token, 8)) == 8
    os.close(token)
    os.close(directory)
    assert server.mail() == {}


def test_who_calls_and_says_nothing_keeps_nobody_waiting_for_long(server: Server, launcher: Path) -> None:
    directory = os.open(server.home / ".local/state/pyfilter", os.O_PATH)
    silent = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
    for end in silent:
        end.connect(f"/proc/self/fd/{directory}/socket")
    os.close(directory)
    assert deliver(server, launcher, MESSAGE) == (0, b"")
    for end in silent:
        end.settimeout(60)
        assert end.recv(1) == b""
        end.close()


def test_a_clerk_ends_after_so_many_messages(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / ".pyfilterrc").write_text(RULES)
    ours, life = socket.socketpair()
    with ours, life, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        listener.setblocking(False)
        script = (
            f"import sys; sys.path[:] = {sys.path!r}; from pyfilter.server import clerk; clerk.RETIRE = 2; "
            f"clerk.main({life.fileno()}, {listener.fileno()}, {str(home)!r})"
        )
        files = [life.fileno(), listener.fileno()]
        said = "\0".join((f"pyfilter {pyfilter.__version__}", "300", "0", f"HOME={home}", "")).encode()
        with subprocess.Popen([sys.executable, "-c", script], pass_fds=files) as clerk:
            for number in range(2):
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
                    end.settimeout(60)
                    end.connect(str(tmp_path / "s"))
                    socket.send_fds(end, [said], [memory(MESSAGE + b"%d" % number), os.eventfd(1)])
                    assert end.recv(100) == b"0 2.0.0 delivered\n"
            assert clerk.wait(60) == 0
