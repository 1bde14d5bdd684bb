"""A delivery as the mail server sees it: message on standard input, one of three exit statuses, and nothing else.

Every delivery here is a process of its own, `python -I -S -P`, as the launcher starts it; what a test changes in
it (an evaluation that fails, a parent that is gone) is set up in its first lines.
"""

from __future__ import annotations

import os
import quopri
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import pyfilter

PACKAGES = [
    str(Path(pyfilter.__file__).parent.parent),
    *(path for path in sys.path if path.endswith(("site-packages", "dist-packages"))),
]
POSTPONED = b"4.3.0 delivery postponed\n"
MESSAGE = (
    b"From ann@x.example Tue Nov 24 05:00:00 2026\nReturn-Path: <ann@x.example>\nDelivered-To: me+box@y.example\n"
    b"Received: from x by y; now\nFrom: Ann <ann@x.example>\nSubject: hello\nMessage-ID: <1@x>\n\nhello\n"
)
FILED = MESSAGE.partition(b"\n")[2]
# the same once more, on another way: no retry of a mail server's
ANOTHER = MESSAGE.replace(b"from x by y", b"from z by y")


class Ended(NamedTuple):
    status: int
    output: bytes
    error: bytes


class Account:
    """A home with rules; the log is a file in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.home.mkdir(mode=0o700)
        self.environment = {"HOME": str(home)}

    def rules(self, text: str) -> None:
        (self.home / ".pyfilterrc").write_text(text, "utf-8")

    def command(self, *arguments: str, first: str = "") -> list[str]:
        script = (
            f"import sys\nsys.path[:0] = {PACKAGES!r}\nfrom pyfilter import log, mda\nlog._DEVICE = '/nonexistent'\n"
            f"{first}\nsys.exit(mda.main(sys.argv[1:]))\n"
        )
        return [sys.executable, "-I", "-S", "-P", "-B", "-c", script, *arguments]

    def deliver(self, *arguments: str, message: bytes = MESSAGE, first: str = "", **more: str) -> Ended:
        done = subprocess.run(
            self.command(*arguments, first=first),
            input=message,
            capture_output=True,
            env=self.environment | more,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @property
    def log(self) -> list[str]:
        path = self.home / ".local/state/pyfilter/log"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def mail(self) -> dict[str, list[bytes]]:
        """Folder -> what lies in it."""
        found: dict[str, list[bytes]] = {}
        for path in sorted(self.home.glob("Maildir/**/*")):
            if path.parent.name in ("new", "cur"):
                found.setdefault(path.parent.parent.name, []).append(path.read_bytes())
        return found

    def leftovers(self) -> list[Path]:
        return list(self.home.glob("Maildir/**/tmp/*"))


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path / "home")


def deferred(account: Account, ended: Ended, *said: str) -> None:
    """The three things a mail server may see, nothing filed, and one line in the log that holds ``said``."""
    assert ended == Ended(75, POSTPONED, b"")
    assert account.mail() == {}
    assert account.leftovers() == []
    assert len(account.log) == 1
    for words in said:
        assert words in account.log[0]


# ------------------------------------------------------------------- it ends well


def test_without_rules_mail_lies_in_the_inbox(account: Account) -> None:
    assert account.deliver() == Ended(0, b"", b"")
    assert account.mail() == {"Maildir": [FILED]}
    (line,) = account.log
    assert "<1@x> from Ann <ann@x.example>: kept INBOX by no rule, " in line


def test_the_rules_decide(account: Account) -> None:
    account.rules('rule "hello" { when subject is "hello"; mark read; file into "Hi" }\n')
    assert account.deliver() == Ended(0, b"", b"")
    assert account.mail() == {".Hi": [FILED]}
    assert ': filed Hi by rule "hello", ' in account.log[0]


@pytest.mark.parametrize(
    ("options", "message", "rule", "folder"),
    [
        (["-a", "shop"], b"Subject: a\n\n", 'recipient.extension is "shop"', ".X"),
        (["-f", "bob@b.example"], b"Subject: a\n\n", 'sender is "bob@b.example"', ".X"),
        (["-d", "me+s@b.example"], b"Subject: a\n\n", 'recipient.extension is "s"', ".X"),
        # the lines the mail server put on top say more than the options
        (["-f", "bob@b.example"], MESSAGE, 'sender is "bob@b.example"', "Maildir"),
        (["-d", "me@b.example", "-f", ""], MESSAGE, 'recipient is "me+box@y.example"', ".X"),
    ],
)
def test_options(account: Account, options: list[str], message: bytes, rule: str, folder: str) -> None:
    account.rules(f'rule "x" {{ when {rule}; file into "X" }}\n')
    assert account.deliver(*options, message=message).status == 0
    assert list(account.mail()) == [folder]


def test_other_rules(account: Account) -> None:
    account.rules('rule "x" { file into "Not these" }\n')
    other = account.home / "other.rules"
    other.write_text('rule "x" { file into "Other" }\n')
    assert account.deliver("--rules", str(other)).status == 0
    assert list(account.mail()) == [".Other"]


def test_rules_that_are_named_must_be_there(account: Account) -> None:
    deferred(account, account.deliver("--rules", "/nonexistent/rules"), "/nonexistent/rules: there is no such file")


@pytest.mark.parametrize("extension", ["shop", "--help", "-h"])
def test_the_command_without_the_launcher(account: Account, extension: str) -> None:
    """`pyfilter deliver` imports nothing of the other commands, not even for mail to user+--help."""
    account.rules(f'rule "x" {{ when recipient.extension is "{extension}"; file into "X" }}\n')
    first = (
        "from pyfilter import __main__\n"
        "sys.argv[1:1] = ['deliver']\n"
        "status = __main__.main()\n"
        "assert not {'click', 'pyfilter.cli'} & set(sys.modules)\n"
        "sys.exit(status)"
    )
    assert account.deliver("-a", extension, message=b"Subject: a\n\n", first=first) == Ended(0, b"", b"")
    assert list(account.mail()) == [".X"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-x"], "'-x' is not an option of a delivery; there are -a, -f, -d, --rules"),
        (["ann"], "'ann' is not an option of a delivery"),
        (["-a"], "-a needs a value"),
        (["-a", "x", "-f"], "-f needs a value"),
        (["--rules"], "--rules needs a value"),
    ],
)
def test_a_wrong_command_line_is_no_bounce(account: Account, arguments: list[str], said: str) -> None:
    deferred(account, account.deliver(*arguments), said)


# ---------------------------------------------------------------- home and rules

# the log goes to standard error, with the home it was given
TELL = "log.write = lambda text, home, setting='': print(text, repr(home), file=sys.stderr)"


@pytest.mark.parametrize("home", ["", "home", "./home", "~"])
def test_home_is_an_absolute_path(account: Account, home: str) -> None:
    ended = account.deliver(first=TELL, HOME=home)
    assert (ended.status, ended.output) == (75, POSTPONED)
    assert ended.error.decode() == f"deferred: HOME is {home!r}, which is no absolute path ''\n"


def test_home_that_is_not_set(account: Account) -> None:
    account.environment = {}
    assert account.deliver() == Ended(75, POSTPONED, b"")


@pytest.mark.parametrize(
    ("mode", "said"), [(0o777, "mode 0777"), (0o1777, "mode 1777"), (0o702, "mode 0702")], ids=lambda value: str(value)
)
def test_a_home_that_others_can_write_is_refused(account: Account, mode: int, said: str) -> None:
    """Nothing is written there either: only a system log hears of it."""
    account.home.chmod(mode)
    ended = account.deliver(first=TELL)
    assert (ended.status, ended.output) == (75, POSTPONED)
    expected = f"deferred: home {account.home} is writable by others ({said}): chmod go-w {account.home} ''\n"
    assert ended.error.decode() == expected
    assert list(account.home.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a home away")
def test_the_home_of_somebody_else_is_refused(account: Account) -> None:
    os.chown(account.home, 12345, -1)
    assert account.deliver() == Ended(75, POSTPONED, b"")
    assert list(account.home.iterdir()) == []


def test_rules_that_others_can_write_are_refused(account: Account) -> None:
    account.rules('rule "x" { file into "X" }\n')
    path = account.home / ".pyfilterrc"
    path.chmod(0o666)
    deferred(account, account.deliver(), f"{path} is writable by others (mode 0666): chmod go-w {path}")


# -------------------------------------------------------------------- broken rules


def test_broken_rules_file_into_the_inbox_and_say_so(account: Account) -> None:
    account.rules(
        'set maildir = "~/Mail"\n'
        'rule "x" { when subjcet is "hello"; file into "X" }\n'
        'rule "y" { when nope exists; keep }\n'
    )
    assert account.deliver() == Ended(0, b"", b"")
    filed = [path.read_bytes() for path in (account.home / "Mail/new").iterdir()]
    (message,) = [message for message in filed if message.startswith(b"X-Pyfilter-Problem: ")]
    head, _, rest = message.partition(b"Return-Path: ")
    assert b"Return-Path: " + rest == FILED
    assert head == (
        b"X-Pyfilter-Problem: ~/.pyfilterrc:2:17: error[E201]: there is no field\n"
        b" `subjcet` (and 1 more: run `pyfilter check`)\n"
    )
    assert "the rules do not check: ~/.pyfilterrc:2:17: error[E201]" in account.log[0]


def test_broken_rules_can_defer(account: Account) -> None:
    account.rules('set broken-rules = defer\nrule "x" { when subjcet is "hello"; file into "X" }\n')
    deferred(account, account.deliver(), "the rules do not check: ~/.pyfilterrc:2:17: error[E201]")


def test_while_rules_are_broken_the_last_good_ones_decide(account: Account) -> None:
    account.rules('rule "x" { when subject is "hello"; mark read; file into "X" }\n')
    account.deliver()
    account.rules('rule "x" { when subjcet is "hello"; file into "Y" }\n')
    assert account.deliver(message=ANOTHER) == Ended(0, b"", b"")
    _, filed = account.mail()[".X"]
    assert filed.startswith(b"X-Pyfilter-Problem: ~/.pyfilterrc:1:17: error[E201]: there is no field\n `subjcet`\n")
    assert filed.endswith(ANOTHER.partition(b"\n")[2])
    (path,) = [path for path in (account.home / "Maildir/.X/cur").iterdir() if path.read_bytes() == filed]
    assert path.name.endswith(":2,S")
    assert ': filed X by rule "x", ' in account.log[1]
    assert account.log[1].endswith(
        "; the rules do not check: ~/.pyfilterrc:1:17: error[E201]: there is no field `subjcet`"
        "; the last rules without errors decided"
    )


def test_the_last_good_rules_ask_their_lists_and_run_no_program(account: Account) -> None:
    (account.home / "friends.txt").write_text("ann@x.example\n")
    account.rules(
        'list friends from "friends.txt"\n'
        f'rule "ran" {{ when command "/usr/bin/touch {account.home}/ran" succeeds; file into "Ran" }}\n'
        'rule "friends" { when from in friends; file into "Friends" }\n'
    )
    assert account.deliver().status == 0
    (account.home / "ran").unlink()
    account.rules("rule {\n")
    assert account.deliver(message=ANOTHER).status == 0
    assert [len(messages) for folder, messages in account.mail().items() if folder == ".Friends"] == [1]
    assert not (account.home / "ran").exists()
    assert 'rule "ran" (~/.pyfilterrc:2) could not be decided and was passed over' in account.log[1]


@pytest.mark.parametrize("policy", ["inbox", "last-good"])
def test_a_notice_comes_once_a_day(account: Account, policy: str) -> None:
    account.rules(f'set broken-rules = {policy}\nrule "x" {{ when subjcet is "hello"; file into "X" }}\n')
    for message in (MESSAGE, ANOTHER):
        assert account.deliver(message=message, first="import os; os.environ['TZ'] = 'UTC'") == Ended(0, b"", b"")
    (notice,) = [message for message in account.mail()["Maildir"] if message.startswith(b"From: pyfilter <")]
    assert len(account.mail()["Maildir"]) == 3
    head, _, body = notice.partition(b"\n\n")
    assert b"\nTo: <me+box@y.example>\nSubject: Your mail rules have errors\n" in head
    assert b"\nAuto-Submitted: auto-generated\n" in head
    assert quopri.decodestring(body).decode() == (
        "There are errors in your mail rules. Until they are mended, mail is kept in the inbox.\n"
        "\n"
        "~/.pyfilterrc:2:17: error[E201]: there is no field `subjcet`\n"
        "\n"
        "did you mean `subject`?\n"
        "\n"
        "`pyfilter check` shows all of them. This notice comes once a day at most.\n"
    )


def test_a_notice_that_cannot_be_filed_costs_no_mail(account: Account) -> None:
    account.rules("rule {\n")
    first = (
        "import pyfilter.delivery.notice as notice\n"
        "def trouble(*_): raise OSError(28, 'No space left on device', '/x')\n"
        "notice._is_time = trouble"
    )
    assert account.deliver(first=first) == Ended(0, b"", b"")
    assert len(account.mail()["Maildir"]) == 1
    assert account.log[1].endswith("no notice of the errors in the rules: /x: No space left on device")


def test_a_notice_that_fails_unforeseen_costs_no_mail(account: Account) -> None:
    account.rules("rule {\n")
    first = "import pyfilter.delivery.notice as notice\ndel notice.compose"
    assert account.deliver(first=first) == Ended(0, b"", b"")
    assert len(account.mail()["Maildir"]) == 1
    assert "delivered: NameError: name 'compose' is not defined (unforeseen; notice.py:" in account.log[1]


# what is injected into `evaluate`, and how the delivery ends
ERRORS = {
    "KeyError('x')": 0,
    "RecursionError()": 0,
    "AssertionError()": 0,
    "OSError(5, 'Input/output error')": 75,
    "MemoryError()": 75,
    "KeyboardInterrupt()": 75,
}


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_of_the_engine_keeps_the_message_and_trouble_of_the_machine_defers_it(
    account: Account, error: str
) -> None:
    """The first would come again at each try, until the mail server gives the message back to its sender."""
    account.rules('rule "x" { when subject is "hello"; discard }\n')
    first = f"import pyfilter.agent\ndef evaluate(*_, **__):\n    raise {error}\npyfilter.agent.evaluate = evaluate"
    kind = error.partition("(")[0]
    ended = account.deliver(first=first)
    if ERRORS[error] == 75:
        deferred(account, ended, f"deferred: {kind}: ")
        return
    assert ended == Ended(0, b"", b"")
    problem = f"X-Pyfilter-Problem: pyfilter could not ask the rules: {kind} at <string>:7\n".encode()
    ((message,),) = account.mail().values()
    assert message.replace(b"\n ", b" ") == problem + FILED  # a long one is folded
    (line,) = account.log
    assert "kept INBOX by no rule, " in line
    assert f"; {kind}: " in line and "(unforeseen; <string>:7 < agent.py:" in line


def test_a_problem_never_breaks_the_header(account: Account) -> None:
    """The problem quotes what stands in the rules: whatever that is, it stays within its header field."""
    account.rules('rule "x" { when sub\rX-Evil: 1\x07 is "\u202e' + "long " * 400 + '"; file into "X" }\n')
    assert account.deliver().status == 0
    (message,) = [message for message in account.mail()["Maildir"] if message.startswith(b"X-Pyfilter-Problem: ")]
    head, _, _ = message.partition(b"Return-Path: ")
    assert head.startswith(b"X-Pyfilter-Problem: ~/.pyfilterrc:")
    lines = head.removesuffix(b"\n").split(b"\n")
    assert all(line.startswith(b" ") for line in lines[1:])
    assert all(byte >= 0x20 for line in lines for byte in line)
    assert all(len(line) <= 998 for line in lines)


# ----------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("template", "subject", "reply"),
    [
        ("no such person", b"x", b"5.7.1 no such person\n"),
        ("not \\{subject\\}", b"x", b"5.7.1 not {subject}\n"),
        ("no {subject}", b"a\r\n\tb\x00\x1b[31m", "5.7.1 no a b\ufffd\ufffd[31m\n".encode()),
        ("no {subject}", "ž\u202e\u2028x".encode(), "5.7.1 no ž x\n".encode()),
        ("{subject}", b"", b"5.7.1 message refused\n"),
        ("{subject}", b"\xff", "5.7.1 \u00ff\n".encode()),
        ("{subject}", b"x" * 5000, b"5.7.1 " + b"x" * 400 + b"\n"),
    ],
)
def test_reject(account: Account, template: str, subject: bytes, reply: bytes) -> None:
    account.rules(f'rule "x" {{ reject "{template}" }}\n')
    ended = account.deliver(message=b"Received: by y; now\nSubject: " + subject + b"\n\nx\n")
    assert ended == Ended(77, reply, b"")
    assert account.mail() == {}


def test_defer(account: Account) -> None:
    account.rules('rule "x" { copy into "X"; defer "the {subject} secret" }\n')
    deferred(account, account.deliver(), "deferred: by rule 'x': the hello secret")


def test_discard(account: Account) -> None:
    account.rules('rule "x" { discard }\n')
    assert account.deliver() == Ended(0, b"", b"")
    assert account.mail() == {}
    assert ': discarded by rule "x", ' in account.log[0]


# ------------------------------------------------------------------ unforeseen things

FAILURES = {
    "ValueError('what came')": "ValueError: what came (unforeseen; ",
    "MemoryError()": "MemoryError:  (unforeseen; ",
    "RecursionError('deep')": "RecursionError: deep (unforeseen; ",
    "KeyboardInterrupt()": "KeyboardInterrupt:  (unforeseen; ",
    "SystemExit(1)": "SystemExit: 1 (unforeseen; ",
    "OSError('5.1.1 no user\\n5.1.1 again')": "OSError: 5.1.1 no user\\n5.1.1 again (unforeseen; ",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_nobody_foresaw_is_a_temporary_failure(account: Account, failure: str) -> None:
    first = f"from pyfilter.language import loading\ndef fail(*_, **__):\n    raise {failure}\nloading.load = fail"
    deferred(account, account.deliver(first=first), f"deferred: {FAILURES[failure]}<string>:")


def test_a_real_recursion_is_a_temporary_failure(account: Account) -> None:
    first = "from pyfilter.language import loading\ndef deep(*a):\n    return deep(*a)\nloading.load = deep"
    deferred(account, account.deliver(first=first), "RecursionError: maximum recursion depth exceeded")


def test_a_message_id_with_blanks_writes_no_log_of_its_own(account: Account) -> None:
    forged = b'Message-ID: <1@x> from boss@x: discarded by rule "z"\nSubject: x\n\n'
    account.deliver(message=forged)
    (line,) = account.log
    assert " <1@x> from : kept INBOX by no rule" in line


def test_a_failing_log_changes_nothing(account: Account) -> None:
    first = "def fail(*_, **__):\n    raise MemoryError\nlog.write = fail"
    assert account.deliver(first=first) == Ended(0, b"", b"")
    assert account.mail() == {"Maildir": [FILED]}
    account.rules("rule")
    ended = account.deliver("-x", first=first)
    assert ended == Ended(75, POSTPONED, b"")


@pytest.mark.parametrize(
    "rules", ["", 'rule "x" { file into "{subject}" }\n', 'rule "x" { log "{from}"; file into "X" }\n']
)
def test_a_header_past_its_limit_is_filed_once(account: Account, rules: str) -> None:
    """What cannot be read cannot be logged either; a 75 behind the filing would bring the mail for ever."""
    account.rules(rules)
    message = b"Return-Path: <a@x>\n" + b"X: y\n" * 3000 + b"From: a@x\nSubject: a\n\nbody\n"
    assert account.deliver(message=message) == Ended(0, b"", b"")
    assert [mail for folder in account.mail().values() for mail in folder] == [message]
    assert "from somebody (the header has more than 2000 fields): " in account.log[-1]


# ---------------------------------------------------------------- standard input


def test_nothing_on_standard_input_is_no_message(account: Account) -> None:
    """A mail server puts the envelope above even an empty message: the pipe was cut."""
    deferred(account, account.deliver(message=b""), "standard input is empty: no message was handed over")


def test_standard_input_that_is_closed(account: Account) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *account.command()],
        capture_output=True,
        env=account.environment,
        check=False,
    )
    deferred(account, Ended(done.returncode, done.stdout, done.stderr))


def test_a_feeder_that_went_away_may_have_cut_the_message(account: Account) -> None:
    first = "import os\nreal = os.getppid()\nasked = []\nmda.os.getppid = lambda: asked.append(1) or real + len(asked)"
    deferred(account, account.deliver(first=first), "the program that handed the message over is gone")


def test_a_feeder_killed_in_the_middle(account: Account) -> None:
    """The feeder starts the delivery, writes half of the message, and is killed: as `local` may be."""
    feeder = (
        "import os, signal, subprocess, sys\n"
        "r, w = os.pipe()\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=r, stderr=subprocess.PIPE)\n"
        "child.stderr.read(7)\n"  # it has begun
        "os.write(w, b'Subject: half\\n\\n' + b'x' * 1000)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    first = (
        "real = mda.deadline.begin\n"
        "def begun(seconds):\n    real(seconds)\n    mda.os.write(2, b'begun: ')\n"
        "mda.deadline.begin = begun"
    )
    done = subprocess.run(  # ends when the last holder of standard output does: the delivery
        [sys.executable, "-c", feeder, *account.command(first=first)],
        env=account.environment,
        stdout=subprocess.PIPE,
        check=False,
    )
    deferred(account, Ended(75, done.stdout, b""), "the program that handed the message over is gone")


def test_standard_output_that_is_closed(account: Account) -> None:
    def run() -> int:
        return subprocess.run(
            ["sh", "-c", 'exec "$@" >&-', "sh", *account.command()],
            input=MESSAGE,
            env=account.environment,
            stderr=subprocess.PIPE,
            check=False,
        ).returncode

    account.rules('rule "x" { reject "no" }\n')
    assert run() == 75, "a refusal nobody can read is none"
    account.rules('rule "x" { file into "X" }\n')
    assert run() == 0
    assert account.mail() == {".X": [FILED]}


# ------------------------------------------------------------------ stalls and limits


def test_the_deadline_ends_a_delivery_that_hangs(account: Account) -> None:
    account.rules("set deadline = 1 second\n")
    first = "import pyfilter.delivery.execute\npyfilter.delivery.execute.steps = lambda *_: time.sleep(60)\nimport time"
    ended = account.deliver(first=first)
    assert ended.status == -signal.SIGALRM, "death by a signal defers"
    assert ended.output == b""
    assert account.mail() == {}


def test_the_deadline_holds_where_the_caller_blocked_the_alarm(account: Account) -> None:
    account.rules("set deadline = 1 second\n")
    first = (
        "import signal, time, pyfilter.delivery.execute\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "pyfilter.delivery.execute.steps = lambda *_: time.sleep(60)"
    )
    assert account.deliver(first=first).status == -signal.SIGALRM


# rules that go on for ever; with a fifth of a second of CPU for one message
FOR_EVER = (
    "import pyfilter.agent\n"
    "mda.limits.DECISION_CPU_SECONDS = 0.2\n"
    "def decide(*given, **more):\n    while True: pass\n"
    "pyfilter.agent.decide = decide\n"
)
TOO_MUCH = "the rules took over 0.2 seconds of CPU"


@pytest.mark.parametrize("kind", ["", "set broken-rules = defer\n"])
def test_a_message_that_takes_the_rules_too_long_is_kept(account: Account, kind: str) -> None:
    """To defer it would bring it again and again, and in the end back to its sender."""
    account.rules(kind + 'rule "x" { discard }\n')
    assert account.deliver(first=FOR_EVER) == Ended(0, b"", b"")
    assert account.mail() == {"Maildir": [f"X-Pyfilter-Problem: {TOO_MUCH}\n".encode() + FILED]}
    (line,) = account.log
    assert "kept INBOX by no rule" in line and line.endswith(f"; {TOO_MUCH}")


def test_who_catches_everything_does_not_go_on_for_ever(account: Account) -> None:
    swallows = FOR_EVER.replace(
        "while True: pass", "try:\n        while True: pass\n    except Exception:\n        while True: pass"
    )
    assert account.deliver(first=swallows) == Ended(0, b"", b"")
    assert account.mail() == {"Maildir": [f"X-Pyfilter-Problem: {TOO_MUCH}\n".encode() + FILED]}


def test_cpu_is_watched_only_while_the_rules_decide(account: Account) -> None:
    first = (
        "import pyfilter.delivery.execute as execute\n"
        "mda.limits.DECISION_CPU_SECONDS = 0.2\n"
        "real = execute.steps\n"
        "def slow(*given):\n"
        "    import time\n"
        "    while time.process_time() < 2: pass\n"
        "    return real(*given)\n"
        "execute.steps = slow"
    )
    assert account.deliver(first=first) == Ended(0, b"", b"")
    assert account.mail() == {"Maildir": [FILED]}


def test_a_deadline_in_years_is_the_launchers(account: Account) -> None:
    """A number of seconds that alarm(2) does not take; the rules' owner is told by W307."""
    account.rules("set deadline = 100000 days\n")
    first = (
        "import _signal, pyfilter.delivery.execute as execute\n"
        "real = execute.steps\n"
        "def look(*given):\n    mda.os.write(2, b'%d' % (_signal.alarm(300) // 10))\n    return real(*given)\n"
        "execute.steps = look"
    )
    assert account.deliver(first=first) == Ended(0, b"", b"29")


def test_a_deadline_does_not_come_while_copies_become_visible(account: Account) -> None:
    account.rules('set deadline = 1 second\nrule "x" { copy into "A"; file into "B" }\n')
    first = (
        "import time\nfrom pyfilter.delivery import maildir\nreal = maildir.publish\n"
        "def slow(copy):\n    real(copy)\n    time.sleep(0.7)\n"
        "maildir.publish = slow"
    )
    assert account.deliver(first=first) == Ended(0, b"", b"")
    assert account.mail() == {".A": [FILED], ".B": [FILED]}


def test_a_reply_that_hangs_does_not_bring_filed_mail_again(account: Account) -> None:
    program = account.home / "sendmail"
    program.write_text("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n")
    program.chmod(0o755)
    account.rules(f'set deadline = 1 second\nset sendmail = "{program}"\nrule "x" {{ reply "Away."; keep }}\n')
    message = MESSAGE.replace(b"Subject:", b"To: me@y.example\nSubject:")
    assert account.deliver(message=message) == Ended(0, b"", b"")
    assert len(account.mail()["Maildir"]) == 1
    (line,) = account.log
    assert 'the reply by rule "x" was not sent: ' in line and "it was ended after 0." in line


def test_no_reply_is_begun_when_the_time_is_over(account: Account) -> None:
    account.rules('set deadline = 1 second\nrule "x" { reply "Away."; keep }\n')
    first = "mda.limits.TELL_LEAST_SECONDS = 2"
    assert account.deliver(first=first) == Ended(0, b"", b"")
    (line,) = account.log
    assert "no reply by rule 'x': the deadline of the delivery is over" in line


def test_a_memory_that_is_locked_does_not_bring_filed_mail_again(account: Account) -> None:
    account.rules('set deadline = 1 second\nrule "x" { when duplicate; discard }\n')
    assert account.deliver(message=MESSAGE.replace(b"<1@x>", b"<0@x>")) == Ended(0, b"", b"")
    database = sqlite3.connect(account.home / ".local/state/pyfilter/memory", isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        ended = account.deliver(first="mda.limits.MEMORY_LOCK_SECONDS = 30")
    finally:
        database.close()
    assert ended == Ended(0, b"", b"")
    assert len(account.mail()["Maildir"]) == 2
    assert "; the delivery was not remembered: " in account.log[1] and "database is locked" in account.log[1]


@pytest.mark.parametrize("kind", ["log", "list", "rules", "cache"])
def test_a_fifo_in_the_place_of_a_file_holds_nothing_up(account: Account, kind: str) -> None:
    fifo = account.home / "fifo"
    os.mkfifo(fifo)
    rules = {
        "log": f'set log = "{fifo}"\n',
        "list": f'list l from "{fifo}"\nrule "x" {{ when from in l; file into "X" }}\n',
    }
    if kind == "rules":
        ended = account.deliver("--rules", str(fifo))
        deferred(account, ended, f"{fifo} is not a regular file")
        return
    account.rules("set deadline = 20 seconds\n" + rules.get(kind, ""))
    if kind == "cache":
        from pyfilter.language import cache, files

        places = [path for place in files.candidates(str(account.home)) for path in place]
        directory = account.home / cache.DIRECTORY
        directory.mkdir(parents=True, mode=0o700)
        os.mkfifo(directory / cache.name_for("program", *places))
    assert account.deliver() == Ended(0, b"", b"")
    assert account.mail() == {"Maildir": [FILED]}
    if kind == "list":
        assert f"list file {fifo} is not a regular file; the list is unknown" in account.log[0]


@pytest.mark.parametrize("kind", ["directory", "missing directory", "no right", "full"])
def test_a_log_that_cannot_be_written_changes_nothing(account: Account, kind: str) -> None:
    path = account.home / "log"
    if kind == "directory":
        path.mkdir()
    elif kind == "missing directory":
        path = path / "there" / "log"
    elif kind == "no right":
        path = Path("/proc/sys/kernel/ostype")
    else:
        path = Path("/dev/full")
    account.rules(f'set log = "{path}"\n')
    assert account.deliver() == Ended(0, b"", b"")
    assert account.mail() == {"Maildir": [FILED]}


@pytest.mark.parametrize("limit", [0, 10, 100, 300])
def test_a_small_file_size_limit_defers(account: Account, limit: int) -> None:
    first = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    ended = account.deliver(message=MESSAGE + b"x" * 1000, first=first)
    assert ended == Ended(75, POSTPONED, b"")
    assert account.mail() == {}
    assert account.leftovers() == []


@pytest.mark.parametrize("limit", [3, 4, 5, 6, 8])
def test_few_descriptors_file_or_defer(account: Account, limit: int) -> None:
    account.rules('rule "x" { copy into "A"; file into "B" }\n')
    assert account.deliver().status == 0  # the cache is warm now
    first = f"import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))"
    ended = account.deliver(message=ANOTHER, first=first)
    assert ended in (Ended(0, b"", b""), Ended(75, POSTPONED, b""))
    copies = 2 if ended.status == 0 else 1
    assert {folder: len(mail) for folder, mail in account.mail().items()} == {".A": copies, ".B": copies}


def test_sixty_four_at_once_on_a_cold_cache(account: Account) -> None:
    account.rules('rule "x" { when subject is "hello"; file into "X" }\n')
    os.utime(account.home / ".pyfilterrc", (1, 1))
    running = [
        subprocess.Popen(
            account.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=account.environment,
        )
        for _ in range(64)
    ]
    ended = []
    for process in running:
        output, error = process.communicate(MESSAGE.replace(b"Received: ", b"X-Not-Received: "), timeout=120)
        ended.append(Ended(process.returncode, output, error))
    assert ended == [Ended(0, b"", b"")] * 64
    assert account.mail() == {".X": [FILED.replace(b"Received: ", b"X-Not-Received: ")] * 64}
    assert len(account.log) == 64
    assert len(list((account.home / ".cache/pyfilter").iterdir())) == 1


# --------------------------------------------------------------------------- kills

KILLED_AT = (
    "openat:1+",
    "read:2",
    "read:6",
    "write:1",
    "fsync:1",
    "fsync:2",
    "link:1",
    "rename:1",
    "mkdir:3",
    "close:9",
)


@pytest.mark.parametrize("point", KILLED_AT)
def test_killed_at_any_call_nothing_partial_is_visible(account: Account, tmp_path: Path, point: str) -> None:
    strace = shutil.which("strace")
    assert strace, "strace is not installed"
    account.rules('rule "x" { copy into "A"; file into "B" }\n')
    call, _, when = point.partition(":")
    numbers = [40, 80, 120] if when == "1+" else [int(when)]
    for number in numbers:
        subprocess.run(
            [
                strace,
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                f"inject={call}:signal=KILL:when={number}",
                *account.command(),
            ],
            input=MESSAGE,
            capture_output=True,
            env=account.environment,
            timeout=60,
            check=False,
        )
        assert all(mail == [FILED] * len(mail) for mail in account.mail().values())
    assert account.deliver().status == 0
    assert account.mail() == {".A": [FILED], ".B": [FILED]}, "and what an earlier attempt had filed is not filed again"


def test_nobody_else_can_read_what_a_delivery_makes(account: Account) -> None:
    account.rules('rule "x" { copy into "A" }\n')
    assert account.deliver(first="mda.os.umask(0o022)").status == 0
    made = [account.home / place for place in ("Maildir", ".cache/pyfilter", ".local/state/pyfilter")]
    for path in [inside for place in made for inside in (place, *place.rglob("*"))]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


# ------------------------------------------------------------------ duplicates, programs, lists that are away

TWICE = 'rule "twice" { when duplicate; file into "Duplicates" }\n'


def test_a_message_that_comes_again_is_a_duplicate(account: Account) -> None:
    account.rules(TWICE)
    for message, folders in ((MESSAGE, {"Maildir": 1}), (ANOTHER, {"Maildir": 1, ".Duplicates": 1})):
        assert account.deliver(message=message).status == 0
        assert {folder: len(mail) for folder, mail in account.mail().items()} == folders
    other = MESSAGE.replace(b"me+box@", b"me+other@")
    assert account.deliver(message=other).status == 0
    assert len(account.mail()["Maildir"]) == 2, "each recipient has a memory of its own"


def test_a_retry_of_a_message_that_was_put_off_is_no_duplicate_of_itself(account: Account) -> None:
    account.rules(TWICE + 'rule "wait" { defer "later" }\n')
    assert account.deliver().status == 75
    account.rules(TWICE)
    assert account.deliver().status == 0
    assert list(account.mail()) == ["Maildir"]


def test_nothing_is_remembered_where_no_rule_asks(account: Account) -> None:
    account.rules('rule "x" { keep }\n')
    assert account.deliver().status == 0
    assert not (account.home / ".local/state/pyfilter/memory").exists()


def test_a_memory_that_cannot_be_used_delays_no_mail(account: Account) -> None:
    account.rules(TWICE)
    memory = account.home / ".local/state/pyfilter/memory"
    memory.mkdir(parents=True)
    assert account.deliver().status == 0
    assert list(account.mail()) == ["Maildir"]
    assert f"{memory} is not a file: no deliveries are kept" in account.log[-1]
    memory.rmdir()
    memory.write_bytes(b"damaged " * 1000)
    memory.chmod(0o600)
    for number in range(3):
        assert account.deliver(message=ANOTHER + b"\n" * number).status == 0
    assert len(account.mail()[".Duplicates"]) >= 1


def test_the_program_of_a_condition_is_asked_and_one_that_changes_the_message(account: Account) -> None:
    program = account.home / "program"
    program.write_text("#!/bin/sh\n[ \"$1\" = ask ] && exec grep -q '^hello$'\nexec sed 's/Ann/Bob/'\n")
    program.chmod(0o755)
    account.rules('rule "p" { when command "~/program ask"; pass through "~/program"; file into "Asked" }\n')
    assert account.deliver().status == 0
    assert account.mail() == {".Asked": [FILED.replace(b"Ann", b"Bob")]}
    program.write_text('#!/bin/sh\n[ "$1" = ask ] && exit 0\necho oh >&2\nexit 1\n')
    assert account.deliver(message=ANOTHER).status == 0
    assert ANOTHER.partition(b"\n")[2] in account.mail()[".Asked"]
    assert "pass through ~/program: exit status 1; it said: oh; the message stays as it was" in account.log[-1]


def test_a_list_that_is_away_holds_what_it_held(account: Account) -> None:
    blocked = account.home / "blocked.txt"
    blocked.write_text("ann@x.example\n")
    account.rules('list blocked from "blocked.txt"\nrule "b" { when from in blocked; file into "Blocked" }\n')
    assert account.deliver().status == 0
    blocked.unlink()
    assert account.deliver(message=ANOTHER).status == 0
    assert {folder: len(mail) for folder, mail in account.mail().items()} == {".Blocked": 2}
    assert "blocked.txt cannot be read (No such file or directory); what it held before counts" in account.log[-1]
