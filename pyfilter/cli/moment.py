"""``--now TIME``: the moment that is supposed, in place of the clock's.

In: ISO 8601, `2026-12-25T18:00`, by the local calendar unless an offset from UTC stands behind it; a day alone is its
noon, as in a `test` block, a time alone is of today. Out: what the calendar shows then (services/clock.py).

Errors: click.UsageError, one sentence.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

import click

from pyfilter.engine.questions import Unknown
from pyfilter.services import clock

if TYPE_CHECKING:
    from pyfilter.services.clock import Shown

__all__ = ["suppose"]


def suppose(word: str) -> Shown:
    """What the clock shows at ``word``."""
    try:
        shown = _shown(word.strip())
    except (OverflowError, ValueError, OSError):
        raise click.UsageError(
            f"--now takes a moment, like `2026-12-25T18:00`, `2026-12-25` or `18:00`, which `{word}` is not"
        ) from None
    if isinstance(shown, Unknown):
        raise click.UsageError(f"--now {word}: {shown.why}")
    return shown


def _shown(word: str) -> Shown | Unknown:
    if ":" not in word and len(word) == 10:
        return clock.stated(str(date.fromisoformat(word)))
    if "-" not in word and len(word) in (4, 5) and ":" in word:
        at = time.fromisoformat(word.zfill(5))
        return clock.stated(minute=at.hour * 60 + at.minute)
    return clock.shown(int(datetime.fromisoformat(word).timestamp()))
