"""What the clients of spam scanners share: who asks, and how that is shown and kept which a scanner wrote."""

from __future__ import annotations

import os
import pwd

from pyfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["login", "shown", "tests"]

# characters of what a scanner says in place of a verdict
SHOWN = 100


def login() -> str | None:
    """The login name of the running user; None where the host knows only the number."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None


def tests(names: Iterable[str]) -> tuple[str, ...]:
    """Those names of tests that are words of ASCII: they become parts of a header line and of a list."""
    kept = [
        name
        for name in names
        if 0 < len(name) <= limits.SPAM_TEST_CHARACTERS
        and all("!" <= character <= "~" and character != "," for character in name)
    ]
    return tuple(kept[: limits.SPAM_TESTS])


def shown(text: str) -> str:
    """Something the other side wrote, for a log line: short, one line, ASCII."""
    line = "".join(character if " " <= character <= "~" else "?" for character in text[: SHOWN + 1]).strip()
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
