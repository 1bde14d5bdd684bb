"""What is said of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import results
from .results import Row, Run, attempt, in_turn, load

US, THEM = ("pyfilter", "4"), ("procmail", "4")


@pytest.fixture
def run() -> Run:
    made = Run("lmtp", {"rounds": 3, "messages": 10}, {})
    for number, (ours, theirs) in enumerate([(1.0, 2.0), (9.0, 10.0), (2.0, 8.0)]):
        made.add(Row(number, *US, {"cpu": ours}))
        made.add(Row(number, *THEM, {"cpu": theirs}))
    return made


def test_a_figure_is_the_median_of_the_rounds(run: Run) -> None:
    assert run.median(*US, "cpu") == 2.0
    assert run.median(*US, "rate") is None


def test_a_ratio_is_the_median_of_the_ratios_of_each_round(run: Run) -> None:
    assert run.ratio(US, THEM, "cpu") == 0.5  # of 0.5, 0.9 and 0.25; that of the medians is 0.25
    assert run.ratio(US, ("fdm", "4"), "cpu") is None


def test_one_invalid_round_makes_the_whole_invalid(run: Run) -> None:
    run.add(Row(4, *US, {"cpu": 1.0}, "1 of 10 messages are missing"))
    assert run.trouble(*US) == "1 of 10 messages are missing"
    assert run.median(*US, "cpu") is None
    assert run.ratio(US, THEM, "cpu") is None
    assert run.ratio(THEM, US, "cpu") is None


def test_what_was_not_measured_says_so(run: Run) -> None:
    assert run.trouble("fdm", "4") == "not measured"


def test_a_run_is_kept_until_the_next(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "DIRECTORY", tmp_path / "bench")
    assert load("lmtp") is None
    run.save()
    kept = load("lmtp")
    assert kept is not None
    assert (kept.rows, kept.counts, kept.contenders, kept.cases) == (
        run.rows,
        run.counts,
        ["pyfilter", "procmail"],
        ["4"],
    )


def test_what_cannot_be_measured_is_an_invalid_row() -> None:
    def fail() -> Row:
        raise RuntimeError("Dovecot does not answer:\n  no such file")

    assert attempt(fail, 1, "Dovecot LMTP", "4") == Row(
        1, "Dovecot LMTP", "4", {}, "Dovecot does not answer: no such file"
    )


def test_every_second_round_goes_the_other_way_round() -> None:
    assert [in_turn("abc", number) for number in (1, 2)] == [["a", "b", "c"], ["c", "b", "a"]]
