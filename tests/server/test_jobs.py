"""What goes between the server and a worker, and what neither takes of the other."""

from __future__ import annotations

import array
import fcntl
import os
import socket
from collections.abc import Iterator

import pytest

from pyfilter.server.jobs import INLINE_BYTES, SEALS, Job, Letter, receive_job, send_job

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("size", [0, 1, INLINE_BYTES, INLINE_BYTES + 1, 3 << 20])
def test_a_job_arrives_as_it_was_sent(ends: Ends, size: int) -> None:
    raw = (b"\0\n@+\r" * (size // 5 + 1))[:size]
    letter = Letter(raw)
    for home in ("", "/srv/mail/ann"):
        send_job(ends[0], Job("a@x", ("b@y", "ž\udcff@y"), letter, home))
        received = receive_job(ends[1])
        assert received is not None
        assert (received.home, received.sender, received.recipients) == (home, "a@x", ("b@y", "ž\udcff@y"))
        assert received.raw == raw
    letter.close()


def test_a_message_for_many_is_one_file_that_nobody_can_change() -> None:
    letter = Letter(b"x" * (INLINE_BYTES + 1))
    file = letter.file()
    assert letter.file() == file
    assert fcntl.fcntl(file, fcntl.F_GET_SEALS) == SEALS
    for change in (lambda: os.write(file, b"y"), lambda: os.ftruncate(file, 1), lambda: os.ftruncate(file, 1 << 20)):
        with pytest.raises(PermissionError):
            change()
    letter.close()
    letter.close()
    with pytest.raises(OSError):
        os.fstat(file)


def test_the_end_of_the_server_is_none(ends: Ends) -> None:
    ends[0].close()
    assert receive_job(ends[1]) is None


def send(end: socket.socket, packet: bytes, *files: int) -> None:
    end.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else [])


@pytest.mark.parametrize(
    "packet", [b"x", b"\n", b"+\n", b"+\0\0a@x\n", b"@\0\0a@x\0b@y\n", b"?\0\0a@x\0b@y\nx", b"+\0\0a@x\0b@y"]
)
def test_what_is_no_job_is_refused(ends: Ends, packet: bytes) -> None:
    send(ends[0], packet)
    with pytest.raises(ValueError, match="no job"):
        receive_job(ends[1])


def test_a_file_that_could_still_change_is_not_read(ends: Ends) -> None:
    """Whoever has it could make it shorter in the midst of reading, or put other words into it."""
    head = b"@\0\0a@x\0b@y\n"
    for seals in (0, SEALS & ~fcntl.F_SEAL_WRITE, SEALS & ~fcntl.F_SEAL_SHRINK, SEALS & ~fcntl.F_SEAL_SEAL):
        file = os.memfd_create("message", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.write(file, b"text")
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
        send(ends[0], head, file)
        with pytest.raises(ValueError, match="the message could still change"):
            receive_job(ends[1])
        os.close(file)
    read, write = os.pipe()
    send(ends[0], head, read)
    with pytest.raises(OSError):
        receive_job(ends[1])
    os.close(read)
    os.close(write)


def test_no_descriptor_stays_open_whatever_comes(ends: Ends) -> None:
    before = len(os.listdir("/proc/self/fd"))
    file = os.open("/dev/null", os.O_RDONLY)
    for packet in (b"x", b"+\0\0a@x\0b@y\nraw", b"@\0\0a@x\0b@y\n"):
        for files in ([file], [file] * 2, [file] * 100):
            send(ends[0], packet, *files)
            with pytest.raises((OSError, ValueError)):
                receive_job(ends[1])
    os.close(file)
    assert len(os.listdir("/proc/self/fd")) == before
