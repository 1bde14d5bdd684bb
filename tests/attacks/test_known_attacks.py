"""docs/known-attacks.md: each case has its tests, and each test of an attack stands in one case."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "known-attacks.md"
SECTIONS = re.findall(
    r"`tests/attacks/(\w+\.py)`(.*?)(?=^## |\Z)", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
)
ROWS = [(file, row.strip("| ").split(" | ")) for file, text in SECTIONS for row in re.findall(r"^\| \d.*$", text, re.M)]


def attacks_in(file: Path) -> list[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def test_there_are_25_cases() -> None:
    assert [cells[0] for _, cells in ROWS] == [str(number) for number in range(1, 26)]
    assert {len(cells) for _, cells in ROWS} == {5}


@pytest.mark.parametrize(("file", "cells"), ROWS, ids=[cells[0] for _, cells in ROWS])
def test_a_case_names_tests_of_its_file(file: str, cells: list[str]) -> None:
    named = re.findall(r"`(\w+)`", cells[-1])
    assert named
    assert set(named) <= set(attacks_in(HERE / file))


@pytest.mark.parametrize(("file", "cells"), ROWS, ids=[cells[0] for _, cells in ROWS])
def test_a_case_has_a_number_or_a_year(file: str, cells: list[str]) -> None:
    assert re.search(r"CVE-\d{4}-\d{4,5}|\b(19|20)\d\d\b|RFC \d+", cells[1])


def test_every_test_of_an_attack_stands_in_one_case() -> None:
    named = sorted(name for _, cells in ROWS for name in re.findall(r"`(\w+)`", cells[-1]))
    others = (Path(__file__).name, "test_injection.py")  # every hostile value at every place: of no one incident
    files = [file for file in HERE.glob("test_*.py") if file.name not in others]
    assert named == sorted(name for file in files for name in attacks_in(file))
