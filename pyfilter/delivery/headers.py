"""The lines put above a message before it is filed (``X-Pyfilter-Problem`` …).

In: (name, value) pairs of a Plan. Out: bytes that stand before the message as it came, which
itself is not touched. Line ends are those of the message.

Each pair becomes one field and never more (RFC 5322, section 2.2): the name keeps only the
characters a name can have, control characters of the value become spaces, so that no value can
begin a line of its own. Anything but printable ASCII makes the value encoded words (RFC 2047,
section 5, base64 of UTF-8). Lines are folded before LINE characters where there is a space, and
in any case before 998 (RFC 5322, section 2.1.1).
"""

from __future__ import annotations

__all__ = ["lines_above"]

LINE = 78
LONGEST_LINE = 998
# bytes of text in one encoded word: base64 makes 60 of 45, and 75 is the most (RFC 2047, section 2)
ENCODED_WORD_BYTES = 45


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
