"""Under every limit that a mail system or an administrator may set: delivered whole, or postponed."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import MESSAGE, POSTPONED, Ended, Installation

DELIVERED = Ended(0, b"", b"")
POSTPONEMENT = Ended(75, POSTPONED, b"")


def under(limit: str) -> tuple[str, ...]:
    return ("prlimit", limit)


@pytest.mark.parametrize("size", [0, 1, 80, 4096, 65536, 1_000_000])
def test_file_size(installation: Installation, size: int) -> None:
    """mailbox_size_limit arrives as RLIMIT_FSIZE, and holds for the memory the message is kept in too."""
    installation.delivers()
    message = b"x" * 500_000
    ended = installation.run(message=message, prefix=under(f"--fsize={size}"))
    assert ended == (DELIVERED if size > len(message) else POSTPONEMENT)
    assert installation.delivered == (message if size > len(message) else None)


def test_number_of_files(installation: Installation) -> None:
    installation.delivers()
    ends = {limit: installation.run(prefix=under(f"--nofile={limit}")) for limit in range(3, 24)}
    assert set(ends.values()) == {DELIVERED, POSTPONEMENT}
    assert [ends[limit] for limit in (3, 4, 5)] == [POSTPONEMENT] * 3
    assert ends[23] == DELIVERED


def test_address_space(installation: Installation) -> None:
    """Too little for the launcher: the kernel kills it, which postpones as well."""
    installation.delivers()
    for limit in (1 << n for n in range(14, 30)):
        before = installation.delivered
        ended = installation.run(prefix=under(f"--as={limit}"))
        assert ended.status in {0, 75} or ended.status < 0
        assert ended.status != 0 or installation.delivered == MESSAGE
        assert before in (None, MESSAGE)


def test_cpu_time(installation: Installation) -> None:
    installation.python("while :; do :; done")
    assert installation.run(prefix=under("--cpu=1")) == POSTPONEMENT
    (line,) = installation.log
    assert line in {f"the delivery died of signal {n}; the mail stays in the queue" for n in (9, 24)}


def test_number_of_processes(installation: Installation, tmp_path: Path) -> None:
    """As a user, since root has no such limit."""
    place = Path("/tmp") / f"pyfilter-nproc-{os.getpid()}"
    shutil.copytree(installation.root, place)
    place.chmod(0o755)
    try:
        ended = subprocess.run(
            [place / "bin" / "pyfilter-deliver"],
            input=MESSAGE,
            capture_output=True,
            user=64_999 if os.getuid() == 0 else None,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (0, 0)),
            timeout=60,
        )
    finally:
        shutil.rmtree(place)
    assert (ended.returncode, ended.stdout) == (75, POSTPONED)
