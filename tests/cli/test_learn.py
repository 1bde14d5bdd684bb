"""``pyfilter learn`` teaches a real spamd, whose verdicts change; and whatever goes wrong is said in one line."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyfilter import limits
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services import spamd
from pyfilter.services.answers import Inquiry
from pyfilter.services.connection import Failed
from pyfilter.services.verdicts import Verdicts

Run = Callable[..., Any]

SECONDS = 60  # until spamd listens; 3 on an idle machine

# Bayes speaks from the first lesson on, and learns from nothing else
CONFIGURATION = """\
bayes_path {directory}/bayes/tokens
bayes_min_spam_num 1
bayes_min_ham_num 1
bayes_auto_learn 0
"""


class Spamd:
    """Debian's spamd with a memory of its own, which lies in a directory that goes with it. Started by root, it runs
    as nobody."""

    def __init__(self, *options: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pyfilter-learn-"))
        self.directory.chmod(0o755)
        site = self.directory / "site"
        site.mkdir()
        for path in Path("/etc/spamassassin").glob("*.pre"):
            shutil.copy(path, site)
        (site / "local.cf").write_text(CONFIGURATION.format(directory=self.directory))
        (self.directory / "bayes").mkdir()
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.log = self.directory / "bayes" / "log"
        command = ["spamd", "-L", "-x", "-m", "1", "-i", "127.0.0.1", "-p", str(port), f"--siteconfigpath={site}"]
        command += ["-s", str(self.log), *options]
        if os.geteuid() == 0:
            os.chown(self.directory / "bayes", pwd.getpwnam("nobody").pw_uid, -1)
            command += ["-u", "nobody"]
        environment = {**os.environ, "HOME": str(self.directory / "bayes")}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + SECONDS
        while not self.listens(port):
            assert self.process.poll() is None, "spamd ended"
            assert time.monotonic() < deadline, "spamd does not listen"
            time.sleep(0.05)

    def listens(self, port: int) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", port)) == 0

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)
        shutil.rmtree(self.directory)


def started(*options: str) -> Iterator[Spamd]:
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin"
    if shutil.which("spamd") is None:
        why = "the program `spamd` is missing (apt-get install spamd)"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    server = Spamd(*options)
    yield server
    server.close()


@pytest.fixture(scope="module")
def teachable() -> Iterator[Spamd]:
    yield from started("--allow-tell")


@pytest.fixture(scope="module")
def unteachable() -> Iterator[Spamd]:
    yield from started()


PRIZES = "prize lottery winner claim million dollars transfer account urgent beneficiary "
LETTERS = "garden sunday lunch children school tomatoes bicycle grandmother holidays recipe "


def message(number: int, words: str) -> bytes:
    """Each with a text of its own: spamd knows a message again by its first words as well as by its Message-ID."""
    return (
        f"Received: from mail.example.org (mail.example.org [192.0.2.{number}]) by mx.example.org; "
        f"Tue, 24 Nov 2026 05:31:40 +0000\nFrom: Ann {number} <ann{number}@example.org>\nTo: me@example.net\n"
        f"Subject: {words.split()[0]} {words.split()[1]}\nDate: Tue, 24 Nov 2026 05:31:{number:02} +0000\n"
        f"Message-ID: <{words.split()[0]}.{number}@example.org>\n\nletter {number}: {words * 3}\n"
    ).encode()


def sorted_mail(home: Path) -> None:
    """Two folders of five messages."""
    for folder, words in (("Junk", PRIZES), ("Archive", LETTERS)):
        (home / folder).mkdir()
        for number in range(1, 6):
            (home / folder / str(number)).write_bytes(message(number, words))


def point_at(home: Path, address: str, *more: str) -> None:
    (home / ".pyfilterrc").write_text("\n".join([f'set spamd.address = "{address}"', *more, ""]))


def verdict(address: str, raw: bytes) -> Verdict:
    from pyfilter import Rules

    settings: Any = Rules.from_text(f'set spamd.address = "{address}"\n').program["settings"]
    said = spamd.check(Inquiry("", Message(raw), Envelope(), settings))
    assert isinstance(said, Verdict), said
    return said


def bayes(said: Verdict) -> int | None:
    """Of 100, how likely it is spam; None where Bayes does not speak."""
    found = [int(test.removeprefix("BAYES_")[:2]) for test in said.tests if test.startswith("BAYES_")]
    return found[0] if found else None


# ----------------------------------------------------------- a real spamd


def test_what_is_learnt_changes_the_verdicts(process: Run, home: Path, teachable: Spamd) -> None:
    sorted_mail(home)
    point_at(home, teachable.address)
    prize, letter = message(9, PRIZES), message(9, LETTERS)
    assert (bayes(verdict(teachable.address, prize)), bayes(verdict(teachable.address, letter))) == (None, None)

    ended = process("learn", "spam", "Junk")
    assert (ended.status, ended.out, ended.err) == (0, "5 messages learnt as spam\n", "")
    ended = process("learn", "ham", "Archive")
    assert (ended.status, ended.out, ended.err) == (0, "5 messages learnt as ham\n", "")
    high, low = bayes(verdict(teachable.address, prize)), bayes(verdict(teachable.address, letter))
    assert high is not None and high >= 95
    assert low is not None and low <= 5

    # a second time there is nothing new
    ended = process("learn", "spam", "Junk", "Archive/1")
    assert (ended.status, ended.out, ended.err) == (0, "1 message learnt as spam, 5 were known already\n", "")
    ended = process("learn", "ham", "Archive/1")
    assert ended.out == "1 message learnt as ham\n"

    ended = process("learn", "spam", "--forget", "Junk", "Archive/1")
    assert (ended.status, ended.out, ended.err) == (0, "6 messages forgotten\n", "")
    ended = process("learn", "--forget", "spam", "Junk/1")
    assert ended.out == "0 messages forgotten, 1 was not known\n"
    assert bayes(verdict(teachable.address, prize)) is None


def test_every_kind_of_archive_is_learnt_from(process: Run, home: Path, teachable: Spamd) -> None:
    point_at(home, teachable.address)
    envelope = b"From someone@example.org Tue Nov 24 04:38:18 2026\n"
    (home / "mbox").write_bytes(b"".join(envelope + message(n, PRIZES) + b"\n" for n in (21, 22)))
    for name in ("cur", "new", "tmp"):
        (home / "Maildir" / name).mkdir(parents=True)
    (home / "Maildir/cur/1:2,S").write_bytes(message(23, PRIZES))
    (home / "four").write_bytes(message(24, PRIZES))
    with tarfile.open(home / "mail.tar.gz", "w:gz") as archive:
        archive.add("four")
    ended = process("learn", "spam", "mbox", "Maildir", "mail.tar.gz", "-", stdin=message(25, PRIZES))
    assert (ended.status, ended.out, ended.err) == (0, "5 messages learnt as spam\n", "")
    # the line above a message in an mbox is none of it: spamd knows the same message by itself
    (home / "alone").write_bytes(message(21, PRIZES))
    assert process("learn", "spam", "alone").out == "0 messages learnt as spam, 1 was known already\n"


def test_a_spamd_that_does_not_learn_says_what_to_do(process: Run, home: Path, unteachable: Spamd) -> None:
    sorted_mail(home)
    point_at(home, unteachable.address)
    ended = process("learn", "spam", "Junk")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        f"pyfilter: spamd at {unteachable.address}: it does not learn: start it with --allow-tell; nothing was learnt\n"
    )


# ------------------------------------------------------ in spamd's place


class Pupil:
    """In the place of ``spamd.tell``; ``told``: what, and the message."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []
        self.settings: dict[str, object] = {}
        self.answers: Callable[[int], object] = lambda number: True

    def __call__(self, settings: dict[str, object], data: bytes, what: str) -> bool:
        self.settings = settings
        self.told.append((what, data))
        found = self.answers(len(self.told))
        if isinstance(found, str):
            raise Failed(f"spamd at {settings['spamd.address']}: {found}")
        return bool(found)


@pytest.fixture
def pupil(monkeypatch: pytest.MonkeyPatch) -> Pupil:
    pupil = Pupil()
    monkeypatch.setattr(spamd, "tell", pupil)
    return pupil


def test_a_message_is_told_as_it_lies_there_without_a_verdicts_lines(run: Run, home: Path, pupil: Pupil) -> None:
    raw = message(1, PRIZES).replace(b"\n", b"\r\n") + b"\xff\0X-Spam-Flag: in the body\r\n"
    lines = b"X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=7.6\r\n tests=A\r\n"
    (home / "filed").write_bytes(lines + raw)
    run("learn", "ham", "filed")
    assert pupil.told == [("ham", raw)]


def test_without_rules_the_defaults_count(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    assert run("learn", "spam", "mail/plain").out == "1 message learnt as spam\n"
    assert pupil.settings["spamd.address"] == "127.0.0.1:783"


def test_the_settings_are_those_of_the_rules(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    point_at(home, "unix:/a", 'set spamd.user = "ann"')
    run("learn", "spam", "mail/plain")
    assert (pupil.settings["spamd.address"], pupil.settings["spamd.user"]) == ("unix:/a", "ann")
    (home / "other").write_text('set spamd.address = "unix:/b"\n')
    run("learn", "spam", "--rules", "other", "mail/plain")
    assert pupil.settings["spamd.address"] == "unix:/b"


def test_rules_that_do_not_check_teach_nothing(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    (home / ".pyfilterrc").write_text('rule "a" { when subjcet is "x"; keep }\n')
    ended = run("learn", "spam", "mail")
    assert (ended.status, ended.out, pupil.told) == (2, "", [])
    assert ended.err.endswith(
        "pyfilter: 1 error: mend the rules first (`pyfilter check` shows this again)\n"
        "pyfilter: until the rules are mended, mail is kept in the inbox\n"
    )
    ended = run("learn", "spam", "--rules", "missing", "mail")
    assert (ended.status, ended.err) == (
        2,
        f"pyfilter: there is no rule file {home}/missing: write one, or name one\n",
    )


def test_rules_that_others_can_write_teach_nothing(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    point_at(home, "unix:/a")
    (home / ".pyfilterrc").chmod(0o666)
    ended = run("learn", "spam", "mail")
    assert (ended.status, ended.out, pupil.told) == (2, "", [])
    assert ended.err == (
        f"pyfilter: {home}/.pyfilterrc is writable by others (mode 0666): chmod go-w {home}/.pyfilterrc\n"
    )


@pytest.mark.parametrize("kind", ["spam", "ham"])
def test_rspamd_is_taught_by_its_own_command(run: Run, home: Path, mail: Path, pupil: Pupil, kind: str) -> None:
    (home / ".pyfilterrc").write_text("set spam.source = rspamd\n")
    ended = run("learn", kind, "mail")
    assert (ended.status, ended.out, pupil.told) == (2, "", [])
    assert ended.err == (
        "pyfilter learn: the rules say `set spam.source = rspamd`, which is taught by its own command: "
        f"rspamc learn_{kind} FILE…\nTry `pyfilter learn --help`.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say first what the mail is: `pyfilter learn spam MAIL…` or `pyfilter learn ham MAIL…`"),
        (
            ["mail"],
            (
                "say first what the mail is, which `mail` is not: "
                "`pyfilter learn spam MAIL…` or `pyfilter learn ham MAIL…`"
            ),
        ),
        (["Spam", "mail"], "say first what the mail is, which `Spam` is not: did you mean `spam`?"),
        (
            ["spam"],
            (
                "name the mail to learn from: a message, an mbox, a Maildir or another directory, "
                "or `-` for standard input"
            ),
        ),
        (["spam", "--frget", "mail"], "there is no option `--frget`: did you mean `--forget`?"),
    ],
)
def test_wrong_usage(run: Run, home: Path, mail: Path, pupil: Pupil, arguments: list[str], said: str) -> None:
    ended = run("learn", *arguments)
    assert (ended.status, ended.out, pupil.told) == (2, "", [])
    assert ended.err == f"pyfilter learn: {said}\nTry `pyfilter learn --help`.\n"


def test_what_is_too_large_is_left_out_and_counted(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    point_at(home, "unix:/a", "set spamd.max-size = 1 kB")
    lines = b"X-Spam-Status: No\n"
    (mail / "just").write_bytes(lines + b"Subject: x\n\n" + bytes(1000 - 12))  # without the line
    (mail / "large").write_bytes(b"Subject: x\n\n" + bytes(1001 - 12))
    ended = run("learn", "ham", "mail")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == "7 messages learnt as ham, 1 is larger than spamd.max-size (1000 bytes)\n"
    assert max(len(data) for _, data in pupil.told) == 1000
    ended = run("learn", "ham", "mail/large")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == "0 messages learnt as ham, 1 is larger than spamd.max-size (1000 bytes)\n"


def test_a_failure_at_the_first_message_ends_it(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    pupil.answers = lambda number: "connection refused"
    ended = run("learn", "spam", "mail")
    assert (ended.status, ended.out, len(pupil.told)) == (2, "", 1)
    assert ended.err == (
        "pyfilter: spamd at 127.0.0.1:783: connection refused; nothing was learnt: "
        "start spamd with --allow-tell, or `set spamd.address`\n"
    )
    assert "; nothing was forgotten: " in run("learn", "spam", "--forget", "mail").err


def test_single_failures_later_are_told_and_passed_over(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    pupil.answers = lambda number: number % 3 != 0 or "it \x1b[2J refused"
    ended = run("learn", "spam", "mail")
    assert (ended.status, len(pupil.told)) == (1, 6)
    assert ended.out == "4 messages learnt as spam, 2 could not be\n"
    assert ended.err == (
        "pyfilter: mail/cron: spamd at 127.0.0.1:783: it ␛[2J refused\n"
        "pyfilter: mail/plus: spamd at 127.0.0.1:783: it ␛[2J refused\n"
    )


def test_after_three_failures_in_a_row_it_gives_up(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    pupil.answers = lambda number: number == 1 or "gone"
    ended = run("learn", "spam", "mail")
    assert (ended.status, len(pupil.told)) == (1, 1 + limits.SCANNER_FAILURES)
    assert ended.out == "1 message learnt as spam, 3 could not be\n"
    assert ended.err.splitlines()[-1] == "pyfilter: 3 failures in a row: what follows was not learnt"


def test_who_interrupts_it_learns_what_was_done(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    def interrupted(number: int) -> object:
        if number == 3:
            raise KeyboardInterrupt
        return True

    pupil.answers = interrupted
    ended = run("learn", "spam", "mail")
    assert (ended.status, ended.out, ended.err.strip()) == (130, "2 messages learnt as spam\n", "")
    pupil.answers = lambda _: interrupted(3)
    ended = run("learn", "spam", "mail")
    assert (ended.status, ended.out, ended.err.strip()) == (130, "", "")


def test_what_cannot_be_read_is_said_and_the_rest_is_learnt(run: Run, home: Path, mail: Path, pupil: Pupil) -> None:
    ended = run("learn", "spam", "missing", "mail/plain")
    assert (ended.status, ended.out) == (1, "1 message learnt as spam\n")
    assert ended.err == "pyfilter: missing: does not exist\n"
    ended = run("learn", "spam", "missing")
    assert (ended.status, ended.out, ended.err) == (2, "", "pyfilter: missing: does not exist\n")


def test_an_archive_without_messages(run: Run, home: Path, pupil: Pupil) -> None:
    (home / "empty").mkdir()
    ended = run("learn", "spam", "empty")
    assert (ended.status, ended.out, ended.err) == (0, "", "pyfilter: there is no message in empty\n")


def test_what_a_scan_remembers_of_a_message_is_dropped_when_it_is_learnt(
    run: Run, home: Path, mail: Path, pupil: Pupil
) -> None:
    settings: dict[str, object] = {"spamd.address": "127.0.0.1:783", "spamd.user": None}
    kept = [Message.from_bytes((mail / name).read_bytes()).raw for name in ("boss", "plain", "plus")]
    pupil.answers = lambda number: number != 2 or "refused"
    with Verdicts(str(home)) as cache:
        for raw in kept:
            cache.keep("spamd", raw, Envelope(), settings, Verdict("spamd", True, 7.6))
    run("learn", "ham", "mail/boss", "mail/plain")
    with Verdicts(str(home)) as cache:
        found = [cache.find("spamd", raw, Envelope(), settings) is not None for raw in kept]
    assert found == [False, True, True]
