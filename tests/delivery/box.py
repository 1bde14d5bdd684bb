"""What the delivery's tests share: plans, and a look at a Maildir as a reader takes it."""

from __future__ import annotations

import os
from pathlib import Path

from pyfilter.engine.plan import Action, Plan

SETTINGS: dict[str, object] = {
    "maildir": "~/Maildir",
    "layout": "maildir++",
    "create-folders": True,
    "subscribe": True,
    "durable": "full",
}
RAW = b"From: Olga <olga@family.example>\nSubject: CALL ME\n\nplease\n"
# the same from a mail server's queue, which may bring it again
QUEUED = b"Received: from family.example by box.example; Tue, 24 Nov 2026 12:00:00 +0100\n" + RAW


class Box:
    """A home with a Maildir in it, seen as a mail client sees it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "Maildir"

    def make(self, *folders: str) -> None:
        """Directories as a mail server made them long ago; "" is the inbox."""
        for folder in folders:
            for part in ("cur", "new", "tmp"):
                os.makedirs(self.path / folder / part, 0o700, exist_ok=True)

    def visible(self) -> dict[str, list[bytes]]:
        """{directory: contents of what a reader sees there}, empty ones left out."""
        seen: dict[str, list[bytes]] = {}
        for place in sorted(self.home.glob("Maildir/**/new")) + sorted(self.home.glob("Maildir/**/cur")):
            if not place.is_dir():
                continue
            contents = [file.read_bytes() for file in sorted(place.iterdir())]
            if contents:
                seen.setdefault(str(place.parent.relative_to(self.path)), []).extend(contents)
        return seen

    def names(self, place: str) -> list[str]:
        return sorted(os.listdir(self.path / place))

    def residue(self) -> list[str]:
        """What lies in any tmp/."""
        return [str(file) for file in sorted(self.home.glob("Maildir/**/tmp/*"))]


def make_plan(*filings: tuple[str, str | None, str], outcome: str = "filed", **settings: object) -> Plan:
    """A plan of (verb, folder, flags); ``outcome`` is what ended the filtering."""
    plan = Plan(SETTINGS | {name.replace("_", "-"): value for name, value in settings.items()})
    plan.actions = [Action(verb, folder=folder, flags=flags, rule="r", line=1) for verb, folder, flags in filings]
    plan.outcome = outcome
    plan.rule = "r"
    return plan
