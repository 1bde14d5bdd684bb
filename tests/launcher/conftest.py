"""A launcher in a scratch installation, with a Python that does what the test says.

The launcher is compiled as meson.build does, but for values that only a compiler
can set: where the system log listens, the deadline, limits.
"""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCES = Path(__file__).parents[2] / "pyfilter" / "launcher"
MESSAGE = b"From a@x Tue Nov 24 04:38:40 2026\nReturn-Path: <a@x>\nSubject: hello\n\nhello\n"
POSTPONED = b"4.3.0 delivery postponed\n"


class Ended(NamedTuple):
    """How the launcher ended: exit status (or minus the signal), standard output, standard error."""

    status: int
    output: bytes
    error: bytes


class Installation:
    """BIN/pyfilter-deliver, BIN/python3.11 and LIB/python3.11/site-packages/pyfilter, as in a virtual environment."""

    def __init__(self, root: Path, launcher: Path, log: socket.socket) -> None:
        self.root = root
        self.bin = root / "bin"
        self.site = root / "lib" / "python3.11" / "site-packages"
        self.scratch = root / "scratch"
        self.launcher = self.bin / "pyfilter-deliver"
        self._log = log
        for directory in (self.bin, self.site / "pyfilter", self.scratch):
            directory.mkdir(parents=True)
        (self.site / "pyfilter" / "__init__.py").touch()
        (self.site / "pyfilter" / "mda.py").touch()
        self.launcher.hardlink_to(launcher)

    def python(self, script: str) -> None:
        """BIN/python3.11 is this shell script; in it, "$scratch" is a directory to leave traces in."""
        python = self.bin / "python3.11"
        python.write_text(f"#!/bin/sh\nscratch={self.scratch}\n{script}\n")
        python.chmod(0o755)

    def mda(self, source: str) -> None:
        """BIN/python3.11 is the real one; pyfilter/mda.py has this source."""
        (self.bin / "python3.11").symlink_to(Path(sys.executable).resolve())
        (self.site / "pyfilter" / "mda.py").write_text(source)

    def delivers(self) -> None:
        """Python takes the message to scratch/delivered and says so."""
        self.python("cat >$scratch/delivered; echo; echo 2.0.0 delivered")

    @property
    def delivered(self) -> bytes | None:
        path = self.scratch / "delivered"
        return path.read_bytes() if path.exists() else None

    def run(
        self,
        *arguments: str,
        message: bytes = MESSAGE,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        prefix: tuple[str, ...] = (),
    ) -> Ended:
        """Run it as local(8) would; ``prefix``: a command in front that sets limits or closes descriptors."""
        ended = subprocess.run(
            [*prefix, self.launcher, *arguments], input=message, capture_output=True, timeout=60, env=env, cwd=cwd
        )
        assert b"runtime error: " not in ended.stderr  # a sanitizer's, which goes to no file
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    @property
    def log(self) -> list[str]:
        """What the system log got since the last look, without priority and process."""
        lines = []
        while True:
            try:
                line = self._log.recv(65536, socket.MSG_DONTWAIT).decode("ascii")
            except BlockingIOError:
                return lines
            assert line.startswith("<19>pyfilter-deliver[")
            lines.append(line.partition("]: ")[2])


AS_INSTALLED = ["-static", "-Wl,-z,norelro"]
# An undefined step, or one beyond an object, ends the launcher, and leaves a file report.PID in the directory of the
# builds. (Not static: the sanitizers need the loader, /proc, and much address space.)
SANITIZED = [
    "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer",
    "-DMEMORY_BYTES=(1LL << 50)",
]  # fmt: skip
OPTIONS = """
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__asan_default_options(void) { return "abort_on_error=1:detect_leaks=0:log_path=" REPORTS; }
const char *__ubsan_default_options(void) { return "abort_on_error=1:print_stacktrace=1:log_path=" REPORTS; }
"""
# tests of what a build with sanitizers does not have
ONLY_AS_INSTALLED = {
    "test_address_space", "test_number_of_files", "test_what_python_may_take", "test_a_limit_that_is_lower_stays",
    "test_python_without_enough_memory_postpones", "test_the_launcher_needs_no_library_and_no_loader",
    "test_without_proc_the_name_it_was_called_by_tells",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [
        item
        for item in items
        if not (isinstance(item, pytest.Function) and item.originalname in ONLY_AS_INSTALLED and is_sanitized(item))
    ]


def is_sanitized(item: pytest.Function) -> bool:
    return hasattr(item, "callspec") and item.callspec.params.get("build") is SANITIZED


def compile_launcher(into: Path, build: list[str], *definitions: str, sources: Path = SOURCES) -> Path:
    program = into / f"launcher{len(list(into.iterdir()))}"
    defined = [f"-D{definition}" for definition in definitions]
    flags = ["-std=gnu11", "-O1", "-D_GNU_SOURCE", '-DVERSION="0.0"', f'-DREPORTS="{into}/report"', *defined, *build]
    files = sorted(sources.glob("*.c"))
    if build is SANITIZED:
        (into / "options.c").write_text(OPTIONS)
        files.append(into / "options.c")
    subprocess.run(["cc", *flags, "-o", program, *files], check=True)
    return program


@pytest.fixture(scope="session", params=[AS_INSTALLED, SANITIZED], ids=["as installed", "sanitized"])
def build(request: pytest.FixtureRequest) -> list[str]:
    """How the launcher is compiled; each test runs with each."""
    flags: list[str] = request.param
    return flags


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever runs the tests may have one in their home."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))


@pytest.fixture(autouse=True)
def no_report(build_directory: Path) -> Iterator[None]:
    """Whatever a test expects, nothing undefined may happen in it."""
    yield
    reports = list(build_directory.glob("report.*"))
    said = [path.read_text() for path in reports]
    for path in reports:
        path.unlink()
    assert said == []


@pytest.fixture(scope="session")
def build_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("launcher")


@pytest.fixture(scope="session")
def log_socket(build_directory: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(build_directory / "log"))
        yield log


@pytest.fixture(scope="session")
def usual_launcher(build_directory: Path, build: list[str]) -> Path:
    return compile_launcher(build_directory, build, f'LOG_SOCKET="{build_directory / "log"}"')


@pytest.fixture(scope="session")
def strict_launcher(build_directory: Path, build: list[str]) -> Path:
    return compile_launcher(
        build_directory, build, f'LOG_SOCKET="{build_directory / "log"}"', "CPU_SECONDS=1", "MESSAGE_BYTES=100000"
    )


@pytest.fixture(scope="session")
def impatient_launcher(build_directory: Path, build: list[str]) -> Path:
    return compile_launcher(build_directory, build, f'LOG_SOCKET="{build_directory / "log"}"', "DEADLINE_MS=1000")


def make(root: Path, launcher: Path, log: socket.socket) -> Installation:
    made = Installation(root, launcher, log)
    assert made.log is not None  # empties it
    return made


@pytest.fixture
def installation(tmp_path: Path, usual_launcher: Path, log_socket: socket.socket) -> Installation:
    """As it is built for users, deadline 300 s."""
    return make(tmp_path / "venv", usual_launcher, log_socket)


@pytest.fixture
def impatient(tmp_path: Path, impatient_launcher: Path, log_socket: socket.socket) -> Installation:
    """With a deadline of 1 s."""
    return make(tmp_path / "venv", impatient_launcher, log_socket)


@pytest.fixture
def patient(tmp_path: Path, build_directory: Path, build: list[str], log_socket: socket.socket) -> Installation:
    """With a deadline of 5 s: what goes on before it has time, however busy the machine is."""
    launcher = compile_launcher(build_directory, build, f'LOG_SOCKET="{build_directory / "log"}"', "DEADLINE_MS=5000")
    return make(tmp_path / "venv", launcher, log_socket)


@pytest.fixture
def strict(tmp_path: Path, strict_launcher: Path, log_socket: socket.socket) -> Installation:
    """With 1 s of CPU, for messages of 100,000 bytes."""
    return make(tmp_path / "venv", strict_launcher, log_socket)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
