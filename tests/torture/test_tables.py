"""docs/torture.md is made out of records; the last one of a kind counts, and pyfilter's row comes first."""

from __future__ import annotations

from typing import Any

import pytest

from .tables import PAGE, PROMISES, render


def line(deliverer: str, scenario: str, promise: str = "P2", **figures: object) -> dict[str, Any]:
    return {
        "promise": promise,
        "deliverer": deliverer,
        "scenario": scenario,
        "figures": figures,
        "version": "1.2",
        "kernel": "6.1.0",
        "python": "3.11.2",
        "date": "2026-11-24",
    }


def test_a_table_shows_the_target_then_pyfilter_then_the_peers() -> None:
    page = render([line("fdm", "inbox", runs=7, bounced=3), line("pyfilter", "inbox", runs=9, bounced=0, left=1)])
    assert page.endswith(
        "| pyfilter | 1.2 |\n| fdm | 1.2 |\n\nTaken on 2026-11-24, Linux 6.1.0, Python 3.11.2.\n\n"
        "## P2: Any one system call fails once\n\n"
        "Every system call of every process fails once, with an error that it can have; where the mail waits, it is "
        "tried again. Of pyfilter one process is struck at a time, of a peer each at its n-th call.\n\n"
        "|  |  | runs | bounced | files left in tmp |\n"
        "| --- | --- | ---: | ---: | ---: |\n"
        "| **target** |  |  | **0** |  |\n"
        "| pyfilter | inbox | 9 | 0 | 1 |\n"
        "| fdm | inbox | 7 | 3 |  |\n"
    )


def test_the_last_record_of_a_kind_counts() -> None:
    page = render(
        [line("pyfilter", "inbox", runs=1), line("pyfilter", "folder", runs=2), line("pyfilter", "inbox", runs=3)]
    )
    assert page.endswith("| pyfilter | inbox | 3 |\n| pyfilter | folder | 2 |\n")


def test_a_figure_without_a_column_is_an_error() -> None:
    with pytest.raises(SystemExit, match=r"^P2 has no column for wings: add it in tests/torture/tables\.py$"):
        render([line("pyfilter", "inbox", wings=2)])


def test_a_promise_without_a_table_is_an_error() -> None:
    with pytest.raises(SystemExit, match=r"^P99 has no table: add it in tests/torture/tables\.py$"):
        render([line("pyfilter", "inbox", promise="P99", runs=2)])


def test_no_two_tables_or_columns_are_of_one_name() -> None:
    numbers = [promise.number for promise in PROMISES]
    assert len(numbers) == len(set(numbers))
    for promise in PROMISES:
        figures = [column.figure for column in promise.columns]
        assert len(figures) == len(set(figures)), promise.number


def test_the_page_is_of_these_tables() -> None:
    titles = [found[3:] for found in PAGE.read_text().splitlines() if found.startswith("## ")]
    assert titles
    assert set(titles) <= {f"{promise.number}: {promise.title}" for promise in PROMISES}
