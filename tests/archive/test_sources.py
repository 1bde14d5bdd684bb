"""Stored mail is read as it lies, in one order, and nothing about it changes."""

import bz2
import errno
import gzip
import io
import lzma
import os
import random
import socket
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.archive.sources import Found, Unread, _mailbox, measure, messages

ONE = b"From: a@example.org\nSubject: one\n\nfirst\n"
TWO = b"From: b@example.org\nSubject: two\n\nsecond\n"
ENVELOPE = b"From a@example.org Tue Nov 24 04:38:18 2026\n"


def read(path: Path | str) -> list[tuple[str, bytes]]:
    """Names relative to ``path``, and bytes; a failure of the test for anything unread."""
    found = []
    for item in messages(str(path)):
        assert isinstance(item, Found), item
        found.append((item.name.removeprefix(str(path)), item.data))
    return found


def causes(path: Path | str) -> list[tuple[str, str]]:
    return [(item.name, item.cause) for item in messages(str(path)) if isinstance(item, Unread)]


def store(root: Path, **files: bytes) -> Path:
    """Files below ``root``; a name's ``__`` is a slash."""
    for name, data in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def maildir(root: Path, **files: bytes) -> Path:
    for part in ("cur", "new", "tmp"):
        (root / part).mkdir(parents=True, exist_ok=True)
    return store(root, **files)


# ------------------------------------------------------------------- files


def test_a_file_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(ONE)
    assert read(tmp_path / "a.eml") == [("", ONE)]


@pytest.mark.parametrize("size", [1, 2**18 - 1, 2**18, 2**18 + 1, 2**19, 2**19 + 1])
def test_every_byte_of_a_large_message_is_read(tmp_path: Path, size: int) -> None:
    data = (b"\0\r\xff\n" * (size // 4 + 1))[:size]
    (tmp_path / "a.eml").write_bytes(data)
    assert read(tmp_path / "a.eml") == [("", data)]


def test_an_empty_file_is_an_empty_mailbox(tmp_path: Path) -> None:
    (tmp_path / "mbox").write_bytes(b"")
    assert list(messages(str(tmp_path / "mbox"))) == []


def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert causes(tmp_path / "a.eml") == [(str(tmp_path / "a.eml"), "does not exist")]


def test_a_name_no_file_can_have_is_no_exception() -> None:
    ((name, cause),) = causes("a\0b")  # how the interpreter words it differs by version
    assert (name, cause.partition(":")[0]) == ("a\0b", "cannot be read")


def test_a_file_without_permission_is_unread_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path, a=ONE, b=TWO)
    ordinary = os.open

    def refuse(path: str, flags: int) -> int:  # root, who runs these tests in CI, is refused nothing
        if path.endswith("/a"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return ordinary(path, flags)

    monkeypatch.setattr(os, "open", refuse)
    assert list(messages(str(tmp_path))) == [
        Unread(f"{tmp_path}/a", "cannot be read: Permission denied"),
        Found(f"{tmp_path}/b", TWO),
    ]


def test_a_message_past_the_limit_is_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_MESSAGE_BYTES", 1 << 20)
    (tmp_path / "big").write_bytes(b"x" * ((1 << 20) + 1))
    assert causes(tmp_path / "big") == [(f"{tmp_path}/big", "is larger than 1 MiB, which no message is")]


def test_pipes_sockets_and_devices_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert causes(tmp_path) == [
        (f"{tmp_path}/fifo", "is a named pipe, not a message"),
        (f"{tmp_path}/socket", "is a socket, not a message"),
        (f"{tmp_path}/zero", "is a device, not a message"),
    ]
    listener.close()


def test_reading_leaves_the_time_of_the_last_access_alone(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(ENVELOPE + ONE)
    os.utime(path, (1, 2))
    read(path)
    assert (path.stat().st_atime, path.stat().st_mtime) == (1, 2)


# ---------------------------------------------------------------- mailboxes


def test_an_mbox_is_split_and_its_from_lines_are_kept(tmp_path: Path) -> None:
    (tmp_path / "mbox").write_bytes(ENVELOPE + ONE + b"\n" + ENVELOPE + TWO + b"\n")
    assert read(tmp_path / "mbox") == [("#1", ENVELOPE + ONE), ("#2", ENVELOPE + TWO)]


def test_an_mbox_with_crlf_is_split_alike(tmp_path: Path) -> None:
    one, two, envelope = (data.replace(b"\n", b"\r\n") for data in (ONE, TWO, ENVELOPE))
    (tmp_path / "mbox").write_bytes(envelope + one + b"\r\n" + envelope + two + b"\r\n")
    assert read(tmp_path / "mbox") == [("#1", envelope + one), ("#2", envelope + two)]


def test_a_single_message_with_a_from_line_is_an_mbox_of_one(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(ENVELOPE + ONE)
    assert read(tmp_path / "mail") == [("#1", ENVELOPE + ONE)]


def test_an_obsolete_from_field_is_no_mbox(tmp_path: Path) -> None:
    """RFC 822 allowed blanks before the colon: ``From : a@example.org`` begins a header."""
    (tmp_path / "mail").write_bytes(b"From  : a@example.org\n\nFrom here: on\n\nFrom b: c\n")
    assert [name for name, _ in read(tmp_path / "mail")] == [""]


@pytest.mark.parametrize(
    ("text", "messages_in_it"),
    [
        pytest.param(b"From what I hear this is a text.\nSo is this.\n", 1, id="prose"),
        pytest.param(b"From: is a field name\nnot: a separator\n", 1, id="field"),
        pytest.param(b">From b@example.org Tue Nov 24 04:38:18 2026\nSubject: x\n", 1, id="quoted"),
        pytest.param(b"From b@example.org Tue Nov 24 04:38:18 2026\nSubject: x\n", 2, id="usual"),
        pytest.param(b"From b@example.org Tue Nov 24 04:38:18 2026\n\nno header\n", 2, id="no header"),
        pytest.param(b"From b@example.org\nSubject: x\n", 2, id="no date"),
        pytest.param(b"From - Tue, 24 Nov 2026 04:38:18 +0000\n\n\n", 2, id="date of RFC 5322"),
        pytest.param(b"From b\n>From c\nSubject: x\n", 2, id="forwarded again"),
        pytest.param(b"From ", 1, id="cut"),
    ],
)
def test_what_begins_a_message_in_an_mbox(tmp_path: Path, text: bytes, messages_in_it: int) -> None:
    (tmp_path / "mbox").write_bytes(ENVELOPE + ONE + b"\n" + text)
    assert len(read(tmp_path / "mbox")) == messages_in_it


def test_a_from_line_within_a_paragraph_begins_no_message(tmp_path: Path) -> None:
    data = ENVELOPE + ONE + ENVELOPE + TWO
    (tmp_path / "mbox").write_bytes(data)
    assert read(tmp_path / "mbox") == [("#1", data)]


def test_an_mbox_is_split_alike_wherever_the_pieces_it_is_read_in_end(tmp_path: Path) -> None:
    for filling in range(2**18 - 120, 2**18 + 10, 7):
        body = b"x" * (filling - len(ENVELOPE + ONE) - 1) + b"\n"
        (tmp_path / "mbox").write_bytes(ENVELOPE + ONE + body + b"\n" + ENVELOPE + TWO + b"\n" + ENVELOPE + ONE)
        assert read(tmp_path / "mbox") == [
            ("#1", ENVELOPE + ONE + body),
            ("#2", ENVELOPE + TWO),
            ("#3", ENVELOPE + ONE),
        ], filling


def test_only_the_message_past_the_limit_is_lost_to_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_MESSAGE_BYTES", 1 << 20)
    big = ENVELOPE + b"X: y\n\n" + b"z" * (3 << 20) + b"\n"
    (tmp_path / "mbox").write_bytes(b"\n".join([ENVELOPE + ONE, big, ENVELOPE + TWO, big]))
    assert list(messages(str(tmp_path / "mbox"))) == [
        Found(f"{tmp_path}/mbox#1", ENVELOPE + ONE),
        Unread(f"{tmp_path}/mbox#2", "is larger than 1 MiB, which no message is"),
        Found(f"{tmp_path}/mbox#3", ENVELOPE + TWO),
        Unread(f"{tmp_path}/mbox#4", "is larger than 1 MiB, which no message is"),
    ]


# -------------------------------------------------------------- directories


def test_numbers_come_by_their_value_and_names_by_their_letters(tmp_path: Path) -> None:
    store(tmp_path, **{"10": ONE, "9": ONE, "b": TWO, "a__z": ONE, "B": ONE})
    assert [name for name, _ in read(tmp_path)] == ["/9", "/10", "/B", "/a/z", "/b"]


def test_dot_files_and_dot_directories_hold_no_mail(tmp_path: Path) -> None:
    store(tmp_path, **{".mh_sequences": b"unseen: 1\n", ".cache__x": ONE, "1": TWO})
    assert read(tmp_path) == [("/1", TWO)]


def test_mboxes_are_found_in_directories(tmp_path: Path) -> None:
    store(tmp_path, box=ENVELOPE + ONE + b"\n" + ENVELOPE + TWO, mail=ONE)
    assert [name for name, _ in read(tmp_path)] == ["/box#1", "/box#2", "/mail"]


def test_a_maildir_with_its_folders(tmp_path: Path) -> None:
    maildir(tmp_path, cur__a=ONE, new__b=TWO, tmp__c=b"half", subscriptions=b"Cron\n")
    maildir(tmp_path / ".Cron.DenyHosts", new__d=ONE, tmp__e=b"half")
    store(tmp_path, **{".Sent__x": b"not a Maildir", "dovecot.index": b"\0"})
    assert read(tmp_path) == [("/.Cron.DenyHosts/new/d", ONE), ("/cur/a", ONE), ("/new/b", TWO)]


def test_a_maildir_whose_folders_are_directories(tmp_path: Path) -> None:
    maildir(tmp_path, new__a=ONE)
    maildir(tmp_path / "Cron" / "DenyHosts", new__b=TWO, tmp__c=b"half")
    assert read(tmp_path) == [("/Cron/DenyHosts/new/b", TWO), ("/new/a", ONE)]


def test_tmp_is_a_directory_like_others_outside_a_maildir(tmp_path: Path) -> None:
    store(tmp_path, tmp__a=ONE)
    assert read(tmp_path) == [("/tmp/a", ONE)]


def test_links_to_files_are_followed_and_links_to_directories_are_not(tmp_path: Path) -> None:
    store(tmp_path, real__a=ONE)
    (tmp_path / "link").symlink_to("real/a")
    (tmp_path / "directory").symlink_to("real")
    (tmp_path / "real" / "circle").symlink_to("..")
    assert read(tmp_path) == [("/link", ONE), ("/real/a", ONE)]


def test_a_link_to_a_directory_is_followed_where_it_is_named(tmp_path: Path) -> None:
    store(tmp_path, real__a=ONE)
    (tmp_path / "directory").symlink_to("real")
    assert read(tmp_path / "directory") == [("/a", ONE)]


def test_a_link_to_nothing_and_a_link_to_itself_are_unread(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("nothing")
    (tmp_path / "b").symlink_to("b")
    assert causes(tmp_path) == [
        (f"{tmp_path}/a", "does not exist"),
        (f"{tmp_path}/b", "cannot be read: Too many levels of symbolic links"),
    ]


def test_directories_may_lie_deep(tmp_path: Path) -> None:
    made = [Path(f"{tmp_path}" + "/d" * depth) for depth in range(1, 1200)]
    for directory in made:
        directory.mkdir()
    (made[-1] / "a").write_bytes(ONE)
    assert [data for _, data in read(tmp_path)] == [ONE]
    (made[-1] / "a").unlink()
    for directory in reversed(made):
        directory.rmdir()


def test_names_that_are_not_text_are_read(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff\x1b[2J", os.O_CREAT | os.O_WRONLY))
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[2J")).write_bytes(ONE)
    assert read(tmp_path) == [("/\udcff\x1b[2J", ONE)]


# ----------------------------------------------------------------- archives


def tar(path: Path, members: dict[str, bytes], compress: Callable[[bytes], bytes] = bytes) -> Path:
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    path.write_bytes(compress(stored.getvalue()))
    return path


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".tar", bytes),
        (".tar.gz", gzip.compress),
        (".tgz", gzip.compress),
        (".tar.xz", lzma.compress),
        (".tbz", bz2.compress),
    ],
)
def test_an_archive_is_read_like_the_directory_in_it(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    path = tar(
        tmp_path / f"mail{suffix}",
        {
            "./Maildir/cur/a": ONE,
            "./Maildir/new/b": TWO,
            "./Maildir/tmp/c": b"half",
            "./Maildir/subscriptions": b"x\n",
            "./Maildir/.Cron/cur/d": ONE,
            "./Maildir/.Cron/new/e": TWO,
            "./Maildir/.other/f": b"no",
            "box": ENVELOPE + ONE + b"\n" + ENVELOPE + TWO,
            ".hidden": b"no",
            "tmp/g": ONE,
        },
        compress,
    )
    assert read(path) == [
        (":./Maildir/cur/a", ONE),
        (":./Maildir/new/b", TWO),
        (":./Maildir/.Cron/cur/d", ONE),
        (":./Maildir/.Cron/new/e", TWO),
        (":box#1", ENVELOPE + ONE),
        (":box#2", ENVELOPE + TWO),
        (":tmp/g", ONE),
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_what_lies_in_an_archive_beside_files_is_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("hard", tarfile.LNKTYPE), ("soft", tarfile.SYMTYPE), ("pipe", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "../../etc/passwd"
            archive.addfile(member)
        archive.addfile(tarfile.TarInfo("inner.tar"))
        archive.addfile(tarfile.TarInfo("directory/"))
    assert causes(path) == [
        (f"{path}:hard", "is a link within an archive, which is not read"),
        (f"{path}:soft", "is a link within an archive, which is not read"),
        (f"{path}:pipe", "is a device within an archive, which is not read"),
        (f"{path}:inner.tar", "is an archive within an archive, which is not read"),
    ]


@pytest.mark.parametrize(
    "data", [b"not an archive\n" * 60, b"x", b"\x1f\x8b\x08\0garbage", b"\xfd7zXZ\0garbage", b"BZh9garbage"]
)
def test_a_damaged_archive_is_a_value(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    (unread,) = causes(tmp_path / "a.tar")
    assert unread[0] == f"{tmp_path}/a.tar"
    assert unread[1].startswith("is damaged: ")


def test_an_archive_cut_short_gives_what_is_whole(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"a": ONE, "b": b"x" * 100_000})
    path.write_bytes(path.read_bytes()[:50_000])
    assert list(messages(str(path))) == [
        Found(f"{path}:a", ONE),
        Unread(f"{path}:b", "is damaged: unexpected end of data"),
        Unread(f"{path}", "is damaged: unexpected end of data"),
    ]


def test_damage_within_an_archive_does_not_pass_for_its_end(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"a": ONE, "b": TWO, "c": ONE})
    data = bytearray(path.read_bytes())
    data[1024 + 148 : 1024 + 156] = b"00000000"  # the checksum of b's header
    path.write_bytes(data)
    assert list(messages(str(path))) == [Found(f"{path}:a", ONE), Unread(f"{path}", "is damaged: bad checksum")]


def test_archives_damaged_at_random_are_values(tmp_path: Path) -> None:
    chance = random.Random(1)
    members = {f"Maildir/new/{'long' * 30}ü{number}": chance.randbytes(2000) for number in range(3)}
    seen = 0
    for compress in (bytes, gzip.compress, bz2.compress, lzma.compress):
        whole = tar(tmp_path / "a.tar", members, compress).read_bytes()
        for _ in range(100):
            data = bytearray(whole)
            for _ in range(chance.choice([1, 3, 20])):
                data[chance.randrange(chance.choice([30, 600, len(data)]))] = chance.randrange(256)
            (tmp_path / "a.tar").write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
            seen += sum(isinstance(item, Unread) for item in messages(str(tmp_path / "a.tar")))
    assert seen > 300


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (gzip.compress(ONE), "is compressed by gzip, not a message: unpack it first"),
        (bz2.compress(ONE), "is compressed by bzip2, not a message: unpack it first"),
        (lzma.compress(ONE), "is compressed by xz, not a message: unpack it first"),
        (b"PK\x03\x04\x14", "is a zip archive, not a message: unpack it first"),
    ],
)
def test_what_is_packed_is_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, cause: str) -> None:
    (tmp_path / "mail.packed").write_bytes(data)
    assert causes(tmp_path / "mail.packed") == [(f"{tmp_path}/mail.packed", cause)]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert causes("-") == [("-", cause)]


def test_a_tar_by_another_name_is_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tar(tmp_path / "a.tar", {"one": ONE}, bytes).read_bytes()
    cause = "is a tar archive, which is read from a file whose name says so (.tar, .tar.gz …)"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert causes("-") == [("-", cause)]


# ----------------------------------------------------------- standard input


def test_standard_input_is_a_message_or_an_mbox(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, names in ((ONE, ["-"]), (ENVELOPE + ONE + b"\n" + ENVELOPE + TWO, ["-#1", "-#2"]), (b"", [])):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert [item.name for item in messages("-")] == names


def test_a_pipe_that_is_written_slowly_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb", buffering=0) as stream:
            for start in range(len(ENVELOPE + ONE)):
                stream.write((ENVELOPE + ONE)[start : start + 1])

    writer = threading.Thread(target=write)
    with open(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        writer.start()
        assert list(messages("-")) == [Found("-#1", ENVELOPE + ONE)]
    writer.join()


def test_closed_standard_input_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert causes("-") == [("-", "is closed: there is no standard input")]


# ----------------------------------------------------------------- progress


def test_a_progress_bar_knows_how_much_there_is(tmp_path: Path) -> None:
    store(tmp_path, a=ONE, b__c=TWO)
    assert measure(str(tmp_path)) == len(ONE + TWO)
    assert measure(str(tmp_path / "a")) == len(ONE)
    assert measure("-") is None
    assert measure(str(tmp_path / "a.tar.gz")) is None
    assert measure(str(tmp_path / "nothing")) == 0


# ------------------------------------------------------------------- at random

TOKENS = [b"From ", b"From a Mon Jan  1 00:00:00 2024", b"\n", b"\r\n", b"\n\n", b"X: y", b">From ", b":", b"a", b"\0"]


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join), st.integers(1, 9))
def test_every_byte_of_an_mbox_but_its_empty_lines_is_in_a_message(text: bytes, piece: int) -> None:
    data = b"From a\n" + text
    stream = io.BytesIO(data)
    found = [item.data for item in _mailbox("m", lambda _: stream.read(piece + 5)) if isinstance(item, Found)]
    position = 0
    for message in found:
        assert message.startswith(b"From ")
        assert data.startswith(message, position)
        position += len(message)
        gap = next((gap for gap in (b"\r\n", b"\n") if data.startswith(gap, position)), b"")
        position += len(gap)
    assert position == len(data)
    whole = io.BytesIO(data)
    assert [item.data for item in _mailbox("m", whole.read) if isinstance(item, Found)] == found
