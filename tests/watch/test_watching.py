"""`pyfilter watch` as other programs see it: real processes, real inotify, real files."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from .watched import SECONDS, Watched, letter, until

# as pyfilter's log has it
KEPT_INSTEAD = "kept instead of reject: its sender was told long ago that it was taken"


@pytest.mark.parametrize("options", [[], ["--poll", "0.1"]], ids=["inotify", "polling"])
def test_what_arrives_is_filed_and_taken_away(apart: Watched, options: list[str]) -> None:
    apart.start(*options)
    hello, other = letter("hello"), letter("x")
    apart.bring(hello)
    apart.bring(other)
    until(lambda: apart.count() == 2 and not apart.left())
    assert apart.mail() == {".Hello": [hello], "Maildir": [other]}
    assert apart.stop() == 0
    assert 'filed Hello by rule "hello"' in apart.log
    assert "kept INBOX by no rule" in apart.log


def test_what_came_while_it_was_down_is_filed_first(apart: Watched) -> None:
    sent = [letter(f"hello {number}") for number in range(20)]
    for data in sent:
        apart.bring(data)
    apart.start()
    until(lambda: not apart.left())
    assert sorted(apart.mail()[".Hello"]) == sorted(sent)


def test_a_thousand_at_once(apart: Watched) -> None:
    apart.start()
    sent = [letter(f"hello {number}") for number in range(1000)]
    for data in sent:
        apart.bring(data)
    until(lambda: not apart.left())
    assert sorted(apart.mail()[".Hello"]) == sorted(sent)
    assert apart.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_and_leaves_nobody(apart: Watched, number: int) -> None:
    apart.start()
    apart.bring(letter("hello"))
    until(lambda: not apart.left())
    worker = apart.worker()
    assert apart.stop(number) == 0
    until(lambda: not os.path.exists(f"/proc/{worker}"))


def test_it_ends_the_message_at_hand_first(apart: Watched, tmp_path: Path) -> None:
    go, asked = tmp_path / "go", tmp_path / "asked"
    program = tmp_path / "wait"
    program.write_text(f"#!/bin/sh\ntouch {asked}\nuntil [ -e {go} ]; do sleep 0.05; done\n")
    program.chmod(0o755)
    apart.rules(f'rule "wait" {{ when command "{program}" succeeds; file into "Waited" }}\n')
    apart.start()
    apart.bring(letter("1"))
    apart.bring(letter("2"))
    until(asked.exists)
    assert apart.process is not None
    apart.process.send_signal(signal.SIGTERM)
    go.touch()
    assert apart.stop() == 0
    assert len(apart.mail()[".Waited"]) == 1
    assert len(apart.left()) == 1


def test_a_hangup_ends_nothing(apart: Watched) -> None:
    apart.start()
    assert apart.process is not None
    apart.process.send_signal(signal.SIGHUP)
    apart.bring(letter("hello"))
    until(lambda: not apart.left())


def test_rules_that_change_hold_for_the_next_message(apart: Watched) -> None:
    apart.start()
    apart.bring(letter("hello"))
    until(lambda: not apart.left())
    apart.rules('rule "other" { file into "Other" }\n')
    apart.bring(letter("hello"))
    until(lambda: not apart.left())
    assert sorted(apart.mail()) == [".Hello", ".Other"]


def test_while_the_rules_are_broken_the_last_good_ones_decide_and_the_message_says_so(apart: Watched) -> None:
    apart.bring(letter("hello"))
    assert apart.once().returncode == 0
    apart.rules("nonsense\n")
    apart.bring(letter("hello again"))
    assert apart.once().returncode == 0
    (again,) = [data for data in apart.mail()[".Hello"] if b"hello again" in data]
    assert again.startswith(b"X-Pyfilter-Problem: ")


def test_what_is_put_off_stays_and_is_tried_again(apart: Watched) -> None:
    apart.bring(letter("later"))
    apart.bring(letter("hello"))
    done = apart.once()
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert len(apart.left()) == 1
    assert sorted(apart.mail()) == [".Hello"]
    assert "deferred: by rule 'later': later" in apart.log
    apart.rules("")
    assert apart.once().returncode == 0
    assert sorted(apart.mail()) == [".Hello", "Maildir"]


def test_a_refusal_keeps_the_message(apart: Watched) -> None:
    data = letter("no")
    apart.bring(data)
    assert apart.once().returncode == 0
    assert apart.mail() == {"Maildir": [data]}
    assert 'kept INBOX by rule "no", ' in apart.log
    assert KEPT_INSTEAD in apart.log


def test_a_discarded_message_is_nowhere(apart: Watched) -> None:
    apart.bring(letter("gone"))
    assert apart.once().returncode == 0
    assert apart.mail() == {}
    assert apart.left() == []


def test_a_forwarded_message_is_sent_and_taken_away(apart: Watched, tmp_path: Path) -> None:
    sendmail = tmp_path / "sendmail"
    sendmail.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/arguments\ncat >>{tmp_path}/sent\n')
    sendmail.chmod(0o755)
    apart.rules(f'set sendmail = "{sendmail}"\nrule "on" {{ forward to "me@phone.example" }}\n')
    data = letter("x", "X-More: 1\n")
    apart.bring(b"Return-Path: <ann@x.example>\nDelivered-To: me@y.example\n" + data)
    assert apart.once().returncode == 0
    assert (tmp_path / "arguments").read_text() == "-i -f ann@x.example -- me@phone.example\n"
    assert (tmp_path / "sent").read_bytes().endswith(data)
    assert (apart.mail(), apart.left()) == ({}, [])


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "it is a symbolic link"),
        (lambda path: path.mkdir(), "it is not a regular file"),
        (lambda path: os.mkfifo(path), "it is not a regular file"),
        (lambda path: path.write_bytes(b""), "it is empty"),
    ],
    ids=["link", "directory", "fifo", "empty"],
)
def test_what_cannot_be_filed_is_left_and_said_once(apart: Watched, make, why: str) -> None:  # type: ignore[no-untyped-def]
    odd = apart.maildir / "new" / "odd"
    make(odd)
    done = apart.once()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"pyfilter watch: left where it lies, {odd}: {why}\n"
    apart.start("--poll", "0.1")
    for _ in range(3):
        apart.bring(letter("hello"))
        until(lambda: apart.left() == ["odd"])
    assert apart.log.count(why) == 2, "one of each process"
    assert apart.stop() == 0


def test_a_worker_that_dies_puts_the_message_off_and_the_others_are_filed(apart: Watched, tmp_path: Path) -> None:
    apart.rules(
        'rule "wait" { when subject is "wait"; when command "/bin/sleep 600" succeeds; keep }\n'
        'rule "hello" { when subject contains "hello"; file into "Hello" }\n'
    )
    waits = apart.bring(letter("wait"), "0")
    for number in range(3):
        apart.bring(letter("hello"), str(number + 1))
    apart.start()
    worker = apart.worker()
    (sleeper,) = until(lambda: Path(f"/proc/{worker}/task/{worker}/children").read_text().split())
    os.kill(worker, signal.SIGKILL)
    until(lambda: apart.left() == [waits.name])
    os.kill(int(sleeper), signal.SIGKILL)
    assert "the worker ended in the midst of a message (signal 9); it is tried again" in apart.log
    assert len(apart.mail()[".Hello"]) == 3


# ----------------------------------------------------------- kills, readers, a second one


@pytest.mark.parametrize("place", ["apart", "in_place"])
def test_killed_again_and_again_it_files_each_message_once(place: str, request: pytest.FixtureRequest) -> None:
    watched: Watched = request.getfixturevalue(place)
    sent = [letter(f"hello {number}") for number in range(100)]
    done = threading.Event()

    def bring() -> None:
        for data in sent:
            watched.bring(data)
            time.sleep(0.02)
        done.set()

    thread = threading.Thread(target=bring)
    thread.start()
    kills = 0
    while not done.is_set() or watched.left():
        watched.start()
        enough = len(watched.mail().get(".Hello", [])) + 1 + 2 * (kills % 5)
        until(lambda: len(watched.mail().get(".Hello", [])) >= enough or (done.is_set() and not watched.left()))  # noqa: B023
        worker = watched.worker() if kills % 2 else 0
        watched.kill()
        if worker and os.path.exists(f"/proc/{worker}"):
            os.kill(worker, signal.SIGKILL)
        kills += 1
    thread.join()
    assert kills > 5
    assert sorted(watched.mail()[".Hello"]) == sorted(sent)
    assert sorted(watched.mail()) == [".Hello"]
    watched.process = None


def test_a_reader_that_moves_mail_at_the_same_time_and_each_is_there_once(in_place: Watched) -> None:
    """It moves what is new to cur/, as an IMAP server does: unread mail is filed all the same, read mail is its own."""
    stop = threading.Event()
    new, cur = in_place.maildir / "new", in_place.maildir / "cur"

    def read() -> None:
        number = 0
        while not stop.is_set():
            for name in os.listdir(new):
                number += 1
                try:
                    os.rename(new / name, cur / f"{name}:2,{'S' if number % 2 else ''}")
                except FileNotFoundError:
                    continue

    thread = threading.Thread(target=read)
    in_place.start()
    thread.start()
    sent = [letter(f"hello {number}") for number in range(300)]
    try:
        for data in sent:
            in_place.bring(data)
        until(lambda: not in_place.left() and not [name for name in os.listdir(cur) if name.endswith(":2,")])
    finally:
        stop.set()
        thread.join()
    assert in_place.stop() == 0
    found = in_place.mail()
    assert sorted(data for folder in found.values() for data in folder) == sorted(sent)
    assert found[".Hello"]


def test_two_that_are_the_same_are_two(apart: Watched) -> None:
    data = letter("hello")
    for _ in range(2):
        apart.bring(data)
        assert apart.once().returncode == 0
    assert apart.mail() == {".Hello": [data, data]}


def test_of_two_one_watches(apart: Watched) -> None:
    apart.start()
    second = subprocess.run(apart.command(), env=apart.environment, capture_output=True, text=True, timeout=SECONDS)
    assert apart.process is not None
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == f"pyfilter watch: {apart.maildir} is watched already, by process {apart.process.pid}\n"
    assert apart.stop() == 0
    apart.start()


def test_what_is_no_maildir_is_refused(apart: Watched) -> None:
    (apart.maildir / "tmp").rmdir()
    done = apart.once()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"pyfilter watch: {apart.maildir} is no Maildir: it has to have the directories cur, new and tmp\n"
    )


def test_systemd_is_told(apart: Watched, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = tmp_path / "notify"
        manager.bind(str(path))
        manager.settimeout(SECONDS)
        process = subprocess.Popen(
            apart.command(), env={**apart.environment, "NOTIFY_SOCKET": str(path)}, stdout=subprocess.DEVNULL
        )
        assert manager.recv(100) == b"READY=1"
        assert manager.recv(100) == b"STATUS=watching"
        process.terminate()
        assert process.wait(SECONDS) == 0
        assert manager.recv(100) == b"STOPPING=1"


# ----------------------------------------------------------- in place


def test_mail_that_is_kept_stays_where_it_lies_and_is_asked_about_once(in_place: Watched) -> None:
    data = letter("x")
    path = in_place.bring(data)
    before = path.stat()
    in_place.start()
    until(lambda: "kept INBOX by no rule" in in_place.log)
    assert in_place.stop() == 0
    assert (path.stat().st_ino, path.read_bytes()) == (before.st_ino, data)
    assert in_place.mail() == {"Maildir": [data]}
    in_place.rules('rule "all" { file into "All" }\n')
    assert in_place.once().returncode == 0
    assert in_place.mail() == {"Maildir": [data]}
    assert in_place.log.count("by no rule") == 1


def test_mail_that_is_kept_gets_its_flags_and_keeps_its_name(in_place: Watched) -> None:
    in_place.bring(letter("seen"), "1.there,U=7")
    assert in_place.once().returncode == 0
    assert os.listdir(in_place.maildir / "cur") == ["1.there,U=7:2,FS"]
    assert in_place.left() == []


def test_a_copy_is_made_and_the_message_stays(in_place: Watched) -> None:
    in_place.rules('rule "both" { add header X-Odd "1"; copy into "Copies" }\n')
    data = letter("x")
    path = in_place.bring(data)
    assert in_place.once().returncode == 0
    assert in_place.mail() == {".Copies": [b"X-Odd: 1\n" + data], "Maildir": [data]}
    assert path.exists()
    assert "its header stays as it was, for it stays where it lies" in in_place.log


def test_a_reply_goes_out_and_the_message_stays(in_place: Watched, tmp_path: Path) -> None:
    sendmail = tmp_path / "sendmail"
    sendmail.write_text(f"#!/bin/sh\ncat >>{tmp_path}/sent\n")
    sendmail.chmod(0o755)
    in_place.rules(f'set sendmail = "{sendmail}"\nrule "away" {{ reply "I am away."; copy to "me@phone.example" }}\n')
    path = in_place.bring(
        b"Return-Path: <ann@x.example>\nDelivered-To: me@y.example\n" + letter("x", "To: me@y.example\n")
    )
    assert in_place.once().returncode == 0
    assert b"I am away." in (tmp_path / "sent").read_bytes()
    assert b"body of x" in (tmp_path / "sent").read_bytes()
    assert in_place.left() == [path.name]
    assert in_place.count() == 1


def test_what_somebody_puts_back_stays(in_place: Watched) -> None:
    """A client moves an unread message out of a folder: it comes to new/ under another name."""
    data = letter("hello")
    in_place.bring(data)
    in_place.start()
    until(lambda: not in_place.left())
    ((filed,),) = [list((in_place.maildir / ".Hello/new").iterdir())]
    filed.rename(in_place.maildir / "new" / "1.M2P3.there,S=1,W=2")
    until(lambda: "left where it lies: it was here before" in in_place.log)
    assert in_place.mail() == {"Maildir": [data]}
    assert in_place.stop() == 0
    assert in_place.once().returncode == 0
    assert in_place.mail() == {"Maildir": [data]}


def test_what_a_delivery_filed_is_not_filed_again(in_place: Watched) -> None:
    data = letter("hello")
    in_place.bring(data, "1795545541.M780472P24406Q3.vm,S=48,W=52")
    assert in_place.once().returncode == 0
    assert in_place.mail() == {"Maildir": [data]}
    assert in_place.log == ""


def test_a_folder_that_must_not_be_made_leaves_it_in_the_inbox(in_place: Watched) -> None:
    in_place.rules('set create-folders = no\nrule "all" { file into "All" }\n')
    path = in_place.bring(letter("x"))
    assert in_place.once().returncode == 0
    assert in_place.left() == [path.name]
    assert in_place.count() == 1


# ----------------------------------------------------------- trouble


def test_on_a_full_disk_mail_stays_and_is_filed_when_there_is_room(apart: Watched, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", disk], check=False).returncode:
        pytest.skip("only root can mount a disk that is full")
    try:
        apart.rules(f'set maildir = "{disk}/Maildir"\n')
        with open(disk / "filling", "wb", buffering=0) as filling, pytest.raises(OSError, match="No space"):
            while True:
                filling.write(bytes(4096))
        path = apart.bring(letter("x"))
        assert apart.once().returncode == 1
        assert apart.left() == [path.name]
        assert "deferred: " in apart.log and "No space left on device" in apart.log
        (disk / "filling").unlink()
        assert apart.once().returncode == 0
        assert apart.left() == []
        assert len(os.listdir(disk / "Maildir/new")) == 1
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_is_filed_and_cannot_be_taken_away_is_not_filed_again(apart: Watched) -> None:
    """As where the Maildir lies on what is mounted read-only."""
    path = apart.bring(letter("hello"))
    if subprocess.run(["mount", "--bind", apart.maildir, apart.maildir], check=False).returncode:
        pytest.skip("only root can mount a Maildir read-only")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", apart.maildir], check=True)
        done = apart.once()
        assert (done.returncode, apart.mail()) == (1, {})
        assert done.stderr == f"pyfilter watch: left where it lies, {path}: files cannot be taken away from here\n"
    finally:
        subprocess.run(["umount", apart.maildir], check=True)
    assert apart.once().returncode == 0
    assert (apart.left(), len(apart.mail()[".Hello"])) == ([], 1)


def test_a_maildir_that_goes_away_is_looked_for_again(apart: Watched) -> None:
    apart.start("--poll", "0.1")
    away = apart.maildir.rename(apart.home / "away")
    until(lambda: f"{apart.maildir}/new: No such file or directory; looking again" in apart.log)
    away.rename(apart.maildir)
    apart.bring(letter("hello"))
    until(lambda: not apart.left())
    assert apart.stop() == 0
    assert apart.log.count("looking again") == 1


@pytest.mark.parametrize("received", [True, False])
@pytest.mark.parametrize(("call", "number", "visible"), [("linkat", 4, 1), ("linkat", 5, 2), ("unlinkat", 1, 3)])
def test_killed_while_it_makes_copies_visible_it_makes_each_once(
    apart: Watched, call: str, number: int, visible: int, received: bool
) -> None:
    """Also of a message that never was in a mail server's queue, and is known by its file. Each copy becomes visible by
    a link(2); the first two link the copies to each other in tmp/."""
    apart.rules('rule "three" { copy into "One"; copy into "Two"; file into "Three" }\n')
    if shutil.which("strace") is None:
        pytest.skip("the program `strace` is missing (apt-get install strace)")
    data = letter("x")
    if not received:
        data = data.partition(b"\n")[2]
    path = apart.bring(data)
    kill = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    kill += ["-e", f"inject={call}:signal=KILL:when={number}"]
    done = subprocess.run(
        [*kill, *apart.command("--once")], env=apart.environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 1
    assert done.stderr == "pyfilter watch: the worker ended in the midst of a message (signal 9); it is tried again\n"
    assert (apart.left(), apart.count()) == ([path.name], visible)
    assert apart.once().returncode == 0
    assert (apart.left(), apart.mail()) == ([], {".One": [data], ".Two": [data], ".Three": [data]})
