"""What `pip install` installs: every file of the package that git knows, compiled, and the launcher."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_path("purelib"))
SCRIPTS = Path(sysconfig.get_path("scripts"))
NOT_INSTALLED = {".c", ".h"}  # compiled into the launcher


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    if not (SITE / "pyfilter").is_dir():
        reason = "pyfilter is not installed in this environment: make test"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def known_to_git() -> set[str]:
    command = ["git", "ls-files", "-z", "pyfilter", "rules/*.rules"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True)
    names = {name for name in listed.stdout.decode().split("\0") if name and Path(name).suffix not in NOT_INSTALLED}
    return {name if name.startswith("pyfilter/") else f"pyfilter/{name}" for name in names}


def found_installed() -> set[str]:
    files = (SITE / "pyfilter").rglob("*")
    return {str(path.relative_to(SITE)) for path in files if path.is_file() and path.parent.name != "__pycache__"}


def test_the_tests_test_what_is_installed() -> None:
    specification = importlib.util.find_spec("pyfilter")
    assert specification is not None
    assert specification.origin == str(SITE / "pyfilter" / "__init__.py")


def test_every_file_of_the_package_is_installed() -> None:
    assert found_installed() == known_to_git()


def test_each_is_compiled_so_that_no_delivery_has_to() -> None:
    sources = [SITE / name for name in found_installed() if name.endswith(".py")]
    assert [path for path in sources if not Path(importlib.util.cache_from_source(path)).is_file()] == []


def test_everybody_can_read_them() -> None:
    unreadable = [name for name in found_installed() if (SITE / name).stat().st_mode & 0o044 != 0o044]
    assert unreadable == []


def test_the_launcher_is_installed_and_static() -> None:
    launcher = SCRIPTS / "pyfilter-deliver"
    assert launcher.stat().st_mode & 0o555 == 0o555
    headers = subprocess.run(["readelf", "-lW", launcher], capture_output=True, text=True, check=True)
    assert "INTERP" not in headers.stdout
    version = subprocess.run([launcher, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert version.stdout == b"pyfilter-deliver 0.1.0\n"


def test_it_delivers_with_this_very_package(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    launcher = SCRIPTS / "pyfilter-deliver"
    ended = subprocess.run([launcher], input=b"Subject: x\n\nhello\n", capture_output=True, env=environment, check=True)
    assert (ended.stdout, ended.stderr) == (b"", b"")
    (filed,) = (tmp_path / "Maildir" / "new").iterdir()
    assert filed.read_bytes() == b"Subject: x\n\nhello\n"
