"""The envelope of one delivery: who sent it, to which address this copy came.

In: a message, the environment of the process, options. Out: ``sender`` and ``recipient`` as
canonical addresses, and the variables the MTA passed.

Where they come from, the first that says something (local(8), pipe(8), of Postfix)

========= =====================================================================
sender    Return-Path, the option, $SENDER, the mbox ``From `` line
recipient Delivered-To, X-Original-To, the option, $RECIPIENT, $LOCAL@$DOMAIN,
          $USER@$DOMAIN
extension the recipient's local part, the option, $EXTENSION
========= =====================================================================

For mail that already lies in an archive an option says more than the header: it comes first.

Rules

- Header before environment: what the MTA prepends is exact. The environment is not: characters outside
  a small set are replaced, $EXTENSION is in lower case.
- Only Return-Path, Delivered-To and X-Original-To **above the first Received** count, and of
  each the first. The MTA puts them on top when it delivers; whatever stands below a Received came with the
  message, and its sender could write there what they liked. Without any Received nothing
  says where the MTA's part ends: then only the fields count that stand at the very top, before
  any other field, since prepending puts them nowhere else.
- ``Return-Path: <>`` is the null sender, ``sender == ""``; None means that nothing is known.
- All of this is data, however odd: a recipient of ``x+../../y@z`` is that text and no path.

Errors: none. What is not exactly one address counts as not there.
"""

from __future__ import annotations

from pyfilter.message import words
from pyfilter.message.addresses import Mailbox, mailbox

__all__ = ["ENVIRONMENT", "Envelope"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyfilter.message.message import Message

# what local(8) documents; nothing else of the environment can be asked for
ENVIRONMENT = (
    "CLIENT_ADDRESS",
    "CLIENT_HELO",
    "CLIENT_HOSTNAME",
    "CLIENT_PROTOCOL",
    "DOMAIN",
    "EXTENSION",
    "HOME",
    "LOCAL",
    "LOGNAME",
    "ORIGINAL_RECIPIENT",
    "RECIPIENT",
    "SASL_METHOD",
    "SASL_SENDER",
    "SASL_USERNAME",
    "SENDER",
    "SHELL",
    "USER",
)

SENDER = "return-path"
RECIPIENTS = ("delivered-to", "x-original-to")
PREPENDED = frozenset({SENDER, *RECIPIENTS})
NULL_SENDERS = frozenset({"", "<>"})

KEPT = 200
_boxes: dict[str, Mailbox | None] = {}


class Envelope:
    """``sender``: "" is the null sender, None unknown. ``recipient``: None unknown.

    ``extension`` goes before the recipient's own. ``environment``: what the MTA passed."""

    __slots__ = ("_recipient_box", "_sender_box", "environment", "recipient", "sender")

    def __init__(
        self,
        sender: str | None = None,
        recipient: str | None = None,
        extension: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._sender_box = box_of(sender)
        self._recipient_box = box_of(recipient)
        self.sender = "" if sender in NULL_SENDERS else self._sender_box.address if self._sender_box else None
        self.recipient = self._recipient_box.address if self._recipient_box else None
        self.environment = dict(environment or {})
        if extension:
            box = self._recipient_box or Mailbox()
            self._recipient_box = Mailbox(box.name, box.local, box.domain, words.clean(extension))

    @property
    def sender_box(self) -> Mailbox | None:
        """The sender as a mailbox; None if it is unknown or the null sender."""
        return self._sender_box

    @property
    def recipient_box(self) -> Mailbox | None:
        """The recipient as a mailbox; without an address, only the extension, if no more is known."""
        return self._recipient_box

    @classmethod
    def of_delivery(
        cls,
        message: Message,
        environ: Mapping[str, str],
        *,
        sender: str | None = None,
        recipient: str | None = None,
        extension: str | None = None,
    ) -> Envelope:
        """The envelope of a message an MTA hands over."""
        environment = passed(environ)
        domain = environment.get("DOMAIN")
        users = [environment.get(name) for name in ("LOCAL", "USER")] if domain else []
        stated = prepended(message)
        address = first_recipient(
            *(stated.get(name) for name in RECIPIENTS),
            recipient,
            environment.get("RECIPIENT"),
            *(f"{user}@{domain}" for user in users if user),
        )
        box = box_of(address)
        return cls(
            first_sender(stated.get(SENDER), sender, environment.get("SENDER"), sender_of_line(message.from_line)),
            address,
            extension or environment.get("EXTENSION") if box is None or box.extension is None else None,
            environment,
        )

    @classmethod
    def of_archive(
        cls,
        message: Message,
        *,
        sender: str | None = None,
        recipient: str | None = None,
        extension: str | None = None,
    ) -> Envelope:
        """The envelope a message that already lies somewhere came with; what is given outright wins."""
        stated = prepended(message)
        return cls(
            first_sender(sender, stated.get(SENDER), sender_of_line(message.from_line)),
            first_recipient(recipient, *(stated.get(name) for name in RECIPIENTS)),
            extension,
        )


def prepended(message: Message) -> dict[str, str]:
    """The envelope fields that the MTA put on top, by name."""
    names = message.header.names
    if "received" in names:
        end = names.index("received")
    else:
        end = next((at for at, name in enumerate(names) if name not in PREPENDED), len(names))
    stated: dict[str, str] = {}
    for name in PREPENDED.intersection(names[:end]):
        first = message.header.named(name)[0]
        stated[name] = words.unfold(message.raw[first.value : first.end]).decode("utf-8", "surrogateescape")
    return stated


def sender_of_line(line: bytes) -> str | None:
    """The sender of an mbox ``From `` line; None if it names none."""
    word = line[5:].lstrip(b" ").partition(b" ")[0]
    return word.decode("utf-8", "surrogateescape") if b"@" in word else None


def passed(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables an MTA passes, as text without control characters."""
    found: dict[str, str] = {}
    for name in ENVIRONMENT:
        value = environ.get(name)
        if value is not None and value.isascii() and value.isprintable():
            found[name] = value
        elif value is not None:
            found[name] = words.clean(words.raw_text(value.encode("utf-8", "surrogateescape")))
    return found


def first_sender(*candidates: str | None) -> str | None:
    for candidate in candidates:
        if candidate is not None and (candidate.strip() in NULL_SENDERS or box_of(candidate)):
            return candidate.strip()
    return None


def first_recipient(*candidates: str | None) -> str | None:
    for candidate in candidates:
        if box_of(candidate):
            return candidate
    return None


def box_of(address: str | None) -> Mailbox | None:
    """Of a few, what was read once is kept: a server is given the same ones all the time."""
    if not address:
        return None
    if address not in _boxes:
        if len(_boxes) == KEPT:
            _boxes.clear()
        _boxes[address] = mailbox(address)
    return _boxes[address]
