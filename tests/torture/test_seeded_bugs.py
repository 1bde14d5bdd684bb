"""The sweeps can fail: bugs are put into a copy of the package, and the checks of test_faults.py find them.

A bug is some lines at the end of pyfilter/mda.py, which change what a call to the system does for every module.
"""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import pytest

from .conftest import Benches
from .judge import broken, undurable
from .sweep import ERRORS, Fault, sweep

INSTALLED = Path(sysconfig.get_path("purelib"))

WITHOUT_FSYNC = """
import stat
_fsync = os.fsync
os.fsync = lambda descriptor: None if stat.{kind}(os.fstat(descriptor).st_mode) else _fsync(descriptor)
"""

IGNORES_ERRORS = """
_call = os.{call}
def _carefree(*arguments, **named):
    try:
        return _call(*arguments, **named)
    except OSError:
        return {instead}
os.{call} = _carefree
"""

# what the call makes of its error, its name in a trace, and the promise that is broken; a write "wrote" it all
IGNORED = {
    "write": ("len(arguments[1])", "write", "partial"),
    "close": ("None", "close", "unsure"),
    "fsync": ("None", "fsync", "unsure"),
    "link": ("None", "linkat", "lost"),
}


def with_bug(lines: str, directory: Path) -> Path:
    """A directory of packages like the installed one, with these lines in pyfilter/mda.py."""
    directory.mkdir()
    for path in INSTALLED.iterdir():
        if path.name != "pyfilter":
            (directory / path.name).symlink_to(path)
    shutil.copytree(INSTALLED / "pyfilter", directory / "pyfilter", ignore=shutil.ignore_patterns("__pycache__"))
    with (directory / "pyfilter" / "mda.py").open("a") as source:
        source.write(lines)
    return directory


@pytest.mark.parametrize("call", IGNORED)
def test_the_sweep_finds_an_error_that_is_ignored(call: str, benches: Benches, tmp_path: Path) -> None:
    instead, name, promise = IGNORED[call]
    made = benches("inbox", with_bug(IGNORES_ERRORS.format(call=call, instead=instead), tmp_path / "packages"))
    points = [point for point in made[0].points("python") if point.call == name]
    runs = sweep(
        made, [(point, Fault(ERRORS.get(name, "EIO"))) for point in points[-16:]]
    )  # the interpreter's are older
    assert promise in {word for sentence in broken(runs) for word in sentence.partition(":")[0].split(", ")}


def test_the_trace_tells_of_a_directory_that_is_not_brought_to_disk(benches: Benches, tmp_path: Path) -> None:
    bench = benches("inbox", with_bug(WITHOUT_FSYNC.format(kind="S_ISDIR"), tmp_path / "packages"))[0]
    bench.points("python")
    assert undurable(bench.trace("python")) == [f"{bench.home.maildir}/new: its new name is not on disk at the end"]


def test_the_trace_tells_of_a_file_that_is_not_brought_to_disk(benches: Benches, tmp_path: Path) -> None:
    bench = benches("inbox", with_bug(WITHOUT_FSYNC.format(kind="S_ISREG"), tmp_path / "packages"))[0]
    bench.points("python")
    early, late = undurable(bench.trace("python"))
    assert early.startswith(f"{bench.home.maildir}/tmp/") and early.endswith(
        "is visible before its contents are on disk"
    )
    assert late.startswith(f"{bench.home.maildir}/tmp/") and late.endswith("its contents are not on disk at the end")
