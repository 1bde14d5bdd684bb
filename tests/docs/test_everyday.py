"""The example of README.md runs as it is written: each of its rules takes a message, and its own tests pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyfilter import Rules

CHECKOUT = Path(__file__).parents[2]
DESIGN = CHECKOUT.parent / "shared" / "design" / "LANGUAGE.md"
FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def first_long_block(path: Path) -> str:
    return next(block for block in FENCED.findall(path.read_text("utf-8")) if len(block.splitlines()) > 80)


# rule: header and text of a message that it takes, what is given, what must happen
DEMONSTRATED = {
    "boss": ("From: The Boss <boss@corp.example>", "", 'expect file into "Boss" by "boss"\n    expect mark flagged'),
    "newsletters": (
        "From: News <n@promo.example>",
        "",
        'expect file into "Newsletters" by "newsletters"\n    expect mark read',
    ),
    "invoices": (
        "From: a@b.example\n\n        The amount\n        due is 5.",
        "",
        'expect file into "Invoices" by "invoices"',
    ),
    "duplicates": ("From: a@b.example", "given duplicate", 'expect file into "Duplicates" by "duplicates"'),
    "cron jobs": ("From: root@b.example\n        X-Cron-Env: <LANG=C>", "", 'expect file into "Cron" by "cron jobs"'),
    "DenyHosts reports": (
        "Subject: DenyHosts Report from x",
        "",
        'expect file into "Cron/DenyHosts" by "DenyHosts reports"',
    ),
    "spam": ("From: a@b.example", "given spam", 'expect file into "spam" by "spam"'),
    "shops": ("From: shop@pushy.example", "", 'expect file into "Shops" by "shops"'),
    "mailing lists": ("List-Id: <talk.lists.example.org>", "", 'expect file into "lists/talk" by "mailing lists"'),
    "announcements": (
        "List-Id: <announce.lists.example.org>",
        "",
        'expect file into "lists/announce" by "announcements"\n    expect mark flagged',
    ),
    "plus address": (
        "From: a@b.example",
        'given recipient is "me+Shop@c.example"',
        'expect file into "Shop" by "plus address"',
    ),
    "family to the phone": (
        "From: Olga <olga@family.example>",
        "",
        'expect copy to "me@phone.example" by "family to the phone"\n    expect keep',
    ),
    "vacation": (
        "From: a@b.example\n        To: me@example.org",
        "given today is 2026-12-27",
        'expect reply by "vacation"\n    expect keep',
    ),
}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as a file, with the list's file beside it."""
    directory = tmp_path_factory.mktemp("everyday")
    (directory / "blocked.txt").write_text("pushy.example # every day\n")
    path = directory / "rules"
    path.write_text(first_long_block(CHECKOUT / "README.md"), "utf-8")
    return path


def test_it_is_right_and_its_own_tests_pass(example: Path) -> None:
    rules = Rules.load(str(example))
    assert [problem.message for problem in rules.diagnostics] == []
    assert [(one.trial.name, one.problems) for one in rules.test()] == [
        ("aunt Olga is never spam", ()),
        ("a cron mail goes to Cron", ()),
    ]


def test_every_rule_is_demonstrated(example: Path) -> None:
    assert set(re.findall(r'^ *rule "([^"]*)"', example.read_text("utf-8"), re.MULTILINE)) == set(DEMONSTRATED)


@pytest.mark.parametrize("name", DEMONSTRATED)
def test_a_rule_takes_its_message(example: Path, name: str) -> None:
    message, given, expected = DEMONSTRATED[name]
    block = f'\ntest "this" {{\n    message """\n        {message}\n        """\n    {given}\n    {expected}\n}}\n'
    path = example.with_name(f"{name}.rules")
    path.write_text(example.read_text("utf-8") + block, "utf-8")
    rules = Rules.load(str(path))
    assert [problem.message for problem in rules.diagnostics] == []
    assert [problem.label for one in rules.test() for problem in one.problems] == []


@pytest.mark.skipif(not DESIGN.is_file(), reason="the design is not there")
def test_it_is_the_example_of_the_design() -> None:
    assert first_long_block(CHECKOUT / "README.md") == first_long_block(DESIGN)
