"""How commands speak: text that is safe to show, colour where it is wanted, progress.

Everything that comes from a message, a file's name or a rule file is hostile to a terminal until
``visible`` has seen it: an escape sequence can retitle the window or hide a line, a bidi control
can turn a name around (UTS 39, section 5; CVE-2021-42574).

Colour goes to a terminal alone, and not where NO_COLOR is set (no-color.org) or TERM is "dumb".
Progress goes to standard error, if that is a terminal, from the first second on.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from pyfilter.language.excerpt import cells, harmless

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Waiting", "complain", "has_colour", "json_line", "paint", "visible", "visible_lines", "width"]

COLOURS = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

PROGRESS_AFTER = 1.0  # seconds


def visible(text: str) -> str:
    """``text`` as one line that a terminal shows and does not obey."""
    return text if text.isascii() and text.isprintable() else harmless(text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines: its line breaks stay."""
    return "\n".join(map(visible, text.split("\n")))


def width(text: str) -> int:
    """Columns that a visible text takes on a terminal."""
    return len(text) if text.isascii() else sum(cell.width for cell in cells(text))


def has_colour(stream: TextIO | None) -> bool:
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return stream.isatty()


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """``text`` in a colour, if the stream (standard output) shows colours."""
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if has_colour(stream or sys.stdout) else text


def complain(text: str) -> None:
    """One line about a problem, on standard error; where that is gone nobody can be told."""
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


def json_line(row: object) -> str:
    """``row`` as JSON in ASCII: safe on a terminal, and for a reader of any encoding."""
    return json.dumps(row).replace("\x7f", "\\u007f")


class Waiting:
    """A progress bar with the time that is left, for what takes more than a second.

    ``total`` is asked once, when the bar is first drawn: bytes to read, or None if unknown.
    ``quiet`` where the output itself shows how far it is. ``word``: what is done.
    """

    def __init__(
        self,
        total: Callable[[], int | None],
        *,
        quiet: bool = False,
        after: float = PROGRESS_AFTER,
        word: str = "reading",
    ) -> None:
        self._total = total
        self._word = word
        self._start = time.monotonic() + after
        self._done = 0
        self._bar: tuple[Progress, TaskID] | None = None
        self._shown = not quiet and sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Waiting:
        return self

    def advance(self, amount: int) -> None:
        """``amount`` more bytes are done."""
        self._done += amount
        if not self._shown:
            return
        if self._bar is not None:
            bar, task = self._bar
            bar.update(task, completed=self._done)
        elif time.monotonic() >= self._start:
            self._draw()

    def _draw(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        total = self._total()
        bar = Bar(
            TextColumn(self._word),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
        )
        task = bar.add_task(self._word, total=total, completed=self._done)
        bar.start()
        self._bar = bar, task

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar[0].stop()
