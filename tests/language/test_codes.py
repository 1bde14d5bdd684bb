"""The catalogue of codes: each is used, shown by a golden or a test of lints, and told in docs/problems.md."""

from __future__ import annotations

from pathlib import Path

from pyfilter.language.codes import CODES
from pyfilter.language.codes_lint import CODES_LINT
from pyfilter.language.problems import document

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parents[1] / "docs" / "problems.md"
GOLDEN = "".join(path.read_text("utf-8") for path in sorted((TESTS / "golden").rglob("*.txt")))
# codes that no short rule file alone has: of limits, of several files, of the user's own mail and folders
ELSEWHERE = {
    "E117": "test_parse_never_raises.py",
    "E209": "test_check_limits.py",
    "E301": "test_files.py",
    **dict.fromkeys(("E320", "E321"), "test_check_limits.py"),
    **dict.fromkeys(("E330", "E331", "E332", "W330"), "test_includes.py"),
    "E312": "test_loading.py",
    "E501": "../test_trials.py",
    **dict.fromkeys(CODES_LINT, "test_lint.py"),
}


def test_the_document_is_what_the_catalogue_makes_of_itself() -> None:
    assert DOCUMENT.read_text("utf-8") == document()


def test_every_code_is_shown() -> None:
    assert [code for code in CODES if f"[{code}]" not in GOLDEN and code not in ELSEWHERE] == []
    for code, place in ELSEWHERE.items():
        assert code in (TESTS / place).read_text("utf-8"), code
