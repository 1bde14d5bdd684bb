"""The text of a message's body, as somebody reads it, and its attachments.

In: a Message. Out:

- ``texts``: one text for each part that is shown as text: decoded by its character set, HTML reduced to its text
  (html.py), format=flowed put together (RFC 3676); white space of any kind is one space, so that a text is found where
  the mail breaks its lines, and soft hyphens and blanks of no width are gone. Of a multipart/alternative each form is
  one.
- ``sources``: of each HTML part the source, decoded.
- ``attachments``: a part that says ``attachment`` or has a file's name, and any other type than text; a signature
  without a name, or with one as signatures have, is none. A text with a name that does not say ``attachment`` is shown
  and is an attachment too. A message in the message is one, and its own texts and attachments count too.

The character set: what the part says; where it says none, or the bytes are not in it, UTF-8 if they are that, else
windows-1252. HTML without one may name it in a ``meta`` element.

Errors: Unreadable past a limit of parts.py or html.py, BODY_CHARACTERS and BODY_PIECES. Time: linear.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import charsets, transfer
from pyfilter.message.headers import Unreadable
from pyfilter.message.parts import Part
from pyfilter.message.words import one_space, raw_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyfilter.message.message import Message

__all__ = ["Attachment", "attachments", "raw", "raw_header", "sources", "texts", "whole"]

# types of text that a client does not show as text but as a card, an appointment, or not at all
UNSHOWN = frozenset({"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/x-amp-html"})
# what a mail server says of a delivery, in lines of text
REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})
# what belongs to the text and is listed as an attachment by nobody
UNLISTED = REPORTS | {
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/x-amp-html",
}  # fmt: skip
SIGNED = (".asc", ".sig", ".p7s")
# characters that nobody sees, and which are written into words so that no filter finds them
UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
# bytes in which a meta element is looked for
META_BYTES = 1024

BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class Attachment:
    """``name``: as a client shows it, "" if it has none; ``kind``: "image/png"; ``size``: its bytes, decoded."""

    __slots__ = ("kind", "name", "size")

    def __init__(self, name: str, kind: str, size: int) -> None:
        self.name = name
        self.kind = kind
        self.size = size


class _Room:
    """What one message has left of ``characters``, of ``pieces`` and of ``steps``, which html.py counts."""

    __slots__ = ("characters", "pieces", "steps")

    def __init__(self) -> None:
        self.characters = limits.BODY_CHARACTERS
        self.pieces = limits.BODY_PIECES
        self.steps = limits.HTML_STEPS

    def take(self, characters: int, pieces: int) -> None:
        """Raises Unreadable."""
        self.characters -= characters
        if self.characters < 0:
            raise Unreadable(f"its text has more than {limits.BODY_CHARACTERS} characters")
        self.pieces -= pieces
        if self.pieces < 0:
            raise Unreadable(f"its parts are put together from more than {limits.BODY_PIECES} pieces")


def texts(message: Message) -> list[str]:
    """The text of each part that is shown."""
    return _each(message, _shown)


def sources(message: Message) -> list[str]:
    """The source of each HTML part that is shown."""
    return _each(message, lambda part, text, room: text if part.kind == "text/html" else None)


def attachments(message: Message) -> list[Attachment]:
    """The attachments, in order."""
    room = _Room()
    return [
        Attachment(part.name, part.kind, len(_content(message, part, room)))
        for part in message.parts()
        if (part.name or not _is_text(part)) and not _is_unlisted(part)
    ]


def raw(message: Message) -> str:
    """The bytes behind the header as they came, read as UTF-8; what is not UTF-8 is U+FFFD."""
    return message.raw[message.body_start :].decode("utf-8", "replace")


def whole(message: Message) -> str:
    """The whole message the same way, without an mbox line."""
    return message.raw.decode("utf-8", "replace")


def raw_header(message: Message) -> str:
    """The lines of the header as they came, mbox line included, each fold a space: as procmail looks at them."""
    header = message.from_line + message.raw[: message.header_end]
    unfolded = header.replace(b"\r\n", b"\n").replace(b"\n ", b"  ").replace(b"\n\t", b" \t")
    return unfolded.decode("utf-8", "replace")


def _each(message: Message, read: Callable[[Part, str, _Room], str | None]) -> list[str]:
    found: list[str] = []
    room = _Room()
    for part in message.parts():
        if not _is_text(part):
            continue
        text = _decoded(part, _content(message, part, room))
        room.take(len(text), 0)
        wanted = read(part, text, room)
        if wanted is not None:
            found.append(wanted)
    return found


def _is_text(part: Part) -> bool:
    if part.disposition == "attachment":
        return False
    return part.kind in REPORTS or (part.kind.startswith("text/") and part.kind not in UNSHOWN)


def _is_unlisted(part: Part) -> bool:
    return part.kind in UNLISTED and (not part.name or part.name.lower().endswith(SIGNED))


def _shown(part: Part, text: str, room: _Room) -> str:
    if part.kind == "text/html":
        from pyfilter.message.html import text_of

        text, room.steps = text_of(text, room.steps)
    elif part.flowed:
        room.take(0, text.count("\n"))
        text = _unflowed(text.replace("\r\n", "\n").split("\n"), part.delsp)
    return one_space(text.translate(UNSEEN))


def _unflowed(lines: list[str], delsp: bool) -> str:
    """RFC 3676, section 4: a line that ends in a space goes on in the next of the same depth of quotes."""
    made: list[str] = []  # with line ends between, where a line does not go on
    depth = -1  # of the line that goes on
    for line in lines:
        quoted = len(line) - len(line.lstrip(">"))
        line = line[quoted:]
        if line.startswith(" "):  # space-stuffed
            line = line[1:]
        if depth != quoted:
            made.append("\n")
        soft = line.endswith(" ") and line != "-- "
        made.append(line[:-1] if soft and delsp else line)
        depth = quoted if soft else -1
    return "".join(made)


# ------------------------------------------------------------------ bytes to text


# what parts the pieces of an encoding that transfer.py looks at one by one: lines, and runs up to a padding
_ENDS = {"quoted-printable": b"\n", "base64": b"="}


def _content(message: Message, part: Part, room: _Room) -> bytes:
    end = _ENDS.get(part.encoding)
    if end:
        room.take(0, message.raw.count(end, part.start, part.end))
    return transfer.decoded(part.encoding, message.raw[part.start : part.end])


def _decoded(part: Part, content: bytes) -> str:
    codec = charsets.codec_of(part.charset)
    for mark, marked in BOMS:
        if content.startswith(mark) and codec in ("", "us-ascii", "utf-8", "utf-16"):
            content, codec = content[len(mark) :], marked
            break
    if not codec and part.kind == "text/html":
        codec = charsets.codec_of(_named_inside(content))
    if codec == "utf-8":
        return raw_text(content)
    return charsets.text_in(codec, content)


def _named_inside(content: bytes) -> str:
    """The character set that HTML names itself (HTML Living Standard, 13.2.3.2)."""
    head = content[:META_BYTES].lower()
    at = head.find(b"charset")
    if at < 0 or head.rfind(b"<meta", 0, at) < 0:
        return ""
    value = head[at + len(b"charset") :].lstrip(b" \t\r\n")
    if not value.startswith(b"="):
        return ""
    value = value[1:].lstrip(b" \t\r\n\"'")
    end = min([place for character in b" \t\r\n\"';/>" if (place := value.find(character)) >= 0], default=len(value))
    return raw_text(value[:end])
