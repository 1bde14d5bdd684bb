"""``pyfilter test`` says what a delivery would do, for one message and for a whole archive."""

import json
import mailbox
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyfilter import Message

Run = Callable[..., Any]


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


# ------------------------------------------------------------- one message


def test_one_message_what_would_happen_and_why(run: Run, rules: Path, mail: Path) -> None:
    ended = run("test", "mail/boss")
    assert (ended.status, ended.err) == (0, "")
    assert (
        ended.out
        == """\
mail/boss: An offer
mark flagged    [rule "boss", ~/.pyfilterrc:8]
copy into "Archive" (flagged)    [rule "boss", ~/.pyfilterrc:9]
file into "Boss" (flagged)    [rule "boss", ~/.pyfilterrc:10]

rules asked, in order:
  - "cron jobs" (line 1): not matched
      header X-Cron-Env exists: no, it is absent
  + "boss" (line 6): matched
      from is "boss@corp.example": yes, it is "boss@corp.example"

"""
    )


def test_a_message_that_no_rule_takes(run: Run, rules: Path, mail: Path) -> None:
    ended = run("test", "mail/plain")
    assert (ended.status, ended.err) == (0, "")
    assert (
        ended.out
        == """\
mail/plain: hello
keep in INBOX    [no rule took it]

rules asked, in order:
  - "cron jobs" (line 1): not matched
      header X-Cron-Env exists: no, it is absent
  - "boss" (line 6): not matched
      from is "boss@corp.example": no, it is "c@example.org"
  - "offers" (line 13): not matched
      subject contains "offer": no, it is "hello"
  - "strangers" (line 19): not matched
      sender is "bounce@spam.example": no, it is absent
  - "plus address" (line 24): not matched
      recipient.extension matches "{box}": no, it is absent

"""
    )


def test_the_only_message_of_a_directory_is_explained_too(run: Run, rules: Path, mail: Path) -> None:
    alone = mail.parent / "alone"
    alone.mkdir()
    shutil.copy(mail / "plain", alone)
    assert run("test", "alone").out == run("test", "mail/plain").out.replace("mail/plain", "alone/plain")


# --------------------------------------------------------------------- many


def test_many_messages_by_rule_and_folder(run: Run, rules: Path, mail: Path) -> None:
    ended = run("test", "mail")
    assert (ended.status, ended.err) == (0, "")
    assert (
        ended.out
        == """\
rule             goes to        messages
cron jobs        Cron                  1
boss             Archive, Boss         1
offers           (discarded)           1
plus address     lists                 1
(no rule: kept)  INBOX                 2
total                                  6
"""
    )


def test_explain_says_it_for_each_message_before_the_table(run: Run, rules: Path, mail: Path) -> None:
    each = [run("test", f"mail/{path.name}").out for path in sorted(mail.iterdir())]
    assert run("test", "--explain", "mail").out == "".join(each) + run("test", "mail").out


def test_an_archive_without_messages(run: Run, rules: Path, home: Path) -> None:
    (home / "empty").mkdir()
    ended = run("test", "empty")
    assert (ended.status, ended.err) == (0, "pyfilter: there is no message in empty\n")
    assert ended.out == "rule   goes to  messages\ntotal                  0\n"
    assert run("test", "--json", "empty").out == ""


def test_the_table_holds_its_columns_for_every_script(run: Run, home: Path, mail: Path) -> None:
    (home / ".pyfilterrc").write_text(
        'rule "日本 e\u0301" { when subject is "hello"; file into "Entwürfe" }\nrule "b" { copy into "日本" }\n'
    )
    assert (
        run("test", "mail").out
        == """\
rule             goes to      messages
日本 e\u0301           Entwürfe            1
(no rule: kept)  日本, INBOX         5
total                                6
"""
    )


# --------------------------------------------------------------------- json


def test_json_keys_come_in_the_order_of_the_manual(run: Run, rules: Path, mail: Path) -> None:
    assert run("test", "--json", "mail/cron").out == (
        '{"message": "mail/cron", "message_id": "<1@x>", "outcome": "filed", "rule": "cron jobs", "folders": ["Cron"],'
        ' "actions": [{"verb": "file", "folder": "Cron", "flags": [], "rule": "cron jobs", "line": 3}],'
        ' "problems": []}\n'
    )


def test_json_is_one_object_a_line_and_message(run: Run, rules: Path, mail: Path) -> None:
    ended = run("test", "--json", "mail")
    assert (ended.status, ended.err) == (0, "")
    found = {line["message"]: line for line in lines(ended.out)}
    assert list(found) == ["mail/bare", "mail/boss", "mail/cron", "mail/offer", "mail/plain", "mail/plus"]
    assert found["mail/bare"] == {
        "message": "mail/bare",
        "message_id": None,
        "outcome": "kept",
        "rule": None,
        "folders": ["INBOX"],
        "actions": [{"verb": "keep", "folder": "INBOX", "flags": [], "rule": None, "line": 0}],
        "problems": [],
    }
    assert found["mail/boss"] == {
        "message": "mail/boss",
        "message_id": "<2@x>",
        "outcome": "filed",
        "rule": "boss",
        "folders": ["Archive", "Boss"],
        "actions": [
            {"verb": "mark", "folder": None, "flags": ["flagged"], "rule": "boss", "line": 8},
            {"verb": "copy", "folder": "Archive", "flags": ["flagged"], "rule": "boss", "line": 9},
            {"verb": "file", "folder": "Boss", "flags": ["flagged"], "rule": "boss", "line": 10},
        ],
        "problems": [],
    }
    assert found["mail/offer"]["outcome"] == "discarded"
    assert found["mail/offer"]["folders"] == []


@pytest.mark.parametrize(
    ("body", "outcome", "folders", "last"),
    [
        ('file into "A"', "filed", ["A"], {"verb": "file", "folder": "A", "flags": []}),
        ("keep", "kept", ["INBOX"], {"verb": "keep", "folder": "INBOX", "flags": []}),
        ("discard # on purpose", "discarded", [], {"verb": "discard", "folder": None, "flags": []}),
        (
            'copy into "A"; reject "no"',
            "rejected",
            ["A"],
            {"verb": "reject", "folder": None, "flags": [], "text": "no"},
        ),
        (
            'copy into "A"; defer "later"',
            "deferred",
            [],
            {"verb": "defer", "folder": None, "flags": [], "text": "later"},
        ),
        (
            "mark read, flagged; keep",
            "kept",
            ["INBOX"],
            {"verb": "keep", "folder": "INBOX", "flags": ["flagged", "read"]},
        ),
        (
            'file into "A"; file into "A"; file into inbox',
            "filed",
            ["A", "INBOX"],
            {"verb": "file", "folder": "INBOX", "flags": []},
        ),
    ],
)
def test_every_outcome_in_json(
    run: Run, home: Path, mail: Path, body: str, outcome: str, folders: list[str], last: dict[str, Any]
) -> None:
    (home / ".pyfilterrc").write_text(f'rule "r" {{\n{body}\n}}\n')
    (found,) = lines(run("test", "--json", "mail/plain").out)
    assert (found["outcome"], found["rule"], found["folders"]) == (outcome, "r", folders)
    assert found["actions"][-1] == {**last, "rule": "r", "line": 2}


def test_json_with_explain_holds_the_trace(run: Run, rules: Path, mail: Path) -> None:
    (plain,) = lines(run("test", "--json", "mail/boss").out)
    (explained,) = lines(run("test", "--json", "--explain", "mail/boss").out)
    trace = explained.pop("trace")
    assert explained == plain
    assert trace == [
        {
            "rule": "cron jobs",
            "file": "~/.pyfilterrc",
            "line": 1,
            "depth": 0,
            "verdict": "not matched",
            "reasons": [{"condition": "header X-Cron-Env exists", "line": 2, "held": False, "saw": "absent"}],
        },
        {
            "rule": "boss",
            "file": "~/.pyfilterrc",
            "line": 6,
            "depth": 0,
            "verdict": "matched",
            "reasons": [
                {
                    "condition": 'from is "boss@corp.example"',
                    "line": 7,
                    "held": True,
                    "saw": '"boss@corp.example"',
                }
            ],
        },
    ]


def test_problems_are_told(run: Run, home: Path, mail: Path) -> None:
    (home / ".pyfilterrc").write_text('rule "r" {\nwhen subject matches "h{hole}llo"\nfile into "{hole}"\n}\n')
    (mail / "plain").write_bytes(b"Subject: h../../llo\n\n")
    (found,) = lines(run("test", "--json", "mail/plain").out)
    assert found["folders"] == ["INBOX"]
    assert found["problems"] == [
        "{hole} was '../../'; in a folder's name it is ''",
        "the folder's name came out empty (''): the inbox instead",
    ]


def test_the_table_says_that_messages_have_problems(run: Run, rules: Path, mail: Path) -> None:
    (mail / "large").write_bytes(b"X: y\n" * 5000 + b"Subject: too many fields\n\n")
    assert run("test", "mail").err == "pyfilter: 1 of these messages have problems: --explain and --json tell which\n"
    assert run("test", "--json", "mail").err == ""
    assert "could not be decided" in run("test", "--explain", "mail").out


# ----------------------------------------------------------------- envelope


def test_the_envelope_may_be_named(run: Run, rules: Path, mail: Path) -> None:
    def goes(*options: str) -> tuple[str, list[str]]:
        (found,) = lines(run("test", "--json", *options, "mail/plain").out)
        return found["rule"], found["folders"]

    assert goes() == (None, ["INBOX"])
    assert goes("--sender", "bounce@spam.example") == ("strangers", [])
    assert goes("--recipient", "me+shop@example.org") == ("plus address", ["shop"])
    assert goes("--extension", "lists") == ("plus address", ["lists"])


def test_a_named_envelope_wins_over_the_headers(run: Run, rules: Path, mail: Path) -> None:
    (found,) = lines(run("test", "--json", "--recipient", "me+other@example.org", "mail/plus").out)
    assert found["folders"] == ["other"]


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [
        (
            "--sender",
            "Ann <ann@x.example>",
            "takes one plain address, which `Ann <ann@x.example>` is not: did you mean `ann@x.example`?",
        ),
        (
            "--sender",
            "ann@x.example, bob@x.example",
            "takes one plain address, which `ann@x.example, bob@x.example` is not",
        ),
        (
            "--recipient",
            "Ann <ann@x.example>",
            "takes one plain address, which `Ann <ann@x.example>` is not: did you mean `ann@x.example`?",
        ),
        ("--recipient", "", "takes one plain address, which `` is not"),
        (
            "--extension",
            "me+lists@x.example",
            "takes what stands between `+` and `@`; for an address: --recipient me+lists@x.example",
        ),
    ],
)
def test_what_is_no_envelope_is_an_error_of_usage(
    run: Run, rules: Path, mail: Path, option: str, given: str, said: str
) -> None:
    ended = run("test", option, given, "mail/plain")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"pyfilter test: {option} {said}\nTry `pyfilter test --help`.\n"


@pytest.mark.parametrize("nobody", ["", "<>"])
def test_the_null_sender_is_a_sender(run: Run, mail: Path, home: Path, nobody: str) -> None:
    (home / ".pyfilterrc").write_text('rule "bounces" { when sender is ""; file into "Bounces" }\n')
    (found,) = lines(run("test", "--json", "--sender", nobody, "mail/plain").out)
    assert found["folders"] == ["Bounces"]


# -------------------------------------------------------- rules and problems


def test_other_rules_may_be_named(run: Run, rules: Path, mail: Path, home: Path) -> None:
    (home / "new.rules").write_text('rule "all" { file into "All" }\n')
    assert run("test", "--rules", "new.rules", "mail").out.splitlines()[1:] == [
        "all    All             6",
        "total                  6",
    ]


def test_without_rules_nothing_is_tested(run: Run, mail: Path, home: Path) -> None:
    ended = run("test", "mail")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        f"pyfilter: there is no rule file {home}/.pyfilterrc or {home}/.config/pyfilter/rules: write one, or name one\n"
    )


def test_rules_that_do_not_check_test_nothing(run: Run, mail: Path, home: Path) -> None:
    (home / ".pyfilterrc").write_text('rule "a" {\n    when subjcet is "x"\n    file into "X"\n}\n')
    ended = run("test", "mail")
    assert (ended.status, ended.out) == (2, "")
    assert (
        ended.err
        == """\
error[E201]: there is no field `subjcet`
 --> ~/.pyfilterrc:2:10
  |
2 |     when subjcet is "x"
  |          ^^^^^^^ not a field of a message
  |
  = help: did you mean `subject`?

pyfilter: 1 error: mend the rules first (`pyfilter check` shows this again)
pyfilter: until the rules are mended, mail is kept in the inbox
"""
    )


def test_what_cannot_be_read_is_said_and_the_rest_is_decided(run: Run, rules: Path, mail: Path) -> None:
    os.mkfifo(mail / "fifo")
    for options in ([], ["--json"]):
        ended = run("test", *options, "mail", "missing")
        assert ended.status == 1
        assert ended.err == ("pyfilter: mail/fifo: is a named pipe, not a message\npyfilter: missing: does not exist\n")
    assert len(lines(ended.out)) == 6


def test_if_nothing_can_be_read_the_command_could_not_do_its_work(run: Run, rules: Path) -> None:
    ended = run("test", "missing")
    assert (ended.status, ended.out, ended.err) == (2, "", "pyfilter: missing: does not exist\n")


def test_a_defect_on_one_message_leaves_the_others(
    run: Run, rules: Path, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = Message.from_bytes

    def sometimes(data: bytes) -> Message:
        if b"hello" in data:
            raise IndexError("\x1b[2J")
        return ordinary(data)

    monkeypatch.setattr(Message, "from_bytes", sometimes)
    ended = run("test", "mail")
    assert ended.status == 1
    assert ended.err == (
        "pyfilter: mail/plain: could not be decided, which is a defect of pyfilter (IndexError: ␛[2J)\n"
    )
    assert ended.out.splitlines()[-1].split() == ["total", "5"]
    monkeypatch.setenv("PYFILTER_TRACEBACK", "1")
    with pytest.raises(IndexError):
        run("test", "mail")


def test_rules_where_a_delivery_does_not_look_are_warned_of(
    run: Run, rules: Path, mail: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    assert run("test", "mail").err == ""
    (home / "xdg" / "pyfilter").mkdir(parents=True)
    (home / "xdg" / "pyfilter" / "rules").write_text("")
    ended = run("test", "mail")
    assert ended.status == 0
    assert ended.err == (
        f"pyfilter: warning: {home}/xdg/pyfilter/rules is not read: a delivery has no XDG_CONFIG_HOME. "
        "Move it to ~/.pyfilterrc or ~/.config/pyfilter/rules.\n"
    )


# ------------------------------------------------------------------ hostile


def test_nothing_hostile_reaches_the_terminal_raw(run: Run, home: Path) -> None:
    mail = home / "mail"
    mail.mkdir()
    hostile = "\x1b]0;x\x07\u202e\x9b2J\r\x7f"
    (mail / f"a{hostile}\udcff").write_bytes(
        f"Subject: s{hostile}\nFrom: f{hostile}@example.org\nMessage-ID: <{hostile}>\n\n".encode()
    )
    (mail / "b").write_bytes(b"Subject: =?utf-8?b?G10wO3gH4oCu?= =?utf-8?q?=0Aforged_line=0A?=\n\n")
    (home / ".pyfilterrc").write_text(
        'rule "r" { when subject matches "{all}"; log "{all}"; file into "{all}" }\nrule "no" { reject "{subject}" }\n'
    )
    for arguments in (["mail"], ["--explain", "mail"], ["--json", "mail"], ["--json", "--explain", "mail"], ["mail/b"]):
        ended = run("test", *arguments)
        assert ended.status == 0
        shown = ended.out + ended.err
        assert not [c for c in shown if c != "\n" and not c.isprintable()], shown
        assert not [line for line in shown.splitlines() if line.startswith("forged")]
    for path in mail.iterdir():
        path.unlink()
    os.mkfifo(mail / f"a{hostile}")
    shown = run("test", "mail").err
    assert shown.count("\n") == 1 and shown.strip().isprintable()


# ----------------------------------------------------- every kind of archive


def decisions(out: str) -> list[dict[str, Any]]:
    """The objects without the name of the message, in the order of the messages' identities."""
    found = lines(out)
    for line in found:
        del line["message"]
    return sorted(found, key=lambda line: str(line["message_id"]))


def test_the_same_messages_are_decided_alike_in_every_kind_of_archive(
    run: Run, rules: Path, mail: Path, home: Path
) -> None:
    data = [path.read_bytes() for path in sorted(mail.iterdir())]
    envelope = b"From someone@example.org Tue Nov 24 04:38:18 2026\n"
    (home / "mbox").write_bytes(b"\n".join(envelope + message for message in data) + b"\n")
    folder = mailbox.MH(home / "mh")
    maildir = mailbox.Maildir(home / "maildir")
    sub = maildir.add_folder("Sub")
    with tarfile.open(home / "mail.tar.gz", "w:gz") as archive:
        archive.add("mail")
    for number, message in enumerate(data):
        folder.add(message)
        (sub if number % 2 else maildir).add(message)
    expected = decisions(run("test", "--json", "mail").out)
    assert len(expected) == 6
    for name in ("mbox", "mh", "maildir", "mail.tar.gz"):
        ended = run("test", "--json", name)
        assert (ended.status, ended.err) == (0, "")
        assert decisions(ended.out) == expected, name
        assert run("test", name).out == run("test", "mail").out
    assert [line["message"] for line in lines(run("test", "--json", "mbox").out)] == [f"mbox#{n}" for n in range(1, 7)]


def test_standard_input_is_decided_like_a_file(process: Run, run: Run, rules: Path, mail: Path) -> None:
    ended = process("test", "--json", "-", stdin=(mail / "boss").read_bytes())
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.replace('"message": "-"', '"message": "mail/boss"') == run("test", "--json", "mail/boss").out
    box = b"\n".join(b"From a Tue Nov 24 04:38:18 2026\n" + path.read_bytes() for path in sorted(mail.iterdir()))
    ended = process("test", "--json", "-", stdin=box)
    assert [line["message"] for line in lines(ended.out)] == [f"-#{number}" for number in range(1, 7)]
    assert decisions(ended.out) == decisions(run("test", "--json", "mail").out)


def test_several_sources_are_one_archive(run: Run, rules: Path, mail: Path) -> None:
    assert run("test", "mail/boss", "mail").out.splitlines()[-1].split() == ["total", "7"]


def test_an_archive_is_left_as_it_was(run: Run, rules: Path, mail: Path, home: Path) -> None:
    maildir = mailbox.Maildir(home / "maildir")
    for path in mail.iterdir():
        maildir.add(path.read_bytes())

    def state() -> list[tuple[str, os.stat_result]]:
        return [(str(path), path.stat()) for path in sorted((home / "maildir").rglob("*")) if path.is_file()]

    before = state()
    run("test", "--explain", "maildir")
    assert state() == before


# -------------------------------------------------------------------- large


def test_the_outcomes_of_thousands_of_messages_sum_up_in_one_process(process: Run, rules: Path, home: Path) -> None:
    (home / "many").mkdir()
    expected: Counter[str] = Counter()
    for number in range(2700):
        kind = ("filed", "kept", "discarded", "rejected")[number % 7 % 4]
        header = {
            "filed": "X-Cron-Env: <A=B>",
            "kept": "Subject: hello",
            "discarded": "Subject: offer",
            "rejected": "Return-Path: <bounce@spam.example>",
        }[kind]
        (home / "many" / str(number)).write_text(f"{header}\nMessage-ID: <{number}@x>\n\nbody {number}\n")
        expected[kind] += 1
    ended = process("test", "--json", "many")
    assert (ended.status, ended.err) == (0, "")
    found = lines(ended.out)
    assert [line["message"] for line in found] == [f"many/{number}" for number in range(2700)]
    assert Counter(line["outcome"] for line in found) == expected
    assert process("test", "many").out.splitlines()[-1].split() == ["total", "2700"]
