"""Each part runs from end to end, where there is what it is compared with: nothing is lost, and there is a table."""

from __future__ import annotations

import os
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


def test_whoever_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert peers.main(["lmtp"]) == 2
    assert capsys.readouterr().err == (
        "lmtp: the contenders run in an account of their own, which root makes: run this as root\n"
    )


def test_what_is_missing_is_named() -> None:
    if os.geteuid():
        pytest.skip("only root gets so far")
    assert room.missing([("/usr/bin/no-such-program", "fdm"), ("/bin/sh", "dash")]) == (
        "missing: fdm (TORTURE=1 .ci/setup servers installs them)"
    )


def test_a_program_that_others_cannot_reach_is_named(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root gets so far")
    tmp_path.chmod(0o700)
    program = tmp_path / "bin/pyfilter"
    program.parent.mkdir()
    program.touch(0o755)
    said = room.missing([(str(program), "pyfilter")])
    assert said.startswith(f"{program} cannot be run by that account, since ")
