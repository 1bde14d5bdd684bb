"""What Python gets from the launcher, and nothing else."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

from .conftest import MESSAGE, Installation

POSTFIX = {  # every variable that local(8) sets
    "CLIENT_ADDRESS": "192.0.2.1",
    "CLIENT_HELO": "x",
    "CLIENT_HOSTNAME": "unknown",
    "CLIENT_PROTOCOL": "ESMTP",
    "SASL_USERNAME": "olga",
    "DOMAIN": "example.com",
    "EXTENSION": "lists",
    "HOME": "/home/user",
    "LOCAL": "user+lists",
    "LOGNAME": "user",
    "ORIGINAL_RECIPIENT": "user+lists@example.com",
    "RECIPIENT": "user+lists@example.com",
    "SENDER": "a@x",
    "SHELL": "/bin/bash",
    "USER": "user",
}
PYTHONS_OWN = {"LC_CTYPE": "C.UTF-8"}  # PEP 538
HOSTILE = {
    "BASH_ENV": "/tmp/x",
    "CLIENTELE": "1",
    "GCONV_PATH": "/tmp",
    "HOMES": "/x",
    "LC_ALL": "cs_CZ.UTF-8",
    "LD_LIBRARY_PATH": "/tmp",
    "LD_PRELOAD": "/tmp/x.so",
    "MAIL_CONFIG": "/etc/postfix",
    "PYTHONHOME": "/tmp",
    "PYTHONINSPECT": "1",
    "PYTHONPATH": "/tmp",
    "PYTHONSTARTUP": "/tmp/x.py",
    "XDG_CACHE_HOME": "/tmp",
}


def reported(installation: Installation, expression: str) -> object:
    """The value of a Python expression within a delivery."""
    path = installation.scratch / "value"
    installation.mda(
        f"import os, sys\ndef main(arguments, seconds):\n    value = {expression}\n"
        f"    with open({str(path)!r}, 'w') as file: print(repr(value), file=file)\n    return 0\n"
    )
    return path


def value(path: object) -> object:
    assert isinstance(path, Path)
    return ast.literal_eval(path.read_text())


def test_the_environment(installation: Installation) -> None:
    path = reported(installation, "dict(os.environ)")
    assert installation.run(env={**POSTFIX, **HOSTILE, "TZ": "Europe/Prague", "PATH": "/usr/bin:/bin"}).status == 0
    assert value(path) == {**POSTFIX, "TZ": "Europe/Prague", "PATH": "/usr/bin:/bin", "LANG": "C", **PYTHONS_OWN}


def test_an_empty_environment_gets_a_path(installation: Installation) -> None:
    path = reported(installation, "dict(os.environ)")
    assert installation.run(env={}).status == 0
    assert value(path) == {"PATH": "/usr/bin:/bin", "LANG": "C", **PYTHONS_OWN}


def test_more_variables_than_fit(installation: Installation) -> None:
    """The list is bounded; the first ones are kept."""
    path = reported(installation, "len(os.environ), os.environ['HOME']")
    assert installation.run(env={"HOME": "/h", **{f"CLIENT_{n}": "x" for n in range(10_000)}}).status == 0
    assert value(path) == (67, "/h")


def test_the_arguments(installation: Installation) -> None:
    path = reported(installation, "arguments")
    given = ("-d", "u@x", "--rules", "/tmp/rules", "-a", "-f", "-f", "")
    assert installation.run(*given).status == 0
    assert value(path) == ["-a", "-f", "-f", "", "-d", "u@x", "--rules", "/tmp/rules"]


def test_an_argument_in_any_bytes(installation: Installation) -> None:
    path = reported(installation, "list(map(os.fsencode, arguments))")
    hostile = b"\xff\xc3 ../$(id)\n'\""
    assert installation.run("-a", os.fsdecode(hostile)).status == 0
    assert value(path) == [b"-a", hostile]


def test_relative_rules_are_seen_from_where_the_launcher_was_called(installation: Installation) -> None:
    path = reported(installation, "arguments")
    assert installation.run("--rules", "my rules", cwd=installation.scratch).status == 0
    assert value(path) == ["--rules", f"{installation.scratch}/my rules"]


def test_the_interpreter_is_isolated(installation: Installation) -> None:
    path = reported(
        installation,
        "[sys.flags.isolated, sys.flags.no_site, sys.flags.safe_path, sys.flags.dont_write_bytecode,"
        " sys.flags.utf8_mode, sys.path[-1], '' in sys.path, 'site' in sys.modules]",
    )
    assert installation.run(cwd=installation.scratch).status == 0
    assert value(path) == [1, 1, True, 1, 1, str(installation.site), False, False]


def test_the_message_is_standard_input_from_its_beginning(installation: Installation) -> None:
    path = reported(installation, "os.lseek(0, 0, os.SEEK_CUR), os.fstat(0).st_size, os.read(0, 1 << 20)")
    assert installation.run().status == 0
    assert value(path) == (0, len(MESSAGE), MESSAGE)


def test_nobody_can_change_the_message_any_more(installation: Installation) -> None:
    path = reported(installation, "__import__('fcntl').fcntl(0, 1034)")  # F_GET_SEALS
    assert installation.run().status == 0
    assert value(path) == 15  # SEAL, SHRINK, GROW, WRITE


def test_no_other_descriptor_is_open(installation: Installation) -> None:
    path = reported(installation, "[n for n in range(4096) if os.path.lexists(f'/proc/self/fd/{n}')]")
    left = 'exec 3</dev/null 4>/dev/null 9</ ; exec "$0"'
    assert installation.run(prefix=("bash", "-c", left)).status == 0
    assert value(path) == [0, 1, 2]


def test_directory_umask_group_and_signals(installation: Installation) -> None:
    path = reported(
        installation,
        "os.getcwd(), os.umask(0), os.getpgrp() == os.getpid(), __import__('signal').pthread_sigmask(0, []) == set()",
    )
    assert installation.run(cwd=installation.scratch).status == 0
    assert value(path) == ("/", 0o077, True, True)


@pytest.mark.parametrize("writable", [True, False])
def test_a_delivery_writes_nothing_beside_the_package(installation: Installation, writable: bool) -> None:
    installation.mda("def main(arguments, seconds):\n    return 0\n")
    package = installation.site / "pyfilter"
    if not writable:
        (package / "__pycache__").touch()  # in the way of a directory, for root too
    before = sorted(package.iterdir())
    assert installation.run().status == 0
    assert sorted(package.iterdir()) == before


def test_a_module_in_the_callers_directory_is_not_imported(installation: Installation) -> None:
    installation.mda("def main(arguments, seconds):\n    return 0\n")
    for name in ("pyfilter", "os", "posix", "sys", "encodings"):
        (installation.scratch / f"{name}.py").write_text("raise SystemExit(1)")
    environment = {"PYTHONPATH": str(installation.scratch), "HOME": str(installation.scratch)}
    assert installation.run(cwd=installation.scratch, env=environment).status == 0


def test_a_package_cannot_shadow_the_standard_library(installation: Installation) -> None:
    installation.mda("import stat\ndef main(arguments, seconds):\n    return 0\n")
    (installation.site / "stat.py").write_text("raise SystemExit(1)")
    assert installation.run().status == 0


def test_the_launcher_needs_no_library_and_no_loader(installation: Installation) -> None:
    headers = subprocess.run(["readelf", "-lW", installation.launcher], capture_output=True, text=True, check=True)
    assert "INTERP" not in headers.stdout
    assert "DYNAMIC" not in headers.stdout
