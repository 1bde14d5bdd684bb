"""VIOLATIONS.md lists every leniency towards broken mail, and each has its test: the two are one list."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "VIOLATIONS.md"
MODULES = sorted(
    f"{path.parent.name}.{path.stem}"
    for directory in ("message", "lmtp")
    for path in (TESTS / directory).glob("test_*.py")
    if re.search(r"^LENIENT\b", path.read_text("utf-8"), re.M)
)


def rows() -> dict[str, list[list[str]]]:
    """The table rows of each section, by the test file that the section names."""
    found: dict[str, list[list[str]]] = {}
    for section in DOCUMENT.read_text("utf-8").split("\n## ")[1:]:
        named = re.search(r"`tests/(\w+)/(test_\w+)\.py`", section)
        assert named, section
        table = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
        found[f"{named[1]}.{named[2]}"] = [[cell.strip() for cell in row] for row in table[1:]]
    return found


def leniencies(name: str) -> list[str]:
    """The names of the leniencies that a test file holds."""
    module = importlib.import_module(f"tests.{name}")
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
