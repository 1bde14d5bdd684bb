"""docs/speed.md, and its picture."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from .page import PARTS, TARGETS, page, section
from .plot import picture
from .results import Row, Run

CIRCUMSTANCES = {
    "date": "2026-11-24 20:00 UTC",
    "load": "0.1",
    "kernel": "6.18",
    "processors": "2 × A",
    "python": "3.11.2",
    "counted": "control group",
    "versions": "procmail 3.22-27",
}


@pytest.fixture
def run() -> Run:
    made = Run("one-shot", {"rounds": 2, "messages": 10}, CIRCUMSTANCES)
    for round in (1, 2):
        for case in ("4", "1000"):
            made.add(Row(round, "procmail", case, {"cpu": 2.0 * round, "wall": 4.0}))
            made.add(Row(round, "pyfilter cold", case, {"cpu": 3.0 * round, "wall": 5.0}))
            made.add(Row(round, "pyfilter warm", case, {"cpu": 0.1 * round, "wall": 1.0, "server": 0.05}))
        made.add(Row(round, "fdm", "4", {"cpu": 3.0, "wall": 5.0}, "1 of 10 messages | missing"))
    return made


def test_a_table_has_a_row_a_contender_with_ratios_beside(run: Run) -> None:
    assert section("one-shot", run).endswith("""\
 2 rounds, 10 messages in each at most.

| rules |  | CPU, ms a message | × | from start to end, ms | × | of it the server's CPU, ms |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
| 4 | procmail | 3.00 | 1.00 | 4.00 | 1.00 | – |
| 4 | pyfilter cold | 4.50 | 1.50 | 5.00 | 1.25 | – |
| 4 | pyfilter warm | 0.15 | 0.050 | 1.00 | 0.25 | 0.050 |
| 4 | fdm | invalid: 1 of 10 messages \\| missing |
| 1000 | procmail | 3.00 | 1.00 | 4.00 | 1.00 | – |
| 1000 | pyfilter cold | 4.50 | 1.50 | 5.00 | 1.25 | – |
| 1000 | pyfilter warm | 0.15 | 0.050 | 1.00 | 0.25 | 0.050 |
""")


def test_each_target_says_whether_it_was_met(run: Run) -> None:
    said = page({"one-shot": run})
    assert "| warm, 1000 rules: CPU to procmail's | ≤ 0.06 | 0.050 | met |\n" in said
    assert "| cold, 1000 rules: CPU to procmail's | ≤ 1 | 1.50 | **missed** |\n" in said
    assert "| warm, 50 rules: CPU to procmail's | ≤ 0.5 | – | not measured |\n" in said
    assert "| LMTP, 4 rules: messages/s to Dovecot's | ≥ 2.5 | – | not measured |\n" in said


def test_an_invalid_round_meets_no_target(run: Run) -> None:
    run.add(Row(3, "pyfilter warm", "1000", {}, "the server was not asked"))
    assert "| warm, 1000 rules: CPU to procmail's | ≤ 0.06 | – | the server was not asked |\n" in page(
        {"one-shot": run}
    )


def test_the_page_says_where_and_when(run: Run) -> None:
    said = page({"one-shot": run})
    assert "| One process a message | 2026-11-24 20:00 UTC | 0.1 | 6.18 | 2 × A | 3.11.2 | control group |\n" in said
    assert "Compared with procmail 3.22-27.\n" in said


def test_a_busy_machine_is_no_secret(run: Run) -> None:
    assert "busy" not in page({"one-shot": run})
    run.circumstances = {**CIRCUMSTANCES, "load": "1.1"}
    assert (
        "Compared with procmail 3.22-27. **The machine was busy with other work during: One process a message.** Those "
        "figures are not to be quoted.\n"
    ) in page({"one-shot": run})


def test_every_target_is_of_a_part_that_has_its_figure() -> None:
    for target in TARGETS:
        assert target.figure in {column.figure for column in PARTS[target.part].columns}, target


def test_the_picture_has_a_line_and_a_name_for_each_contender(run: Run) -> None:
    rates = Run("postfix", {}, CIRCUMSTANCES)
    rates.add(Row(1, "pyfilter LMTP, <direct>", "4", {"rate": 100.0}))
    root = ElementTree.fromstring(picture({"one-shot": run, "postfix": rates}))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"procmail, 3", "pyfilter cold, 4.5", "pyfilter warm, 0.15", "pyfilter LMTP, <direct>", "100"} <= set(texts)
    lines = [element for element in root.iter("{http://www.w3.org/2000/svg}path") if element.get("stroke-width")]
    assert len(lines) == 3  # fdm's is invalid


def test_names_at_the_ends_of_lines_do_not_lie_upon_each_other() -> None:
    run = Run("one-shot", {}, CIRCUMSTANCES)
    for name in ("a", "b", "c"):
        run.add(Row(1, name, "4", {"cpu": 2.0}))
    root = ElementTree.fromstring(picture({"one-shot": run}))
    heights = sorted(
        float(element.get("y", ""))
        for element in root.iter("{http://www.w3.org/2000/svg}text")
        if element.text in ("a, 2", "b, 2", "c, 2")
    )
    assert [round(after - before) for before, after in pairwise(heights)] == [14, 14]


def test_nothing_measured_is_still_a_picture() -> None:
    ElementTree.fromstring(picture({}))
