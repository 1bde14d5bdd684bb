"""``pyfilter test`` asks nobody unless told to; an answer may be supposed, and a verdict is asked for once a month."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pyfilter
from pyfilter import limits
from pyfilter.archive.asking import SCANNERS, UNASKED
from pyfilter.cli.facts import names
from pyfilter.engine.questions import Unknown
from pyfilter.message.verdict import Verdict
from pyfilter.services import answers, dkim, rspamd, spamd
from pyfilter.services.answers import Inquiry

Run = Callable[..., Any]
Answer = Callable[[Inquiry], object]

SPAM_RULE = 'rule "spam" { when spam; file into "spam" }\n'
HAM = Verdict("spamd", False, 0.5, 5.0, ("HTML_MESSAGE",))
REFUSED = "spamd at 127.0.0.1:783: connection refused"


class Scanner:
    """In the place of a service; ``asked``: the first line of each message."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, inquiry: Inquiry) -> object:
        self.asked.append(inquiry.message.raw.partition(b"\n")[0].decode())
        return self.answer(inquiry)


def judged(inquiry: Inquiry) -> Verdict:
    """Offers are spam."""
    if "offer" in "".join(inquiry.message.values("subject")):
        return Verdict("spamd", True, 7.6, 5.0, ("BAYES_99", "OFFERS"))
    return HAM


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> Scanner:
    scanner = Scanner(judged)
    monkeypatch.setattr(spamd, "check", scanner)
    return scanner


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(inquiry: Inquiry) -> object:
        raise AssertionError("the world was asked")

    for module, function in ((spamd, "check"), (rspamd, "check"), (dkim, "verify")):
        monkeypatch.setattr(module, function, refuse)


def write(home: Path, rules: str) -> None:
    (home / ".pyfilterrc").write_text(rules)


def found(run: Run, *arguments: str) -> dict[str, Any]:
    ended = run("test", "--json", *arguments)
    assert ended.status == 0
    (row,) = map(json.loads, ended.out.splitlines())
    row.pop("message")
    return dict(row)


# ------------------------------------------------------- nobody is asked


def test_what_is_said_covers_all_that_is_outside() -> None:
    assert UNASKED.keys() | {"seen"} == answers.OUTSIDE
    assert SCANNERS < answers.OUTSIDE


def test_one_message_without_scan(run: Run, home: Path, mail: Path) -> None:
    write(home, SPAM_RULE)
    for arguments in (["mail/plain"], ["--no-scan", "mail/plain"], ["--scan", "--no-scan", "mail/plain"]):
        ended = run("test", *arguments)
        assert (ended.status, ended.err) == (0, "")
        assert (
            ended.out
            == """\
mail/plain: hello
keep in INBOX    [no rule took it]
note: rule "spam" (~/.pyfilterrc:1) could not be decided and was passed over
note: spamd was not asked: --scan asks it

rules asked, in order:
  ? "spam" (line 1): unknown
      spam: not known: spamd was not asked: --scan asks it

"""
        )


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (SPAM_RULE, "spamd was not asked: --scan asks it"),
        (f"set spam.source = rspamd\n{SPAM_RULE}", "rspamd was not asked: --scan asks it"),
        (
            'rule "sure" { verify dkim }\nrule "b" { when dkim fails; file into "B" }\n',
            "DKIM signatures were not verified: --scan does",
        ),
        (f"set spamd.required = yes\n{SPAM_RULE}", "spamd was not asked: --scan asks it"),
    ],
)
def test_what_was_not_asked_is_a_problem_in_json(run: Run, home: Path, mail: Path, rules: str, said: str) -> None:
    write(home, rules)
    row = found(run, "mail/plain")
    assert (row["outcome"], row["problems"][-1]) == ("kept", said)
    assert "could not be decided" in row["problems"][0]
    assert "spam" not in row


@pytest.mark.parametrize(
    ("rules", "options", "said"),
    [
        (
            SPAM_RULE,
            [],
            (
                "6 of these messages depend on a verdict that was not asked for: "
                "--scan asks spamd, --fact spam=no supposes one"
            ),
        ),
        (
            f'rule "boss" {{ when not from contains "boss"; keep }}\n{SPAM_RULE}',
            [],
            (
                "1 of these messages depends on a verdict that was not asked for: "
                "--scan asks spamd, --fact spam=no supposes one"
            ),
        ),
        (
            'set spam.source = rspamd\nrule "points" { when spam.score > 3; file into "perhaps" }\n',
            ["--fact", "spam=no"],
            (
                "6 of these messages depend on a verdict that was not asked for: "
                "--scan asks rspamd, --fact spam.score=0 supposes one"
            ),
        ),
        (
            'rule "sure" { verify dkim }\nrule "b" { when dkim fails; file into "B" }\n',
            [],
            (
                "6 of these messages depend on signatures that were not verified: "
                "--scan verifies them, --fact dkim=pass supposes a result"
            ),
        ),
    ],
)
def test_many_messages_are_told_once_that_nobody_was_asked(
    run: Run, home: Path, mail: Path, rules: str, options: list[str], said: str
) -> None:
    write(home, rules)
    ended = run("test", *options, "mail")
    assert (ended.status, ended.err) == (0, f"pyfilter: {said}\n")


@pytest.mark.parametrize(
    "rules",
    [
        'rule "offers" { when subject exists; file into "All" }\n' + SPAM_RULE,
        'rule "or" { when spam or subject exists; file into "All" }\n',
        'rule "only the header" { scan }\nrule "all" { file into "All" }\n',
    ],
)
def test_where_nothing_depends_on_it_nothing_is_said(run: Run, home: Path, mail: Path, rules: str) -> None:
    write(home, rules)
    ended = run("test", "mail")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[-1].split() == ["total", "6"]


def test_a_problem_of_a_message_is_still_counted_as_one(run: Run, home: Path, mail: Path) -> None:
    write(home, 'rule "r" { when subject matches "{all}offer"; file into "{all}" }\n' + SPAM_RULE)
    (mail / "boss").write_bytes(b"Subject: ../offer\n\n")
    assert run("test", "mail").err == (
        "pyfilter: 5 of these messages depend on a verdict that was not asked for: "
        "--scan asks spamd, --fact spam=no supposes one\n"
        "pyfilter: 1 of these messages have problems: --explain and --json tell which\n"
    )


# ---------------------------------------------------------------- --scan


def test_one_message_with_scan(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    ended = run("test", "--scan", "mail/offer")
    assert (ended.status, ended.err) == (0, "")
    assert (
        ended.out
        == """\
mail/offer: Great offer!
spamd: spam, score 7.6 of 5.0 (BAYES_99, OFFERS)
file into "spam"    [rule "spam", ~/.pyfilterrc:1]

rules asked, in order:
  + "spam" (line 1): matched
      spam: yes, it is yes, score 7.6 of 5.0

"""
    )
    assert scanner.asked == ["From: a@shop.example"]


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (HAM, "spamd: not spam, score 0.5 of 5.0 (HTML_MESSAGE)"),
        (Verdict("spamd", False, -1.0), "spamd: not spam, score -1.0 (no tests)"),
        (
            Verdict("spamd", True, 20.0, 5.0, tuple(f"T{number}" for number in range(14))),
            "spamd: spam, score 20.0 of 5.0 (T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11 and 2 more)",
        ),
        (Verdict("spamd", False, 0.0, skipped="larger than it"), 'scan with spamd    [rule "scan", ~/.pyfilterrc:1]'),
    ],
)
def test_what_the_scanner_said_is_one_line(
    run: Run, home: Path, mail: Path, scanner: Scanner, verdict: Verdict, line: str
) -> None:
    write(home, 'rule "scan" { scan }\n')
    scanner.answer = lambda _: verdict
    assert run("test", "--scan", "mail/plain").out.splitlines()[1] == line


def test_a_verdict_stands_in_json(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, 'rule "sure" { scan }\n' + SPAM_RULE)
    row = found(run, "--scan", "mail/offer")
    assert row["spam"] == {
        "scanner": "spamd",
        "spam": True,
        "score": 7.6,
        "threshold": 5.0,
        "tests": ["BAYES_99", "OFFERS"],
        "skipped": "",
    }
    assert [action["verb"] for action in row["actions"]] == ["scan", "file"]
    assert row["problems"] == []
    explained = run("test", "--json", "--explain", "--scan", "mail/offer").out
    assert list(json.loads(explained))[-3:] == ["problems", "spam", "trace"]


def test_a_verdict_of_headers_is_nobodys_answer(run: Run, home: Path, mail: Path) -> None:
    write(home, "set spam.source = headers\n" + SPAM_RULE)
    (mail / "plain").write_bytes(b"X-Spam-Flag: YES\nReceived: from x by y; now\nSubject: hello\n\n")
    row = found(run, "--scan", "mail/plain")
    assert row["folders"] == ["spam"]
    assert "spam" not in row


def test_dkim_is_verified_with_scan(run: Run, home: Path, mail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, 'rule "sure" { verify dkim }\nrule "b" { when dkim.domain is "b.example"; file into "B" }\n')
    verifier = Scanner(lambda _: (("pass", "b.example"),))
    monkeypatch.setattr(dkim, "verify", verifier)
    row = found(run, "--scan", "mail/plain")
    assert (row["folders"], row["problems"], len(verifier.asked)) == (["B"], [], 1)
    assert [action["verb"] for action in row["actions"]] == ["verify", "file"]


def test_a_required_scanner_that_is_away_puts_the_message_off(
    run: Run, home: Path, mail: Path, scanner: Scanner
) -> None:
    write(home, "set spamd.required = yes\n" + SPAM_RULE)
    scanner.answer = lambda _: Unknown(REFUSED)
    row = found(run, "--scan", "mail/plain")
    assert (row["outcome"], row["rule"], row["folders"]) == ("deferred", None, [])
    assert row["actions"] == [{"verb": "defer", "folder": None, "flags": [], "rule": None, "line": 0, "text": REFUSED}]
    assert run("test", "--scan", "mail/plain").out.splitlines()[1] == (
        f'defer "{REFUSED}"    [the rules need an answer that cannot be had]'
    )
    ended = run("test", "--scan", "mail")
    assert ended.out.splitlines()[1] == "(no rule: waits)  (deferred)         6"
    assert ended.err.startswith(f"pyfilter: 6 of these messages could not be judged: {REFUSED}; ")


def test_a_scanner_that_fails_is_told_of_once_and_asked_no_more(
    run: Run, home: Path, mail: Path, scanner: Scanner
) -> None:
    write(home, SPAM_RULE)
    scanner.answer = lambda _: Unknown(REFUSED)
    said = (
        f"pyfilter: 6 of these messages could not be judged: {REFUSED}; "
        "spamd is not asked any more: it failed 3 times in a row\n"
    )
    for options in ([], ["--json"], ["--explain"]):
        scanner.asked.clear()
        ended = run("test", "--scan", *options, "mail")
        assert (ended.status, ended.err) == (0, said)
        assert len(scanner.asked) == limits.SCANNER_FAILURES == 3


def test_single_failures_are_single_failures(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    scanner.answer = lambda _: Unknown(f"reason {len(scanner.asked)}") if len(scanner.asked) % 3 else HAM
    ended = run("test", "--scan", "mail")
    assert len(scanner.asked) == 6
    assert ended.err == ("pyfilter: 4 of these messages could not be judged: reason 1; reason 2; and 2 more reasons\n")


def test_a_hostile_reason_is_shown_and_not_obeyed(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    scanner.answer = lambda _: Unknown("\x1b]0;x\x07")
    for arguments in (["mail"], ["mail/plain"], ["--json", "mail"]):
        ended = run("test", "--scan", *arguments)
        assert not [c for c in ended.out + ended.err if c != "\n" and not c.isprintable()]


# ---------------------------------------------------- verdicts are kept


def test_the_second_run_asks_nobody_and_says_the_same(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    for arguments in (["--scan", "mail"], ["--scan", "--json", "mail"], ["--scan", "mail/offer"]):
        (home / ".cache/pyfilter/verdicts.sqlite").unlink(missing_ok=True)
        first = run("test", *arguments)
        assert scanner.asked
        scanner.asked.clear()
        assert run("test", *arguments) == first
        assert scanner.asked == []


def test_a_changed_message_another_address_or_another_user_is_asked_anew(
    run: Run, home: Path, mail: Path, scanner: Scanner
) -> None:
    write(home, SPAM_RULE)
    run("test", "--scan", "mail")
    scanner.asked.clear()
    (mail / "plain").write_bytes((mail / "plain").read_bytes() + b"more\n")
    run("test", "--scan", "mail")
    assert scanner.asked == ["From: c@example.org"]
    for setting in ('spamd.address = "127.0.0.1:784"', 'spamd.user = "ann"'):
        scanner.asked.clear()
        write(home, f"set {setting}\n{SPAM_RULE}")
        run("test", "--scan", "mail")
        assert len(scanner.asked) == 6


def test_what_could_not_be_said_is_asked_again(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    scanner.answer = lambda _: Unknown(REFUSED)
    run("test", "--scan", "mail/plain")
    scanner.answer = judged
    assert run("test", "--scan", "mail/plain").out.splitlines()[1].startswith("spamd: not spam")
    assert len(scanner.asked) == 2


def test_an_old_verdict_is_asked_anew(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    run("test", "--scan", "mail")
    scanner.asked.clear()
    with sqlite3.connect(home / ".cache/pyfilter/verdicts.sqlite") as database:
        database.execute("UPDATE verdict SET time = time - ?", (limits.VERDICT_SECONDS + 1,))
    run("test", "--scan", "mail")
    assert len(scanner.asked) == 6


def test_an_earlier_verdict_says_nothing_of_a_message_that_is_too_large_now(
    run: Run, home: Path, mail: Path, scanner: Scanner
) -> None:
    write(home, SPAM_RULE)
    (mail / "offer").write_bytes(b"Subject: offer\n\n" + bytes(1000))
    assert found(run, "--scan", "mail/offer")["folders"] == ["spam"]
    write(home, f"set spamd.max-size = 1 kB\n{SPAM_RULE}")
    scanner.answer = lambda _: Verdict("spamd", False, 0.0, skipped="larger than spamd.max-size")
    row = found(run, "--scan", "mail/offer")
    assert (row["folders"], row["problems"]) == (["INBOX"], ["spamd: larger than spamd.max-size"])


def test_a_damaged_cache_costs_a_scan_and_a_line(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    first = run("test", "--scan", "mail")
    file = home / ".cache/pyfilter/verdicts.sqlite"
    file.write_bytes(b"damaged\n" * 1000)
    scanner.asked.clear()
    ended = run("test", "--scan", "mail")
    assert (ended.status, ended.out) == (0, first.out)
    assert ended.err == f"pyfilter: {file} is damaged, no verdicts are kept: remove it\n"
    assert len(scanner.asked) == 6


def test_without_scan_no_verdict_is_looked_for(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    assert found(run, "--scan", "mail/offer")["folders"] == ["spam"]
    assert found(run, "mail/offer")["folders"] == ["INBOX"]


def test_a_delivery_asks_whatever_is_kept(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    run("test", "--scan", "mail/offer")
    rules = pyfilter.Rules.load()
    assert rules.decide(pyfilter.Message.from_bytes((mail / "offer").read_bytes())).outcome == "filed"
    assert len(scanner.asked) == 2


# ---------------------------------------------------------------- --fact


def test_what_can_be_supposed() -> None:
    assert names() == ALL.split(", ")


FIELDS = 'set trusted-authserv = "mx.example"\nrule "r" {{ when {}; file into "F" }}\n'


@pytest.mark.parametrize(
    ("facts", "condition", "held"),
    [
        (["spam=yes"], "spam", True),
        (["SPAM = Yes"], "spam", True),
        (["spam=no"], "spam", False),
        (["spam=no"], "not spam", True),
        (["spam.score=7.6"], "spam.score > 7.5", True),
        (["spam.score=7.6"], "spam.score > 7.6", False),
        (["spam.score=-1"], "spam.score < 0", True),
        (["spam.score=7", "spam.threshold=5"], "spam.score >= spam.threshold", True),
        (["spam.tests=A, BAYES_99"], 'spam.tests is "bayes_99"', True),
        (["spam.tests="], 'spam.tests is "BAYES_99"', False),
        (["dkim=pass"], "dkim", True),
        (["dkim=fail,pass"], "dkim fails", False),
        (["dkim=fail"], "dkim fails", True),
        (["dkim="], "dkim exists", False),
        (["dkim.domain=a.example,shop.example"], 'dkim.domain is "shop.example"', True),
        (["spf=softfail"], "spf is softfail, neutral", True),
        (["dmarc=fail"], "dmarc fails", True),
        (["bulk=yes"], "bulk", True),
        (["duplicate=yes"], "duplicate", True),
        (["duplicate=yes"], "duplicate within 2 days", True),
        (["duplicate=no"], "duplicate", False),
        (["command=yes"], 'command "no-such-program" succeeds', True),
        (["command=no"], 'command "no-such-program" succeeds', False),
    ],
)
def test_an_answer_may_be_supposed(
    run: Run, home: Path, mail: Path, facts: list[str], condition: str, held: bool
) -> None:
    write(home, FIELDS.format(condition))
    options = [word for fact in facts for word in ("--fact", fact)]
    row = found(run, *options, "mail/plain")
    assert (row["folders"], row["problems"]) == (["F"] if held else ["INBOX"], [])
    assert run("test", *options, "mail").err == ""


def test_a_fact_wins_over_the_scanner(run: Run, home: Path, mail: Path, scanner: Scanner) -> None:
    write(home, SPAM_RULE)
    assert found(run, "--scan", "--fact", "spam=no", "mail/offer")["folders"] == ["INBOX"]
    assert scanner.asked == []


ALL = "spam, spam.score, spam.threshold, spam.tests, dkim, dkim.domain, spf, dmarc, bulk, duplicate, command"
RESULTS = "pass, fail, softfail, neutral, none, policy, temperror or permerror"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (["spam"], "--fact takes NAME=VALUE, like `spam=yes`, which `spam` is not"),
        ([""], "--fact takes NAME=VALUE, like `spam=yes`, which `` is not"),
        (["spma=yes"], "--fact does not know `spma`: did you mean `spam`?"),
        (["spam.scroe=1"], "--fact does not know `spam.scroe`: did you mean `spam.score`?"),
        (["=yes"], f"--fact does not know ``; what can be supposed is {ALL}"),
        (["weather=fine"], f"--fact does not know `weather`; what can be supposed is {ALL}"),
        (["subject=x"], f"`subject` stands in the message itself; what can be supposed is {ALL}"),
        (["from.domain=x"], f"`from` stands in the message itself; what can be supposed is {ALL}"),
        (["sender=a@b.example"], "--fact does not know `sender`: --sender names it"),
        (["recipient=a@b.example"], "--fact does not know `recipient`: --recipient names it"),
        (["duplicate=maybe"], "--fact duplicate takes yes or no, not `maybe`"),
        (["weekday=saturday"], "--fact does not know `weekday`: --now supposes the moment"),
        (["today=2026-12-25"], "--fact does not know `today`: --now supposes the moment"),
        (["now.year=2026"], "--fact does not know `now.year`: --now supposes the moment"),
        (["date=2026-12-25"], f"`date` stands in the message itself; what can be supposed is {ALL}"),
        (["spam=perhaps"], "--fact spam takes yes or no, not `perhaps`"),
        (["spam=true"], "--fact spam takes yes or no, not `true`: did you mean `yes`?"),
        (["spam="], "--fact spam takes yes or no, not ``"),
        (["spam=yes,no"], "--fact spam takes yes or no, not `yes,no`: did you mean `yes`?"),
        (["spam.score=high"], "--fact spam.score takes a number of points, like 7.6, not `high`"),
        (["spam.score=nan"], "--fact spam.score takes a number of points, like 7.6, not `nan`"),
        (["spam.score=1e999"], "--fact spam.score takes a number of points, like 7.6, not `1e999`"),
        (["spam.threshold=1_0"], "--fact spam.threshold takes a number of points, like 7.6, not `1_0`"),
        (["spam.score="], "--fact spam.score takes a number of points, like 7.6, not ``"),
        (["dkim=passed"], f"--fact dkim takes {RESULTS}, not `passed`: did you mean `pass`?"),
        (["spf=yes"], f"--fact spf takes {RESULTS}, not `yes`"),
        (["spam.tests=A B"], "--fact spam.tests takes words with commas between, not `A B`"),
        (["spam=yes", "spam=no"], "--fact spam is given twice"),
        (["dkim=pass", "dkim=fail"], "--fact dkim is given twice; several values are one list: dkim=A,B"),
        (["\x1b[2J=x"], f"--fact does not know `␛[2j`; what can be supposed is {ALL}"),
    ],
)
def test_what_cannot_be_supposed_is_an_error_of_usage(
    run: Run, home: Path, mail: Path, facts: list[str], said: str
) -> None:
    write(home, SPAM_RULE)
    ended = run("test", *[word for fact in facts for word in ("--fact", fact)], "mail")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"pyfilter test: {said}\nTry `pyfilter test --help`.\n"


# ----------------------------------------------------------------- --now


@pytest.mark.parametrize(
    ("now", "condition"),
    [
        ("2026-12-25T18:05", "today is 2026-12-25 and time is 18:05 and weekday is friday"),
        ("2026-12-25 18:05:59", "today is 2026-12-25 and time is 18:05"),
        ("2026-12-25", "today is 2026-12-25 and time is 12:00"),
        ("1999-12-31", "today is 1999-12-31 and now.year is 1999"),
        ("6:05", "time is 6:05"),
        ("23:59", "time is 23:59"),
        ("2026-12-25T18:00+01:00", "date is now and age within 1 second"),
        ("2026-12-25T17:00Z", "date is now"),
        ("2026-12-27T17:00Z", "age == 2 days"),
    ],
)
def test_the_moment_may_be_supposed(run: Run, home: Path, mail: Path, now: str, condition: str) -> None:
    write(home, f'rule "r" {{ when {condition}; file into "F" }}\n')
    (mail / "dated").write_text("Date: Fri, 25 Dec 2026 12:00:00 -0500\n\n")
    assert found(run, "--now", now, "mail/dated")["folders"] == ["F"]
    assert found(run, "--now", "2001-02-03T04:05", "mail/dated")["folders"] == ["INBOX"]


@pytest.mark.parametrize(
    "now", ["", "x", "tomorrow", "25.12.2026", "2026-12-32", "24:00", "18.00", "6 pm", "2026-12-25T25:00", "1e9"]
)
def test_what_is_no_moment_is_an_error_of_usage(run: Run, home: Path, mail: Path, now: str) -> None:
    write(home, SPAM_RULE)
    ended = run("test", "--now", now, "mail")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        "pyfilter test: --now takes a moment, like `2026-12-25T18:00`, `2026-12-25` or `18:00`, "
        f"which `{now}` is not\nTry `pyfilter test --help`.\n"
    )


def test_a_moment_is_about_mail(run: Run, home: Path) -> None:
    write(home, SPAM_RULE)
    assert run("test", "--now", "2026-12-25").err == (
        "pyfilter test: --now is about mail, and none is named; a `test` block says itself what is `given`\n"
        "Try `pyfilter test --help`.\n"
    )


# ------------------------------------------------------------- how it feels

SLOW = """\
import sys, threading
from pyfilter.message.verdict import Verdict
from pyfilter.services import spamd
from pyfilter.cli import terminal
from pyfilter.cli.main import main
terminal.Waiting.__init__.__kwdefaults__["after"] = 0.0
spamd.check = lambda inquiry: Verdict("spamd", False, 0.0)
sys.exit(main(["test", "--scan", "mail"]))
"""


def test_a_terminal_sees_how_far_the_scan_is(home: Path, mail: Path) -> None:
    write(home, SPAM_RULE)
    controller, terminal = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-B", "-c", SLOW],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(Path(pyfilter.__file__).parent.parent)},
    )
    os.close(terminal)
    out, _ = running.communicate(timeout=60)
    shown = os.read(controller, 65536).decode()
    os.close(controller)
    assert running.returncode == 0
    assert out.splitlines()[-1].split() == [b"total", b"6"]
    assert "scanning" in shown and "bytes" in shown


def test_scanning_loads_no_database_and_no_client_where_it_is_not_wanted(home: Path, mail: Path) -> None:
    write(home, SPAM_RULE)
    program = (
        "import sys; from pyfilter.cli.main import main; main(['test', 'mail/plain']); "
        "print(*sorted({'aiospamc', 'dkim', 'dns', 'rich', 'sqlite3'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(pyfilter.__file__).parent.parent)},
        check=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.splitlines()[-1] == ""
