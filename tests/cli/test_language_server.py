"""``pyfilter language-server`` as a command; what it says to editors is tested in tests/editor."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]

Run = Callable[..., Any]


def test_without_pygls_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("pyfilter.editor", "pygls"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    ended = run("language-server")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        "pyfilter language-server: pygls is not installed here, which speaks with editors: "
        "pip install 'pyfilter-mail[editor]'\n"
    )


def test_it_ends_when_nobody_speaks() -> None:
    pytest.importorskip("pygls", reason="pygls is not installed: pip install 'pyfilter-mail[editor]'")
    command = [sys.executable, "-m", "pyfilter", "language-server"]
    done = subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"")


def test_help_says_where_the_manual_is(run: Run) -> None:
    assert "docs/editors.md" in run("language-server", "--help").out
