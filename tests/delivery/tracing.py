"""Deliveries under strace: what they ask of the system, in which order, and what if that fails."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyfilter.status

from .box import QUEUED, SETTINGS, Box

DRIVER = Path(__file__).with_name("deliver_once.py")
PACKAGES = str(Path(pyfilter.status.__file__).parent.parent)
CALL = re.compile(r"(\w+)\((.*)")

Filings = tuple[tuple[str, str, str], ...]


class Call:
    """One call to the system; ``number``: the how-manieth of its name since the process began."""

    def __init__(self, name: str, text: str, number: int) -> None:
        self.name, self.text, self.number = name, text, number

    def __repr__(self) -> str:
        return f"{self.name}({self.text} [{self.number}]"


def command(box: Box, filings: Filings, settings: dict[str, object], descriptors: int = 0) -> list[str]:
    orders = {
        "home": str(box.home),
        "filings": filings,
        "settings": SETTINGS | {name: value for name, value in settings.items() if name != "sweep"},
        "sweep": settings.get("sweep", False),
        "descriptors": descriptors,
    }
    return [sys.executable, "-I", "-S", str(DRIVER), PACKAGES, json.dumps(orders)]


def run(box: Box, filings: Filings, settings: dict[str, object], strace: list[str], raw: bytes = QUEUED) -> str:
    """Deliver under strace; what the driver printed, "" if it did not get so far."""
    program = shutil.which("strace")
    assert program, "strace is not installed"
    done = subprocess.run(
        [program, "-qq", *strace, *command(box, filings, settings)],
        input=raw,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.stdout.decode()


def calls(box: Box, filings: Filings, settings: dict[str, object], raw: bytes = QUEUED) -> list[Call]:
    """Every call of a delivery that goes well, from its beginning to its end."""
    log = box.home.parent / "trace"
    printed = run(box, filings, settings, ["-y", "-s", "200", "-o", str(log)], raw)
    assert printed == "delivered \n", printed
    counted: Counter[str] = Counter()
    found: list[Call] = []
    inside = False
    for line in log.read_text(errors="replace").splitlines():
        matched = CALL.match(line)
        if not matched:
            continue
        name, text = matched.groups()
        counted[name] += 1
        if "/delivery/ends" in text:
            break
        if inside:
            found.append(Call(name, text, counted[name]))
        inside = inside or "/delivery/begins" in text
    assert found
    return found
