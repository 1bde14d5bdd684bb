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


def results(report: str) -> dict[str, list[str]]:
    """``{PASSED | FAILED | …: [test, …]}`` of the report that pytest wrote inside the machine."""
    found: dict[str, list[str]] = {}
    for word, test in re.findall(r"(?m)^([A-Z]+) \S+?::(\S+)", report):
        found.setdefault(word, []).append(test)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, machine: Path) -> None:
    finished = namespace.run(SCENARIOS[scenario], machine)
    print(finished.stdout)  # pytest shows it when the test fails
    assert finished.returncode == 0
    assert list(results(finished.stdout)) == ["PASSED"], "not every test of the scenario was run"


@pytest.mark.parametrize("agent", ["procmail", "pyfilter without a shell"])
def test_others_file_the_seed_into_the_same_folders(agent: str, machine: Path) -> None:
    """procmail by the `.procmailrc`; and the launcher as Postfix starts it where there are no quotes."""
    finished = namespace.run(SCENARIOS["seed"], machine, f"--agent={agent}")
    print(finished.stdout)
    assert finished.returncode == 0
    assert list(results(finished.stdout)) == ["PASSED"]


def test_nothing_stays_behind(machine: Path) -> None:
    """Accounts, configuration, mail, mounts and processes of a machine end with it."""

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
    assert "11 passed" in finished.stdout
    assert outside() == before


@pytest.mark.parametrize("agent", ["sink", "refusal"])
def test_a_loss_is_noticed(agent: str, machine: Path) -> None:
    """With `cat >/dev/null` or `exit 1` for an agent every test of the seed has to fail."""
    finished = namespace.run(SCENARIOS["seed"], machine, f"--agent={agent}")
    print(finished.stdout)
    outcome = results(finished.stdout)
    assert finished.returncode == 1  # pytest's "tests were run and failed", not "could not start"
    assert list(outcome) == ["FAILED"]
    assert len(outcome["FAILED"]) == 11
