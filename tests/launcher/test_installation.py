"""The launcher finds Python and the package from where it lies itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import MESSAGE, POSTPONED, Installation

TELLS = 'cat >/dev/null; printf "%s\\n" "$0" "$9" >$scratch/found; printf "\\n2.0.0 delivered\\n"'


def lay(installation: Installation, interpreters: list[str], packages: list[str]) -> None:
    """Instead of the usual layout: these interpreters and packages, all paths from the installation's root."""
    shutil.rmtree(installation.root / "lib")
    for path in packages:
        (installation.root / path / "pyfilter").mkdir(parents=True)
        (installation.root / path / "pyfilter" / "mda.py").touch()
    installation.python(TELLS)
    kept = (installation.bin / "python3.11").rename(installation.scratch / "python")
    for path in interpreters:
        shutil.copy(kept, installation.root / path)


def found(installation: Installation) -> list[str]:
    lines = (installation.scratch / "found").read_text().splitlines()
    return [str(Path(line).relative_to(installation.root)) for line in lines]


LAYOUTS = {
    "virtual environment": (["bin/python3.13"], ["lib/python3.13/site-packages"]),
    "only python3": (["bin/python3"], ["lib/python3.98/site-packages"]),
    "only python": (["bin/python"], ["lib/python3.98/site-packages"]),
    "Debian package": (["bin/python3"], ["lib/python3/dist-packages"]),
    "/usr/local": (["bin/python3.11"], ["lib/python3.11/dist-packages"]),
    "lib64": (["bin/python3.11"], ["lib64/python3.11/site-packages"]),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(installation: Installation, layout: tuple[list[str], list[str]]) -> None:
    lay(installation, *layout)
    assert installation.run() == (0, b"", b"")
    assert found(installation) == [*layout[0], *layout[1]]


PREFERENCES = {
    "the interpreter of the package's version": (
        ["bin/python", "bin/python3", "bin/python3.12"],
        ["lib/python3.12/site-packages"],
        ["bin/python3.12", "lib/python3.12/site-packages"],
    ),
    "the highest version, as numbers": (
        ["bin/python3.9", "bin/python3.11", "bin/python3.12"],
        ["lib/python3.9/site-packages", "lib/python3.11/site-packages"],
        ["bin/python3.11", "lib/python3.11/site-packages"],
    ),
    "a versioned package before the common one": (
        ["bin/python3", "bin/python3.11"],
        ["lib/python3/dist-packages", "lib/python3.11/site-packages"],
        ["bin/python3.11", "lib/python3.11/site-packages"],
    ),
    "names that only look like versions are passed over": (
        ["bin/python3", "bin/python3.11"],
        [f"lib/python3{tail}/site-packages" for tail in (".11", ".99999999999999999999", ".12-old", ".", "x", "11")],
        ["bin/python3.11", "lib/python3.11/site-packages"],
    ),
}


@pytest.mark.parametrize("layout", PREFERENCES.values(), ids=PREFERENCES)
def test_preferences(installation: Installation, layout: tuple[list[str], list[str], list[str]]) -> None:
    lay(installation, layout[0], layout[1])
    assert installation.run() == (0, b"", b"")
    assert found(installation) == layout[2]


def test_the_version_counts_more_than_the_place(installation: Installation) -> None:
    """pip on Debian installs for 3.11 into /usr/local, where a python3 of another version may lie."""
    debians = Path("/usr/bin/python3").resolve()  # python3.11 on Debian 12
    lay(installation, ["bin/python3", "bin/python"], [f"lib/{debians.name}/dist-packages"])
    installation.site = installation.root / "lib" / debians.name / "dist-packages"
    trace = installation.scratch / "found"
    (installation.site / "pyfilter" / "mda.py").write_text(
        "import sys\ndef main(arguments, seconds):\n"
        f"    open({str(trace)!r}, 'w').write(sys.executable)\n    return 0\n"
    )
    assert installation.run() == (0, b"", b"")
    assert trace.read_text() == str(debians)


def test_a_link_to_the_launcher_counts_as_the_launcher(installation: Installation, tmp_path: Path) -> None:
    """pipx links ~/.local/bin/pyfilter-deliver to the one in its virtual environment."""
    installation.delivers()
    link = tmp_path / "deliver"
    link.symlink_to(installation.launcher)
    assert subprocess.run([link], input=MESSAGE, timeout=60).returncode == 0
    assert installation.delivered == MESSAGE


def test_without_proc_the_name_it_was_called_by_tells(installation: Installation) -> None:
    installation.delivers()
    hide = 'mount -t tmpfs none /proc && cd "$(dirname "$0")" && exec ./pyfilter-deliver'
    ended = installation.run(prefix=("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", hide))
    assert (ended.status, installation.delivered) == (0, MESSAGE)


def test_a_launcher_replaced_while_it_runs(installation: Installation) -> None:
    """An upgrade during a delivery: the program reads as deleted, its directory holds the new package."""
    installation.delivers()
    with subprocess.Popen([installation.launcher], stdin=subprocess.PIPE) as launcher:
        assert launcher.stdin is not None
        launcher.stdin.write(b"x" * 200_000)
        launcher.stdin.flush()
        installation.launcher.unlink()
        launcher.stdin.close()
        assert launcher.wait(60) == 0
    assert installation.delivered == b"x" * 200_000


def test_no_package(installation: Installation) -> None:
    installation.delivers()
    (installation.site / "pyfilter" / "mda.py").unlink()
    assert installation.run() == (75, POSTPONED, b"")
    (line,) = installation.log
    assert line.startswith(f"no readable package pyfilter in {installation.root}/lib/python3*/; ")
    assert line.endswith("; install pyfilter-mail anew, where all users can read it")


@pytest.mark.parametrize("how", ["missing", "a directory", "not executable", "a dangling link"])
def test_no_interpreter(installation: Installation, how: str) -> None:
    """For a version that /usr/bin does not have either."""
    shutil.move(installation.root / "lib" / "python3.11", installation.root / "lib" / "python3.98")
    python = installation.bin / "python3"
    if how == "a directory":
        python.mkdir()
    elif how == "not executable":
        python.touch(mode=0o644)
    elif how == "a dangling link":
        python.symlink_to("/nonexistent/python3")
    assert installation.run() == (75, POSTPONED, b"")
    (line,) = installation.log
    assert line.startswith(f"no Python that can be run beside {installation.bin}/pyfilter-deliver nor in /usr/bin; ")
    assert line.endswith("; install Python, or pyfilter-mail anew")


INTERPRETERS = {
    "not a program": (b"\x7fELF no", "Exec format error"),
    "empty": (b"", "Exec format error"),
    "a script whose interpreter is gone": (b"#!/nonexistent/python3\n", "No such file or directory"),
}


@pytest.mark.parametrize("kind", INTERPRETERS)
def test_an_interpreter_that_does_not_start(installation: Installation, kind: str) -> None:
    content, cause = INTERPRETERS[kind]
    python = installation.bin / "python3.11"
    python.write_bytes(content)
    python.chmod(0o755)
    assert installation.run() == (75, POSTPONED, b"")
    assert installation.log == [f"the delivery said: cannot start {python}: {cause}"]


def test_an_interpreter_that_ends_well_without_running_anything(installation: Installation) -> None:
    shutil.copy("/bin/true", installation.bin / "python3.11")
    assert installation.run() == (75, POSTPONED, b"")
    assert installation.log == ["Python ended without having delivered; install pyfilter-mail anew"]


def test_an_interpreter_that_is_too_old(installation: Installation) -> None:
    """Python before 3.11 does not know -P."""
    installation.python('echo "Unknown option: -P" >&2; exit 2')
    assert installation.run() == (75, POSTPONED, b"")
    assert installation.log == [
        "the delivery said: Unknown option: -P",
        "the delivery ended with status 2; the mail stays in the queue",
    ]
