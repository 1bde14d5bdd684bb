"""Each part runs from end to end, where there is what it is compared with: nothing is lost, and there is a table."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from . import peers, results, room
from .page import PARTS

PYFILTER = (str(Path(sysconfig.get_path("scripts")) / "pyfilter"), "pyfilter")
CASE = {"large": "1 MB"}


@pytest.mark.parametrize("part", PARTS)
def test_a_small_run(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if problem := room.missing([*peers.PARTS[part][1], PYFILTER]):
        pytest.skip(f"nothing was compared: {problem}")
    monkeypatch.setattr(results, "DIRECTORY", tmp_path)
    case = CASE.get(part, "4")
    assert peers.main([part, "--rounds", "1", "--messages", "5", "--case", case]) == 0
    run = results.load(part)
    assert run is not None
    assert {row.contender: row.trouble for row in run.rows} == dict.fromkeys(run.contenders, "")
    assert all(value > 0 for row in run.rows for value in row.figures.values())
    said = capsys.readouterr().out
    assert said.startswith(f"## {PARTS[part].title}\n")
    assert all(f"| {case} | {name} |" in said for name in run.contenders if name != "smtp-sink")
