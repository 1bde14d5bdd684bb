"""What a sweep needs: an installed launcher, strace(1), a C compiler; and a place for each of two runs at a time.

The suite takes a sample of the calls for most of it; ``make torture`` (TORTURE=1) takes them all.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from .deliverers import LAUNCHER
from .scenarios import SCENARIOS, compile_stand_in
from .sweep import Bench

WHOLE = "TORTURE" in os.environ
AT_A_TIME = 2

Item = TypeVar("Item")
# a scenario's name, and the directory of another package than the installed one
Benches = Callable[..., list[Bench]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only `make torture` runs is not a part of the suite."""
    if not WHOLE:
        left_out = [item for item in items if item.get_closest_marker("whole")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def prerequisites() -> None:
    """strace and an installed launcher: missing ones are a failure in CI, elsewhere a reason to skip."""
    missing = [str(name) for name in ("strace", "cc", LAUNCHER) if not shutil.which(str(name))]
    if missing:
        reason = f"needs {' and '.join(missing)}: run `make test` as root on Debian"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_stand_in(tmp_path_factory.mktemp("stand-in"))


@pytest.fixture
def benches(stand_in: Path, tmp_path: Path) -> Benches:
    """Makes as many benches of a scenario as there are runs at a time."""

    installed = Path(sysconfig.get_path("purelib"))

    def make(name: str, package: Path = installed) -> list[Bench]:
        return [
            Bench(tmp_path / f"{name.replace(' ', '-')}-{n}", SCENARIOS[name], stand_in, package)
            for n in range(AT_A_TIME)
        ]

    return make


def sample(items: list[Item], step: int) -> list[Item]:
    """All of them for `make torture`, else every step-th."""
    return items if WHOLE else items[::step]
