"""Where contenders run, and why they cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from . import peers, room


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
