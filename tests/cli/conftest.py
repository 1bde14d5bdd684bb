"""A user with a home, rules and mail; commands run within this process, and as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import pyfilter
from pyfilter.cli.main import main

RULES = """\
rule "cron jobs" {
    when header X-Cron-Env exists
    file into "Cron"
}

rule "boss" {
    when from is "boss@corp.example"
    mark flagged
    copy into "Archive"
    file into "Boss"
}

rule "offers" {
    when subject contains "offer"
     and not from ends with "@corp.example"
    discard # on purpose
}

rule "strangers" {
    when sender is "bounce@spam.example"
    reject "not here"
}

rule "plus address" {
    when recipient.extension matches "{box}"
    file into "{box}"
}
"""

MAIL = {
    "cron": b"From: root@example.org\nSubject: done\nX-Cron-Env: <SHELL=/bin/sh>\nMessage-ID: <1@x>\n\nbody\n",
    "boss": b"From: The Boss <boss@corp.example>\nSubject: An offer\nMessage-ID: <2@x>\n\nbody\n",
    "offer": b"From: a@shop.example\nSubject: =?utf-8?q?Great_offer=21?=\nMessage-ID: <3@x>\n\nbody\n",
    "plus": b"Delivered-To: me+lists@example.org\nFrom: b@example.org\nSubject: to a list\nMessage-ID: <4@x>\n\nbody\n",
    "plain": b"From: c@example.org\nSubject: hello\nMessage-ID: <5@x>\n\nbody\n",
    "bare": b"Subject: no id\n\nbody\n",
}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory without rules; the working directory; no colours, no XDG variables."""
    directory = tmp_path / "home"
    directory.mkdir()
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.chdir(directory)
    for name in ("NO_COLOR", "PYFILTER_TRACEBACK", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return directory


@pytest.fixture
def rules(home: Path) -> Path:
    """The rules above, as ~/.pyfilterrc."""
    path = home / ".pyfilterrc"
    path.write_text(RULES)
    return path


@pytest.fixture
def mail(home: Path) -> Path:
    """The messages above, each in a file of its own, in ~/mail."""
    directory = home / "mail"
    directory.mkdir()
    for name, data in MAIL.items():
        (directory / name).write_bytes(data)
    return directory


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A command within this process."""

    def command(*arguments: str) -> Ended:
        capsys.readouterr()
        status = main(arguments)
        return Ended(status, *capsys.readouterr())

    return command


@pytest.fixture
def process() -> Run:
    """A command as a process of its own."""

    def command(*arguments: str, stdin: bytes = b"", **environment: str) -> Ended:
        root = str(Path(pyfilter.__file__).parent.parent)
        ended = subprocess.run(
            [sys.executable, "-m", "pyfilter", *arguments],
            input=stdin,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": root, **environment},
            timeout=60,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return command
