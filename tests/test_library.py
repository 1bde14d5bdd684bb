"""The library, as docs and docstrings show it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pyfilter
from pyfilter import Decision, Envelope, Message, Rules, RulesError
from pyfilter.language import files

MESSAGE = b"Return-Path: <ann@x.example>\nReceived: by y\nFrom: Ann <ann@x.example>\nSubject: hello\n\nhello\n"
RULES = 'rule "x" { when subject is "hello"; mark read; file into "X" }\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(files, "SYSTEM", str(tmp_path / "etc"))
    return tmp_path


def test_from_the_file_to_the_folder(home: Path) -> None:
    (home / ".pyfilterrc").write_text(RULES)
    rules = Rules.load("~/.pyfilterrc")
    plan = rules.decide(Message.from_bytes(MESSAGE), Envelope(sender="a@x", recipient="me+lists@y"))
    assert plan.explain() == (
        'mark read    [rule "x", ~/.pyfilterrc:1]\n'
        'file into "X" (read)    [rule "x", ~/.pyfilterrc:1]\n'
        "\n"
        "rules asked, in order:\n"
        '  + "x" (line 1): matched\n'
        '      subject is "hello": yes, it is "hello"'
    )
    assert [(action.verb, action.folder, action.flags) for action in plan.actions] == [
        ("mark", None, "S"),
        ("file", "X", "S"),
    ]
    assert plan.trace is not None
    assert plan.trace[0].as_data()["verdict"] == "matched"
    assert plan.deliver().status.word == "delivered"
    (path,) = (home / "Maildir/.X/cur").iterdir()
    assert path.name.endswith(":2,S")
    assert path.read_bytes() == MESSAGE


def test_the_default_files(home: Path) -> None:
    with pytest.raises(RulesError) as none:
        Rules.load()
    assert str(none.value) == (
        f"there is no rule file {home}/.pyfilterrc or {home}/.config/pyfilter/rules: write one, or name one"
    )
    assert none.value.diagnostics == []
    (home / ".config/pyfilter").mkdir(parents=True)
    (home / ".config/pyfilter/rules").write_text(RULES)
    assert Rules.load().files == [f"{home}/.config/pyfilter/rules"]
    (home / ".pyfilterrc").write_text(RULES)
    assert Rules.load().files == [f"{home}/.pyfilterrc"]


def test_all_problems_in_one_run(home: Path) -> None:
    (home / "rules").write_text('rule "a" { when subjcet is "x"; keep }\nrule "b" { when fron is "x"; keep }\n')
    with pytest.raises(RulesError) as broken:
        Rules.load("~/rules")
    assert [(problem.code, problem.message) for problem in broken.value.diagnostics] == [
        ("E201", "there is no field `subjcet`"),
        ("E201", "there is no field `fron`"),
    ]
    assert "did you mean `subject`?" in str(broken.value)
    assert "did you mean `from`?" in str(broken.value)


def test_rules_that_must_not_be_trusted(home: Path) -> None:
    path = home / ".pyfilterrc"
    path.write_text(RULES)
    path.chmod(0o666)
    with pytest.raises(RulesError) as refused:
        Rules.load()
    assert str(refused.value) == f"{path} is writable by others (mode 0666): chmod go-w {path}"


def test_from_text() -> None:
    rules = Rules.from_text(RULES)
    plan = rules.decide(Message.from_bytes(MESSAGE), trace=False)
    assert isinstance(plan, Decision)
    assert plan.trace is None
    assert (plan.outcome, plan.rule, plan.file) == ("filed", "x", "<text>")
    with pytest.raises(RulesError, match=r"E1\d\d"):
        Rules.from_text("rule")


def test_the_envelope_is_read_from_the_header_where_none_is_given() -> None:
    rules = Rules.from_text('rule "x" { when sender is "ann@x.example"; file into "Ann" }\n')
    assert rules.decide(Message.from_bytes(MESSAGE)).filings() == {"Ann": ""}


def test_warnings_are_kept() -> None:
    rules = Rules.from_text('rule "x" { discard }\n')
    assert [problem.severity for problem in rules.diagnostics] == ["warning"]


def test_lists_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "friends"
    path.write_text("ann@x.example\n")
    rules = Rules.from_text(f'list friends from "{path}"\nrule "x" {{ when from in friends; file into "F" }}\n')
    for _ in range(2):
        assert rules.decide(Message.from_bytes(MESSAGE)).filings() == {"F": ""}
        path.unlink(missing_ok=True)


def test_every_public_name_is_there_and_no_other() -> None:
    for name in pyfilter.__all__:
        assert getattr(pyfilter, name) is not None
    with pytest.raises(AttributeError, match=r"^module 'pyfilter' has no attribute 'Nothing'$"):
        _ = pyfilter.Nothing


def test_importing_the_package_imports_nothing_else() -> None:
    script = "import sys, pyfilter; print(sorted(name for name in sys.modules if name.startswith('pyfilter')))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(pyfilter.__file__).parent.parent,
    )
    assert done.stdout == "['pyfilter']\n"
