"""Compilers have nothing to say about the launcher; and the sanitizers, under which its tests run, do say something."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import MESSAGE, SANITIZED, SOURCES, compile_launcher, make

CHECKOUT = Path(__file__).parents[2]
COMPILERS = {  # each with what it looks for beyond the warnings of `make check`
    "gcc": ["-fanalyzer"],
    "clang": [],
}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("source", sorted(SOURCES.glob("*.c")), ids=lambda source: source.name)
def test_no_warning(source: Path, compiler: str, tmp_path: Path) -> None:
    programs = [name for name in (compiler, *(f"{compiler}-{n}" for n in range(30, 12, -1))) if shutil.which(name)]
    if not programs:
        pytest.skip(f"needs {compiler}")
    found = re.search(r"^WARNINGS := (.*)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert found
    flags = ["-std=gnu11", "-O2", "-D_GNU_SOURCE", *found[1].split(), *COMPILERS[compiler]]
    command = [programs[0], *flags, "-c", source, "-o", tmp_path / "object"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


BUGS = {  # in verdict.c, which reads what a stranger may have made Python say
    "beyond an object": ("size_t room = sizeof stream->text - 1 - ", "size_t room = sizeof stream->text + 9 - "),
    "undefined": ("rounds < 256 &&", "(1 << (rounds + 40)) != 1 &&"),
}


@pytest.mark.parametrize(("right", "wrong"), BUGS.values(), ids=BUGS)
def test_the_sanitizers_find_a_bug(
    right: str, wrong: str, build_directory: Path, tmp_path: Path, log_socket: object
) -> None:
    sources = shutil.copytree(SOURCES, tmp_path / "sources")
    text = (sources / "verdict.c").read_text()
    assert text.count(right) == 1
    (sources / "verdict.c").write_text(text.replace(right, wrong))
    log = f'LOG_SOCKET="{build_directory / "log"}"'
    installation = make(
        tmp_path / "venv", compile_launcher(build_directory, SANITIZED, log, sources=sources), log_socket
    )
    installation.python("cat >/dev/null; head -c 50000 /dev/zero >&2; printf '\\n2.0.0 delivered\\n'")
    ended = subprocess.run([installation.launcher], input=MESSAGE, capture_output=True, timeout=60)
    assert ended.returncode == -6
    reports = list(build_directory.glob("report.*"))
    said = ended.stderr.decode() + "".join(path.read_text() for path in reports)
    assert "verdict.c:" in said and ("runtime error: " in said or "AddressSanitizer" in said)
    for path in reports:
        path.unlink()
