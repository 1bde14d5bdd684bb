"""Programs that rules run: whatever they do, we come back, with what they said."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pyfilter
from pyfilter import limits
from pyfilter.services import child


def run(script: str, given: bytes = b"", seconds: float = 20, most: int = 1000, **values: str) -> child.Result:
    return child.run(
        ("sh", "-c", script), (given,), environment=values, deadline_seconds=seconds, output_limit=most, directory="/"
    )


def test_a_program_reads_and_writes() -> None:
    done = run("cat; echo oh >&2; exit 3", b"hello\n")
    assert (done.status, done.output, done.errors, done.why, done.cut) == (3, b"hello\n", b"oh\n", "", False)


def test_a_program_that_reads_nothing_of_a_large_message_is_no_failure() -> None:
    done = run("exit 0", b"x" * (5 << 20))
    assert (done.status, done.why) == (0, "")


def test_a_large_message_goes_through_whole() -> None:
    message = os.urandom(3 << 20)
    assert run("cat", message, most=4 << 20).output == message


def test_output_is_kept_up_to_the_limit_and_the_program_goes_on() -> None:
    done = run("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 4", most=100)
    assert (done.status, len(done.output), len(done.errors), done.cut) == (4, 100, 100, True)


def test_the_environment_is_ours_and_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "LANG", "TZ"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("SECRET", "x")
    done = child.run(
        ("env",), (), environment={"SENDER": "a\0b"}, deadline_seconds=20, output_limit=1000, directory="/"
    )
    assert sorted(done.output.splitlines()) == [b"HOME=/nowhere", b"PATH=/usr/local/bin:/usr/bin:/bin", b"SENDER=ab"]


def test_no_value_is_a_function_of_bash() -> None:
    done = child.run(
        ("env",),
        (),
        environment={"SENDER": "() { :;}; id", "EXTENSION": "()"},
        deadline_seconds=20,
        output_limit=1000,
        directory="/",
    )
    assert b"\nSENDER= () { :;}; id\nEXTENSION=()\n" in done.output


def test_arguments_are_not_read_by_a_shell() -> None:
    words = ("printf", "%s|", "$(id)", "a b", "'", "*")
    assert child.run(words, (), deadline_seconds=20, output_limit=100).output == b"$(id)|a b|'|*|"


@pytest.mark.parametrize(
    ("program", "status", "why"),
    [
        ("/no/such/program", 127, "it was not found"),
        ("no-such-program", 127, "it was not found"),
        ("/etc/passwd", 126, "it cannot be run: Permission denied"),
    ],
)
def test_a_program_that_does_not_start_is_told(program: str, status: int, why: str) -> None:
    done = child.run((program,), (b"x",), deadline_seconds=20, output_limit=100)
    assert (done.status, done.why) == (status, why)


def test_a_directory_that_is_missing_is_told_and_the_program_not_blamed(tmp_path: Path) -> None:
    place = tmp_path / "away"
    done = child.run(("true",), (), deadline_seconds=20, output_limit=100, directory=str(place))
    assert done.status == 126
    assert done.why == f"it could not be run in the directory {place}: No such file or directory"
    place.touch()
    done = child.run(("true",), (), deadline_seconds=20, output_limit=100, directory=str(place))
    assert done.why == f"it could not be run in the directory {place}: Not a directory"


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 1, 2)], ids=str)
def test_a_program_has_its_three_descriptors_where_we_have_none(tmp_path: Path, closed: tuple[int, ...]) -> None:
    told = tmp_path / "told"
    script = (
        f"import os, sys\nsys.path[:0] = {[str(Path(pyfilter.__file__).parent.parent)]!r}\n"
        f"for number in {closed!r}: os.close(number)\n"
        "from pyfilter.services import child\n"
        "done = child.run(('sh', '-c', 'cat; echo oh >&2'), (b'hello\\n',), deadline_seconds=20, output_limit=99)\n"
        f"open({str(told)!r}, 'w').write(repr((done.status, done.output, done.errors, done.why)))\n"
    )
    subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, timeout=60, check=False)
    assert told.read_text() == repr((0, b"hello\n", b"oh\n", ""))


def test_a_program_that_a_signal_ends_is_told() -> None:
    done = run("kill -SEGV $$")
    assert (done.status, done.why) == (128 + signal.SIGSEGV, f"it was ended by signal {signal.SIGSEGV:d}")


def ended(pid: str) -> bool:
    """Whether it is gone, or is waited for by nobody, before long."""
    until = time.monotonic() + 20
    while os.path.exists(f"/proc/{pid}") and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def test_one_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHILD_GRACE_SECONDS", 0.2)
    note = tmp_path / "pids"
    done = run(f"trap '' TERM; sleep 300 & echo $$ $! > {note}; while :; do sleep 1; done", seconds=0.5)
    assert (done.status, done.why) == (128 + signal.SIGKILL, "it was ended after 0.5 s")
    assert all(map(ended, note.read_text().split()))


def test_what_it_leaves_running_does_not_hold_us_and_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    done = run(f"echo said; sleep 300 & echo $! > {note}; exit 0", seconds=200)
    assert (done.status, done.output, done.why) == (0, b"said\n", "")
    assert ended(note.read_text().strip())


def test_what_it_leaves_in_a_session_of_its_own_does_not_hold_us(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    done = run(f"echo said; setsid sh -c 'echo $$ > {note}; exec sleep 300' & until test -s {note}; do :; done")
    os.kill(int(note.read_text()), signal.SIGKILL)  # the launcher would do it
    assert (done.status, done.output, done.why) == (0, b"said\n", "")


@pytest.mark.parametrize(
    ("file", "directory", "owner", "why"),
    [
        (0o757, 0o755, 0, "it cannot be run: others can write it (mode 0757), chmod o-w"),
        (0o755, 0o777, 0, "it cannot be run: others can write its directory"),
        (0o755, 0o1777, 0, ""),
        (0o755, 0o1777, 61002, "it cannot be run: others can write its directory"),
        (0o755, 0o755, 61002, "it cannot be run: it belongs to uid 61002"),
        (0o775, 0o775, 0, ""),
    ],
)
def test_what_anybody_could_have_put_there_is_not_run(
    tmp_path: Path, file: int, directory: int, owner: int, why: str
) -> None:
    if owner and os.geteuid():
        pytest.skip("only root can give a file away")
    program = tmp_path / "bin" / "program"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(file)
    program.parent.chmod(directory)
    if owner:
        os.chown(program, owner, owner)
    done = child.run((str(program),), (), deadline_seconds=20, output_limit=100)
    assert (done.status, done.why) == (126 if why else 0, why)


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_those_of_a_fresh_program(ignored: signal.Signals) -> None:
    """Whatever our own caller ignores: nohup, a shell's background."""
    before = signal.signal(ignored, signal.SIG_IGN)
    try:
        done = run("grep -E '^Sig(Ign|Blk)' /proc/self/status")
    finally:
        signal.signal(ignored, before)
    reserved = 0b11 << 31  # 32 and 33 are the C library's own
    assert [int(line.split()[1], 16) & ~reserved for line in done.output.splitlines()] == [0, 0]


def test_it_has_limits_and_no_terminal() -> None:
    done = run("ulimit -c; ulimit -n; ps -o sid= -p $$; echo $$")
    core, files, session, pid = done.output.split()
    assert (core, files, session) == (b"0", b"%d" % limits.CHILD_OPEN_FILES, pid)


def test_no_descriptor_is_left_open() -> None:
    before = os.listdir("/proc/self/fd")
    run("cat", b"x")
    child.run(("/no/such",), (), deadline_seconds=1, output_limit=1)
    assert os.listdir("/proc/self/fd") == before


def test_a_system_that_complains_when_all_is_done_does_not_undo_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else mail would be sent again that was taken."""
    before = sorted(os.listdir("/proc/self/fd"))
    ours, close, complaints = os.getpid(), os.close, []

    def complain(*arguments: int) -> None:
        if os.getpid() == ours:
            complaints.append(arguments)
        raise OSError(5, "Input/output error")

    def close_and_complain(descriptor: int) -> None:
        close(descriptor)
        if ended:
            complain(descriptor)

    def end(group: int, number: int) -> None:
        ended.append(group)
        complain(group, number)

    ended: list[int] = []
    monkeypatch.setattr(os, "killpg", end)
    monkeypatch.setattr(os, "close", close_and_complain)
    done = run("echo taken")
    monkeypatch.undo()
    assert (done.status, done.output, done.why) == (0, b"taken\n", "")
    assert len(complaints) > 4
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_program_ends_before_the_alarm_of_ours() -> None:
    try:
        signal.setitimer(signal.ITIMER_REAL, limits.CHILD_GRACE_SECONDS + 1.2)
        done = run("sleep 60")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert done.status == 128 + signal.SIGTERM
    assert done.why.startswith("it was ended after 0.")


def test_a_program_is_ended_where_we_are_interrupted(tmp_path: Path) -> None:
    """By the limit of CPU, by ^C: nobody would attend to it any more."""
    os.mkfifo(tmp_path / "alive")
    end = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(f"exec >{tmp_path}/alive; trap '' TERM; kill -USR1 $PPID; sleep 600")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert select.select([end], [], [], 20)[0]
    assert os.read(end, 1) == b""
    os.close(end)
