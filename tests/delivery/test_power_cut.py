"""The power is cut right after "delivered": what was delivered is there when it comes back.

The home lies on a file system in an image. What the kernel has not yet sent to the disk is not
in the image, so that a copy of the image, taken the moment the delivery has ended, is what a
disk holds when the power goes. The copy is mounted, its journal replayed, and read.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .box import Box
from .conftest import needed
from .tracing import command

# megabytes, the program that makes the file system, and the option to mount its copy beside it
SYSTEMS = {"ext4": (16, ["mkfs.ext4", "-q", "-F"], "")}
CUTS = 4
if "TORTURE" in os.environ:
    SYSTEMS |= {"xfs": (320, ["mkfs.xfs", "-q", "-f"], ",nouuid"), "btrfs": (128, ["mkfs.btrfs", "-q"], "")}
    CUTS = 200
CUT = """
import json, os, shutil, subprocess, sys
image, place, words, cuts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
mounted, other = place + "/mounted", place + "/after"
os.makedirs(mounted)
os.makedirs(other)
subprocess.run(["mount", "-o", "loop", image, mounted], check=True)
os.makedirs(mounted + "/home", 0o700)
os.sync()
lost = 0
for cut in range(cuts):
    orders = json.loads(words[-1])
    orders["home"] = mounted + "/home"
    orders["filings"] = [["copy", "INBOX", ""], ["copy", "Old", "S"], ["file", f"New{cut}", ""]]
    raw = f"Subject: {cut}\\n\\ntext\\n".encode()
    said = subprocess.run([*words[:-1], json.dumps(orders)], input=raw, stdout=subprocess.PIPE, check=True).stdout
    assert said == b"delivered \\n", said
    shutil.copyfile(image, image + ".cut")
    subprocess.run(["mount", "-o", "loop" + sys.argv[5], image + ".cut", other], check=True)
    for folder in ("new", ".Old/cur", f".New{cut}/new"):
        path = f"{other}/home/Maildir/{folder}"
        found = [open(f"{path}/{name}", "rb").read() for name in os.listdir(path)] if os.path.isdir(path) else []
        lost += raw not in found
    subprocess.run(["umount", other], check=True)
subprocess.run(["umount", mounted], check=True)
print("lost", lost, "of", 3 * cuts)
"""


def cut(system: str, tmp_path: Path, durable: str) -> str:
    size, make, option = SYSTEMS[system]
    needed(shutil.which(make[0]) is not None, f"{make[0]} is not installed")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(size << 20)
    subprocess.run([*make, str(image)], check=True, capture_output=True)
    words = json.dumps(command(Box(tmp_path), (), {"durable": durable}))
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", CUT, str(image), str(tmp_path), words, str(CUTS), option],
        capture_output=True,
        text=True,
        check=False,
    )
    for path in tmp_path.glob("image*"):  # pytest keeps the directories of three runs
        path.unlink()
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_delivered_is_there_after_a_power_cut(system: str, tmp_path: Path) -> None:
    assert cut(system, tmp_path, "full") == f"lost 0 of {3 * CUTS}"


@pytest.mark.usefixtures("root")
def test_without_fsync_it_is_not(tmp_path: Path) -> None:
    """That is what `durable = none` means, and shows that the test above can fail."""
    assert cut("ext4", tmp_path, "none") == f"lost {3 * CUTS} of {3 * CUTS}"
