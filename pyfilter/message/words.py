"""The text of a header value: unfolded, decoded, trimmed.

In: a value as it stands behind the colon (bytes). Out: one line of text (str).

Rules (RFC 2047; every leniency is a row of VIOLATIONS.md)

- A fold, with the white space around it, is one space.
- An encoded word is decoded wherever it stands, also inside quotes and without white space
  around it. White space between two encoded words goes (section 6.2). The bytes of neighbours
  in one character set are decoded together, so that a character split between them is whole;
  in a set with shift states each word is decoded by itself if it can be.
- Character sets are those of charsets.py. One that is not there is read like raw bytes.
- Raw bytes are UTF-8 where they can be (RFC 6532), else windows-1252.
- The result is one line. Control characters never come out, whether they stood there or were
  encoded: those that are white space (tab, CR, LF, and the line separators of Unicode) become a space, all
  others (NUL, ESC, …) and lone surrogates U+FFFD.

Limit: ENCODED_WORDS in one value. Errors: Unreadable, past it. Time: linear.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message.headers import Unreadable

__all__ = ["Word", "clean", "decode", "encoded_words", "one_space", "raw_text", "unfold"]

# the name of a character set is at most this long, with its language (RFC 2231, section 5)
LABEL_BYTES = 80
LABEL_CHARACTERS = bytes(range(33, 127)).translate(None, b'()<>@,;:"/[]?=')

SHOWN_FOR_CONTROL = "\ufffd"
CONTROLS = {code: " " if chr(code).isspace() else SHOWN_FOR_CONTROL for code in (*range(32), *range(127, 160))}
CONTROLS |= {0x2028: " ", 0x2029: " "}


class Word:
    """An encoded word, ``value[start:end]``; ``codec`` "" where the character set is unknown; ``content`` its bytes."""

    __slots__ = ("codec", "content", "end", "start")

    def __init__(self, start: int, end: int, codec: str, content: bytes) -> None:
        self.start = start
        self.end = end
        self.codec = codec
        self.content = content


def decode(raw: bytes) -> str:
    """One header value as one line of text."""
    value = unfold(raw)
    text = decode_words(value) if b"=?" in value else raw_text(value)
    return clean(text).strip()


def unfold(raw: bytes) -> bytes:
    """``raw`` without line ends; each fold and the white space around it is one space."""
    if b"\n" not in raw:
        return raw.strip(b" \t\r")
    lines = [line.strip(b" \t\r") for line in raw.split(b"\n")]
    return b" ".join([line for line in lines if line])


def clean(text: str) -> str:
    """``text`` without control characters and lone surrogates."""
    if text.isprintable():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # pairs of surrogates become the character they stand for
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.translate(CONTROLS)


# characters whose words are parted at a time: each word is an object of some 50 bytes
_AT_A_TIME = 64 << 10


def one_space(text: str) -> str:
    """``text`` with white space of any kind between its words as one space, none around."""
    if len(text) <= _AT_A_TIME:
        return " ".join(text.split())
    made: list[str] = []
    apart = False
    for at in range(0, len(text), _AT_A_TIME):
        piece = text[at : at + _AT_A_TIME]
        joined = " ".join(piece.split())
        if joined and made and (apart or piece[0].isspace()):
            made.append(" ")
        if joined:
            made.append(joined)
        apart = piece[-1].isspace()
    return "".join(made)


def raw_text(raw: bytes) -> str:
    """Bytes that name no character set."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def decode_words(value: bytes) -> str:
    """An unfolded value with its encoded words decoded."""
    from pyfilter.message.charsets import neighbours  # only for the mail that needs it

    parts: list[str] = []
    held: list[bytes] = []  # contents of neighbours in one character set
    codec = ""
    behind = 0  # the last word
    for word in encoded_words(value):
        between = value[behind : word.start]
        apart = not behind or bool(between.strip(b" \t"))
        if held and (apart or word.codec != codec):
            parts.append(neighbours(codec, held))
            held = []
        if apart:
            parts.append(raw_text(between))
        held.append(word.content)
        codec = word.codec
        behind = word.end
    if held:
        parts.append(neighbours(codec, held))
    parts.append(raw_text(value[behind:]))
    return "".join(parts)


def encoded_words(value: bytes) -> list[Word]:
    """The encoded words of an unfolded value, in order."""
    from pyfilter.message.charsets import codec_of

    found: list[Word] = []
    start = value.find(b"=?")
    closing = opening = -1  # the next "?=" and "=?", each looked for once
    while start >= 0:
        behind = start + 2
        mark = value.find(b"?", behind, behind + LABEL_BYTES)
        encoding = value[mark + 1 : mark + 3].upper()
        if mark > behind and encoding in (b"Q?", b"B?") and not value[behind:mark].translate(None, LABEL_CHARACTERS):
            begin = mark + 3
            if closing < begin:
                closing = value.find(b"?=", begin)
                if closing < 0:
                    break
            if opening < begin:
                opening = value.find(b"=?", begin) % (len(value) + 1)
            if closing <= opening + 1:  # the last "=" of base64 and the "?" behind it open nothing
                content = word_content(encoding, value[begin:closing])
                if content is not None:
                    if len(found) == limits.ENCODED_WORDS:
                        raise Unreadable(f"a field has more than {limits.ENCODED_WORDS} encoded words")
                    label = value[behind:mark].partition(b"*")[0].decode("ascii")
                    behind = closing + 2
                    found.append(Word(start, behind, codec_of(label), content))
        start = value.find(b"=?", behind)
    return found


def word_content(encoding: bytes, encoded: bytes) -> bytes | None:
    """The bytes of one word; None if there is no way to read it, and it stays as it stands."""
    from binascii import a2b_base64, a2b_qp

    if encoding == b"Q?":
        return a2b_qp(encoded, header=True)
    # missing padding, and one character too many
    for attempt in (encoded, encoded + b"==", encoded.rstrip(b"= ")[:-1] + b"=="):
        try:
            return a2b_base64(attempt)
        except ValueError:
            continue
    return None
