"""64 deliverers at once, and a reader that moves what they file: sent = filed = unique."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .box import SETTINGS, Box
from .tracing import PACKAGES

FOLDER = ".Crowd.&AX0-lu&AWU-ou&AQ0-k&AP0-"


def move(box: Box) -> None:
    """A mail client: what is new is put into cur, where its flags are kept."""
    for name in os.listdir(box.path / "new"):
        with contextlib.suppress(FileNotFoundError):  # taken back in the meantime
            os.rename(box.path / "new" / name, box.path / "cur" / f"{name}:2,")


@pytest.mark.parametrize(
    ("deliverers", "messages", "durable"), [(16, 1, "full"), (64, 8, "full"), (64, 30, "none")], ids=str
)
def test_sent_is_filed_is_unique(tmp_path: Path, deliverers: int, messages: int, durable: str) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    box = Box(home)
    settings = json.dumps(SETTINGS | {"durable": durable})
    words = [sys.executable, "-I", "-S", str(Path(__file__).with_name("crowd.py")), PACKAGES]
    crowd = subprocess.Popen([*words, str(home), str(deliverers), str(messages), settings], stderr=subprocess.PIPE)
    while crowd.poll() is None:
        if (box.path / "cur").exists() and (box.path / "new").exists():
            move(box)
    _, said = crowd.communicate()
    assert (crowd.returncode, said) == (0, b"")
    move(box)
    sent = {f"Subject: {number}-{at}" for number in range(deliverers) for at in range(messages)}
    for place in ("cur", f"{FOLDER}/cur"):
        names = box.names(place)
        subjects = [(box.path / place / name).read_text().split("\n")[0] for name in names]
        assert len(subjects) == len(sent)
        assert set(subjects) == sent
    assert box.residue() == []
    assert (box.path / "subscriptions").read_bytes() == b"V\t2\n\nCrowd\t&AX0-lu&AWU-ou&AQ0-k&AP0-\n"
    assert set(os.listdir(box.path)) == {"cur", "new", "tmp", "subscriptions", FOLDER}
