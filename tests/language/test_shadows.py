"""Rules in the shadow of earlier ones: whether a rule asks for everything a later one asks for."""

from __future__ import annotations

import marshal

import pytest

from pyfilter.language.check import check
from pyfilter.language.parse import parse
from pyfilter.language.shadows import shadows
from pyfilter.language.tree import Source

NAMES = """\
list people = "a@x.example", "b@x.example"
list fewer = "a@x.example"
list places = "@x.example"
list blocked from "blocked.txt"
set trusted-authserv = "mx.example"
"""


def pairs(*rules: str) -> list[tuple[int, int]]:
    text = NAMES + "\n".join(f'rule "{number}" {{ {rule} }}' for number, rule in enumerate(rules))
    file, syntax = parse(Source("/home/ann/.pyfilterrc", text))
    assert syntax == []
    program, _ = check([file], look_for_files=False)
    assert program is not None
    lowered = [marshal.loads(rule) for rule in program["rules"]]
    return list(shadows(lowered, program["lists"]))


def shaded(earlier: str, later: str) -> bool:
    return pairs(f'when {earlier}; file into "A"', f'when {later}; file into "B"') == [(1, 0)]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ('subject contains "ports"', 'subject contains "ports-changes"'),
        ('subject contains "ports"', 'subject starts with "Ports-changes"'),
        ('subject contains "ports"', 'subject is exactly "Ports"'),
        ('subject contains "ports", "src"', 'subject is "the src", "the ports"'),
        ('subject starts with "re"', 'subject starts with "re:"'),
        ('subject ends with "b"', 'subject is "ab"'),
        ('subject is "a", "b"', 'subject is "b"'),
        ('subject matches "[*]*"', 'subject is "[a] b"'),
        ("subject exists", 'subject matches "*x*"'),
        ("subject exists", "subject matches /x/"),
        ("from in people", 'from is "B@x.example"'),
        ("from in people", "from in fewer"),
        ("from in places", 'from is "b@x.example"'),
        ("from.domain in places", 'from.domain is "x.example"'),
        ("from in blocked", "from in blocked"),
        ("size > 1 MB", "size > 2 MB"),
        ("size >= 1 MB", "size between 1 MB and 2 MB"),
        ("size < 1 MB", "size is 10 kB"),
        ("date < 2012-06-30", "date between 2004-01-01 and 2012-06-29"),
        ("date between 2004-01-01 and 2012-06-30", "date is 2004-01-01"),
        ("date > now - 2 days", "date > now - 1 days"),
        ("time between 22:00 and 6:00", "time between 23:00 and 5:00"),
        ("spam", "spam"),
        ("spam", "spam and size > 1 MB"),
        ("spam.score > 5", "spam.score > 7"),
        ("spam.score > spam.threshold", "spam.score > spam.threshold"),
        ("dkim exists", "dkim passes"),
        ('subject contains "a"', 'subject contains "a" and size > 1 MB'),
        ('subject contains "a" and size > 1 MB', 'size > 2 MB and (cc exists and subject is "a")'),
        ('subject contains "a" or cc exists', "cc exists"),
        ('subject contains "a" or cc exists', 'cc exists or subject is "abc"'),
        ("not cc exists", "not cc exists and size > 1 MB"),
        ("at least 2 of { cc exists; to exists; bcc exists }", "at least 2 of { cc exists; to exists; bcc exists }"),
    ],
)  # fmt: skip
def test_never_reached(earlier: str, later: str) -> None:
    assert shaded(earlier, later)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ('subject contains "ports-changes"', 'subject contains "ports"'),
        ('subject contains "ports"', 'to contains "ports"'),
        ('subject contains exactly "Ports"', 'subject contains "Ports"'),
        ('subject starts with "a"', 'subject contains "ab"'),
        ('subject starts with "a"', 'subject ends with "a"'),
        ('subject is "a"', 'subject is "a", "b"'),
        ('subject is "a"', 'subject is "{from.domain}"'),
        ('subject is "{from.domain}"', 'subject is "{from.domain}"'),
        ('subject matches "[*]*"', 'subject starts with "[a]"'),
        ("subject matches /a/", 'subject is "a"'),
        ("from in fewer", "from in people"),
        ("from in people", "from in blocked"),
        ("from in people", "from in places"),
        ("from in blocked", 'from is "a@x.example"'),
        ("size > 2 MB", "size > 1 MB"),
        ("size > 1 MB", "size >= 1 MB"),
        ("size < 2 MB", "size > 1 MB"),
        ("date < 2004-01-01", "date between 2004-01-01 and 2012-06-30"),
        ("date between 2004-01-01 and 2012-06-30", "date < 2012-06-30"),
        ("date > 2030-01-01", "date > now"),
        ("date < now", "date < 2030-01-01"),
        ("date > 2030-01-01", "date > 2029-12-31 + 3 days"),
        ("date > now", "date > today"),
        ("time > 21:00", "time between 22:00 and 6:00"),
        ("time between 6:00 and 23:00", "time between 22:00 and 7:00"),
        ('subject contains "a" and cc exists', 'subject contains "a"'),
        ('subject contains "a"', 'subject contains "a" or cc exists'),
        ('not subject contains "a"', 'not subject contains "ab"'),
        ("cc exists", "not cc exists"),
        ("spam", "spam is no"),
        ("spam.score > spam.threshold", "spam.score > 5"),
        ("spam.score > 5", "spam.score > spam.threshold"),
        ("dkim fails", "dkim passes"),
        ("none { cc exists }", "any { cc exists }"),
        ("at least 2 of { cc exists; to exists; bcc exists }", "at least 1 of { cc exists; to exists; bcc exists }"),
    ],
)  # fmt: skip
def test_perhaps_reached(earlier: str, later: str) -> None:
    assert not shaded(earlier, later)


@pytest.mark.parametrize("actions", ['file into "A"', "keep", "stop", 'reject "no"', 'defer "no"', "mark read; keep"])
def test_only_what_ends_the_filtering_throws_a_shadow(actions: str) -> None:
    assert pairs(f"when cc exists; {actions}", "when cc exists; keep") == [(1, 0)]


@pytest.mark.parametrize("actions", ['file into "A" and continue', 'copy into "A"', "mark read", 'rule "in" { keep }'])
def test_what_goes_on_throws_none(actions: str) -> None:
    assert pairs(f"when cc exists; {actions}", "when cc exists; keep") == []


@pytest.mark.parametrize(
    ("action", "condition"),
    [
        ("scan with rspamd", "spam"),
        ('rule "in" { scan with rspamd }', "spam.score > 5"),
        ("verify dkim", "dkim passes"),
    ],
)
def test_what_is_asked_anew_may_be_answered_otherwise(action: str, condition: str) -> None:
    rule = f"when {condition}; keep"
    assert pairs(rule, action, rule) == []
    assert pairs(rule, "mark read", rule) == [(2, 0)]


@pytest.mark.parametrize("action", ['forward to "a@x.example"', 'pipe to "cat"'])
def test_who_hands_the_message_on_takes_it(action: str) -> None:
    assert pairs(f"when cc exists; {action}", "when cc exists; keep") == [(1, 0)]
    assert pairs(f"when cc exists; {action} and continue", "when cc exists; keep") == []


@pytest.mark.parametrize(
    "action",
    [
        'add header Cc "a@x.example"',
        'when size > 1 MB; set header Cc "a@x.example"',
        "remove header X-Rule",
        'pass through "cat"',
        'rule "in" { remove header X-Rule }',
    ],
)
def test_a_changed_message_may_match_where_it_did_not(action: str) -> None:
    rule = "when cc exists; keep"
    assert pairs(rule, action, rule) == []
    assert pairs(rule, action, rule, rule) == [(3, 2)]


def test_a_rule_that_takes_what_it_changes_changes_nothing_for_those_below() -> None:
    rule = "when cc exists; keep"
    assert pairs(rule, "when size > 1 MB; remove header X-Rule; keep", rule) == [(2, 0)]


def test_the_first_rule_is_named() -> None:
    assert pairs("when cc exists; keep", "when size > 1 MB; keep", "when cc exists and size > 1 MB; keep") == [(2, 0)]


def test_many_rules_on_one_field_cost_little() -> None:
    """Equalities are looked up; of the others a hundred are compared."""
    rules = [f'when from.domain is "d{n}.example"; keep' for n in range(300)]
    assert pairs(*rules, 'when from.domain is "d299.example"; keep') == [(300, 299)]
