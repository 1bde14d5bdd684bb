"""`make demo` shows the truth: it ends well only if every message lies where it says."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "examples/seed/demo"
# a message, its folder, how the agent ended, and why
DECISION = """\
02-cron: Cron <root@mail> test -x /usr/sbin/backup && backup --daily
    Cron              exit 0   rule "cron jobs", line 8
                               header X-Cron-Env exists
                               it is "<SHELL=/bin/sh>" and 3 more
"""


SCANNED = """\
04-spam: You have been chosen
    spam              exit 0   rule "spam", line 21
                               size < 512 kB
                               it is"""
UNSCANNED = """\
04-spam: You have been chosen
    INBOX             exit 0   no rule took it
                               spamd at unix:"""


def demo(*directories: Path, options: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with these directories in front of PATH, into a pipe."""
    path = os.pathsep.join([*map(str, directories), "/usr/bin", "/bin"])
    everything = {"PATH": path, **environment}
    return subprocess.run([DEMO, *options], env=everything, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def shown(installation: Path) -> subprocess.CompletedProcess[str]:
    return demo(installation / "bin", COLUMNS="200")


def test_it_shows_rules_decisions_and_folders(shown: subprocess.CompletedProcess[str]) -> None:
    assert (shown.returncode, shown.stderr) == (0, "")
    for line in (DEMO.parent / ".pyfilterrc").read_text().splitlines():
        assert line in shown.stdout
    assert DECISION in shown.stdout
    assert SCANNED in shown.stdout
    assert "09-eight-bit: Fête à Besançon: déjà 40 inscrits\n" in shown.stdout
    assert "10 of 10 messages lie where `pyfilter test` said, byte for byte." in shown.stdout


def test_without_spamd_spam_stays_in_the_inbox(installation: Path) -> None:
    told = demo(installation / "bin", options=("--no-spamd",), COLUMNS="200")
    assert (told.returncode, told.stderr) == (0, "")
    assert "There is no spamd here, so its verdict is not known: spam stays in the inbox.\n" in told.stdout
    assert UNSCANNED in told.stdout
    assert "10 of 10 messages lie where `pyfilter test` said, byte for byte." in told.stdout


def test_it_is_plain_text_of_80_columns_in_a_pipe(shown: subprocess.CompletedProcess[str]) -> None:
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)


def test_a_terminal_without_utf_8_shows_what_it_can(installation: Path) -> None:
    shown = demo(installation / "bin", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "09-eight-bit: F?te ? Besan?on: d?j? 40 inscrits\n" in shown.stdout


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_it_has_colour_on_a_terminal(installation: Path, environment: dict[str, str], coloured: bool) -> None:
    controller, terminal = pty.openpty()
    everything = {"PATH": f"{installation}/bin:/usr/bin:/bin", "TERM": "xterm", **environment}
    with subprocess.Popen([DEMO], env=everything, stdout=terminal) as process:
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(controller, 65536):
                shown += chunk
        except OSError:  # the other side was closed
            pass
        assert process.wait(60) == 0
    os.close(controller)
    assert (b"\x1b[" in shown) is coloured


@pytest.mark.parametrize(
    ("agent", "complaint"),
    [
        ("cat >/dev/null", "what lies there is not what `pyfilter test` said"),
        ("cat >/dev/null; exit 75", "pyfilter-deliver ended with 75"),
        ('mkdir -p "$HOME/.maildir/new"; tail -n +3 >"$HOME/.maildir/new/$$"', "Cron/DenyHosts: what lies there"),
    ],
)
def test_it_notices_a_loss(installation: Path, tmp_path: Path, agent: str, complaint: str) -> None:
    """Without an agent that files, it fails and says so."""
    imposter = tmp_path / "pyfilter-deliver"
    imposter.write_text(f"#!/bin/sh\n{agent}\n")
    imposter.chmod(0o755)
    shown = demo(tmp_path, installation / "bin")
    assert shown.returncode == 1
    assert complaint in shown.stdout


def test_without_pyfilter_it_says_what_to_do() -> None:
    shown = demo()
    assert shown.returncode == 2
    assert shown.stderr == "pyfilter is not installed here: `make demo` in the top directory sets everything up\n"
