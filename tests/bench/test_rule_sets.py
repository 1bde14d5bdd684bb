"""The same rules in five languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .corpus import Letter, typical
from .rule_sets import SETS, Rule, folder, text

RULES = (*SETS["4"][:2], SETS["50"][0], SETS["50"][1], SETS["1000 regex"][-1])
HOME = Path("/home/ann")


def test_the_rules_of_pyfilter() -> None:
    assert text(RULES, "pyfilter", HOME) == (
        'rule "0" { when header X-Cron-Env exists; file into "Cron" }\n'
        'rule "1" { when subject starts with "DenyHosts Report"; file into "DenyHosts" }\n'
        'rule "2" { when from contains "alerts-1@"; file into "r1" }\n'
        'rule "3" { when subject contains "[project-2]"; file into "r2" }\n'
        'rule "4" { when subject matches /\\[project-50\\] build [0-9]+ (failed|passed)/; file into "r0" }\n'
    )


def test_the_rules_of_sieve() -> None:
    assert text(RULES, "sieve", HOME) == (
        'require ["fileinto", "regex"];\n'
        'if exists "X-Cron-Env" { fileinto "Cron"; stop; }\n'
        'if header :matches "Subject" "DenyHosts Report*" { fileinto "DenyHosts"; stop; }\n'
        'if header :contains "From" "alerts-1@" { fileinto "r1"; stop; }\n'
        'if header :contains "Subject" "[project-2]" { fileinto "r2"; stop; }\n'
        'if header :regex "Subject" "\\\\[project-50\\\\] build [0-9]+ (failed|passed)" { fileinto "r0"; stop; }\n'
    )


def test_the_rules_of_procmail() -> None:
    assert text(RULES, "procmail", HOME) == (
        "MAILDIR=/home/ann/Maildir\nDEFAULT=/home/ann/Maildir/\nORGMAIL=/home/ann/Maildir/\nLOGFILE=/dev/null\n"
        ":0\n* ^X-Cron-Env:\n.Cron/\n"
        ":0\n* ^Subject: *DenyHosts Report\n.DenyHosts/\n"
        ":0\n* ^From:.*alerts-1@\n.r1/\n"
        ":0\n* ^Subject:.*\\[project-2\\]\n.r2/\n"
        ":0\n* ^Subject:.*\\[project-50\\] build [0-9]+ (failed|passed)\n.r0/\n"
    )


def test_the_rules_of_maildrop() -> None:
    assert text(RULES[2:3], "maildrop", HOME) == (
        'DEFAULT="/home/ann/Maildir"\n'
        'if (/^From:.*alerts-1\\@/)\n{\n  to "/home/ann/Maildir/.r1"\n}\n'
        'to "/home/ann/Maildir"\n'
    )


def test_the_rules_of_fdm() -> None:
    assert text(RULES[3:4], "fdm", HOME) == (
        "set no-received\nset allow-multiple\n"
        'account "stdin" disabled stdin\n'
        'action "inbox" maildir "/home/ann/Maildir"\n'
        'match "^Subject:.*\\\\[project-2\\\\]" in headers action maildir "/home/ann/Maildir/.r2"\n'
        'match all action "inbox"\n'
    )


@pytest.mark.parametrize("name", SETS)
def test_a_set_has_as_many_rules_as_it_says(name: str) -> None:
    assert len(SETS[name]) == int(name.split()[0])


@pytest.mark.parametrize("name", SETS)
def test_every_message_belongs_where_the_rules_put_it(name: str) -> None:
    rules, letters = SETS[name], typical(100)
    patterns = {rule: re.compile(rule.wanted) for rule in rules if rule.how == "regex"}
    assert [folder(rules, letter) for letter in letters] == [first(rules, patterns, letter) for letter in letters]


def first(rules: tuple[Rule, ...], patterns: dict[Rule, re.Pattern[str]], letter: Letter) -> str:
    """The folder of the first rule that holds, found in the lines of the header."""
    values: dict[str, list[str]] = {}
    for line in re.sub(r"\n[ \t]", " ", letter.data.partition(b"\n\n")[0].decode()).split("\n"):
        name, _, value = line.partition(": ")
        values.setdefault(name, []).append(value)
    for rule in rules:
        for value in values.get(rule.field, ()):
            if (
                rule.how == "exists"
                or (rule.how == "begins" and value.startswith(rule.wanted))
                or (rule.how == "contains" and rule.wanted in value)
                or (rule.how == "regex" and patterns[rule].search(value))
            ):
                return rule.folder
    return "INBOX"
