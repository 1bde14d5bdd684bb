"""The parameters of a structured value: Content-Type, Content-Disposition.

In: a value as it stands behind the colon (bytes): ``attachment; filename*0*=utf-8''J%C3%B6;
filename*1="rg.pdf"``. Out: the main value in lower case (``attachment``), and the parameters
(``{"filename": "Jörg.pdf"}``), names in lower case, values decoded, on one line, without control characters.

Rules (RFC 2045, section 5.1; RFC 2231; every leniency is a row of VIOLATIONS.md)

- Of a name that stands twice the first counts, of ``name*`` and ``name`` the extended one (RFC 6266, section 4.3).
- Pieces (``name*0``, ``name*1*`` …) are put together in the order of their numbers, from 0 to
  the first that is missing; the character set is that of piece 0. Of ``name*0`` and ``name``
  the pieces count.
- Comments are passed over. A quoted string that is not closed ends with the value.
- Encoded words are not allowed in parameters, but are what many mailers write: they are decoded where
  no RFC 2231 form is used.
- A character set comes from the table of charsets.py; without one, bytes are read like raw bytes.

Errors: Unreadable, from words.py and for comments nested too deep. Time: linear.
"""

from __future__ import annotations

from pyfilter.message import charsets, words
from pyfilter.message.quoting import comment_end, quoted_end, unescaped

__all__ = ["parameters"]

# digits of a piece's number; more pieces than this a header cannot hold
PIECE_DIGITS = 6
HEX = b"0123456789abcdefABCDEF"


class Piece:
    """``name*number*``: ``encoded`` where the second star stands."""

    __slots__ = ("encoded", "value")

    def __init__(self, value: bytes, encoded: bool) -> None:
        self.value = value
        self.encoded = encoded


def parameters(raw: bytes) -> tuple[str, dict[str, str]]:
    """The main value and the parameters of ``raw``."""
    parts = split(words.unfold(raw))
    main = words.clean(words.raw_text(parts[0].strip())).lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, Piece]] = {}
    for part in parts[1:]:
        written, equals, value = part.partition(b"=")
        if not equals:
            continue
        name, star, section = words.clean(words.raw_text(written.strip(b" \t"))).lower().partition("*")
        value = value.strip(b" \t")
        if not name:
            continue
        if not star:
            plain.setdefault(name, words.decode(value))
            continue
        digits, second, behind = section.partition("*")
        if behind or not (digits or not second):
            continue
        if not digits:
            number, encoded = -1, True  # `name*=`: the whole in one piece
        elif digits.isascii() and digits.isdecimal() and len(digits) <= PIECE_DIGITS:
            number, encoded = int(digits), bool(second)
        else:
            continue
        pieces.setdefault(name, {}).setdefault(number, Piece(value, encoded))
    found = plain
    for name, numbered in pieces.items():
        text = together(numbered)
        if text is not None:
            found[name] = text
    return main, found


def together(numbered: dict[int, Piece]) -> str | None:
    """The text of one parameter's pieces; None if there is no first one."""
    if -1 in numbered:
        chosen = [numbered[-1]]
    else:
        chosen = []
        while len(chosen) in numbered:
            chosen.append(numbered[len(chosen)])
    if not chosen:
        return None
    codec = ""
    parts: list[bytes] = []
    for number, piece in enumerate(chosen):
        value = piece.value
        if piece.encoded:
            if not number and value.count(b"'") >= 2:
                label, _, behind = value.partition(b"'")
                value = behind.partition(b"'")[2]
                codec = charsets.codec_of(words.raw_text(label))
            value = percent_decoded(value)
        parts.append(value)
    return words.clean(charsets.text_in(codec, b"".join(parts))).strip()


def percent_decoded(value: bytes) -> bytes:
    """``%XX`` for what it stands for; a percent sign before anything else is itself."""
    result = bytearray()
    begin = 0
    at = value.find(b"%")
    while at >= 0:
        digits = value[at + 1 : at + 3]
        if len(digits) == 2 and not digits.translate(None, HEX):
            result += value[begin:at]
            result.append(int(digits, 16))
            begin = at + 3
        at = value.find(b"%", at + 1)
    result += value[begin:]
    return bytes(result)


def split(value: bytes) -> list[bytes]:
    """``value`` at its semicolons, without comments, quoted strings without their quotes."""
    text = value.decode("latin-1")
    parts: list[bytes] = []
    kept: list[str] = []
    begin = at = 0
    size = len(text)
    while at < size:
        character = text[at]
        at += 1
        if character not in '"(;':
            continue
        kept.append(text[begin : at - 1])
        if character == '"':
            end = quoted_end(text, at) % (size + 1)  # not closed: to the end
            kept.append(unescaped(text[at:end]))
            at = end + 1
        elif character == "(":
            at = comment_end(text, at) % (size + 1) + 1
        else:
            parts.append("".join(kept).encode("latin-1"))
            kept = []
        begin = at
    kept.append(text[begin:])
    parts.append("".join(kept).encode("latin-1"))
    return parts
