"""The client that messages are sent by, against Postfix's sink."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .corpus import typical
from .lmtp import SOURCE, Sender, wire

SINK = "/usr/sbin/smtp-sink"
WARNINGS = "-Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wwrite-strings -Wstrict-prototypes"
COUNT = 20

Start = Callable[..., str]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a sink with these options; where it listens. Root's runs as somebody else, who must reach its socket."""
    if not os.access(SINK, os.X_OK):
        pytest.skip("smtp-sink is not installed (apt-get install postfix)")
    directory = Path(tempfile.mkdtemp(prefix="sink-", dir="/var/tmp"))
    directory.chmod(0o777)
    started: list[subprocess.Popen[bytes]] = []

    def begin(*options: str) -> str:
        place = str(directory / "lmtp")
        account = [] if os.geteuid() else ["-u", "nobody"]
        started.append(
            subprocess.Popen([SINK, "-L", *account, *options, f"unix:{place}", "64"], stderr=subprocess.DEVNULL)
        )
        with socket.socket(socket.AF_UNIX) as asking:
            while asking.connect_ex(place):
                assert started[-1].poll() is None
        return place

    yield begin
    for process in started:
        process.terminate()
        process.wait()
    shutil.rmtree(directory)


def test_every_message_is_sent_and_timed(start: Start, tmp_path: Path) -> None:
    sender = Sender(tmp_path)
    file = sender.load(typical(COUNT), "messages")
    place = start()
    for connections in (1, 7, COUNT + 5):
        figures, trouble = sender.send(place, file, connections)
        assert trouble == ""
        assert set(figures) == {"rate", "p50", "p95", "client"}
        assert 0 < figures["p50"] <= figures["p95"]


# what is refused -> the reply behind it; without a recipient DATA comes too early
@pytest.mark.parametrize(("refused", "code"), [("mail", 503), ("rcpt", 503), ("data", 450), (".", 450)])
def test_what_is_refused_is_no_success(start: Start, tmp_path: Path, refused: str, code: int) -> None:
    sender = Sender(tmp_path)
    file = sender.load(typical(COUNT), "messages")
    _, trouble = sender.send(start("-r", refused), file, 4)
    assert trouble == f"{COUNT} messages were answered {code}"


def test_a_server_that_hangs_up_has_answered_nothing(start: Start, tmp_path: Path) -> None:
    sender = Sender(tmp_path)
    file = sender.load(typical(COUNT), "messages")
    assert sender.send(start("-q", "."), file, 4)[1] == f"{COUNT} messages were answered 0"


def test_nobody_is_there(tmp_path: Path) -> None:
    sender = Sender(tmp_path)
    figures, trouble = sender.send(str(tmp_path / "nobody"), sender.load(typical(1), "messages"), 1)
    assert (figures, trouble) == ({}, f"the messages could not be sent: {tmp_path}/nobody: No such file or directory")


def test_a_dot_at_the_beginning_of_a_line_is_doubled() -> None:
    assert wire(b"A: b\n\n.\n..c\nd.\n") == b"A: b\r\n\r\n..\r\n...c\r\nd.\r\n.\r\n"


def test_the_compiler_has_nothing_to_say(tmp_path: Path) -> None:
    command = [
        "cc",
        "-std=gnu11",
        "-O2",
        "-D_GNU_SOURCE",
        *WARNINGS.split(),
        "-c",
        str(SOURCE),
        "-o",
        str(tmp_path / "out"),
    ]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""
