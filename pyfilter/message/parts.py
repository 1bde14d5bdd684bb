"""The parts of a message: its MIME tree as a flat list of leaves, byte for byte where they stand.

In: a Message. Out: a ``Part`` for each leaf, in order: what it says it is, and where its content begins and ends in
``message.raw``. Nothing is decoded here but the names in its header (parameters.py).

Rules (RFC 2045, RFC 2046; every leniency is a row of VIOLATIONS.md)

- A delimiter is a line that is ``--`` and the boundary of one of the multiparts around, blanks behind it aside; one of
  an outer multipart ends the inner ones, as if they had been closed. The line end before it belongs to it.
- What stands before the first delimiter and behind the last is nobody's text. A multipart without a boundary, or whose
  boundary never comes, is a part of text: a mail that was cut off is still read.
- ``message/rfc822`` (in a ``multipart/digest`` also what names no type) is a message in the message: itself a leaf, and
  then its own parts. One that is encoded is a leaf alone.
- A type that cannot be read, or none, is text/plain (RFC 2045, section 5.2).

Limits: MIME_DEPTH, MIME_PARTS, MIME_LINES, MIME_BOUNDARIES. Errors: Unreadable past one of them, and where the header
is past its own. Time: linear: a line is looked up among the boundaries around it, not held against each.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import words
from pyfilter.message.headers import Unreadable, scan
from pyfilter.message.parameters import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.message import Message

__all__ = ["Part", "leaves"]

IDENTITY = ("", "7bit", "8bit", "binary")
# bytes of one part's header that are copied at a time to be read
HEADER_BYTES = 64 << 10


class Part:
    """``kind``: "text/html", lower case; ``charset``, ``flowed``, ``delsp``: of a text. ``encoding``: of its transfer,
    lower case. ``disposition``: "attachment", "inline" or ""; ``name``: as a client shows it, or "". ``start``,
    ``end``: of the content in the message's bytes."""

    __slots__ = ("charset", "delsp", "disposition", "encoding", "end", "flowed", "kind", "name", "start")

    def __init__(self, values: dict[str, bytes], default: str) -> None:
        kind, given = parameters(values.get("content-type", b""))
        disposition, placed = parameters(values.get("content-disposition", b""))
        self.kind = kind if kind.count("/") == 1 and not kind.startswith("/") and not kind.endswith("/") else default
        self.charset = given.get("charset", "")
        self.flowed = given.get("format", "").lower() == "flowed"
        self.delsp = given.get("delsp", "").lower() == "yes"
        self.disposition = disposition
        self.name = placed.get("filename", "") or given.get("name", "")
        # a single word (RFC 2045, section 6.1); some write it in quotes, or with a semicolon or a comment behind it
        self.encoding = parameters(values.get("content-transfer-encoding", b""))[0]
        self.start = self.end = 0

    def __repr__(self) -> str:
        return f"Part({self.kind!r}, {self.name!r}, {self.start}, {self.end})"


# the fields of a part that are read
FIELDS = frozenset({"content-type", "content-disposition", "content-transfer-encoding"})


def leaves(message: Message) -> list[Part]:
    """The leaves of the message, in order."""
    values = {name: found[0] for name in FIELDS if (found := message.raw_values(name))}
    return _Walk(message.raw).run(values, message.body_start)


class _Walk:
    """One pass over the bytes. ``around``: of each multipart that is open its boundary (b"" for a message in the
    message), whether it is a digest, and how deep another of that boundary is around it; ``open``: boundary -> how
    deep. ``lines``: looked up in vain, ``absent``: boundaries that never came."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.found: list[Part] = []
        self.around: list[tuple[bytes, bool, int]] = []
        self.open: dict[bytes, int] = {}
        self.lines = self.absent = 0

    def run(self, values: dict[str, bytes], at: int) -> list[Part]:
        default = "text/plain"
        while True:
            at = self.entity(values, at, default)
            if at < 0:
                return self.found
            default = "message/rfc822" if self.around[-1][1] else "text/plain"
            values, at = self.header(at)

    def entity(self, values: dict[str, bytes], at: int, default: str) -> int:
        """Read one entity whose content begins at ``at``; where the next part's header begins, -1 at the end."""
        while True:
            part = Part(values, default)
            part.start = at
            if part.kind.startswith("multipart/"):
                boundary = words.unfold(_boundary(values))
                if boundary and self.comes(boundary, at):
                    self.enter(boundary, part.kind == "multipart/digest")
                    return self.next(at)[1]
                part.kind = "text/plain"
            if part.kind == "message/rfc822" and part.encoding in IDENTITY:
                self.add(part)
                self.enter(b"", False)
                values, at = self.header(at)
                default = "text/plain"
                part.end = self.peek(part.start)
                continue
            self.add(part)
            part.end, following = self.next(at)
            return following

    def enter(self, boundary: bytes, digest: bool) -> None:
        if len(self.around) == limits.MIME_DEPTH:
            raise Unreadable(f"its parts are nested deeper than {limits.MIME_DEPTH}")
        self.around.append((boundary, digest, self.open.get(boundary, 0)))
        if boundary:
            self.open[boundary] = len(self.around)

    def leave(self, depth: int) -> None:
        """Leave all that is deeper than ``depth``."""
        while len(self.around) > depth:
            boundary, _, before = self.around.pop()
            if before:
                self.open[boundary] = before
            elif boundary:
                del self.open[boundary]

    def add(self, part: Part) -> None:
        if len(self.found) == limits.MIME_PARTS:
            raise Unreadable(f"it has more than {limits.MIME_PARTS} parts")
        self.found.append(part)

    def header(self, at: int) -> tuple[dict[str, bytes], int]:
        """The fields of a part whose header begins at ``at``, and where its content begins."""
        end = self.peek(at)
        size = HEADER_BYTES
        while True:
            piece = self.raw[at : min(end, at + size)]
            head = scan(piece)
            if head.body < len(piece) or at + size >= end or head.excess:
                break
            size *= 8
        values: dict[str, bytes] = {}
        for field in head.fields:
            if field.name in FIELDS:
                values.setdefault(field.name, piece[field.value : field.end])
        return values, at + head.body

    # ------------------------------------------------------------------ delimiters

    def comes(self, boundary: bytes, at: int) -> bool:
        """Whether a delimiter of this boundary stands anywhere from ``at`` on; one that closes is none."""
        line = b"--" + boundary
        place = at if self.raw.startswith(line, at) else self.raw.find(b"\n" + line, max(at - 1, 0)) + 1 or -1
        while place >= 0:
            behind = place + len(line)
            end = self.raw.find(b"\n", behind) + 1 or len(self.raw)
            if not self.raw[behind : min(end, behind + limits.MIME_BOUNDARY_BYTES)].strip(b" \t\r\n"):
                return True
            self.line()
            place = self.raw.find(b"\n" + line, behind) + 1 or -1
        self.absent += 1
        if self.absent > limits.MIME_BOUNDARIES:
            raise Unreadable(f"more than {limits.MIME_BOUNDARIES} of its boundaries never come")
        return False

    def line(self) -> None:
        """A line was looked at in vain."""
        self.lines += 1
        if self.lines > limits.MIME_LINES:
            raise Unreadable(f"more than {limits.MIME_LINES} lines of it look like boundaries")

    def peek(self, at: int) -> int:
        """Where the content that begins at ``at`` ends at the latest: before the next delimiter of any boundary."""
        return self.delimiter(at)[0]

    def next(self, at: int) -> tuple[int, int]:
        """The end of the content that begins at ``at``, and where the header of the next part begins, -1 if there is
        none; multiparts that end here are left."""
        end = -1
        while True:
            stop, behind, depth, closing = self.delimiter(at)
            if end < 0:
                end = stop
            if not depth:
                return end, -1
            self.leave(depth - closing)
            if not closing:
                return end, behind
            at = behind

    def delimiter(self, at: int) -> tuple[int, int, int, bool]:
        """The next delimiter from ``at`` on: where the content before it ends, where the line behind it begins, how
        deep its multipart is, and whether it closes that. Depth 0: there is none."""
        raw = self.raw
        line = at if raw.startswith(b"--", at) else raw.find(b"\n--", max(at - 1, 0)) + 1 or -1
        while line >= 0 and self.open:
            end = raw.find(b"\n", line) + 1 or len(raw)
            text = raw[line + 2 : min(end, line + limits.MIME_BOUNDARY_BYTES)].rstrip(b" \t\r\n")
            depth = self.open.get(text, 0)
            closing = not depth and text.endswith(b"--")
            if closing:
                depth = self.open.get(text[:-2], 0)
            if depth:
                stop = max(line - 1, at)
                if stop > at and raw[stop - 1] == 0x0D:
                    stop -= 1
                return stop, end, depth, closing
            self.line()
            line = raw.find(b"\n--", line) + 1 or -1
        return len(raw), len(raw), 0, False


def _boundary(values: dict[str, bytes]) -> bytes:
    """The boundary as bytes; it is ASCII, and what is not stands in no delimiter that a client would find."""
    boundary = parameters(values.get("content-type", b""))[1].get("boundary", "")
    return boundary.rstrip(" ").encode("utf-8", "replace")[: limits.MIME_BOUNDARY_BYTES]
