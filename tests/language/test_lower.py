"""What good rules are lowered to; the shapes stand in pyfilter/language/program.py."""

from __future__ import annotations

import marshal
from typing import Any

import pytest

from pyfilter.language.check import check
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source

NAMES = """\
list family = "olga@family.example", "Petr <petr@family.example>"
list cousins { "@cousins.example" }
let team = "Work/Team"
"""


def program(*texts: str) -> dict[str, Any]:
    files = []
    for number, text in enumerate(texts):
        file, syntax = parse(Source(f"/home/ann/{number}.rules", text))
        assert syntax == []
        files.append(file)
    made, found = check(files, home="/home/ann", look_for_files=False)
    assert found == []
    assert made is not None
    return made


def rules(*texts: str) -> list[tuple[Any, ...]]:
    return [marshal.loads(rule) for rule in program(*texts)["rules"]]


def condition(written: str) -> tuple[Any, ...]:
    trust = 'set trusted-authserv = "mx.example"\n'
    return rules(f"{NAMES}{trust}rule x {{ when {written}; keep }}")[0][3]


def action(written: str) -> tuple[Any, ...]:
    (made,) = rules(f"{NAMES}rule x {{ {written} }}")[0][4]
    return made


@pytest.mark.parametrize(
    ("written", "lowered"),
    [
        ('subject is "Hello"', ("is", "subject", (frozenset({"hello"}), ()), 0, False)),
        ('subject is exactly "Hello"', ("is", "subject", (frozenset({"Hello"}), ()), 0, True)),
        ('subject is "a" or "b", "c"', ("is", "subject", (frozenset("abc"), ()), 0, False)),
        ('subject is not "a"', ("not", ("is", "subject", (frozenset({"a"}), ()), 0, False), True)),
        ('subject contains "a", "B"', ("contains", "subject", (("a", "b"), ()), 0, False)),
        ('subject starts with exactly "A"', ("starts", "subject", (("A",), ()), 0, True)),
        ('subject does not end with "a"', ("not", ("ends", "subject", (("a",), ()), 0, False), True)),
        ("subject exists", ("exists", "subject", None, 0)),
        ("header X-Cron-Env does not exist", ("not", ("exists", "header x-cron-env", None, 0), True)),
        ('header "Odd:Name" is "a"', ("is", "header odd:name", (frozenset("a"), ()), 0, False)),
        ("environment LOGNAME exists", ("exists", "environment LOGNAME", None, 0)),
        ("from in family", ("in", "from", (("family",), frozenset(), ()), 0)),
        ("from in family, cousins", ("in", "from", (("family", "cousins"), frozenset(), ()), 0)),
        ("from in family or cousins", ("in", "from", (("family", "cousins"), frozenset(), ()), 0)),
        ("not from in family or cousins", ("not", ("in", "from", (("family", "cousins"), frozenset(), ()), 0))),
        ('from not in family, "X@Y.example"',
         ("not", ("in", "from", (("family",), frozenset({"x@y.example"}), ()), 0), True)),
        ("size > 10 MB", ("compare", "size", (">", 10_000_000), 0)),
        ("size <= 1.5 KiB", ("compare", "size", ("<=", 1536), 0)),
        ("size is 512 kB", ("compare", "size", ("==", 512_000), 0)),
        ("from.count is 1, 2",
         ("or", ("compare", "from.count", ("==", 1), 0), ("compare", "from.count", ("==", 2), 0))),
        ("to.count == 3", ("compare", "to.count", ("==", 3), 0)),
        ("size between 1 MB and 2 MB", ("between", "size", (1_000_000, 2_000_000), 0)),
        ('subject is "{team}!"', ("is", "subject", (frozenset({"work/team!"}), ()), 0, False)),
        ('subject is "{from.domain}!"',
         ("is", "subject", (frozenset(), ((("field", "from.domain", None), "!"),)), 0, False)),
        ("spam", ("is", "spam", (frozenset({"yes"}), ()), 0, False)),
        ("spam is no", ("is", "spam", (frozenset({"no"}), ()), 0, False)),
        ("spam is not yes", ("not", ("is", "spam", (frozenset({"yes"}), ()), 0, False), True)),
        ("dkim", ("is", "dkim", (frozenset({"pass"}), ()), 0, False)),
        ("dkim passes", ("is", "dkim", (frozenset({"pass"}), ()), 0, False)),
        ("spf is softfail, neutral", ("is", "spf", (frozenset({"softfail", "neutral"}), ()), 0, False)),
        ("dmarc fails", ("fails", "dmarc", None, 0)),
        ("dkim does not exist", ("not", ("exists", "dkim", None, 0), True)),
        ("spam.score >= spam.threshold", ("compare", "spam.score", (">=", "spam.threshold"), 0)),
        ("spam.score is spam.threshold", ("compare", "spam.score", ("==", "spam.threshold"), 0)),
        ("spam.score > -1.5", ("compare", "spam.score", (">", -1.5), 0)),
        ("spam.score between -1 and 2", ("between", "spam.score", (-1, 2), 0)),
        ('spam.tests is "BAYES_99"', ("is", "spam.tests", (frozenset({"bayes_99"}), ()), 0, False)),
        ('dkim.domain is "x.example"', ("is", "dkim.domain", (frozenset({"x.example"}), ()), 0, False)),
        ("from is reply-to", ("is", "from", (frozenset(), ((("field", "reply-to", None),),)), 0, False)),
    ],
)  # fmt: skip
def test_a_test(written: str, lowered: tuple[Any, ...]) -> None:
    assert condition(written) == lowered


def exists(key: str, excerpt: int) -> tuple[Any, ...]:
    return ("exists", key, None, excerpt)


@pytest.mark.parametrize(
    ("written", "lowered"),
    [
        ("cc exists and to exists", ("and", exists("cc", 0), exists("to", 1))),
        ("cc exists or to exists", ("or", exists("cc", 0), exists("to", 1))),
        ("not (cc exists or to exists)", ("not", ("or", exists("cc", 0), exists("to", 1)))),
        ("not cc exists and to exists", ("and", ("not", exists("cc", 0)), exists("to", 1))),
        ("any { cc exists; to exists }", ("or", exists("cc", 0), exists("to", 1))),
        ("all { cc exists; to exists }", ("and", exists("cc", 0), exists("to", 1))),
        ("none { cc exists; to exists }", ("not", ("or", exists("cc", 0), exists("to", 1)))),
        ("at least 2 of { cc exists; to exists; bcc exists }",
         ("at-least", 2, exists("cc", 0), exists("to", 1), exists("bcc", 2))),
        ("any { cc exists }", exists("cc", 0)),
    ],
)  # fmt: skip
def test_a_combination(written: str, lowered: tuple[Any, ...]) -> None:
    assert condition(written) == lowered


def test_several_when_lines_must_all_hold() -> None:
    (rule,) = rules("rule x {\n when cc exists\n when to exists or bcc exists\n keep\n}")
    assert rule[3] == ("and", exists("cc", 0), ("or", exists("to", 1), exists("bcc", 2)))


@pytest.mark.parametrize(
    ("written", "lowered"),
    [
        ('file into "Cron/DenyHosts"', ("file", "folder", "Cron/DenyHosts", False, 4, 0)),
        ('file into ".Cron.DenyHosts/"', ("file", "folder", "Cron/DenyHosts", False, 4, 0)),
        ('file into ".Cron"', ("file", "folder", "Cron", False, 4, 0)),
        ('file into "Cron/"', ("file", "folder", "Cron", False, 4, 0)),
        ('file into "a/b" and continue', ("file", "folder", "a/b", True, 4, 0)),
        ('file into "Inbox"', ("file", "inbox", None, False, 4, 0)),
        ("file into inbox", ("file", "inbox", None, False, 4, 0)),
        ('file into "INBOX/"', ("file", "inbox", None, False, 4, 0)),
        ('copy into "{team}"', ("copy", "folder", "Work/Team", 4, 0)),
        ('copy into "l/{from.domain}/x"', ("copy", "folder", ("l/", ("field", "from.domain", None), "/x"), 4, 0)),
        ('copy into ".l.{from.domain}.x/"', ("copy", "folder", ("l/", ("field", "from.domain", None), "/x"), 4, 0)),
        ('copy into "{from.local}@{from.domain}"',
         ("copy", "folder", (("field", "from.local", None), "@", ("field", "from.domain", None)), 4, 0)),
        ("keep", ("keep", False, 4, 0)),
        ("keep and continue", ("keep", True, 4, 0)),
        ("discard # on purpose\n", ("discard", False, 4, 0)),
        ("stop", ("stop", 4, 0)),
        ("mark starred, read, flagged", ("mark", "FS", 4, 0)),
        ("mark as answered, draft", ("mark", "DR", 4, 0)),
        ('reject "no {team}"', ("reject", "no Work/Team", 4, 0)),
        ('defer "not now"', ("defer", "not now", 4, 0)),
        ("scan", ("scan", "", 4, 0)),
        ("scan with rspamd", ("scan", "rspamd", 4, 0)),
        ("verify dkim", ("verify", "dkim", 4, 0)),
        ('log "of {from}"', ("log", ("of ", ("field", "from", None)), 4, 0)),
    ],
)  # fmt: skip
def test_an_action(written: str, lowered: tuple[Any, ...]) -> None:
    assert action(written) == lowered


def test_rules_stand_inside_rules_and_see_their_captures() -> None:
    (rule,) = rules(
        'rule "lists" {\n'
        '    when list-id matches "{list}.example"\n'
        '    rule "inner" {\n'
        "        when subject matches /(?P<tag>a+)/\n"
        '        file into "{list}/{tag}"\n'
        "    }\n"
        '    file into "{list}"\n'
        "}\n"
    )
    name, line, file, _, body, _ = rule
    assert (name, line, file) == ("lists", 1, 0)
    (_, inner), outer = body
    assert inner[:3] == ("inner", 3, 0)
    assert inner[4] == (("file", "folder", (("capture", "list"), "/", ("capture", "tag")), False, 5, 0),)
    assert outer == ("file", "folder", (("capture", "list"),), False, 7, 0)


def test_a_capture_of_every_branch_is_certain() -> None:
    (rule,) = rules(
        'rule x { when subject matches "[{a}]" or list-id matches "{a}.example", /(?P<a>b)/; file into "{a}" }'
    )
    assert rule[4] == (("file", "folder", (("capture", "a"),), False, 1, 0),)


def test_a_capture_can_be_used_further_on_in_its_condition() -> None:
    lowered = condition('subject matches "[{a}]" and not from contains "{a}"')
    assert lowered[2] == ("not", ("contains", "from", ((), ((("capture", "a"),),)), 1, False))


def test_at_least_so_many_that_one_of_the_capturing_ones_holds() -> None:
    (rule,) = rules(
        'rule x { when at least 2 of { subject matches "{a}"; from matches "{a}"; size > 1 MB }; file into "{a}" }'
    )
    assert rule[4] == (("file", "folder", (("capture", "a"),), False, 1, 0),)


def test_lists() -> None:
    made = program(NAMES, 'list blocked from "lists/blocked.txt"\nlist other from "~/other.txt"')
    assert made["lists"] == {
        "family": (frozenset({"olga@family.example", "petr@family.example"}), None),
        "cousins": (frozenset({"@cousins.example"}), None),
        "blocked": (None, "/home/ann/lists/blocked.txt"),
        "other": (None, "/home/ann/other.txt"),
    }


def test_defaults_of_settings() -> None:
    assert program("")["settings"] == {
        "maildir": "~/Maildir",
        "layout": "maildir++",
        "create-folders": True,
        "subscribe": True,
        "durable": "full",
        "deadline": 300,
        "log": None,
        "broken-rules": "last-good",
        "spam.source": "spamd",
        "spamd.address": "127.0.0.1:783",
        "spamd.timeout": 30,
        "spamd.max-size": 500_000,
        "spamd.required": False,
        "spamd.user": None,
        "spamd.compress": False,
        "spamd.certificates": None,
        "rspamd.address": "127.0.0.1:11333",
        "rspamd.timeout": 30,
        "rspamd.max-size": 500_000,
        "rspamd.required": False,
        "trusted-authserv": None,
        "trusted-hops": 1,
        "sendmail": "/usr/sbin/sendmail",
        "from-address": None,
        "max-redirects": 4,
        "allow-commands": True,
    }


def test_settings_of_the_user_win_over_those_of_the_system() -> None:
    settings = program(
        'set maildir = "/var/mail/x"\nset durable = file', 'set maildir = "~/.maildir"\nset deadline = 2 minutes'
    )["settings"]
    assert (settings["maildir"], settings["durable"], settings["deadline"]) == ("~/.maildir", "file", 120)


def test_names_are_shared_between_files() -> None:
    made = rules(NAMES, 'rule x { when from in family; file into "{team}" }')
    assert made[0][4] == (("file", "folder", "Work/Team", False, 1, 1),)


def test_excerpts_are_the_conditions_as_written() -> None:
    made = program(
        'rule x {\n    when size > 1 MB\n     and (subject contains "a",  # why\n     "b  c" or cc exists)\n keep }'
    )
    assert marshal.loads(made["excerpts"]) == (
        (2, "size > 1 MB"),
        (3, 'subject contains "a", "b  c"'),
        (4, "cc exists"),
    )


def test_the_program_can_be_marshalled() -> None:
    made = program(NAMES, 'rule x { when from in family and subject matches "{a}", /(?P<a>b)/s; file into "{a}" }')
    assert marshal.loads(marshal.dumps(made)) == made
