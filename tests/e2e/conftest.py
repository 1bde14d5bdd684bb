"""Real servers: where they can run, and the pyfilter they run.

A test here starts a machine of its own (namespace.py) and lets it run one file of ``scenarios/``. Where that
cannot be, it is skipped with the reason; where the environment says ``CI=true``, it fails instead, for a
promise nobody checked is no promise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from . import namespace

CHECKOUT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
PYTHON = "/usr/bin/python3"  # Debian's: every user can run it, unlike one below /root


@pytest.fixture(scope="session")
def installation() -> Iterator[Path]:
    """``pip install`` of this checkout, where every user of the machine can read it."""
    directory = Path(tempfile.mkdtemp(prefix="pyfilter-installation-"))
    try:
        directory.chmod(0o755)
        command([PYTHON, "-m", "venv", "--without-pip", str(directory)])
        command([*PIP, "--python", str(directory / "bin/python3"), "install", "--quiet", str(CHECKOUT)])
        yield directory
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest) -> Path:
    """The installation, where there can be a machine of our own to use it on."""
    if reasons := namespace.missing():
        text = "no real Postfix was asked: " + "; ".join(reasons)
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        warnings.warn(pytest.PytestWarning(text), stacklevel=1)
        pytest.skip(text)
    return cast("Path", request.getfixturevalue("installation"))


def command(words: list[str]) -> None:
    """Run it with files anybody may read; its output belongs into the report only if it fails."""
    finished = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, umask=0o022)
    assert finished.returncode == 0, f"{' '.join(words)}\n{finished.stdout}"
