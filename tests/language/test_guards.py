"""The index: which rules can match at all. Only what is necessary for a rule may guard it."""

from __future__ import annotations

from typing import Any

import pytest

from pyfilter.language.check import check
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source

NAMES = """\
list people = "a@x.example", "b@x.example"
list places = "a@x.example", "@y.example"
list blocked from "blocked.txt"
set trusted-authserv = "mx.example"
"""


def index(*conditions: str) -> dict[str, Any]:
    rules = "".join(f'rule "{n}" {{ when {written}; keep }}\n' for n, written in enumerate(conditions))
    file, syntax = parse(Source("/home/ann/.pyfilterrc", NAMES + rules))
    assert syntax == []
    made, found = check([file], look_for_files=False)
    assert found == []
    assert made is not None
    table = made["index"]
    assert isinstance(table, dict)
    return table


ALWAYS = {"always": (0,), "exact": {}, "part": {}}


def exact(key: str, *texts: str, form: str = "fold") -> dict[str, Any]:
    return {"always": (), "exact": {(key, form): dict.fromkeys(texts, (0,))}, "part": {}}


def part(key: str, *texts: str, form: str = "fold") -> dict[str, Any]:
    return {"always": (), "exact": {}, "part": {(key, form): tuple((text, (0,)) for text in texts)}}


@pytest.mark.parametrize(
    ("written", "table"),
    [
        ('from is "B@x.example", "a@x.example"', exact("from", "a@x.example", "b@x.example")),
        ('subject is exactly "A"', exact("subject", "A", form="plain")),
        ('subject is ""', exact("subject", "")),
        ('subject contains "bb", "aa"', part("subject", "aa", "bb")),
        ('subject starts with "Re:"', part("subject", "re:")),
        ('subject ends with exactly "!"', part("subject", "!", form="plain")),
        ('list-id matches "{list}.lists.example"', part("list-id", ".lists.example")),
        ("subject matches /ticket \\d+/", part("subject", "ticket ", form="case")),
        ("subject matches exactly /Ticket \\d+/", part("subject", "Ticket ", form="plain")),
        ("from in people", exact("from", "a@x.example", "b@x.example")),
        ("from.domain in places", exact("from.domain", "@y.example", "a@x.example", "y.example")),
        ("from in places", part("from", "@y.example", "a@x.example")),
        ('from in "c@x.example"', exact("from", "c@x.example")),
        ('size > 1 MB and from is "a"', exact("from", "a")),
        ('(subject contains "x" and from is "a") and cc exists', exact("from", "a")),
        ('subject contains "x" and subject contains "longer"', part("subject", "longer")),
        ('from is "a" or from is "b"', exact("from", "a", "b")),
        ('any { from is "a"; from in people }', exact("from", "a", "a@x.example", "b@x.example")),
        ('(from is "a" and cc exists) or from is "b"', exact("from", "a", "b")),
        ('at least 1 of { from is "a"; from is "b" }', exact("from", "a", "b")),
        ('from is "a" and from in blocked', exact("from", "a")),
        ('from is "a" and spam', exact("from", "a")),
        ("spf is fail and from exists", exact("spf", "fail")),
    ],
)  # fmt: skip
def test_guarded(written: str, table: dict[str, Any]) -> None:
    assert index(written) == table


@pytest.mark.parametrize(
    "written",
    [
        "cc exists",
        "size > 1 MB",
        'not from is "a"',
        'from is not "a"',
        "from not in people",
        "from in blocked",
        "from in people, blocked",
        'from is "a", "{from.domain}"',
        'from is "a" or to is "b"',
        'from is "a" or from contains "b"',
        'from is "a" or subject exists',
        'from is "a" or not from is "b"',
        'from is "a" or subject is exactly "a"',
        'subject matches "*"',
        'subject matches "??", "abc*"',
        "subject matches /a|b/",
        "subject matches /[ab]/",
        'at least 2 of { from is "a"; from is "b"; from is "c" }',
        'none { from is "a" }',
        # the question is asked whatever the message
        'spam and from is "a"',
        'spam.score > 5 and from is "a"',
        'spam.score >= spam.threshold and from is "a"',
        'dkim.domain is "x" and from is "a"',
        'not spam and from is "a"',
        '(spam or subject is "x") and from is "a"',
        'spam.tests is "A"',
        'subject is "{spam.score}" and from is "a"',
        'subject contains "{dkim.domain}" and from is "a"',
        'from in blocked and from is "a"',
        'not (from in blocked) and from is "a"',
    ],
)
def test_asked_for_every_message(written: str) -> None:
    assert index(written) == ALWAYS


def test_many_parts_are_not_looked_for() -> None:
    words = ", ".join(f'"w{n}"' for n in range(17))
    assert index(f"subject contains {words}") == ALWAYS


def test_rules_that_share_a_text_stand_together() -> None:
    assert index('from is "a"', "cc exists", 'from is "a", "b"') == {
        "always": (1,),
        "exact": {("from", "fold"): {"a": (0, 2), "b": (2,)}},
        "part": {},
    }


def test_a_nested_rule_is_guarded_by_the_outer_one_alone() -> None:
    file, _ = parse(Source("x", 'rule a { rule b { when from is "a"; keep } }'))
    made, _ = check([file])
    assert made is not None
    assert made["index"] == ALWAYS
