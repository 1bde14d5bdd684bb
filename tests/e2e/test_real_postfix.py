"""Mail through a real Postfix: every scenario, on a machine of its own.

What a scenario promises stands in its file; here they are started, and here it is shown that they would
notice a loss.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from . import namespace

SCENARIOS = {
    path.stem: path
    for path in sorted((Path(__file__).parent / "scenarios").glob("[!_]*.py"))
    if path.stem != "conftest"
}


def summary(report: str) -> str:
    """What pytest said in the end of the run inside the machine: "11 passed", and nothing else beside it."""
    found = re.search(r"(?m)^=+ (\d[^=]*) in [\d.]+s[^=]* =+$", report)
    return found[1] if found else "no summary"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, machine: Path) -> None:
    finished = namespace.run(SCENARIOS[scenario], machine)
    print(finished.stdout)  # pytest shows it when the test fails
    assert finished.returncode == 0
    assert re.fullmatch(r"\d+ passed", summary(finished.stdout))


@pytest.mark.parametrize("agent", ["procmail", "pyfilter behind a shell", "pyfilter without the launcher"])
def test_others_file_the_seed_into_the_same_folders(agent: str, machine: Path) -> None:
    """procmail by the `.procmailrc`; the launcher with the option that procmail had; and what the manual says for
    a machine without a compiler."""
    finished = namespace.run(SCENARIOS["seed"], machine, f"--agent={agent}")
    print(finished.stdout)
    assert finished.returncode == 0
    assert summary(finished.stdout) == "11 passed"


def test_nothing_stays_behind(machine: Path) -> None:
    """Accounts, configuration, mail and mounts of a machine end with it."""

    def outside() -> dict[str, object]:
        files = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/postfix/main.cf", "/etc/postfix/master.cf"]
        return {
            **{name: Path(name).read_bytes() for name in files},
            "times": [Path(name).stat().st_mtime_ns for name in files],
            "homes": sorted(Path("/home").iterdir()),
            "mounts": Path("/proc/self/mounts").read_text(),
            "mail": sorted(Path("/var/mail").iterdir()),
            "host": os.uname().nodename,
        }

    before = outside()
    finished = namespace.run(SCENARIOS["seed"], machine)
    assert summary(finished.stdout) == "11 passed"
    assert outside() == before


@pytest.mark.parametrize("agent", ["sink", "refusal"])
def test_a_loss_is_noticed(agent: str, machine: Path) -> None:
    """With `cat >/dev/null` or `exit 1` for an agent every test of the seed has to fail."""
    finished = namespace.run(SCENARIOS["seed"], machine, f"--agent={agent}")
    print(finished.stdout)
    assert finished.returncode == 1  # pytest's "tests were run and failed", not "could not start"
    assert summary(finished.stdout) == "11 failed"
