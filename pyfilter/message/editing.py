"""A header edited: lines put above the message (``X-Pyfilter-Problem``, a verdict), fields taken out.

In: edits, made in order, and the message: ("remove", name, "") takes every field of the name out (lower case; a `*` at
its end stands for any rest), ("add", name, value) puts a line above. Out: pieces of bytes that follow each other; all
but the added lines are the message's own bytes, in their order. A field is taken out with its folds and its
line end; what follows it stays what it was. Line ends of added lines are those of the message. Above a
message without a header an empty line follows them, so that its body does not become one. A byte order mark before the
first field (headers.py) stays the first thing of the message: below other lines it would make that field a broken one.

Each pair becomes one field and never more (RFC 5322, section 2.2): the name keeps only the
characters a name can have, control characters of the value become spaces, so that no value can
begin a line of its own. Anything but printable ASCII makes the value encoded words (RFC 2047,
section 5, base64 of UTF-8). Lines are folded before LINE characters where there is a space, and
in any case before 998 (RFC 5322, section 2.1.1).
"""

from __future__ import annotations

from pyfilter.message.headers import BOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.message.message import Message

    Edits = tuple[tuple[str, str, str], ...]

__all__ = ["edited", "lines_above", "version_of"]

LINE = 78
LONGEST_LINE = 998
# bytes of text in one encoded word: base64 makes 60 of 45, and 75 is the most (RFC 2047, section 2)
ENCODED_WORD_BYTES = 45


def edited(message: Message, edits: Edits) -> list[bytes]:
    """The message with ``edits`` made one after the other; none of the pieces is empty."""
    raw = message.raw
    added: list[tuple[str, str]] = []
    out: list[tuple[int, int]] = []
    for verb, name, value in edits:
        if verb == "add":
            added.append((name, value))
            continue
        added = [pair for pair in added if not _named(name, pair[0].lower())]
        out += [(field.start, field.end) for field in message.fields if field.name and _named(name, field.name)]
    removed = sorted(set(out))
    pieces = [lines_above(added, raw)]
    if added and not message.fields and raw and not raw.startswith((b"\n", b"\r\n")):
        pieces.append(line_end(raw))
    kept = 0
    if added and message.fields and raw.startswith(BOM) and removed[:1] != [(0, message.fields[0].end)]:
        pieces.insert(0, BOM)
        kept = len(BOM)
    for start, end in removed:
        pieces.append(raw[kept:start])
        kept = end
    pieces.append(raw[kept:])
    return [piece for piece in pieces if piece]


def version_of(message: Message, base: bytes | None, edits: Edits) -> Sequence[bytes]:
    """The message as it stands for one action (``base``, ``edits``: engine/plan.py), in pieces."""
    if not edits:
        return (message.raw if base is None else base,)
    if base is None:
        return edited(message, edits)
    from pyfilter.message.message import Message

    return edited(Message(base), edits)


def _named(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def lines_above(headers: list[tuple[str, str]], raw: bytes) -> bytes:
    """The fields as bytes, b"" if there are none."""
    end = line_end(raw)
    return b"".join([_field(name, value).replace(b"\n", end) for name, value in headers])


def line_end(raw: bytes) -> bytes:
    """CRLF if the first line of the message ends so, else LF."""
    first = raw.find(b"\n")
    return b"\r\n" if first > 0 and raw[first - 1] == 0x0D else b"\n"


def _field(name: str, value: str) -> bytes:
    cleaned = "".join([character for character in name if "!" <= character <= "~" and character != ":"])
    words = "".join([character if character.isprintable() else " " for character in value]).split()
    if not all(map(str.isascii, words)):
        words = _encoded_words(" ".join(words))
    out = (cleaned[: LINE - 1] or "X-Pyfilter") + ":"
    column = len(out)
    for word in words:
        for piece in _pieces(word):
            if column + 1 + len(piece) > LINE and column > 1:
                out += "\n"
                column = 0
            out += " " + piece
            column += 1 + len(piece)
    return (out + "\n").encode("ascii")


def _pieces(word: str) -> list[str]:
    """A word longer than a line may be is broken; everything else stays whole."""
    most = LONGEST_LINE - 1
    return [word[at : at + most] for at in range(0, len(word), most)]


def _encoded_words(text: str) -> list[str]:
    import binascii  # most values are ASCII

    words = []
    chunk = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > ENCODED_WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return [f"=?utf-8?b?{binascii.b2a_base64(word, newline=False).decode('ascii')}?=" for word in words]
