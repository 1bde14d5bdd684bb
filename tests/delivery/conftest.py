"""A home and a message for each test of the delivery."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter.message.message import Message

from .box import RAW, Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Box(home)


@pytest.fixture
def message() -> Message:
    return Message.from_bytes(RAW)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A directory for thousands of deliveries that do not ask whether fsync works: in memory, where there is some."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    directory = tempfile.mkdtemp(prefix="pyfilter-", dir="/dev/shm")
    yield Path(directory)
    shutil.rmtree(directory)


def needed(condition: bool, lack: str) -> None:
    """Skip a test that cannot be here, with the reason; a machine for continuous integration has everything."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(lack)
    pytest.skip(lack)


@pytest.fixture(scope="session")
def strace() -> None:
    needed(shutil.which("strace") is not None, "strace is not installed: apt-get install strace")


@pytest.fixture(scope="session")
def root() -> None:
    needed(os.geteuid() == 0, "only root can mount file systems and make directories of other users")
