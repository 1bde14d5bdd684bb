"""``pyfilter check`` says all that is wrong with the rules, and counts it in the last line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyfilter.language.loading import load

Run = Callable[..., Any]

WRONG = """\
rule "a" {
    when subjcet is "x"
    file into "X"
}
rule "b" {
    when subject contains "y"
    file "Y"
}
"""

# a warning: nothing says that this is on purpose
DOUBTFUL = """\
rule "a" { discard }
"""


def test_right_rules(run: Run, rules: Path) -> None:
    ended = run("check")
    assert (ended.status, ended.out, ended.err) == (0, "no problems\n", "")
    assert run("check", ".pyfilterrc") == ended


def test_right_rules_elsewhere(run: Run, home: Path) -> None:
    (home / ".config" / "pyfilter").mkdir(parents=True)
    (home / ".config" / "pyfilter" / "rules").write_text(WRONG)
    assert run("check").out.splitlines()[-1] == "2 errors"


def test_all_problems_in_one_run(run: Run, home: Path) -> None:
    (home / ".pyfilterrc").write_text(WRONG)
    ended = run("check")
    assert (ended.status, ended.err) == (1, "pyfilter: until the rules are mended, mail is kept in the inbox\n")
    assert (
        ended.out
        == """\
error[E201]: there is no field `subjcet`
 --> ~/.pyfilterrc:2:10
  |
2 |     when subjcet is "x"
  |          ^^^^^^^ not a field of a message
  |
  = help: did you mean `subject`?

error[E122]: `file` goes into a folder: `into` is missing
 --> ~/.pyfilterrc:7:5
  |
7 |     file "Y"
  |     ^^^^^^^^
  |
  = help: write `file into "Y"`

2 errors
"""
    )


def test_what_becomes_of_mail_meanwhile(run: Run, home: Path) -> None:
    """Said of the rules that deliveries read, and of no others."""
    path = home / ".pyfilterrc"
    path.write_text("set broken-rules = defer\n" + WRONG)
    waits = "pyfilter: until the rules are mended, mail waits in the queue of the mail server\n"
    assert run("check").err == waits
    assert run("check", str(path)).err == waits
    assert run("check", "--output", "short").err == ""
    (home / "new.rules").write_text(WRONG)
    assert run("check", "new.rules").err == ""
    path.write_text('rule "a" { file into "X" }\n')
    load(str(home))
    path.write_text(WRONG)
    assert run("check").err == (
        "pyfilter: until the rules are mended, the last rules without errors decide; they file, keep and mark, "
        "and all else becomes keep\n"
    )


def test_one_line_a_problem_for_editors(run: Run, home: Path) -> None:
    (home / ".pyfilterrc").write_text(WRONG)
    ended = run("check", "--output", "short")
    assert (ended.status, ended.err) == (1, "")
    assert ended.out == (
        f"{home}/.pyfilterrc:2:10: error[E201]: there is no field `subjcet`\n"
        f"{home}/.pyfilterrc:7:5: error[E122]: `file` goes into a folder: `into` is missing\n"
        "2 errors\n"
    )


def test_one_object_a_line_for_programs(run: Run, home: Path) -> None:
    (home / ".pyfilterrc").write_text(WRONG)
    ended = run("check", "--output", "json")
    assert (ended.status, ended.err) == (1, "")
    first, second = (json.loads(line) for line in ended.out.splitlines())
    assert first == {
        "code": "E201",
        "severity": "error",
        "message": "there is no field `subjcet`",
        "file": f"{home}/.pyfilterrc",
        "line": 2,
        "column": 10,
        "end_line": 2,
        "end_column": 17,
        "label": "not a field of a message",
        "help": "did you mean `subject`?",
        "notes": [],
    }
    assert (second["line"], second["severity"]) == (7, "error")


def test_right_rules_for_programs(run: Run, rules: Path) -> None:
    ended = run("check", "--output=json")
    assert (ended.status, ended.out, ended.err) == (0, "", "")


def test_warnings_are_errors_where_that_is_wanted(run: Run, home: Path) -> None:
    (home / ".pyfilterrc").write_text(DOUBTFUL)
    ended = run("check")
    assert (ended.status, ended.out.splitlines()[-1]) == (0, "1 warning")
    strict = run("check", "--strict")
    assert (strict.status, strict.out) == (1, ended.out)


@pytest.mark.parametrize("output", ["text", "short", "json"])
def test_a_file_that_cannot_be_read(run: Run, home: Path, output: str) -> None:
    ended = run("check", "--output", output, "missing.rules")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"pyfilter: there is no rule file {home}/missing.rules: write one, or name one\n"


def test_a_directory_is_no_rule_file(run: Run, home: Path) -> None:
    ended = run("check", ".")
    assert (ended.status, ended.out, ended.err) == (2, "", f"pyfilter: {home} is not a regular file\n")


def test_rules_that_others_can_write_are_not_used(run: Run, rules: Path) -> None:
    rules.chmod(0o666)
    ended = run("check")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"pyfilter: {rules} is writable by others (mode 0666): chmod go-w {rules}\n"


def test_rules_where_a_delivery_does_not_look_are_warned_of(
    run: Run, rules: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "xdg" / "pyfilter").mkdir(parents=True)
    (home / "xdg" / "pyfilter" / "rules").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    ended = run("check")
    assert (ended.status, ended.out) == (0, "no problems\n")
    assert ended.err == (
        f"pyfilter: warning: {home}/xdg/pyfilter/rules is not read: a delivery has no XDG_CONFIG_HOME. "
        "Move it to ~/.pyfilterrc or ~/.config/pyfilter/rules.\n"
    )


def test_a_rule_file_from_a_stranger_does_not_command_the_terminal(run: Run, home: Path) -> None:
    (home / "\x1b[2J.rules").write_text('rule "\x1b]0;x\x07\u202e" { when \x9b2J is "x" }\n')
    for output in ("text", "short", "json"):
        ended = run("check", "--output", output, "\x1b[2J.rules")
        assert ended.status == 1
        assert not [c for c in ended.out + ended.err if c != "\n" and not c.isprintable()]


def test_a_pipe_sees_no_colour(process: Run, home: Path) -> None:
    (home / ".pyfilterrc").write_text(WRONG)
    ended = process("check", TERM="xterm")
    assert ended.status == 1
    assert "\x1b" not in ended.out


def test_what_is_probably_not_meant(run: Run, home: Path) -> None:
    (home / "Maildir" / ".Cron" / "cur").mkdir(parents=True)
    (home / ".pyfilterrc").write_text(
        'list family = "a@b.example"\nrule "a" { when header X-Loup exists; file into "Corn" }\n'
    )
    ended = run("check", "--output", "short")
    assert (ended.status, ended.err) == (0, "")
    assert [line.split(": ", 1)[1] for line in ended.out.splitlines()[:-1]] == [
        "warning[W320]: the list `family` is not used",
        "warning[W302]: no usual header is called `X-Loup`",
        'warning[W322]: there is no folder "Corn", but "Cron"',
    ]
    assert run("check", "--strict").status == 1


def test_folders_of_layout_fs_are_those_of_the_lints(run: Run, home: Path) -> None:
    for folder in ("Lists/garden.club", ".Corn"):
        (home / "Maildir" / folder / "cur").mkdir(parents=True)
    (home / ".pyfilterrc").write_text(
        'set layout = fs\nrule "a" { copy into "Lists/garden.clvb"; copy into "Lists/garden.club"; file into "Corm" }\n'
    )
    ended = run("check", "--output", "short")
    assert [line.split(": ", 1)[1] for line in ended.out.splitlines()[:-1]] == [
        'warning[W322]: there is no folder "Lists/garden.clvb", but "Lists/garden.club"',
    ]


def test_headers_are_held_against_the_mail(run: Run, home: Path) -> None:
    (home / ".pyfilterrc").write_text('rule "a" { when header X-Gitlab-Projct exists; keep }\n')
    (home / "mail.eml").write_bytes(b"X-GitLab-Project: pyfilter\n\ntext\n")
    assert run("check", "--output", "short").out == "no problems\n"
    ended = run("check", "--output", "short", "--mail", str(home / "mail.eml"), "--mail", str(home / "absent"))
    assert ended.out.splitlines()[0].endswith("warning[W323]: none of your mail has a header `X-Gitlab-Projct`")
    assert ended.err == f"pyfilter: {home / 'absent'}: does not exist\n"
