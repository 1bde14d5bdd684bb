"""What README.md and docs/ show is so: rules check, commands and their options exist, what is printed is printed.

The demonstration runs here with ``pyfilter deliver`` in the launcher's place, which needs no installation.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

import pyfilter
from pyfilter.cli.main import COMMANDS, CONTEXT
from pyfilter.language.check import check
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source
from pyfilter.language.vocabulary import ACTIONS, FIELDS, RELATIONS, SETTINGS

CHECKOUT = Path(__file__).parents[2]
SEED = CHECKOUT / "examples" / "seed"
# these show what is wrong: test_tries.py and test_codes.py hold them
WRONG = ("tries.md", "problems.md")
PAGES = [page for page in sorted((CHECKOUT / "docs").glob("*.md")) if page.name not in WRONG]
MANUAL = [CHECKOUT / "README.md", *PAGES, SEED / "README.md"]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# code within a line, also where it holds `\`
SPAN = re.compile(r"`([^`\n]+)`")
DECLARATIONS = ("rule", "set", "list", "let")


def blocks(path: Path) -> list[tuple[str, str]]:
    """Language and text of each."""
    return FENCE.findall(path.read_text("utf-8"))


def spans(path: Path) -> list[str]:
    return SPAN.findall(FENCE.sub("", path.read_text("utf-8")))


def named(path: Path, text: str) -> str:
    return f"{path.relative_to(CHECKOUT)}: {text.strip().splitlines()[0][:60]}"


# --------------------------------------------------------------------- rules


def problems(text: str) -> list[str]:
    file, syntax = parse(Source("example", text))
    found = syntax + check([file], home="/home/ann", look_for_files=False)[1]
    return [problem.message for problem in found if problem.code != "W341"]  # an example's program need not be there


def is_rules(text: str) -> bool:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return lines[0].split(" ")[0] in DECLARATIONS


# test_manual.py runs these, and checks the rules there with the files that they name
RUN = {"manual.md", "newcomer.md"}
FILES = [
    (path, text)
    for path in MANUAL
    if path.name not in RUN
    for language, text in blocks(path)
    if not language and is_rules(text)
]


def test_there_are_rule_files() -> None:
    assert {path.name for path, _ in FILES} >= {"README.md", "language.md", "postfix.md"}


@pytest.mark.parametrize(("path", "text"), FILES, ids=[named(*file) for file in FILES])
def test_a_rule_file_is_right(path: Path, text: str) -> None:
    assert problems(text) == []


NAMES = {"family": 'list family = "olga@family.example"\n', "name": 'let name = "x"\n'}
RELATION = "|".join(map(re.escape, (word for word in RELATIONS if word != "compare")))
KINDS = {
    "declaration": (re.compile(rf"(?!set header )(?:{'|'.join(DECLARATIONS)})\s.*[=\"]"), "{}"),
    "action": (
        re.compile(rf"(?:{'|'.join(row.verb for row in ACTIONS.values())})\s.*\""),
        "rule r {{\n{}\n}}",
    ),
    "condition": (
        re.compile(rf"(?:{'|'.join(map(re.escape, FIELDS))})\S*(?:\s\S+)?\s(?:(?:not )?(?:{RELATION})|[<>=]+)(?:\s|$)"),
        'set trusted-authserv = "mail.example"\nrule r {{ when {}; keep }}',
    ),
}
PIECES = [
    (kind, text)
    for path in MANUAL
    for text in spans(path)
    for kind, (look, _) in KINDS.items()
    if "…" not in text and not text.endswith(" within") and look.match(text)
]


def test_there_are_pieces_of_every_kind() -> None:
    assert {kind for kind, _ in PIECES} == KINDS.keys()
    assert len(PIECES) > 40


@pytest.mark.parametrize(("kind", "text"), PIECES, ids=[text for _, text in PIECES])
def test_a_piece_of_a_rule_is_right(kind: str, text: str) -> None:
    text = text.replace("\\|", "|").replace(
        '"blocked.txt"', f'"{CHECKOUT}/tests/cases/blocked.txt"'
    )  # a file that exists
    names = "".join(line for name, line in NAMES.items() if not re.match(rf"(?:list|let) {name}\b", text))
    assert problems(names + KINDS[kind][1].format(text)) == []


def test_every_setting_that_is_named_exists() -> None:
    for path in MANUAL:
        for text in spans(path):
            if setting := re.match(r"set (?!header\b)([\w.-]+)", text):
                assert setting[1] in SETTINGS, named(path, text)


# ------------------------------------------------------------------ commands

PROGRAM = re.compile(r"^(?:\$ )?(?:/opt/pyfilter/bin/)?(pyfilter(?:-deliver)?)(?= |$)(.*)")
# what a shell or a table puts behind a command
BEHIND = re.compile(r"\s(?:#|\|\|?|&&|<|\|)\s?.*$")
# `spam|ham`, in a table `spam\|ham`: one of them is given
ONE_OF = re.compile(r"\b(\w+)(?:\\?\|\w+)+")


def commands() -> list[tuple[Path, str]]:
    found = []
    for path in MANUAL:
        lines = [line for language, text in blocks(path) if language != "python" for line in text.splitlines()]
        lines = [line.removeprefix("mailbox_command = ") for line in lines]
        found += [(path, line) for line in [*lines, *spans(path)] if PROGRAM.match(line)]
    return found


@pytest.mark.parametrize(("path", "line"), commands(), ids=[named(*command) for command in commands()])
def test_a_command_can_be_given(path: Path, line: str) -> None:
    found = PROGRAM.match(line)
    assert found is not None
    words = shlex.split(ONE_OF.sub(r"\1", BEHIND.sub("", found[2])).replace("[", " ").replace("]", " "))
    name = "deliver" if found[1] == "pyfilter-deliver" else words.pop(0) if words else ""
    if not name or name == "--version":
        return
    assert name in COMMANDS, f"{line}: there is no such command"
    command: click.Command = import_module(COMMANDS[name]).command
    options = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    assert {word for word in words if word.startswith("-") and word != "-"} <= options
    if "[" not in line:
        command.make_context(name, words, resilient_parsing="--help" in words, **CONTEXT)


def test_there_are_commands() -> None:
    assert len(commands()) > 20


def test_a_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    said = {target for path in MANUAL for target in re.findall(r"`(?:\$ )?make (\w+)`", path.read_text("utf-8"))}
    assert said >= {"demo", "test"}
    assert said <= targets


# ------------------------------------------------------- what README.md shows


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with the rules of the seed and one message, and the commands in front of PATH."""
    tmp_path.chmod(0o700)
    shutil.copy(SEED / ".pyfilterrc", tmp_path)
    (tmp_path / ".pyfilterrc").chmod(0o600)
    shutil.copy(SEED / "messages" / "03-denyhosts.eml", tmp_path / "mail.eml")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, command in (("pyfilter", ""), ("pyfilter-deliver", " deliver")):
        program = programs / name
        python = f"PYTHONPATH={shlex.quote(str(CHECKOUT))} exec {shlex.quote(sys.executable)} -B"
        program.write_text(f'#!/bin/sh\n{python} -m pyfilter{command} "$@"\n')
        program.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(command: str) -> str:
    """What README.md prints below ``$ command``."""
    (text,) = [text for _, text in blocks(MANUAL[0]) if text.startswith(f"$ {command}\n")]
    return text.partition("\n")[2]


def printed(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_demo_prints_what_readme_shows(home: Path) -> None:
    rest = printed(SEED / "demo")
    for piece in filter(None, shown("make demo").split("…\n")):
        assert piece in rest, "not in the output, or not in this order"
        rest = rest.partition(piece)[2]


def test_a_test_prints_what_readme_shows(home: Path) -> None:
    assert printed("pyfilter", "test", "mail.eml").rstrip() == shown("pyfilter test mail.eml").rstrip()


def of_the_docstring() -> str:
    assert pyfilter.__doc__ is not None
    return "".join(line[4:] + "\n" for line in pyfilter.__doc__.splitlines() if line.startswith("    "))


def test_the_library_is_shown_once_and_again() -> None:
    (code,) = [text for language, text in blocks(MANUAL[0]) if language == "python"]
    assert re.sub(r"\s+", " ", code).strip() == re.sub(r"\s+", " ", of_the_docstring()).strip()


def test_the_library_does_what_is_shown(home: Path) -> None:
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(of_the_docstring(), names)
    assert said.getvalue().startswith('file into "Cron/DenyHosts"    [rule "DenyHosts reports", ~/.pyfilterrc:16]\n')
    assert str(names["outcome"]) == "Outcome(delivered, 'delivered', '')"
    (filed,) = os.listdir(home / ".maildir" / ".Cron.DenyHosts" / "new")
    assert (home / ".maildir" / ".Cron.DenyHosts" / "new" / filed).read_bytes() == (home / "mail.eml").read_bytes()
