"""The files for editors that need no server: Vim's `:make`, VS Code's package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
EDITORS = CHECKOUT / "examples" / "editors"
HERE = Path(__file__).parent


@pytest.mark.parametrize(("program", "options"), [("vim", ["-es"]), ("nvim", ["--headless"])])
def test_make_lists_problems(program: str, options: list[str], tmp_path: Path) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed: apt-get install {program.replace('nvim', 'neovim')}")
    tmp_path.chmod(0o700)
    rules, out, command = tmp_path / ".pyfilterrc", tmp_path / "list", tmp_path / "bin" / "pyfilter"
    rules.write_text('rule "x" {\n    when subjcet is "a"\n    discard\n}\n')
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{CHECKOUT}" exec "{sys.executable}" -B -m pyfilter "$@"\n')
    command.chmod(0o755)
    env = {
        **os.environ, "HOME": str(tmp_path), "PATH": f"{command.parent}:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
        "PYFILTER_EDITOR": str(EDITORS / "vim"), "PYFILTER_RULES": str(rules), "PYFILTER_OUT": str(out),
    }  # fmt: skip
    subprocess.run(
        [program, "-u", "NONE", "-i", "NONE", "-n", *options, "-S", str(HERE / "quickfix.vim")],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    first, second = out.read_text().splitlines()
    assert first == "e 2 10 E201]: there is no field `subjcet`"
    assert second.startswith("w 3 5 W")


def test_rules_of_udev_are_no_rules_of_ours(tmp_path: Path) -> None:
    if not shutil.which("vim"):
        pytest.skip("vim is not installed: apt-get install vim")
    for name, text, kind in (
        ("60-disk.rules", 'KERNEL=="sd*", NAME="x"\n', "other"),
        ("lists.rules", '# lists\nrule "a" {\n    keep\n}\n', "pyfilter"),
    ):
        rules, out = tmp_path / name, tmp_path / "groups"
        rules.write_text(text)
        env = {**os.environ, "PYFILTER_EDITOR": str(EDITORS / "vim"), "PYFILTER_RULES": str(rules)}
        subprocess.run(
            ["vim", "-u", "NONE", "-i", "NONE", "-n", "-es", "-S", str(HERE / "groups.vim")],
            env={**env, "PYFILTER_OUT": str(out)}, stdin=subprocess.DEVNULL, check=True, timeout=60,
        )  # fmt: skip
        found = out.read_text().splitlines()[0] if out.stat().st_size else ""
        assert (found == "pyfilter") == (kind == "pyfilter"), name


def test_what_vs_codes_package_names_is_there() -> None:
    package = json.loads((EDITORS / "vscode" / "package.json").read_text())
    paths = [package["main"], *(row["path"] for row in package["contributes"]["grammars"])]
    paths += [row["configuration"] for row in package["contributes"]["languages"]]
    for path in paths:
        assert (EDITORS / "vscode" / path).is_file(), path
    json.loads((EDITORS / "vscode" / "language-configuration.json").read_text())
    grammar = json.loads((EDITORS / "vscode" / package["contributes"]["grammars"][0]["path"]).read_text())
    assert grammar["scopeName"] == package["contributes"]["grammars"][0]["scopeName"]


def test_vs_codes_extension_is_javascript() -> None:
    if not shutil.which("node"):
        pytest.skip("node is not installed: apt-get install nodejs")
    subprocess.run(["node", "--check", str(EDITORS / "vscode" / "extension.js")], check=True, timeout=60)
