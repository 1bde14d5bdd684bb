"""A message: the bytes that are filed, and what the rules ask of its header.

In: the message as it came, from a pipe, a file, a mailbox. Out: ``raw``, the same bytes without
an mbox ``From `` line, and the values of its fields.

Rules

- ``from_line + raw`` is what came, byte for byte. The ``From `` line is cut off where the very
  first line is one: it begins with ``From ``, ends with LF and holds no other CR than one before
  that LF (so a message whose line ends are bare CRs is not taken for its first line).
- Nothing is read before it is asked for; what was read once is kept.
- Field names are asked in lower case. Values come in the order of the header, every occurrence.
  A broken line (see headers.py) has no name and no value here, but stands in ``fields``.

Errors: ``Unreadable`` where the header goes past a limit, since what was asked for may stand beyond
it: from ``raw_values values all_values mailboxes list_ids header_end body_start``, whatever the
name. ``fields``, ``size`` and ``message_id`` answer from what is within the limit.
``values``, ``all_values`` and ``mailboxes`` raise it also for a single field past a limit
of words.py or addresses.py, ``mailboxes`` for all fields of one name with more than ADDRESSES.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import addresses, words
from pyfilter.message.addresses import Mailbox
from pyfilter.message.headers import Field, Header, Unreadable, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.parts import Part

__all__ = ["Field", "Mailbox", "Message", "Unreadable"]

FROM = b"From "


class Message:
    """``raw``: what is filed. ``from_line``: the mbox line above it with its line end, or b""."""

    __slots__ = ("_boxes", "_header", "_parts", "_values", "from_line", "raw")

    def __init__(self, raw: bytes, from_line: bytes = b"") -> None:
        self.raw = raw
        self.from_line = from_line
        self._header: Header | None = None
        self._values: dict[str, list[str]] = {}
        self._boxes: dict[str, list[Mailbox]] = {}
        self._parts: list[Part] | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Message:
        """The message in ``data``, with or without an mbox line above it."""
        if data.startswith(FROM):
            end = data.find(b"\n") + 1
            field = data[len(FROM) : end].lstrip(b" \t").startswith(b":")  # "From : a@b" is a field (RFC 5322, 4.5)
            if b"\r" not in data[: max(end - 2, 0)] and end and not field:
                return cls(data[end:], data[:end])
        return cls(data)

    @property
    def size(self) -> int:
        """Bytes of the message as received."""
        return len(self.raw)

    @property
    def header(self) -> Header:
        """The scanned header, also where it goes past a limit (``excess``)."""
        if self._header is None:
            self._header = scan(self.raw)
        return self._header

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in order, broken lines among them, as far as the limits go."""
        return self.header.fields

    @property
    def header_end(self) -> int:
        """Offset behind the last field, where an empty line may stand."""
        return self._whole().end

    @property
    def body_start(self) -> int:
        """Offset of the first byte of the body."""
        return self._whole().body

    @property
    def message_id(self) -> str:
        """The first Message-ID as it stands, for logs; "" if there is none."""
        for field in self.header.named("message-id"):
            raw = words.unfold(self.raw[field.value : field.end])
            return words.clean(words.raw_text(raw)).strip()
        return ""

    def raw_values(self, name: str) -> list[bytes]:
        """Every occurrence of field ``name`` as it stands behind the colon: folds and the leading
        space kept, the last line end not."""
        return [self._behind_colon(field) for field in self._occurrences(name)]

    def values(self, name: str) -> list[str]:
        """Every occurrence of field ``name`` as text: decoded, unfolded, trimmed."""
        if name not in self._values:
            raw = self.raw
            self._values[name] = [words.decode(raw[field.value : field.end]) for field in self._occurrences(name)]
        return self._values[name]

    def all_values(self) -> list[str]:
        """The text of every field, in order."""
        raw = self.raw
        return [words.decode(raw[field.value : field.end]) for field in self._whole().fields if field.name]

    def mailboxes(self, *names: str) -> list[Mailbox]:
        """The mailboxes in every occurrence of these fields, name by name."""
        found: list[Mailbox] = []
        for name in names:
            if name not in self._boxes:
                boxes: list[Mailbox] = []
                for field in self._occurrences(name):
                    boxes += addresses.parse(self.raw[field.value : field.end])
                    if len(boxes) > limits.ADDRESSES:
                        raise Unreadable(f"the {name} fields have more than {limits.ADDRESSES} addresses")
                self._boxes[name] = boxes
            found += self._boxes[name]
        return found

    def list_ids(self) -> list[str]:
        """What stands inside ``<…>`` of each List-Id (RFC 2919, section 3): the last brackets
        count, since the description before them is free text. Without brackets, the value if it is one word."""
        found: list[str] = []
        for field in self._occurrences("list-id"):
            value = words.unfold(self.raw[field.value : field.end])
            opening = value.rfind(b"<")
            inside = value[opening + 1 :].partition(b">")[0].strip()
            identifier = words.clean(words.raw_text(inside)).strip()
            if identifier and (opening >= 0 or b" " not in inside):
                found.append(identifier)
        return found

    def parts(self) -> list[Part]:
        """The leaves of its MIME tree (parts.py). Raises Unreadable past a limit."""
        if self._parts is None:
            from pyfilter.message.parts import leaves  # few rules look at a body

            self._parts = leaves(self)
        return self._parts

    def _whole(self) -> Header:
        header = self.header
        if header.excess:
            raise Unreadable(header.excess)
        return header

    def _occurrences(self, name: str) -> list[Field]:
        return self._whole().named(name)

    def _behind_colon(self, field: Field) -> bytes:
        value = self.raw[field.value : field.end]
        if value.endswith(b"\n"):
            value = value[:-2] if value.endswith(b"\r\n") else value[:-1]
        return value
