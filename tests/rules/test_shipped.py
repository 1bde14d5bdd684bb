"""The rule files that come with pyfilter: each can be included, says nothing wrong, and passes its own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyfilter import Rules

SHIPPED = sorted((Path(__file__).parents[2] / "rules").glob("*.rules"))

# what a file needs of the user, as its first lines show it
NEEDS = {
    "mute": 'list muted-threads = "<1@home.example>"\n',
    "vacation": (
        "define away as today between 2026-12-24 and 2027-01-02\n"
        'list my-addresses = "me@home.example"\n'
        'let away-text = "I am away until 2 January."\n'
    ),
}
# tests of files that need something of the user, which cannot stand in them
TESTS = {
    "mute": '''
test "an answer to an answer" {
    message """
        From: Ann <ann@home.example>
        Message-ID: <3@home.example>
        In-Reply-To: <2@home.example>
        References: <1@home.example> <2@home.example>

        hello
        """
    expect file into "Muted" by "muted thread"
    expect mark read
}
test "another thread" {
    message "References: <11@home.example>"
    expect keep
}
''',
    "vacation": '''
test "somebody who writes to me" {
    message """
        From: Ann <ann@there.example>
        To: me@home.example

        Where are you?
        """
    given today is 2026-12-25
    given sender is "ann@there.example"
    expect reply "I am away until 2 January."
    expect keep
}
test "before the holidays" {
    message """
        From: Ann <ann@there.example>
        To: me@home.example

        Where are you?
        """
    given today is 2026-12-23
    given sender is "ann@there.example"
    expect not reply
}
test "a list" {
    message """
        From: Ann <ann@there.example>
        To: me@home.example
        List-Id: <users.lists.example.org>

        Where are you?
        """
    given today is 2026-12-25
    given sender is "ann@there.example"
    expect not reply
}
test "spam" {
    message """
        From: Ann <ann@there.example>
        To: me@home.example

        BUY
        """
    given today is 2026-12-25 and spam
    given sender is "ann@there.example"
    expect not reply
}
''',
}


def test_there_are_shipped_rules() -> None:
    assert {path.stem for path in SHIPPED} == {
        "calendar", "duplicates", "lists", "mute", "newsletters", "plus", "receipts", "reports", "spam", "vacation",
    }  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_can_be_included(path: Path) -> None:
    name = path.stem
    rules = Rules.from_text(f"{NEEDS.get(name, '')}include <{name}>\n")
    assert rules.diagnostics == rules.lint() == []
    assert rules.program["rules"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_its_own_tests_pass(path: Path) -> None:
    name = path.stem
    rules = Rules.from_text(NEEDS.get(name, "") + path.read_text("utf-8") + TESTS.get(name, ""))
    tried = rules.test()
    assert len(tried) >= 2
    assert [problem.span.text for one in tried for problem in one.problems] == []
    # some are about mail that the file takes, and some about mail that it leaves alone
    assert {one.plan.rule is None for one in tried} >= {False} or name == "vacation"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_says_how_it_is_used(path: Path) -> None:
    head = path.read_text("utf-8").partition("\n\n")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert f"`include <{path.stem}>`" in head


def test_all_together() -> None:
    """In the order in which they stand best."""
    order = (
        "duplicates",
        "mute",
        "spam",
        "vacation",
        "plus",
        "calendar",
        "receipts",
        "reports",
        "lists",
        "newsletters",
    )
    text = "".join(NEEDS.values()) + "".join(f"include <{name}>\n" for name in order)
    assert [problem.message for problem in Rules.from_text(text).diagnostics] == []
