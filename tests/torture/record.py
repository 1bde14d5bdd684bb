"""What a torture run has measured, one JSON object a line, for tables.py.

``record("P2", "pyfilter", "inbox", runs=800, bounced=0)`` appends to ``$TORTURE_RECORD``, build/torture.jsonl by
default. The last line of one promise, deliverer and scenario counts. The figures are those that tables.py has a
column for; one without a column is an error there. Nothing is written unless TORTURE is set: figures of a sample are
no figures.
"""

from __future__ import annotations

import json
import os
import platform
import time
from functools import cache
from pathlib import Path

from .deliverers import DELIVERERS

__all__ = ["path", "record"]

Figure = int | float | str


def path() -> Path:
    """The file of the records."""
    return Path(os.environ.get("TORTURE_RECORD") or Path(__file__).parents[2] / "build" / "torture.jsonl")


def record(promise: str, deliverer: str, scenario: str, **figures: Figure) -> None:
    """Append what was measured; ``deliverer`` is a name in the table of deliverers."""
    line = {
        "promise": promise,
        "deliverer": deliverer,
        "scenario": scenario,
        "figures": figures,
        "version": _version(deliverer),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
    if "TORTURE" not in os.environ:
        return
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(json.dumps(line) + "\n")


@cache
def _version(deliverer: str) -> str:
    return DELIVERERS[deliverer].version
