"""The command line. A mistake on it costs no mail, and asking for help costs none either."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from .conftest import MESSAGE, POSTPONED, Installation

MISTAKES = {
    ("-x",): "unknown argument '-x'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("-t",): "unknown argument '-t'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("file",): "unknown argument 'file'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("",): "unknown argument ''; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("--",): "unknown argument '--'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("-a",): "a value is missing behind -a; it can be left out, the header above the message says it",
    ("-a", "x", "-d"): "a value is missing behind -d; it can be left out, the header above the message says it",
    ("--help",): "unknown argument '--help'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("-h",): "unknown argument '-h'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("--version",): "unknown argument '--version'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("-a", "x", "--help"): "unknown argument '--help'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE",
    ("\x1b[2J\n<0>forged",): "unknown argument '\\x1b[2J\\x0a<0>forged'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT"
    " and --rules FILE",
}


@pytest.mark.parametrize("arguments", MISTAKES, ids=map(repr, MISTAKES))
def test_a_mistake_postpones_the_mail_and_is_logged(installation: Installation, arguments: tuple[str, ...]) -> None:
    installation.delivers()
    assert installation.run(*arguments) == (75, POSTPONED, b"")
    assert installation.delivered is None
    assert installation.log == [MISTAKES[arguments]]


def test_help_and_version_where_no_message_comes(installation: Installation) -> None:
    assert installation.run("--version", message=b"") == (0, b"pyfilter-deliver 0.0\n", b"")
    for option in ("-h", "--help"):
        ended = installation.run(option, message=b"")
        assert ended.status == 0
        assert ended.output.startswith(
            b"usage: pyfilter-deliver [-a EXTENSION] [-f SENDER] [-d RECIPIENT] [--rules FILE]"
        )
    assert installation.run("--help", "-a", "x", message=b"").status == 75


def test_help_on_a_terminal_waits_for_nothing(installation: Installation) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([installation.launcher, "--help"], stdin=theirs, stdout=subprocess.PIPE) as launcher:
        os.close(theirs)
        assert launcher.wait(30) == 0
        assert launcher.stdout is not None
        assert launcher.stdout.read().startswith(b"usage: ")
    os.close(ours)


def test_a_person_on_a_terminal_reads_why(installation: Installation) -> None:
    ours, theirs = pty.openpty()
    command = [installation.launcher, "-x"]
    ended = subprocess.run(command, input=MESSAGE, stdout=subprocess.PIPE, stderr=theirs, timeout=60)
    os.close(theirs)
    assert (ended.returncode, ended.stdout) == (75, POSTPONED)
    assert os.read(ours, 4096).startswith(b"pyfilter-deliver: unknown argument '-x'; it takes ")
    os.close(ours)


def test_the_name_it_was_called_by_does_not_matter(installation: Installation) -> None:
    installation.delivers()
    for name in ("-", "/", "-pyfilter-deliver", "../../x", "\x1b[2J", "x" * 100_000):
        starts = "import os, sys\nos.execv(sys.argv[1], [os.environ['NAME']])"
        assert installation.run(prefix=("/usr/bin/python3", "-c", starts), env={"NAME": name}) == (0, b"", b"")


def test_as_much_as_the_system_takes(installation: Installation) -> None:
    """The launcher just starts with it; Python, whose command line is longer, starts or the mail waits."""
    installation.delivers()
    ends = {
        installation.run("-f", "x" * length, prefix=("/usr/bin/prlimit", "--stack=400000"), env={}).status
        for length in range(129_000, 131_000, 100)
    }
    assert ends == {0, 75, 126}  # 126: prlimit could not even start the launcher
    assert any("Argument list too long" in line for line in installation.log)
