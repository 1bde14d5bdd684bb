"""Under every limit that a mail system or an administrator may set: delivered whole, or postponed."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from pyfilter import limits

from .conftest import MESSAGE, POSTPONED, SOURCES, Ended, Installation
from .test_clean_room import reported, value
from .test_statuses import SIGNALS

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
    assert line in {f"{SIGNALS[n]}; the mail stays in the queue" for n in (9, 24)}


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


# what a delivery sees of its own limits: soft ones
SEEN = "[__import__('resource').getrlimit(n)[0] for n in (0, 9, 4)]"  # RLIMIT_CPU, RLIMIT_AS, RLIMIT_CORE


def test_what_python_may_take(installation: Installation) -> None:
    path = reported(installation, SEEN)
    assert installation.run(prefix=("prlimit", "--core=unlimited:unlimited")).status == 0
    assert value(path) == [limits.CPU_SECONDS, limits.MEMORY_BYTES, 0]


def test_a_limit_that_is_lower_stays(installation: Installation) -> None:
    path = reported(installation, SEEN)
    assert installation.run(prefix=("prlimit", "--cpu=50", "--as=900000000", "--core=0")).status == 0
    assert value(path) == [50, 900000000, 0]


def test_programs_of_rules_can_have_more(installation: Installation) -> None:
    """Only the soft limits are set: services/child.py gives each program its own."""
    path = reported(installation, "[__import__('resource').getrlimit(n)[1] for n in (0, 9)]")
    assert installation.run().status == 0
    assert value(path) == [-1, -1]


def test_the_launcher_itself_leaves_no_core(installation: Installation) -> None:
    path = reported(installation, "open(f'/proc/{os.getppid()}/limits').read().split('core file size')[1].split()[0]")
    assert installation.run(prefix=("prlimit", "--core=unlimited:unlimited")).status == 0
    assert value(path) == "0"


def test_python_without_enough_memory_postpones(installation: Installation) -> None:
    installation.mda("def main(arguments, seconds):\n    bytearray(1 << 30)\n    return 0\n")
    assert installation.run() == POSTPONEMENT
    assert installation.log[0] == "the delivery said: MemoryError"


@pytest.mark.parametrize("caller", ["", "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)"])
def test_a_delivery_that_takes_too_much_cpu_is_ended(strict: Installation, caller: str) -> None:
    strict.python("while :; do :; done")
    starts = f"import os, sys\n{caller}\nos.execv(sys.argv[1], sys.argv[1:])"
    assert strict.run(prefix=("/usr/bin/python3", "-c", starts)) == POSTPONEMENT
    assert strict.log == [f"{SIGNALS[24]}; the mail stays in the queue"]


def test_a_message_that_is_too_large(strict: Installation) -> None:
    strict.delivers()
    assert strict.run(message=b"x" * 100_000) == DELIVERED
    assert strict.run(message=b"x" * 100_001) == POSTPONEMENT
    assert strict.delivered == b"x" * 100_000
    assert strict.log == ["the message is larger than 0 MiB, which no delivery can hold; the mail stays in the queue"]


def test_a_message_without_end(strict: Installation) -> None:
    strict.delivers()
    assert strict.run(prefix=("sh", "-c", 'exec "$0" </dev/zero')) == POSTPONEMENT
    assert strict.delivered is None


def test_the_launcher_and_python_know_the_same_limits() -> None:
    defined = dict(re.findall(r"#define (\w+) \(?([0-9L< ]+)\)?\n", (SOURCES / "launcher.h").read_text()))
    known = {name: eval(number.replace("L", "")) for name, number in defined.items()}
    for name in ("MESSAGE_BYTES", "CPU_SECONDS", "MEMORY_BYTES", "REASON_CHARACTERS"):
        assert known[name] == getattr(limits, name), name
    assert known["DEADLINE_MS"] == 1000 * limits.DEADLINE_SECONDS
