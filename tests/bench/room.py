"""Where contenders run: an account without rights, and a directory on a real disk.

``Room()`` makes both and takes both away; it needs root. Everything that delivers runs as that account, in a home that
is made anew for each measurement: what lies in a Maildir already makes the next delivery slower.

The homes lie on a file system of their own, ext4 in an image on that disk, made anew, on which nothing is deleted until
the end: ext4 passes over inodes that were freed within minutes one by one, and where some ten thousand files have gone
lately, a new one takes a millisecond of CPU that has nothing to do with who makes it.

``start`` runs a program in a control group (cpu.py), as the account or as root; ``home`` is a fresh home, ``own_home``
that of the account, empty again.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from .cpu import Group

__all__ = ["PATH", "Room", "missing"]

DIRECTORY = "/var/tmp"  # /tmp is often memory, where a flush costs nothing
IMAGE_BYTES = 8 << 30
PATIENCE_SECONDS = 60
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def missing(programs: list[tuple[str, str]]) -> str:
    """Why nothing can be measured here, in one sentence; "" if it can. ``programs``: (path, Debian's package)."""
    if os.geteuid():
        return "the contenders run in an account of their own, which root makes: run this as root"
    for path, _ in programs:
        if closed := [place for place in Path(path).parents if place.exists() and not place.stat().st_mode & 0o001]:
            return f"{path} cannot be run by that account, since {closed[-1]} is closed to others"
    packages = [package for path, package in programs if not os.access(path, os.X_OK)]
    return f"missing: {' '.join(packages)} (TORTURE=1 .ci/setup servers installs them)" if packages else ""


class Room:
    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pyfilter-bench-", dir=DIRECTORY))
        self._image = self.path.with_suffix(".image")
        with self._image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        make = ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(self._image)]
        subprocess.run(make, check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.path)], check=True)
        self.path.chmod(0o755)
        self.user = "bench-" + os.urandom(3).hex()
        command = ["useradd", "-r", "-U", "-M", "-d", str(self.path / "home"), "-s", "/bin/sh", self.user]
        subprocess.run(command, check=True)
        entry = pwd.getpwnam(self.user)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        self._homes = 0

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["userdel", "--force", self.user], check=False, capture_output=True)
        subprocess.run(["umount", "--lazy", str(self.path)], check=False)
        self._image.unlink()
        self.path.rmdir()

    def home(self) -> Path:
        """A home that nobody has used."""
        self._homes += 1
        return self.directory(self.path / f"home{self._homes}")

    def own_home(self) -> Path:
        """The one that the system knows for the account, emptied."""
        path = self.path / "home"
        if path.exists():
            path.rename(self.home() / "before")
        return self.directory(path)

    def directory(self, path: Path, mode: int = 0o700) -> Path:
        path.mkdir(mode)
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def maildir(self, path: Path, folders: set[str]) -> None:
        """An empty Maildir++ with folders: some deliverers make what is missing, others do not."""
        for name in ("", *(f".{folder}" for folder in sorted(folders))):
            for part in ("", "tmp", "new", "cur"):
                self.directory(path / name / part)
            if name:
                self.write(path / name / "maildirfolder", "")

    def write(self, path: Path, text: str) -> Path:
        """A file of the account's."""
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, self.uid, self.gid)
        return path

    def drop_rights(self) -> None:
        """The calling process is of the account from now on, for good."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)

    @staticmethod
    def stop(process: subprocess.Popen[bytes]) -> None:
        """End what ``start`` has begun, with SIGKILL where it takes too long."""
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start(
        self,
        command: list[str],
        home: Path,
        group: Group | None = None,
        *,
        as_root: bool = False,
        output: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        def become() -> None:
            if group is not None:
                group.enter()
            if not as_root:
                self.drop_rights()

        environment = {"HOME": str(home), "PATH": PATH, "USER": self.user, "LOGNAME": self.user, "SHELL": "/bin/sh"}
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=environment,
            preexec_fn=become,
        )
        if group is not None:
            group.root = process.pid
        return process
