"""Where no machine can be made, the reason is said, with what to do; and what is installed for it is listed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import namespace

PACKAGES = Path(__file__).parents[1] / "packages.txt"
ON_EVERY_DEBIAN = {"util-linux", "passwd", "coreutils"}


def test_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert namespace.missing() == ["a real Postfix needs root, for a namespace with stock paths and ports"]


def test_without_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "the program `postfix` is missing (apt-get install postfix)" in namespace.missing()
    assert len(namespace.missing()) == len(namespace.PROGRAMS)


def test_every_program_is_in_a_package_that_the_tests_install() -> None:
    assert set(namespace.PROGRAMS.values()) - ON_EVERY_DEBIAN <= set(PACKAGES.read_text().split())


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_a_skip_says_why_and_is_a_failure_in_ci(ci: str, outcome: str) -> None:
    """Run one of the real tests in an environment without programs."""
    test = Path(__file__).parent / "test_real_postfix.py"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", f"{test}::test_nothing_stays_behind"]
    finished = subprocess.run(
        command, env={"PATH": "/nonexistent", "CI": ci}, capture_output=True, text=True, timeout=60, check=False
    )
    assert outcome in finished.stdout
    assert "no real Postfix was asked: " in finished.stdout
