"""A mail user of the machine: a Unix account, its rules and what lies in its Maildir.

Folders are read as a mail client shows them: the Maildir itself is ``INBOX``, ``.Cron.DenyHosts`` is
``Cron/DenyHosts`` (Maildir++). A message is visible when it lies in ``new`` or ``cur``; what is in ``tmp`` is
not there yet, and is asked for apart.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Account", "Filed", "handed_over"]


@dataclass(frozen=True)
class Filed:
    """One visible message."""

    path: Path
    data: bytes

    @property
    def flags(self) -> str:
        """The letters behind ``:2,``; of a message in ``new``, which has no such suffix, none."""
        return self.path.name.partition(":2,")[2]

    def fields(self, name: str) -> list[str]:
        """Every value of a header field, as it stands in the first line of the field."""
        header = self.data.partition(b"\n\n")[0].decode(errors="replace")
        return re.findall(rf"(?mi)^{re.escape(name)}: *(.*)$", header)


class Account:
    """One user, made for one test, with an address of the same name."""

    def __init__(self, name: str, rules: str | None = None, maildir: str = "Maildir") -> None:
        subprocess.run(["useradd", "-m", "-s", "/bin/sh", name], check=True)
        entry = pwd.getpwnam(name)
        self.name = name
        self.address = f"{name}@example.com"
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        self.home = Path(entry.pw_dir)
        self.home.chmod(0o755)
        self.maildir = self.home / maildir
        self.rule_file = self.home / ".pyfilterrc"
        if rules is not None:
            self.write(".pyfilterrc", rules)

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        """A file in the home directory, with the directories above it, all owned by the user."""
        path = self.home / name
        for directory in reversed(path.relative_to(self.home).parents):
            self.directory(directory)
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def directory(self, name: str | Path, mode: int = 0o755) -> Path:
        path = self.home / name
        if not path.exists():
            path.mkdir(mode=mode)
            os.chown(path, self.uid, self.gid)
        return path

    # ------------------------------------------------------------ what was filed

    def folders(self) -> dict[str, list[Filed]]:
        """Every folder that holds a visible message, with its messages in the order of their names."""
        contents = {}
        if self.maildir.is_dir():
            for directory in [self.maildir, *sorted(self.maildir.glob(".*/"))]:
                if found := visible(directory):
                    contents[folder_name(directory, self.maildir)] = found
        return contents

    def places(self) -> dict[str, int]:
        """``{folder: number of visible messages}``: what most tests compare."""
        return {folder: len(found) for folder, found in self.folders().items()}

    def only(self) -> Filed:
        """The one message there is."""
        everything = [filed for found in self.folders().values() for filed in found]
        assert len(everything) == 1, f"not one message but {len(everything)}: {self.places()}"
        return everything[0]

    def unfinished(self) -> list[Path]:
        """What lies in any ``tmp``."""
        return sorted(self.maildir.glob("tmp/*")) + sorted(self.maildir.glob(".*/tmp/*"))


def visible(directory: Path) -> list[Filed]:
    paths = sorted(path for part in ("new", "cur") for path in (directory / part).glob("*"))
    return [Filed(path, path.read_bytes()) for path in paths]


def folder_name(directory: Path, maildir: Path) -> str:
    return "INBOX" if directory == maildir else directory.name[1:].replace(".", "/")


HANDED_OVER = """\
Return-Path: <{sender}>
X-Original-To: {recipient}
Delivered-To: {recipient}
Received: from stranger.example (stranger.example [203.0.113.25])
\tby mail.example.com (Postfix) with ESMTP id {queue_id}
\tfor <{recipient}>; {date} (UTC)
"""
DATE = r"\w{3}, [ \d]\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000"


def handed_over(data: bytes, message: bytes, *, queue_id: str, recipient: str, sender: str) -> bool:
    """Are these bytes what Postfix handed over: the four headers it puts above the message, then the message
    as it was sent, and nothing else (local(8); the `From ` line is the mbox format's and not filed)?"""
    values = {"sender": sender, "recipient": recipient, "queue_id": queue_id, "date": "DATE"}
    pattern = re.escape(HANDED_OVER.format(**values)).replace("DATE", DATE)
    above, filed = data[: len(data) - len(message)], data[len(data) - len(message) :]
    return filed == message and re.fullmatch(pattern.encode(), above) is not None
