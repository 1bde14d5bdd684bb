"""Where attacks go: a delivery as the mail server starts it, with the real launcher or without one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from ..delivery.programs import Recorder
from ..launcher.conftest import AS_INSTALLED, Installation, build_directory, installation, log_socket, usual_launcher
from ..test_mda import PACKAGES, Account

__all__ = ["build_directory", "installation", "log_socket", "usual_launcher"]  # fixtures


@pytest.fixture(scope="session")
def build() -> list[str]:
    return AS_INSTALLED


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path / "home")


@pytest.fixture
def program(tmp_path: Path, account: Account) -> Recorder:
    """A program of the user's that writes down what it got."""
    return Recorder(tmp_path, account.home, "program")


@pytest.fixture
def delivering(installation: Installation) -> Installation:
    """The launcher, and behind it this pyfilter, whole."""
    shutil.rmtree(installation.site)
    installation.site.mkdir()
    for number, place in enumerate(PACKAGES):  # installed, the first one is among the others, too
        for name in os.listdir(place) if number else ["pyfilter"]:
            if not (installation.site / name).exists():
                (installation.site / name).symlink_to(Path(place) / name)
    (installation.bin / "python3.11").symlink_to(Path(sys.executable).resolve())
    return installation
