"""Inside the machine: the agent under test, one Postfix for the file, accounts for the tests."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from ..account import Account
from ..namespace import HOST
from ..postfix import LOG, Postfix
from ..spamd import Spamd

# name -> mailbox_command. The last two are no agents: a test must notice them.
AGENTS = {
    "pyfilter": "{bin}/pyfilter-deliver",
    "pyfilter behind a shell": '{bin}/pyfilter-deliver -a "$EXTENSION"',
    "pyfilter without the launcher": '{bin}/pyfilter deliver -a "$EXTENSION" || exit 75',
    "procmail": 'procmail -a "$EXTENSION"',
    "sink": "cat >/dev/null",
    "refusal": "cat >/dev/null; exit 1",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--installation", help="directory of the pyfilter under test")
    parser.addoption("--agent", default="pyfilter", choices=AGENTS, help="what Postfix calls as mailbox_command")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure is shown with what the logs said last."""
    report = yield
    if report.failed:
        for log in [LOG, *sorted(Path("/home").glob("*/.local/state/pyfilter/log"))]:
            if log.exists():
                lines = log.read_text(errors="replace").splitlines()
                report.sections.append((str(log), "\n".join(lines[-12:])))
    return report


@pytest.fixture(scope="session")
def bin(pytestconfig: pytest.Config) -> Path:
    """Where the commands of the pyfilter under test are."""
    if os.uname().nodename != HOST:
        pytest.exit("a scenario changes the mail system of its machine: start it by test_real_postfix.py", 2)
    return Path(pytestconfig.getoption("--installation")) / "bin"


@pytest.fixture(scope="session")
def agent(pytestconfig: pytest.Config) -> str:
    return str(pytestconfig.getoption("--agent"))


@pytest.fixture(scope="session")
def mailbox_command(agent: str, bin: Path) -> str:
    return AGENTS[agent].format(bin=bin)


@pytest.fixture(scope="session")
def postfix(mailbox_command: str) -> Postfix:
    return Postfix(mailbox_command)


@pytest.fixture(scope="session")
def spamd() -> Spamd:
    return Spamd()


numbers = itertools.count(1)


@pytest.fixture
def account(request: pytest.FixtureRequest, postfix: Postfix) -> Iterator[Callable[..., Account]]:
    """Make an account; afterwards nothing may be left in the queue."""

    def make(rules: str | None = None, **more: str) -> Account:
        words = request.node.originalname.removeprefix("test_")[:24].replace("_", "-")
        return Account(f"{words}{next(numbers)}", rules, **more)

    yield make
    left = postfix.settled()
    postfix.drop_all()
    assert left == {}, "the queue is not empty after the test"
