"""File systems for one home: in an image that can be cut off, or in memory.

``Image(directory, "ext4")`` makes one; ``standing(home, *image.options)`` puts the home on it until the end of the
block: what lay in the home lies there, too. What the kernel has not yet sent to the disk is not in the image, so that
a copy of it, ``image.cut()``, is what a disk holds when the power goes at that moment. ``after(home, cut)`` mounts
such a copy in the home's place: its journal is replayed, and the home is what it is when the power comes back.

The image lies in memory where there is some, and holes stay holes: a copy takes some ms. Needs root; mount(8), loop(4).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .deliverers import Home

__all__ = ["SYSTEMS", "Image", "System", "after", "mounted", "standing"]


class System(NamedTuple):
    """Megabytes, the program that makes it, and the option with which a copy is mounted beside the original."""

    megabytes: int
    make: tuple[str, ...]
    beside: str = ""


SYSTEMS = {
    "ext4": System(32, ("mkfs.ext4", "-q", "-F")),
    "xfs": System(320, ("mkfs.xfs", "-q", "-f"), ",nouuid"),
    "btrfs": System(128, ("mkfs.btrfs", "-q")),
}


class Image:
    """One file system in a file, until the end of the block."""

    def __init__(self, system: str) -> None:
        self._beside = SYSTEMS[system].beside
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._directory = Path(tempfile.mkdtemp(prefix="image-", dir=memory))
        self.path = self._directory / "image"
        with self.path.open("wb") as file:
            file.truncate(SYSTEMS[system].megabytes << 20)
        subprocess.run([*SYSTEMS[system].make, self.path], check=True, capture_output=True)

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._directory)

    @property
    def options(self) -> tuple[str, ...]:
        return ("-o", "loop", str(self.path))

    def cut(self) -> tuple[str, ...]:
        """The power goes: the options that mount what is on the disk."""
        copy = self.path.with_name("cut")
        same = False
        while not same:  # a copy that was overtaken by the kernel's writing is no disk at any moment
            copy.unlink(missing_ok=True)
            subprocess.run(["cp", "--sparse=always", self.path, copy], check=True)
            same = subprocess.run(["cmp", "-s", self.path, copy], check=False).returncode == 0
        return ("-o", f"loop{self._beside}", str(copy))


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """mount(8) at ``place``, on top of what is mounted there already, until the end of the block."""
    subprocess.run(["mount", *options, place], check=True)
    try:
        yield
    finally:
        if subprocess.run(["umount", place], check=False, capture_output=True).returncode:
            subprocess.run(["umount", "-l", place], check=True)  # a process that was killed is still on its way out


@contextmanager
def standing(home: Home, *options: str) -> Iterator[None]:
    """Mount this file system in the home's place, and bring there what lies in the home."""
    aside = Path(tempfile.mkdtemp(prefix="home-"))
    try:
        subprocess.run(["cp", "-a", f"{home.path}/.", aside], check=True)
        with mounted(home.path, *options):
            subprocess.run(["cp", "-a", f"{aside}/.", home.path], check=True)
            os.sync()
            yield
    finally:
        shutil.rmtree(aside)


@contextmanager
def after(home: Home, cut: tuple[str, ...]) -> Iterator[None]:
    """The home as it is when the power comes back."""
    with mounted(home.path, *cut):
        yield
