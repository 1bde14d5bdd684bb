"""The header of a message: where each field begins and ends, byte for byte.

In: the message as bytes. Out: ``Header``, the fields in order as offsets into these
bytes; nothing is copied, decoded or changed. Laid end to end the fields are exactly
``raw[:header.end]``, so a later stage can remove or replace one and keep the rest as it came.

Rules (RFC 5322, sections 2.1, 2.2 and 4.5; every leniency is a row of VIOLATIONS.md)

- A line ends with LF; a CR right before it belongs to the line end. A CR anywhere else is
  never a line end: it is a character of the line.
- A line that begins with a space or a tab continues the field above it, also when it holds
  nothing else.
- A field is a name (printable ASCII without a colon, 1 to 998 characters), spaces or tabs
  (obsolete syntax), and a colon. A UTF-8 byte order mark before the first name is passed over
  and belongs to the first field.
- An empty line ends the header and belongs to neither the header nor the body. Spaces do not
  make a line empty.
- A first line that is no field: there is no header, all is body.
- A later line that is no field is a broken line, a field without a name, if the line below it is
  a field; else the header ends before it and the body begins with it. A line that begins with
  ``--`` is a MIME boundary and always ends the header. A copied mbox line (``From `` or
  ``>From ``) is a broken line wherever it stands.
- Without an empty line the header goes to the end of the message and the body is empty.

Limits: HEADER_BYTES and HEADER_FIELDS. The scan stops before the field that would pass one of
them; the fields above it are there, ``excess`` says which limit it was.

Errors: none. Time: linear in the size of the header.
"""

from __future__ import annotations

from pyfilter import limits

__all__ = ["Field", "Header", "Unreadable", "scan"]

BOM = b"\xef\xbb\xbf"
BLANKS = b" \t"
# ftext of RFC 5322, section 2.2
NAME_CHARACTERS = bytes(range(33, 127)).replace(b":", b"")

# the longest line RFC 5322, section 2.1.1, allows: what has no colon by then is no name
NAME_BYTES = 998

LF, CR = b"\n\r"

# names as they stand behind a line end, and as they are asked for: almost all mail has the same few
KEPT, KEPT_BYTES = 1000, 64
_names: dict[bytes, str] = {}


class Unreadable(Exception):
    """A message goes past a limit of limits.py; the text says which.

    Nothing is wrong with the mail's way into a folder: only the test that needed what
    stands beyond the limit cannot be decided."""


class Field:
    """One field: ``raw[start:end]`` with its line end, ``raw[value:end]`` what stands behind the colon.

    ``name`` in lower case; "" for a broken line, which is all value."""

    __slots__ = ("end", "name", "start", "value")

    def __init__(self, name: str, start: int, value: int, end: int) -> None:
        self.name = name
        self.start = start
        self.value = value
        self.end = end

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.start}, {self.value}, {self.end})"


class Header:
    """``fields``; ``end`` behind the last of them; ``body`` where the body begins; ``excess`` empty,
    or which limit stopped the scan (then ``end`` and ``body`` are those of what was scanned)."""

    __slots__ = ("body", "end", "excess", "fields")

    def __init__(self, fields: tuple[Field, ...], end: int, body: int, excess: str) -> None:
        self.fields = fields
        self.end = end
        self.body = body
        self.excess = excess


def scan(raw: bytes) -> Header:
    """The header of ``raw``."""
    fields: list[Field] = []
    start = 0  # of the field; differs from the line's by a byte order mark
    line = first_name(raw)
    size = len(raw)
    excess = ""
    find = raw.find
    while line < size:
        end = find(b"\n", line) + 1 or size
        first = raw[line]
        if first <= CR and (first == LF or raw.startswith(b"\r\n", line)):
            return Header(tuple(fields), start, end, "")
        value = find(b":", line, end) + 1
        try:
            name = _names[raw[line : value - 1]] if value else ""
        except KeyError:
            name = ""
        if not name:
            name, value = field_name(raw, line, end)
        while end < size and raw[end] in BLANKS and end <= limits.HEADER_BYTES:
            end = find(b"\n", end) + 1 or size
        if not name and not is_broken_line(raw, line, end, first=not fields):
            break
        if end > limits.HEADER_BYTES:
            excess = f"the header is larger than {limits.HEADER_BYTES} bytes"
            break
        if len(fields) == limits.HEADER_FIELDS:
            excess = f"the header has more than {limits.HEADER_FIELDS} fields"
            break
        fields.append(Field(name, start, value, end))
        start = line = end
    return Header(tuple(fields), start, start, excess)


def first_name(raw: bytes) -> int:
    """Where the first line begins: behind a byte order mark, if a field stands there."""
    after = len(BOM)
    if raw.startswith(BOM) and field_name(raw, after, raw.find(b"\n") + 1 or len(raw))[0]:
        return after
    return 0


def field_name(raw: bytes, line: int, end: int) -> tuple[str, int]:
    """The name in lower case and the offset behind the colon; ("", line) if the line is no field."""
    colon = raw.find(b":", line, min(end, line + NAME_BYTES + 1))
    name = raw[line:colon].rstrip(BLANKS) if colon > line else b""
    if not name or name.translate(None, NAME_CHARACTERS):
        return "", line
    text = name.decode("ascii").lower()
    if colon - line <= KEPT_BYTES:
        if len(_names) == KEPT:
            _names.clear()
        _names[raw[line:colon]] = text
    return text, colon + 1


def is_broken_line(raw: bytes, line: int, end: int, *, first: bool) -> bool:
    """Whether the header goes on behind this line, which is no field; ``end`` is behind its folds,
    or within them past the limit: then nobody looks whether it goes on, and it counts as if it did."""
    if raw.startswith(b"From ", line) or (raw[line] == 0x3E and raw[line:end].lstrip(b">").startswith(b"From ")):
        return True
    if first or raw.startswith(b"--", line):
        return False
    if raw[end : end + 1] in (b" ", b"\t"):
        return True
    after = raw.find(b"\n", end) + 1 or len(raw)
    return bool(field_name(raw, end, after)[0])
