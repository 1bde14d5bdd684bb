"""An mbox to its messages: bytes in pieces in, whole messages out.

A message begins at a line that begins with `From ` after an empty line and is followed by a
header line, or bears a date as an MTA writes it: mail that quotes no body lines (mboxcl, files
kept by hand) is not cut at "From what I hear …". The empty line before the next `From `, and at the
end, belongs to the mbox. All else stays as it was stored, the `From ` line and a `>From ` in a body
included, as it cannot be known who quoted that. Content-Length is not trusted.

One message is in memory at a time; one of more than limits.ARCHIVE_MESSAGE_BYTES is None.

Sources: mbox(5); RFC 4155.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pyfilter import limits

__all__ = ["CHUNK", "is_mbox", "split"]

CHUNK = 1 << 18  # bytes read at a time
# bytes from a `From ` line on in which the line and the next one must show what they are; RFC 5322
# allows lines of 998 characters
LOOK_AHEAD = 2048

ENVELOPE_DATE = re.compile(rb" (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:[A-Z][a-z]{2} +\d|\d\d? +[A-Z])")
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
FROM_FIELD = re.compile(rb"From[ \t]+:")  # a header field as RFC 822 allowed it, not an mbox


def is_mbox(head: bytes) -> bool:
    """Whether a file that begins so is an mbox."""
    return head.startswith(b"From ") and not FROM_FIELD.match(head)


def split(head: bytes, read: Callable[[int], bytes | None]) -> Iterator[bytes | None]:
    """The messages of an mbox, each with its `From ` line; None for one that is too large."""
    buffer = bytearray(head)
    scan = 0  # what stands before was looked at
    ended = large = False
    while True:
        start = buffer.find(b"\nFrom ", scan)
        if start < 0 or (not ended and len(buffer) - start < LOOK_AHEAD):
            if not ended:
                scan = max(0, len(buffer) - 5) if start < 0 else start
                if scan > limits.ARCHIVE_MESSAGE_BYTES:
                    large = True
                    del buffer[: scan - 2]  # an empty line may stand before
                    scan = 2
                chunk = read(CHUNK)
                ended = not chunk
                buffer += chunk or b""
                continue
            if buffer or large:
                yield None if large else bytes(_without_empty_line(buffer))
            return
        scan = start + 1
        if _separates(buffer, start):
            yield None if large else bytes(_without_empty_line(buffer[:scan]))
            del buffer[:scan]
            scan, large = 0, False


def _separates(buffer: bytearray, start: int) -> bool:
    """Whether the line after the line break at ``start`` begins a message."""
    if not (buffer.endswith(b"\n", 0, start) or buffer.endswith(b"\n\r", 0, start)):
        return False
    line, _, after = bytes(buffer[start + 1 : start + LOOK_AHEAD]).partition(b"\n")
    return bool(HEADER_LINE.match(after) or ENVELOPE_DATE.search(line))


def _without_empty_line(data: bytearray) -> bytearray:
    if data.endswith(b"\n\n"):
        del data[-1:]
    elif data.endswith(b"\n\r\n"):
        del data[-2:]
    return data
