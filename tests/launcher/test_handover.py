"""The launcher and a server: who has the message delivers it, and there is one who has it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import MESSAGE, POSTPONED, Ended, Installation
from .counter import DELIVERED, Counter, take

Serve = Callable[[socket.socket, int, int], None]
Open = Callable[..., Counter]
NOBODY = 65534


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Open]:
    """Open one in the launcher's home, which is closed behind the test."""
    opened: list[Counter] = []

    def open_one(serve: Serve, home: Path | None = None, uid: int | None = None) -> Counter:
        opened.append(Counter(home or tmp_path / "home", serve, uid))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def deliver(installation: Installation, *arguments: str, home: Path | None = None, **environment: str) -> Ended:
    where = home or installation.root.parent / "home"
    where.mkdir(exist_ok=True, parents=True)
    return installation.run(*arguments, env={"HOME": str(where), "PATH": "/usr/bin:/bin", **environment})


def says(answer: bytes) -> Serve:
    def serve(launcher: socket.socket, message: int, token: int) -> None:
        take(token)
        launcher.send(answer)

    return serve


def test_the_server_gets_the_message_and_all_that_python_would_get(installation: Installation, counter: Open) -> None:
    server = counter(says(DELIVERED))
    ended = deliver(
        installation, "-a", "", "-f", "a@x", "-d", "HOME=/x", SENDER="a@x", CLIENT_HELO="h\xff", PYTHONPATH="/no"
    )
    assert ended == Ended(0, b"", b"")
    ((words, message, is_sealed),) = server.brought
    assert message == MESSAGE and is_sealed
    assert words[0] == "pyfilter 0.0" and words[1] in {"299", "300"}
    assert words[2:9] == ["6", "-a", "", "-f", "a@x", "-d", "HOME=/x"]
    home = installation.root.parent / "home"
    variables = {"LANG=C", f"HOME={home}", "PATH=/usr/bin:/bin", "SENDER=a@x", "CLIENT_HELO=h\xff"}
    assert set(words[9:-1]) == variables and words[-1] == ""
    assert installation.delivered is None and installation.log == []


ANSWERS = {  # what the server says once it has taken the message -> how the launcher ends, and what is logged
    DELIVERED: (Ended(0, b"", b""), []),
    b"75\n": (Ended(75, POSTPONED, b""), []),
    b"77 5.7.1 no casinos\n": (Ended(77, b"5.7.1 no casinos\n", b""), []),
    "77 5.7.1 žádný\n".encode(): (Ended(77, b"5.7.1 ??dn?\n", b""), []),
    "77 5.7.1 {}\n".format("ž" * 400).encode(): (Ended(77, b"5.7.1 " + b"?" * 400 + b"\n", b""), []),
}
UNFIT = (
    b"0\n", b"0 2.0.0 delivered", b"0 2.0.0 delivered\n\n", b"00 2.0.0 delivered\n", b"2.0.0 delivered\n", b"77\n",
    b"77 \n", b"77 5.7.1 \n", b"77 5.7.1 no", b"77 5.7.1 n\no\n", b"77 5.7.1 n\0o\n", b"77 5.7.1 \x1b[2J\n",
    b"77 5.1.1 no such user\n", b"75", b"75 \n", b"1\n", b"\0", b"77 5.7.1 " + b"x" * 401 + b"\n", b"0" * 5000,
    DELIVERED + b"\0" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_fits_is_how_it_ends(installation: Installation, counter: Open, answer: bytes) -> None:
    counter(says(answer))
    installation.delivers()
    ended, log = ANSWERS[answer]
    assert deliver(installation) == ended
    assert installation.log == log and installation.delivered is None


@pytest.mark.parametrize("answer", UNFIT)
def test_an_answer_that_does_not_fit_postpones(installation: Installation, counter: Open, answer: bytes) -> None:
    """The server has taken the message, and may have filed it: nobody else does."""
    counter(says(answer))
    installation.delivers()
    assert deliver(installation) == Ended(75, POSTPONED, b"")
    assert installation.log == ["the server's answer is none; the mail stays in the queue"]
    assert installation.delivered is None


@pytest.mark.parametrize("answer", [answer for answer in UNFIT if answer])
def test_who_says_nonsense_and_has_taken_nothing_is_no_server(
    installation: Installation, counter: Open, answer: bytes
) -> None:
    counter(lambda launcher, message, token: launcher.send(answer) and None)
    installation.delivers()
    assert deliver(installation) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE and installation.log == []


def test_a_server_that_closes_before_it_takes_the_message_is_none(installation: Installation, counter: Open) -> None:
    server = counter(lambda launcher, message, token: None)
    installation.delivers()
    assert deliver(installation) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE and len(server.brought) == 1 and installation.log == []


def test_a_server_that_moves_about_in_the_message_and_gives_it_back_does_no_harm(
    installation: Installation, counter: Open
) -> None:
    counter(lambda launcher, message, token: os.read(message, 10) and None)
    installation.delivers()
    assert deliver(installation) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE


def test_a_server_that_ends_with_the_message_postpones(installation: Installation, counter: Open) -> None:
    counter(lambda launcher, message, token: take(token))
    installation.delivers()
    assert deliver(installation) == Ended(75, POSTPONED, b"")
    assert installation.log == ["the server ended in the midst of the delivery; the mail stays in the queue"]
    assert installation.delivered is None


def test_from_a_server_that_does_not_take_the_message_it_is_taken_back(
    installation: Installation, counter: Open
) -> None:
    """However late it comes to it then: it cannot take it any more."""
    late = threading.Event()
    refused = []

    def serve(launcher: socket.socket, message: int, token: int) -> None:
        late.wait(60)
        try:
            os.read(token, 8)
        except BlockingIOError as error:
            refused.append(error)

    server = counter(serve)
    installation.delivers()
    assert deliver(installation) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE and installation.log == []
    late.set()
    server.close()
    assert len(refused) == 1


def test_a_server_that_nobody_serves_at_is_waited_for_and_left(installation: Installation) -> None:
    """It listens, and accepts nobody."""
    directory = installation.root.parent / "home/.local/state/pyfilter"
    directory.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
        bind(end, directory)
        end.listen(0)
        installation.delivers()
        assert deliver(installation) == Ended(0, b"", b"")
        assert installation.delivered == MESSAGE and installation.log == []
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:  # its queue is full then
            other.setblocking(False)
            connect(other, directory)
            assert deliver(installation) == Ended(0, b"", b"")


def bind(end: socket.socket, directory: Path) -> None:
    opened = os.open(directory, os.O_PATH)
    end.bind(f"/proc/self/fd/{opened}/socket")
    os.close(opened)


def connect(end: socket.socket, directory: Path) -> None:
    opened = os.open(directory, os.O_PATH)
    try:
        end.connect(f"/proc/self/fd/{opened}/socket")
    except BlockingIOError:
        pass
    os.close(opened)


def test_a_server_that_has_the_message_is_waited_for_until_the_deadline(impatient: Installation, counter: Open) -> None:
    going = threading.Event()

    def serve(launcher: socket.socket, message: int, token: int) -> None:
        take(token)
        going.wait(60)

    counter(serve)
    impatient.delivers()
    assert deliver(impatient) == Ended(75, POSTPONED, b"")
    going.set()
    assert impatient.log == ["not done within 1 seconds by the server; the mail stays in the queue"]
    assert impatient.delivered is None


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_launcher_that_is_told_to_stop_postpones_and_leaves_nothing_to_take(
    installation: Installation, counter: Open, is_taken: bool
) -> None:
    reached, stopped = threading.Event(), threading.Event()
    left = []

    def serve(launcher: socket.socket, message: int, token: int) -> None:
        if is_taken:
            take(token)
        reached.set()
        stopped.wait(60)
        try:
            left.append(os.read(token, 8))
        except BlockingIOError:
            pass

    server = counter(serve)
    installation.delivers()
    home = installation.root.parent / "home"
    with subprocess.Popen(
        [installation.launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"HOME": str(home)}
    ) as launcher:
        assert launcher.stdin is not None
        launcher.stdin.write(MESSAGE)
        launcher.stdin.close()
        launcher.stdin = None
        assert reached.wait(30)
        launcher.send_signal(signal.SIGTERM)
        assert launcher.communicate(timeout=30)[0] == POSTPONED
        assert launcher.returncode == 75
    stopped.set()
    server.close()
    assert left == [] and installation.delivered is None
    assert installation.log == ["told to stop by SIGTERM; the mail stays in the queue"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user at hand")
def test_a_server_of_another_user_gets_nothing(installation: Installation, counter: Open) -> None:
    server = counter(says(DELIVERED), uid=NOBODY)
    installation.delivers()
    assert deliver(installation) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE and server.brought == [] and installation.log == []


def test_rules_of_ones_own_are_for_python(installation: Installation, counter: Open) -> None:
    server = counter(says(DELIVERED))
    installation.delivers()
    assert deliver(installation, "--rules", "x") == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE and server.brought == []


def test_a_home_with_a_long_name_has_a_server_too(installation: Installation, counter: Open, tmp_path: Path) -> None:
    home = tmp_path / ("x" * 120)
    server = counter(says(DELIVERED), home=home)
    installation.delivers()
    assert deliver(installation, home=home) == Ended(0, b"", b"")
    assert installation.delivered is None and len(server.brought) == 1


def test_variables_without_end_are_for_python(installation: Installation, counter: Open) -> None:
    server = counter(says(DELIVERED))
    installation.delivers()
    assert deliver(installation, SENDER="x" * 40_000) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE and server.brought == []


OTHERS = {  # what lies in the server's place
    "a file": lambda path: path.write_text("x"),
    "a directory": lambda path: path.mkdir(),
    "a FIFO": os.mkfifo,
    "a link to nowhere": lambda path: path.symlink_to("/nonexistent"),
    "a socket that nobody listens at": lambda path: bind(
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET), path.parent
    ),
    "a socket for datagrams": lambda path: bind(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), path.parent),
}


@pytest.mark.parametrize("put", OTHERS.values(), ids=OTHERS)
def test_what_is_no_server_is_passed_over(installation: Installation, put: Callable[[Path], object]) -> None:
    directory = installation.root.parent / "home/.local/state/pyfilter"
    directory.mkdir(parents=True)
    put(directory / "socket")
    installation.delivers()
    assert deliver(installation) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE and installation.log == []


@pytest.mark.parametrize("home", ["", "relative", "/nonexistent", "/" + "x" * 5000, None])
def test_without_a_home_python_decides(installation: Installation, home: str | None) -> None:
    installation.delivers()
    environment = {"PATH": "/usr/bin:/bin"} | ({} if home is None else {"HOME": home})
    assert installation.run(env=environment) == Ended(0, b"", b"")
    assert installation.delivered == MESSAGE
