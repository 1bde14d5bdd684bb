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

__all__ = ["Field", "Header", "Unreadable", "line_by_line", "scan"]

BOM = b"\xef\xbb\xbf"
BLANKS = b" \t"
# ftext of RFC 5322, section 2.2
NAME_CHARACTERS = bytes(range(33, 127)).replace(b":", b"")

# the longest line RFC 5322, section 2.1.1, allows: what has no colon by then is no name
NAME_BYTES = 998

LF = 0x0A

# what stands at the beginning of fields, with its colon, and the name that it is: almost all mail has the same few
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
    """``names``: of the fields in order, as Field has them; ``end`` behind the last of them; ``body`` where the body
    begins; ``excess`` empty, or which limit stopped the scan (then ``end`` and ``body`` are those of what was scanned).
    """

    __slots__ = ("_fields", "_heads", "_last", "_pieces", "body", "end", "excess", "names")

    def __init__(self, names: list[str], end: int, body: int, excess: str = "") -> None:
        self.names = names
        self.end = end
        self.body = body
        self.excess = excess
        self._fields: tuple[Field, ...] | None = None
        self._last: dict[str, int] | None = None
        # of each field what stands before its value, and the whole but its last LF
        self._heads: list[bytes] = []
        self._pieces: list[bytes] = []

    @classmethod
    def of_fields(cls, fields: list[Field], end: int, body: int, excess: str = "") -> Header:
        """One whose fields are known."""
        header = cls([field.name for field in fields], end, body, excess)
        header._fields = tuple(fields)
        return header

    @classmethod
    def of_pieces(cls, names: list[str], heads: list[bytes], pieces: list[bytes], end: int, body: int) -> Header:
        """One whose fields are made when they are asked for."""
        header = cls(names, end, body)
        header._heads, header._pieces = heads, pieces
        return header

    @property
    def fields(self) -> tuple[Field, ...]:
        """All of them, in order."""
        if self._fields is None:
            fields = []
            start = 0
            for name, head, piece in zip(self.names, self._heads, self._pieces, strict=True):
                end = start + len(piece) + 1
                fields.append(Field(name, start, start + len(head), end))
                start = end
            self._fields = tuple(fields)
        return self._fields

    def named(self, name: str) -> list[Field]:
        """Those of this name, in order; none of "", which broken lines have."""
        if self._last is None:
            self._last = dict(zip(self.names, range(len(self.names)), strict=True))
        last = self._last.get(name, -1) if name else -1
        found: list[Field] = []
        at = -1
        while at < last:
            at = self.names.index(name, at + 1)
            found.append(self._field(at))
        return found

    def _field(self, at: int) -> Field:
        if self._fields is not None:
            return self._fields[at]
        start = sum(map(len, self._pieces[:at])) + at
        return Field(self.names[at], start, start + len(self._heads[at]), start + len(self._pieces[at]) + 1)


def scan(raw: bytes) -> Header:
    """The header of ``raw``."""
    return _at_once(raw) or line_by_line(raw)


def _at_once(raw: bytes) -> Header | None:
    """That of almost all mail, whose fields begin as others have: the same as ``line_by_line``, in far fewer steps."""
    empty = raw.find(b"\n\n", 0, limits.HEADER_BYTES)
    block = raw[: max(empty, 0)]
    if not block or b"\r" in block or block.startswith(b"\n"):
        return None
    # a fold goes on with the line above it: what stands in its place has the same length, and is in no block
    pieces = block.replace(b"\n ", b"\r ").replace(b"\n\t", b"\r\t").split(b"\n")
    heads = [piece[: piece.find(b":") + 1] for piece in pieces]
    names = list(map(_names.get, heads))
    if None in names or len(names) > limits.HEADER_FIELDS:
        return None
    return Header.of_pieces(names, heads, pieces, empty + 1, empty + 2)  # type: ignore[arg-type]  # None is not there


def line_by_line(raw: bytes) -> Header:
    """The header of any ``raw``."""
    fields: list[Field] = []
    start = 0  # of the field; differs from the line's by a byte order mark
    line = first_name(raw)
    size = len(raw)
    excess = ""
    while line < size:
        end = raw.find(b"\n", line) + 1 or size
        if raw[line] == LF or raw.startswith(b"\r\n", line):
            return Header.of_fields(fields, start, end)
        name, value = field_name(raw, line, end)
        while end < size and raw[end] in BLANKS and end <= limits.HEADER_BYTES:
            end = raw.find(b"\n", end) + 1 or size
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
    return Header.of_fields(fields, start, start, excess)


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
        _names[raw[line : colon + 1]] = text
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
