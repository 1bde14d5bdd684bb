"""Whether everything that was sent lies where it belongs: once, and byte for byte.

``trouble(maildir, letters, rules)`` is "" or a sentence. A deliverer may put lines above a message that say how it came
(``ABOVE``); nothing else may be there, and nothing may be missing below them. Only new/ and cur/ of each folder count;
whatever lies in tmp/ was not delivered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .corpus import Letter, number_of
from .rule_sets import INBOX, Rule, folder

__all__ = ["trouble"]

# what Dovecot, pyfilter, procmail and Postfix put above a message
ABOVE = re.compile(
    rb"(From [^\n]*\n)?((Return-Path|X-Original-To|Delivered-To|Received): ?[^\n]*\n([ \t][^\n]*\n)*)*", re.IGNORECASE
)


def trouble(maildir: Path, letters: Sequence[Letter], rules: tuple[Rule, ...]) -> str:
    """What is wrong with what was filed, in one sentence; "" if nothing is."""
    awaited = {letter.number: letter for letter in letters}
    seen: set[int] = set()
    for path in maildir.glob("**/*"):
        if path.parent.name not in ("new", "cur") or not path.is_file():
            continue
        data = path.read_bytes()
        number = number_of(data)
        if number not in awaited:
            return f"{path} is none of the messages that were sent"
        letter = awaited[number]
        if number in seen:
            return f"message {number} was filed twice"
        seen.add(number)
        above = data.removesuffix(letter.data)
        if len(above) + len(letter.data) != len(data) or ABOVE.fullmatch(above) is None:
            return f"{path} differs from message {number}"
        place = path.parent.parent
        name = INBOX if place == maildir else place.name.removeprefix(".")
        if name != folder(rules, letter):
            return f"message {number} belongs into {folder(rules, letter)} and lies in {name}"
    missing = len(awaited) - len(seen)
    return f"{missing} of {len(awaited)} messages are missing" if missing else ""
