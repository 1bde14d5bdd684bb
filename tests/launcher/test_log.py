"""What the administrator reads: what failed and what to do, on one line, whatever the cause holds."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from .conftest import MESSAGE, POSTPONED, Installation, compile_launcher, make, mode


def test_the_last_line_of_what_python_complains_of(installation: Installation) -> None:
    installation.python("seq 100000 >&2; printf 'KeyError: it\\n\\n  \\n' >&2; exit 1")
    assert installation.run() == (75, POSTPONED, b"")
    assert installation.log == [
        "the delivery said: KeyError: it",
        "the delivery ended with status 1; the mail stays in the queue",
    ]


def test_a_complaint_of_a_successful_delivery_is_logged_and_changes_nothing(installation: Installation) -> None:
    installation.python("echo a warning >&2; printf '\\n2.0.0 delivered\\n'")
    assert installation.run() == (0, b"", b"")
    assert installation.log == ["the delivery said: a warning"]


def test_a_postponement_that_python_decided_is_logged_by_python(installation: Installation) -> None:
    installation.python("echo 4.3.0 delivery postponed; exit 75")
    assert installation.run() == (75, POSTPONED, b"")
    assert installation.log == []


def test_control_and_8_bit_characters_are_escaped(installation: Installation) -> None:
    installation.python("printf 'a\\033[2J\\tb\\r\\0c\\177\\303\\251d' >&2; exit 1")
    installation.run()
    assert installation.log[0] == r"the delivery said: a\x1b[2J\x09b\x0d?c\x7f\xc3\xa9d"


def test_a_long_line_is_cut(installation: Installation) -> None:
    installation.python("head -c 100000 /dev/zero | tr '\\0' '\\351' >&2; exit 1")
    installation.run()
    assert len(installation.log[0]) <= 900


@pytest.fixture
def without_log_daemon(build_directory: Path, build: list[str], tmp_path: Path, log_socket: object) -> Installation:
    launcher = compile_launcher(build_directory, build, f'LOG_SOCKET="{tmp_path / "no-log"}"')
    return make(tmp_path / "venv", launcher, log_socket)


def test_without_a_log_daemon_the_line_goes_where_pyfilter_logs(without_log_daemon: Installation) -> None:
    home = without_log_daemon.scratch / "home"
    home.mkdir()
    for _ in range(2):
        assert without_log_daemon.run("-x", env={"HOME": str(home)}).status == 75
    log = home / ".local" / "state" / "pyfilter" / "log"
    line = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} pyfilter-deliver\[\d+\]: unknown argument '-x'; .*\n"
    assert re.fullmatch(line * 2, log.read_text())
    assert mode(log) == 0o600
    assert {mode(parent) for parent in list(log.parents)[:3]} == {0o700}


@pytest.mark.parametrize("home", ["", "home", "/nonexistent", "/" + "x" * 5000, "/dev/null"])
def test_no_log_at_all_changes_nothing(without_log_daemon: Installation, home: str) -> None:
    assert without_log_daemon.run("-x", env={"HOME": home}) == (75, POSTPONED, b"")
    assert without_log_daemon.run("-x", env={}) == (75, POSTPONED, b"")


def test_a_trap_in_place_of_the_log(without_log_daemon: Installation) -> None:
    """A FIFO nobody reads, a link to somewhere else: neither is written to, neither holds the mail up."""
    home = without_log_daemon.scratch
    state = home / ".local" / "state" / "pyfilter"
    state.mkdir(parents=True)
    elsewhere = home / "elsewhere"
    elsewhere.touch()
    (state / "log").symlink_to(elsewhere)
    assert without_log_daemon.run("-x", env={"HOME": str(home)}).status == 75
    assert elsewhere.read_bytes() == b""
    (state / "log").unlink()
    subprocess.run(["mkfifo", state / "log"], check=True)
    assert without_log_daemon.run("-x", env={"HOME": str(home)}, message=MESSAGE).status == 75


def test_a_log_daemon_that_takes_nothing_counts_as_none(without_log_daemon: Installation, tmp_path: Path) -> None:
    home = without_log_daemon.scratch
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuck, socket.socket(socket.AF_UNIX, 2) as writer:
        stuck.bind(str(tmp_path / "no-log"))
        writer.connect(str(tmp_path / "no-log"))
        writer.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                writer.send(b"x")
        assert without_log_daemon.run("-x", env={"HOME": str(home)}) == (75, POSTPONED, b"")
    assert "unknown argument '-x'" in (home / ".local" / "state" / "pyfilter" / "log").read_text()


root = pytest.mark.skipif(os.getuid() != 0, reason="needs root: another user's home")


@root
def test_root_makes_nothing_in_the_home_of_a_user(without_log_daemon: Installation) -> None:
    home = without_log_daemon.scratch / "home"
    home.mkdir()
    os.chown(home, 64_999, 64_999)
    assert without_log_daemon.run("-x", env={"HOME": str(home)}) == (75, POSTPONED, b"")
    assert list(home.iterdir()) == []


@root
def test_installed_set_user_id_it_writes_nowhere(without_log_daemon: Installation) -> None:
    """HOME is the caller's to choose, what is written there would not be: root calls the launcher of somebody else."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        launcher = shutil.copy(without_log_daemon.launcher, place)
        for path in (Path(place), launcher):
            os.chown(path, 64_999, 64_999)
        os.chmod(place, 0o755)
        os.chmod(launcher, 0o4755)
        ended = subprocess.run([launcher], input=MESSAGE, capture_output=True, env={"HOME": place}, timeout=60)
        assert (ended.returncode, ended.stdout) == (75, POSTPONED)
        assert os.listdir(place) == [Path(launcher).name]
