"""A home and a message for each test of the delivery."""

from __future__ import annotations

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
