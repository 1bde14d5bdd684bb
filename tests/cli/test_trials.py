"""`pyfilter check` and, without mail, `pyfilter test` run the `test` blocks of the rules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

RULES = """\
rule "boss" { when from is "boss@corp.example"; file into "Boss" }

test "the boss" {
    message "From: boss@corp.example"
    expect file into "Boss" by "boss"
}
"""
FAILING = """
test "a stranger" {
    message "From: a@b.example"
    expect file into "Boss"
}
"""
PROBLEM = """\
error[E501]: test "a stranger" fails
  --> ~/.pyfilterrc:10:5
   |
10 |     expect file into "Boss"
   |     ^^^^^^^^^^^^^^^^^^^^^^^ got keep in INBOX
   |
   = help: - "boss" (line 1): not matched
               from is "boss@corp.example": no, it is "a@b.example"
           no rule took it
"""


@pytest.fixture
def write(home: Path) -> Callable[[str], None]:
    def write(text: str) -> None:
        (home / ".pyfilterrc").write_text(text)

    return write


def test_check_counts_what_passed(run: Run, write: Callable[[str], None]) -> None:
    write(RULES)
    ended = run("check")
    assert (ended.status, ended.out, ended.err) == (0, "no problems, 1 test passed\n", "")


def test_check_shows_what_failed(run: Run, write: Callable[[str], None]) -> None:
    write(RULES + FAILING)
    ended = run("check")
    assert (ended.status, ended.out, ended.err) == (1, f"{PROBLEM}\n1 error, 1 test passed, 1 failed\n", "")
    assert run("check", "--output", "short").out.splitlines()[0].endswith('error[E501]: test "a stranger" fails')


def test_rules_with_errors_are_not_tried(run: Run, write: Callable[[str], None]) -> None:
    write(RULES + FAILING + "rule x { }\n")
    assert run("check").out.splitlines()[-1] == "1 error"


def test_without_mail_the_blocks_are_run(run: Run, write: Callable[[str], None]) -> None:
    write(RULES + FAILING)
    ended = run("test")
    assert (ended.status, ended.err) == (1, "")
    assert ended.out == f"passed  the boss\nfailed  a stranger\n\n{PROBLEM}\n1 test passed, 1 failed\n"
    write(RULES)
    assert run("test").status == 0


def test_the_whole_trace(run: Run, write: Callable[[str], None]) -> None:
    write(RULES)
    assert run("test", "--explain").out == (
        "passed  the boss\n"
        'file into "Boss"    [rule "boss", ~/.pyfilterrc:1]\n'
        "\n"
        "rules asked, in order:\n"
        '  + "boss" (line 1): matched\n'
        '      from is "boss@corp.example": yes, it is "boss@corp.example"\n'
        "\n"
        "1 test passed\n"
    )


def test_as_json(run: Run, write: Callable[[str], None], home: Path) -> None:
    write(RULES + FAILING)
    passed, failed = (json.loads(line) for line in run("test", "--json").out.splitlines())
    assert (passed["test"], passed["passed"], passed["failures"]) == ("the boss", True, [])
    assert (passed["outcome"], passed["folders"], "trace" in passed) == ("filed", ["Boss"], False)
    assert (failed["test"], failed["passed"], failed["line"]) == ("a stranger", False, 8)
    (failure,) = failed["failures"]
    assert (failure["code"], failure["label"], failure["file"]) == (
        "E501",
        "got keep in INBOX",
        str(home / ".pyfilterrc"),
    )
    assert "trace" in json.loads(run("test", "--json", "--explain").out.splitlines()[0])


def test_rules_without_tests_want_mail(run: Run, write: Callable[[str], None]) -> None:
    write('rule "a" { keep }\n')
    ended = run("test")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("pyfilter: there is no `test` block in ")
    assert ended.err.endswith(
        "; name mail to test: a message, an mbox, a Maildir or another directory, or `-` for standard input\n"
    )


@pytest.mark.parametrize("option", [("--sender", "a@b.example"), ("--fact", "spam=yes"), ("--scan",)])
def test_options_about_mail_want_mail(run: Run, write: Callable[[str], None], option: tuple[str, ...]) -> None:
    write(RULES)
    ended = run("test", *option)
    assert ended.status == 2
    assert ended.err.startswith(
        f"pyfilter test: {option[0]} is about mail, and none is named; a `test` block says itself what is `given`\n"
    )


def test_a_test_that_is_wrong_is_told_and_the_others_are_run(run: Run, write: Callable[[str], None]) -> None:
    write(RULES + '\ntest "wrong" { message "From: a@b.example"; expect stop }\n')
    ended = run("test")
    assert (ended.status, ended.out) == (1, "passed  the boss\n1 test passed\n")
    assert ended.err.startswith("error[E506]: `stop` says nothing about the mail\n")
