"""``pyfilter test`` runs no program of the rules unless told to, and remembers nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def script(home: Path, name: str, text: str) -> None:
    path = home / name
    path.write_text(f"#!/bin/sh\n: >ran-{name}\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(home: Path) -> Path:
    """Rules that ask programs which are there."""
    script(home, "wanted", "grep -q 'From: c@'")
    script(home, "clean", "sed 's/hello/cleaned/'")
    script(home, "book", "echo b@example.org")
    (home / ".pyfilterrc").write_text(
        'list book from command "~/book"\n'
        'rule "clean" { pass through "~/clean" }\n'
        'rule "cleaned" { when subject is "cleaned"; copy into "Cleaned" }\n'
        'rule "book" { when from in book; file into "Book" }\n'
        'rule "wanted" { when command "~/wanted" succeeds; file into "Wanted" }\n'
    )
    return home


def ran(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("ran-*"))


def test_no_program_is_run_and_that_is_said(run: Run, programs: Path, mail: Path) -> None:
    ended = run("test", "mail/plain")
    assert ended.status == 0
    assert (
        ended.out
        == """\
mail/plain: hello
pass through "~/clean"    [rule "clean", ~/.pyfilterrc:2]
keep in INBOX    [no rule took it]
note: rule "book" (~/.pyfilterrc:4) could not be decided and was passed over
note: rule "wanted" (~/.pyfilterrc:5) could not be decided and was passed over
note: nothing was passed through a program: --run-commands does
note: no program was asked for a list: --run-commands does
note: no program was asked: --run-commands runs them

rules asked, in order:
  + "clean" (line 2): matched (it has no condition)
  - "cleaned" (line 3): not matched
      subject is "cleaned": no, it is "hello"
  ? "book" (line 4): unknown
      from in book: unknown, it is "c@example.org"
  ? "wanted" (line 5): unknown
      command "~/wanted" succeeds: not known: no program was asked: --run-commands runs them

"""
    )
    assert ran(programs) == []


def test_told_to_it_asks_them_as_a_delivery_does(run: Run, programs: Path, mail: Path) -> None:
    ended = run("test", "--json", "--run-commands", "mail/plain", "mail/plus", "mail/bare")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.status, ended.err) == (0, "")
    assert [row["folders"] for row in rows] == [["Cleaned", "Wanted"], ["Book"], ["INBOX"]]
    assert all(row["problems"] == [] for row in rows)
    assert ran(programs) == ["ran-book", "ran-clean", "ran-wanted"]
    assert not (programs / ".local/state/pyfilter").exists(), "who only looks keeps nothing"


def test_of_many_messages_it_is_said_how_many_depend(run: Run, programs: Path, mail: Path) -> None:
    ended = run("test", "mail/plain", "mail/plus")
    assert ended.err == (
        "pyfilter: 2 of these messages depend on a program that changes the message that was not run: "
        "--run-commands runs it\n"
        "pyfilter: 2 of these messages depend on a program that fills a list that was not run: "
        "--run-commands runs it\n"
        "pyfilter: 2 of these messages depend on a program that was not run: "
        "--run-commands runs it, --fact command=yes supposes that it succeeds\n"
    )


@pytest.mark.parametrize(("value", "folder"), [("yes", "Wanted"), ("no", "INBOX")])
def test_a_fact_goes_before_any_program(run: Run, home: Path, mail: Path, value: str, folder: str) -> None:
    script(home, "wanted", "exit 0")
    (home / ".pyfilterrc").write_text('rule "w" { when command "~/wanted"; file into "Wanted" }\n')
    ended = run("test", "--json", "--run-commands", "--fact", f"command={value}", "mail/plain")
    assert json.loads(ended.out)["folders"] == [folder]
    assert ran(home) == []


def test_no_message_is_a_duplicate_unless_that_is_supposed(run: Run, home: Path, mail: Path) -> None:
    (home / ".pyfilterrc").write_text('rule "d" { when duplicate within 2 days; file into "Duplicates" }\n')
    twice = ["mail/plain", "mail/plain"]
    ended = run("test", "--json", "--run-commands", *twice)
    assert [json.loads(line)["folders"] for line in ended.out.splitlines()] == [["INBOX"], ["INBOX"]]
    ended = run("test", "--json", "--fact", "duplicate=yes", *twice)
    assert [json.loads(line)["folders"] for line in ended.out.splitlines()] == [["Duplicates"], ["Duplicates"]]
    assert not (home / ".local").exists()
