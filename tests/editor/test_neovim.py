"""A session in a real Neovim, with its own client (session.lua): what a user sees there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

RULES = """\
rule "lists" {
    when from contains "😀" and subjcet matches "{list}*"
    file into "lists/{list}"
}
"""


def test_a_session_in_neovim(tmp_path: Path) -> None:
    pytest.importorskip("pygls", reason="pygls is not installed: pip install 'pyfilter-mail[editor]'")
    if not shutil.which("nvim"):
        pytest.skip("nvim is not installed: apt-get install neovim")
    tmp_path.chmod(0o700)
    rules, out = tmp_path / ".pyfilterrc", tmp_path / "seen"
    rules.write_text(RULES, "utf-8")
    env = {
        **os.environ,
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(CHECKOUT),
        "PYFILTER_COMMAND": f"{sys.executable} -m pyfilter language-server",
        "PYFILTER_EDITOR": str(CHECKOUT / "examples" / "editors" / "vim"),
        "PYFILTER_RULES": str(rules),
        "PYFILTER_OUT": str(out),
    }
    script = Path(__file__).with_name("session.lua")
    command = ["nvim", "-u", "NONE", "-i", "NONE", "-n", "--headless", "-S", str(script)]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)
    assert out.exists(), done.stderr
    seen = json.loads(out.read_text())
    assert "failure" not in seen, seen["failure"]
    assert seen["filetype"] == "pyfilter"
    line = RULES.splitlines()[1].encode()
    start = line.index(b"subjcet")  # in bytes, as Neovim counts
    assert seen["problem"] == [
        1, start, start + 7, "E201",
        "there is no field `subjcet`: not a field of a message\nhelp: did you mean `subject`?",
    ]  # fmt: skip
    assert seen["mended"] == RULES.splitlines()[1].replace("subjcet", "subject")
    assert seen["gone"] == []
    assert seen["hover"].startswith("**subject** — field, text\n\nthe Subject header, decoded")
    assert seen["jumped"] == [2, line.index(b"{list}") + 1]
    assert "mark" in seen["offered"] and "file into" in seen["offered"]
