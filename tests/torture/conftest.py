"""One delivery by the installed launcher under strace(1), which makes a system call fail or kills there.

The suite takes a sample of the calls; ``make torture`` (TORTURE=1) takes them all.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

WHOLE = bool(os.environ.get("TORTURE"))
LAUNCHER = Path(sysconfig.get_path("scripts")) / "pyfilter-deliver"
BODY = b"Return-Path: <a@x>\nDelivered-To: u@y\nReceived: by y\nMessage-ID: <1@x>\nSubject: a cron job\n\nhello\n"
MESSAGE = b"From a@x Tue Nov 24 04:38:40 2026\n" + BODY
RULES = 'rule "cron" {\n  when subject contains "cron"\n  file into "Cron"\n}\n'
LONGEST_SECONDS = 60  # a hang; a delivery under strace takes far less than one second

# strace itself needs the first execve; nobody hears whether a process ended well; arch_prctl(ARCH_SET_FS), with which
# the C library starts a thread, has no way to fail (arch_prctl(2)), and cannot be told apart from its failure.
UNTOUCHED = {"execve", "exit_group", "exit", "rt_sigreturn", "restart_syscall", "arch_prctl"}


class Point(NamedTuple):
    """The n-th call of this system call, counted in each process by itself."""

    call: str
    n: int


class Ended(NamedTuple):
    """Exit status, or minus the signal; whole copies that are visible; damaged ones; what the launcher printed."""

    status: int
    whole: int
    damaged: int
    output: bytes


class Home:
    """A home directory with rules, one delivery old: its program is cached, its folders are there."""

    def __init__(self, path: Path, rules: str | None) -> None:
        self.path = path
        path.mkdir()
        if rules is not None:
            (path / ".pyfilterrc").write_text(rules)
            (path / ".pyfilterrc").chmod(0o600)
        self.deliver()

    def deliver(self, *strace: str) -> Ended:
        """Deliver MESSAGE into an empty mail folder, under strace with these options if there are any."""
        for file in self._messages():
            file.unlink()
        return self.again(*strace)

    def again(self, *strace: str) -> Ended:
        """Deliver MESSAGE beside what is there."""
        command = ["strace", "-qq", "-o", self.path / "trace", *strace, LAUNCHER] if strace else [LAUNCHER]
        environment = {"HOME": str(self.path), "PATH": "/usr/bin:/bin", "SENDER": "a@x", "RECIPIENT": "u@y"}
        ended = subprocess.run(
            command, input=MESSAGE, capture_output=True, env=environment, cwd="/", timeout=LONGEST_SECONDS
        )
        if ended.returncode >= 0:
            assert ended.stderr == b"", ended  # a dying C library may complain: the signal defers the mail all the same
        visible = [path.read_bytes() for path in self._messages() if path.parent.name != "tmp"]
        return Ended(ended.returncode, visible.count(BODY), len(visible) - visible.count(BODY), ended.stdout)

    def points(self, *strace: str) -> list[Point]:
        """Every system call of one delivery without a fault; of several processes, the highest count."""
        assert self.deliver(*strace, "-e", "trace=all").status == 0
        counts: dict[str, Counter[str]] = {}
        for line in (self.path / "trace").read_text(errors="replace").splitlines():
            found = re.match(r"(\d+ +)?([a-z_0-9]+)\(", line)
            if found and found[2] not in UNTOUCHED:
                counts.setdefault(found[1] or "", Counter())[found[2]] += 1
        most = {call: max(count[call] for count in counts.values()) for count in counts.values() for call in count}
        return [Point(call, n) for call in sorted(most) for n in range(1, most[call] + 1)]

    def _messages(self) -> list[Path]:
        return [path for name in ("new", "cur", "tmp") for path in self.path.glob(f"Maildir/**/{name}/*")]


@pytest.fixture(scope="session", autouse=True)
def prerequisites() -> None:
    """strace and an installed launcher: missing ones are a failure in CI, elsewhere a reason to skip."""
    missing = [str(name) for name in ("strace", LAUNCHER) if not shutil.which(str(name))]
    if missing:
        reason = f"needs {' and '.join(missing)}: run `make test` as root on Debian"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


SCENARIOS = {"inbox without rules": None, "folder by a rule": RULES}


@pytest.fixture(scope="module", params=SCENARIOS.values(), ids=SCENARIOS)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("torture") / "home", request.param)


def sample(points: list[Point], step: int) -> list[Point]:
    """All points for `make torture`, else every step-th."""
    return points if WHOLE else points[::step]
