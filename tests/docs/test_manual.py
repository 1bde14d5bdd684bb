"""What docs/manual.md and docs/newcomer.md show is run, and must come out as it stands there.

How a page is read, from top to bottom:

- A block whose first line begins with `$ ` is a terminal: each such line is given to a shell in the home of a new
  user, and what it prints, on both streams, are the lines below it. There `…` stands for anything within a line, and
  alone for any lines.
- Any other block is a file. If the paragraph above ends in a name in code and a colon, that is its name. Otherwise
  a block marked `eml` is `mail.eml`, rules are `.pyfilterrc`. A block marked `sh` is a program.
- Each section of the manual begins in a home of its own; the newcomer keeps one.

Rules are checked before the first command that comes after them, and nothing may be wrong with them, not even a
warning, unless the section itself shows what `pyfilter check` says.

``PYFILTER_REWRITE=1 pytest tests/docs/test_manual.py`` writes what is printed anew; read the diff before committing it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyfilter import Rules
from pyfilter.language.diagnostics import render

CHECKOUT = Path(__file__).parents[2]
MANUAL, NEWCOMER = CHECKOUT / "docs" / "manual.md", CHECKOUT / "docs" / "newcomer.md"
REWRITE = bool(os.environ.get("PYFILTER_REWRITE"))

HEADING = re.compile(r"^#+ (.*)$")
# ```` `blocked.txt`: ```` at the end of a paragraph
NAME = re.compile(r"`(?:~/)?((?:[\w.-]+/)*[\w.-]+\.(?:eml|rules|txt|sh)|(?<=~/)[\w./-]+)`:$")
DECLARATION = re.compile(r"(?:rule|set|list|let|define|action|include|test) ")
# what is shown and cannot be run here, by its first line: it needs root
NOT_RUN = {
    "apt install gcc libc6-dev python3-venv",
    '"|/opt/pyfilter/bin/pyfilter-deliver"',
}


@dataclass
class Block:
    page: Path
    section: str
    above: str  # the last line that is not empty
    language: str
    first: int  # of its lines in the page, the fence not counted
    text: str

    @property
    def is_terminal(self) -> bool:
        return self.text.startswith("$ ")

    @property
    def file(self) -> str | None:
        if named := NAME.search(self.above):
            return named[1]
        if self.language == "eml":
            return "mail.eml"
        lines = [line for line in self.text.splitlines() if line and not line.startswith("#")]
        return ".pyfilterrc" if not self.language and lines and DECLARATION.match(lines[0]) else None


def read(page: Path) -> list[Block]:
    found, section, above, block = [], "", "", None
    for number, line in enumerate(page.read_text("utf-8").splitlines()):
        if block is not None:
            if line == "```":
                found.append(block)
                block, above = None, ""
            else:
                block.text += line + "\n"
        elif line.startswith("```"):
            block = Block(page, section, above, line[3:], number + 1, "")
        elif heading := HEADING.match(line):
            section = heading[1]
        elif line:
            above = line
    assert block is None, f"{page.name}: a block has no end"
    return found


def steps(text: str) -> list[tuple[str, str]]:
    """Each command of a terminal, and what is printed below it."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + line + "\n")
    return found


def agrees(shown: str, printed: str) -> bool:
    lines = [
        r"(?s:.*)" if line == "…" else re.escape(line).replace("…", ".+") for line in shown.strip("\n").split("\n")
    ]
    return re.fullmatch("\n".join(lines), printed.strip("\n")) is not None


class Home:
    """A user with an empty home, and the commands in front of PATH."""

    def __init__(self, top: Path) -> None:
        self.path, programs = top / "home", top / "bin"
        self.path.mkdir(mode=0o700)
        programs.mkdir()
        for name, command in (("pyfilter", ""), ("pyfilter-deliver", " deliver")):
            python = f"PYTHONPATH={shlex.quote(str(CHECKOUT))} exec {shlex.quote(sys.executable)} -B"
            self.write_program(programs / name, f'#!/bin/sh\n{python} -m pyfilter{command} "$@"\n')
        self.environment = {
            "HOME": str(self.path), "PATH": f"{programs}:/usr/bin:/bin", "TZ": "UTC", "LANG": "C.UTF-8",
            "USER": "ann", "LOGNAME": "ann",
        }  # fmt: skip
        self.unchecked: list[str] = []

    def write(self, block: Block) -> None:
        assert block.file is not None
        path = self.path / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        if block.language == "sh":
            self.write_program(path, block.text)
            return
        path.write_text(block.text, "utf-8")
        path.chmod(0o600)
        if path.name == ".pyfilterrc" or path.suffix == ".rules":
            self.unchecked.append(block.file)

    @staticmethod
    def write_program(path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=self.path, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
        )  # fmt: skip
        printed = done.stdout.decode("utf-8", "replace")
        return printed.replace(str(self.path), "/home/ann").replace(f"{CHECKOUT}/rules/", "…/")

    def check(self) -> None:
        with pytest.MonkeyPatch.context() as as_user:
            as_user.setenv("HOME", str(self.path))
            for file in self.unchecked:
                rules = Rules.load(str(self.path / file))
                assert [render(problem) for problem in rules.diagnostics] == []
                assert [tried.trial.name for tried in rules.test() if tried.problems] == []
        self.unchecked = []


def rewrite(page: Path, terminals: dict[int, str]) -> None:
    """Put what was printed into the page, by the first line of each terminal as it was."""
    lines = page.read_text("utf-8").splitlines(keepends=True)
    for first, text in sorted(terminals.items(), reverse=True):
        end = next(number for number in range(first, len(lines)) if lines[number] == "```\n")
        lines[first:end] = [text]
    page.write_text("".join(lines), "utf-8")


def play(blocks: list[Block], home: Home) -> None:
    shows_check = any(block.is_terminal and "$ pyfilter check" in block.text for block in blocks)
    new: dict[int, str] = {}
    for block in blocks:
        if block.text.splitlines()[0] in NOT_RUN:
            continue
        if not block.is_terminal:
            assert block.file is not None, f"what is this block for? {block.text}"
            home.write(block)
            continue
        if not shows_check:
            home.check()
        text = ""
        for command, shown in steps(block.text):
            printed = home.run(command)
            right = agrees(shown, printed)
            assert right or REWRITE, f"$ {command}\n{printed}\nand not\n\n{shown}"
            kept = shown if right else printed
            text += f"$ {command}\n" + (kept.strip("\n") + "\n" if kept.strip("\n") else "")
        new[block.first] = text
    if REWRITE and blocks:
        rewrite(blocks[0].page, new)


SECTIONS = list(dict.fromkeys(block.section for block in read(MANUAL)))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_manual_is_so(section: str, tmp_path: Path) -> None:
    play([block for block in read(MANUAL) if block.section == section], Home(tmp_path))


def test_a_newcomer_sees_what_is_shown(tmp_path: Path) -> None:
    play(read(NEWCOMER), Home(tmp_path))


# ---------------------------------------------------- how long a newcomer takes

WORDS_A_MINUTE, CHARACTERS_A_SECOND = 200, 5
ROW = re.compile(r"^\| (.+?) \| (\d+) \| (\d+) \| ([\d.]+) \|$", re.MULTILINE)


def words_of_prose(page: Path) -> Counter[str]:
    """By heading; the blocks are not prose."""
    found, section, inside = Counter[str](), "", False
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside and (heading := HEADING.match(line)):
            section = heading[1]
        elif not inside:
            found[section] += len(line.split())
    return found


def efforts() -> dict[str, tuple[int, int]]:
    """Of each step the seconds of reading and of typing: of a file that is there already, the lines that are new."""
    words, typed, files = words_of_prose(NEWCOMER), Counter[str](), dict[str, list[str]]()
    for block in read(NEWCOMER):
        if block.is_terminal:
            for command, printed in steps(block.text):
                typed[block.section] += len(command) + 1
                words[block.section] += len(printed.split())
            continue
        lines, name = block.text.splitlines(), block.file or block.text
        old = files.get(name, [])
        typed[block.section] += sum(len(line.strip()) + 1 for line in lines if line not in old)
        files[name] = lines
    names = [section for section in words if section[:1].isdigit()]
    found = {
        name: (round(words[name] * 60 / WORDS_A_MINUTE), round(typed[name] / CHARACTERS_A_SECOND)) for name in names
    }
    return found | {"all": (sum(row[0] for row in found.values()), sum(row[1] for row in found.values()))}


def test_the_time_that_each_step_takes_is_counted() -> None:
    page = NEWCOMER.read_text("utf-8")
    rows = {row[1]: row for row in ROW.finditer(page)}
    counted = efforts()
    assert rows.keys() == counted.keys()
    if REWRITE:
        page = ROW.sub(lambda row: f"| {row[1]} | {counted[row[1]][0]} | {counted[row[1]][1]} | {row[4]} |", page)
        NEWCOMER.write_text(page, "utf-8")
    assert {name: (int(row[2]), int(row[3])) for name, row in rows.items()} == counted or REWRITE
    steps_sum = sum(float(row[4]) for name, row in rows.items() if name != "all")
    assert float(rows["all"][4]) == pytest.approx(steps_sum)


# ------------------------------------------------------------------- the pages


def test_every_task_of_the_manual_shows_what_happens() -> None:
    for section in SECTIONS:
        blocks = [block for block in read(MANUAL) if block.section == section]
        assert any(block.is_terminal for block in blocks), section
        assert blocks[-1].is_terminal, f"{section}: of the last block nothing is shown"


def test_what_is_not_run_stands_in_a_page() -> None:
    first = {block.text.splitlines()[0] for page in (MANUAL, NEWCOMER) for block in read(page)}
    assert first >= NOT_RUN


def test_an_output_that_differs_is_noticed() -> None:
    assert agrees("filed … by\n…\nend\n", "filed Cron by\na\nb\nend\n\n")
    assert not agrees("filed … by\n", "filed Cron by rule\n")
    assert not agrees("filed … by\n", "filed a\nb by\n")
    assert not agrees("", "wrong\n")
