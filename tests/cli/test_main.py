"""Every command ends with 0, 1 or 2, says what to do, and shows nobody a traceback."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

import pyfilter
from pyfilter import limits
from pyfilter.cli import main as entry

Run = Callable[..., Any]
PROCESS = [sys.executable, "-m", "pyfilter"]


@pytest.mark.parametrize("command", ["", "check", "deliver", "learn", "serve", "test"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_with_examples(run: Run, command: str, option: str) -> None:
    ended = run(*[word for word in (command, option) if word])
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: pyfilter {command}".rstrip())
    assert "Examples:\n" in ended.out


def test_help_may_be_a_word(run: Run) -> None:
    assert run("help") == run("--help")
    assert run("help", "check") == run("check", "--help")


def test_help_lists_the_commands(run: Run) -> None:
    assert run("--help").out.endswith(
        "Commands:\n"
        "  check            Say whether the rules are right.\n"
        "  deliver          Deliver the message on standard input.\n"
        "  explain          Explain what `check` says by its code.\n"
        "  format           Write rules as everybody would write them.\n"
        "  language-server  Tell an editor about rule files.\n"
        "  learn            Teach spamd what is spam and what is not.\n"
        "  serve            Speak LMTP, and deliver what comes.\n"
        "  test             Say what the rules would do with stored mail.\n"
        "  watch            File what arrives in a Maildir by other means.\n"
    )


def test_without_a_command_there_is_help(run: Run) -> None:
    ended = run()
    assert (ended.status, ended.out, ended.err) == (2, "", run("--help").out)


def test_the_version(run: Run) -> None:
    ended = run("--version")
    assert ended.status == 0
    assert ended.out.startswith("pyfilter ") and ended.out.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["stats", "x"], "pyfilter: `stats` is not in this version\nTry `pyfilter --help`.\n"),
        (["where", "--x"], "pyfilter: `where` is not in this version\nTry `pyfilter --help`.\n"),
        (["chek"], "pyfilter: there is no command `chek`: did you mean `check`?\nTry `pyfilter --help`.\n"),
        (["\x1b[2J"], "pyfilter: there is no command `␛[2J`\nTry `pyfilter --help`.\n"),
        (
            ["test", "--against", "x"],
            "pyfilter test: `--against` is not in this version\nTry `pyfilter test --help`.\n",
        ),
        (["test", "--jobs=x"], "pyfilter test: `--jobs` is not in this version\nTry `pyfilter test --help`.\n"),
        (["test", "--zzz"], "pyfilter test: there is no option `--zzz`\nTry `pyfilter test --help`.\n"),
        (
            ["test", "--jason", "x"],
            "pyfilter test: there is no option `--jason`: did you mean `--json`?\nTry `pyfilter test --help`.\n",
        ),
        (
            ["test", "--rules"],
            "pyfilter test: option '--rules' requires an argument\nTry `pyfilter test --help`.\n",
        ),
        (["check", "a", "b"], "pyfilter check: got unexpected extra argument (b)\nTry `pyfilter check --help`.\n"),
    ],
)
def test_wrong_usage_is_one_sentence_and_a_way_on(run: Run, arguments: list[str], error: str) -> None:
    ended = run(*arguments)
    assert (ended.status, ended.out, ended.err) == (2, "", error)


def test_a_defect_is_one_line_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> int:
        raise KeyError("x\x1b[2J")

    monkeypatch.setattr(entry, "commands", click.Command("test", callback=broken))
    ended = run()
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        "pyfilter: this is a defect of pyfilter: KeyError: 'x\\x1b[2J'\n"
        "Run the command again with PYFILTER_TRACEBACK=1 to see where, and report that.\n"
    )
    monkeypatch.setenv("PYFILTER_TRACEBACK", "1")
    with pytest.raises(KeyError):
        run()


def test_a_command_imports_what_it_needs(rules: Path, mail: Path) -> None:
    program = (
        "import sys; from pyfilter.cli.main import main; main(['test', 'mail/plain']); "
        "print(*sorted({'asyncio', 'email', 'pyfilter.cli.check', 'rich', 'sqlite3', 'subprocess'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, env=environment(), check=True, text=True, timeout=60
    )
    assert ended.stdout.splitlines()[-1] == ""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(pyfilter.__file__).parent.parent)}


def test_a_reader_that_goes_away_ends_a_command_quietly(rules: Path, mail: Path) -> None:
    for number in range(400):  # more than a pipe holds
        (mail / str(number)).write_bytes(b"Subject: x\n\n")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        ended = subprocess.run(
            [*PROCESS, "test", "--json", "mail"],
            stdout=gone,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
            timeout=60,
        )
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_an_output_that_cannot_be_written_is_said_so(rules: Path, mail: Path) -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [*PROCESS, "test", "--json", "mail"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
            timeout=60,
        )
    assert ended.returncode == 2
    assert ended.stderr == b"pyfilter: standard output: No space left on device\n"


def test_standard_output_may_be_closed(rules: Path, mail: Path) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *PROCESS, "test", "mail"],
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("redirections", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_where_problems_cannot_be_told_the_status_still_tells(rules: Path, redirections: str) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirections}', "sh", *PROCESS, "test", "missing"],
        capture_output=True,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, b"", b"")


def test_a_terminal_of_little_means_still_shows_everything(process: Run, rules: Path, mail: Path) -> None:
    (mail / "plain").write_bytes("Subject: Grüße\x1b\n\n".encode())
    ended = process("test", "mail/plain", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("mail/plain: Gr\\xfc\\xdfe")


def test_control_c_ends_a_command_quietly(rules: Path) -> None:
    running = subprocess.Popen(
        [*PROCESS, "test", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        # who runs the tests in the background may have it ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdin is not None
    running.stdin.write(b"Subject: x\n" * 100_000)  # more than a pipe holds: it is reading
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.strip()) == (130, b"", b"")


def in_terminal(*arguments: str, typed: bytes = b"") -> str:
    """What a command shows on a terminal."""
    controller, terminal = pty.openpty()
    running = subprocess.Popen(
        [*PROCESS, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**environment(), "TERM": "xterm"},
    )
    os.close(terminal)
    os.write(controller, typed)
    try:
        running.wait(30)  # what it shows is less than a terminal holds unread
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other side is closed
        while chunk := os.read(controller, 65536):
            shown += chunk
    os.close(controller)
    return shown.decode()


def test_a_terminal_sees_colour(rules: Path, mail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules.write_text('rule "a" { when subjcet is "x"; keep }\n')
    assert "\x1b[1;31merror[E201]" in in_terminal("check")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in in_terminal("check")


def test_who_types_a_message_is_told_how_to_end_it(rules: Path) -> None:
    shown = in_terminal("test", "-", typed=b"Subject: an offer\n\n\x04")
    assert "pyfilter: reading a message from the terminal; Ctrl-D ends it\r\n" in shown
    assert "discard    [rule" in shown


def test_a_delivery_without_the_launcher_has_its_limits(tmp_path: Path) -> None:
    """Soft ones, and none is raised."""
    script = (
        "import resource, sys\n"
        "import pyfilter.__main__ as command\n"
        "import pyfilter.mda\n"
        "names = resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_CORE\n"
        "pyfilter.mda.main = lambda arguments: print(*[n for name in names for n in resource.getrlimit(name)])\n"
        "sys.argv = ['pyfilter', 'deliver']\n"
        "command.main()\n"
    )

    def limits_under(*prlimit: str) -> list[int]:
        command = ["prlimit", *prlimit, sys.executable, "-c", script]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(pyfilter.__file__).parents[1]
        )
        return [int(number) for number in done.stdout.split()]

    usual = limits_under("--core=unlimited:unlimited")
    assert usual == [limits.CPU_SECONDS, -1, limits.MEMORY_BYTES, -1, 0, -1]
    assert limits_under("--cpu=50:60", "--as=900000000", "--core=0") == [50, 60, 900000000, 900000000, 0, 0]
