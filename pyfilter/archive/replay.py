"""What rules would do with stored mail: each message decided, none delivered.

``replay`` yields, for every item of a source, a Decided (name, message, plan) or the Unread that
came. The plan is the very one that a delivery of the message would execute.

A defect of pyfilter on one message is an Unread too: the other messages are still decided.
Set PYFILTER_TRACEBACK to see where it happened.

The envelope is read from the headers that the mail server wrote when it delivered the message
(Return-Path, Delivered-To, X-Original-To), unless the caller names another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyfilter.archive.sources import Found, Item, Unread
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

if TYPE_CHECKING:
    from pyfilter import Decision, Rules

__all__ = ["Addresses", "Decided", "replay"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The parts of an envelope that the caller knows better than the headers; None: as they say."""

    sender: str | None = None
    recipient: str | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """One message and what would be done with it. ``stored``: its bytes in the archive."""

    name: str
    stored: int
    message: Message
    plan: Decision


def replay(
    rules: Rules, items: Iterable[Item], addresses: Addresses, *, trace: bool = False
) -> Iterator[Decided | Unread]:
    """Every item decided by ``rules``; ``trace`` records why."""
    for item in items:
        yield item if isinstance(item, Unread) else _decide(rules, item, addresses, trace)


def _decide(rules: Rules, item: Found, addresses: Addresses, trace: bool) -> Decided | Unread:
    try:
        message = Message.from_bytes(item.data)
        envelope = Envelope.of_archive(
            message,
            sender=addresses.sender,
            recipient=addresses.recipient,
            extension=addresses.extension,
        )
        return Decided(item.name, len(item.data), message, rules.decide(message, envelope, trace=trace))
    except Exception as error:
        if os.environ.get("PYFILTER_TRACEBACK"):
            raise
        cause = f"{type(error).__name__}: {error}"
        return Unread(item.name, f"could not be decided, which is a defect of pyfilter ({cause})")
