"""The rules of a process that stays: read anew when a file changed, or what an `include` stands for.

In: the home. Out: what loading.py loads, its program made ready for many messages (engine/warm.py). For every message
the files are looked at, as a delivery of its own would: that costs some 20 µs, works on network disks, and misses no
change.
"""

from __future__ import annotations

from pyfilter.engine.warm import warmed
from pyfilter.language.loading import Loaded, is_current, load

__all__ = ["Rulebook"]


class Rulebook:
    """``read`` with every message."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._loaded: Loaded | None = None

    def read(self) -> Loaded:
        """The rules as they are now. Raises files.Refused."""
        if self._loaded is None or not is_current(self._loaded, self._home):
            self._loaded = load(self._home)
            if self._loaded.program is not None:
                self._loaded.program = warmed(self._loaded.program)
        return self._loaded
