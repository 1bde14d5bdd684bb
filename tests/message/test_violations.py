"""VIOLATIONS.md lists every leniency towards broken mail, and each has its test: the two are one list."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "VIOLATIONS.md"
MODULES = sorted(
    path.name for path in HERE.glob("test_*.py") if re.search(r"^LENIENT\b", path.read_text("utf-8"), re.M)
)


def rows() -> dict[str, list[list[str]]]:
    """The table rows of each section, by the test file that the section names."""
    found: dict[str, list[list[str]]] = {}
    for section in DOCUMENT.read_text("utf-8").split("\n## ")[1:]:
        named = re.search(r"`tests/message/(test_\w+\.py)`", section)
        assert named, section
        table = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
        found[named[1]] = [[cell.strip() for cell in row] for row in table[1:]]
    return found


def leniencies(name: str) -> list[str]:
    """The names of the leniencies that a test file holds."""
    spec = importlib.util.spec_from_file_location(f"violations_{name[:-3]}", HERE / name)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.LENIENT)


def test_every_test_file_with_leniencies_has_its_section() -> None:
    assert sorted(rows()) == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_every_leniency_stands_in_the_document_once(name: str) -> None:
    documented = [test for row in rows()[name] for test in re.findall("`([^`]+)`", row[-1])]
    assert sorted(documented) == sorted(leniencies(name))


@pytest.mark.parametrize("name", MODULES)
def test_every_row_is_complete(name: str) -> None:
    for row in rows()[name]:
        assert len(row) == 5, row
        assert all(row), row
