"""What rules would do with stored mail: each message decided, none delivered.

``replay`` yields, for every item of a source, a Decided (name, message, plan) or the Unread that
came. The plan is the very one that a delivery of the message would execute, given the same answers of the
world; who answers stands in asking.py, by default nobody outside.

A defect of pyfilter on one message is an Unread too: the other messages are still decided.
Set PYFILTER_TRACEBACK to see where it happened.

The envelope is read from the headers that the mail server wrote when it delivered the message
(Return-Path, Delivered-To, X-Original-To), unless the caller names another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyfilter.archive.asking import UNASKED, Asking
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
    """One message and what would be done with it. ``stored``: its bytes in the archive. ``unasked``: kinds of
    questions that were not asked; ``unanswered``: why what was asked could not be answered."""

    name: str
    stored: int
    message: Message
    plan: Decision
    unasked: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()

    @property
    def depends(self) -> tuple[str, ...]:
        """The kinds that were not asked, if that left anything undecided: then the plan has a note of it. What was not
        passed through a program is another message than a delivery's rules would see."""
        said = {UNASKED[kind] for kind in self.unasked}
        undecided = bool(set(self.plan.notes) - said)
        return tuple(kind for kind in self.unasked if undecided or kind == "pass")


def replay(
    rules: Rules,
    items: Iterable[Item],
    addresses: Addresses,
    *,
    trace: bool = False,
    given: Mapping[str, Sequence[str]] | None = None,
    asking: Asking | None = None,
) -> Iterator[Decided | Unread]:
    """Every item decided by ``rules``; ``trace`` records why. ``given``: values of fields that are supposed."""
    asking = asking or Asking()
    for item in items:
        yield item if isinstance(item, Unread) else _decide(rules, item, addresses, trace, given, asking)


def _decide(
    rules: Rules,
    item: Found,
    addresses: Addresses,
    trace: bool,
    given: Mapping[str, Sequence[str]] | None,
    asking: Asking,
) -> Decided | Unread:
    asking.begin()
    try:
        message = Message.from_bytes(item.data)
        envelope = Envelope.of_archive(
            message,
            sender=addresses.sender,
            recipient=addresses.recipient,
            extension=addresses.extension,
        )
        plan = rules.decide(message, envelope, trace=trace, given=given, answer=asking.answer)
        return Decided(item.name, len(item.data), message, plan, tuple(asking.unasked), tuple(asking.unanswered))
    except Exception as error:
        if os.environ.get("PYFILTER_TRACEBACK"):
            raise
        cause = f"{type(error).__name__}: {error}"
        return Unread(item.name, f"could not be decided, which is a defect of pyfilter ({cause})")
