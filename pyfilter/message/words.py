"""The text of a header value: unfolded, decoded, trimmed.

In: a value as it stands behind the colon (bytes). Out: one line of text (str).

Rules (RFC 2047; every leniency is a row of VIOLATIONS.md)

- A fold, with the white space around it, is one space.
- An encoded word is decoded wherever it stands, also inside quotes and without white space
  around it. White space between two encoded words goes (section 6.2). The bytes of neighbours
  in one character set are decoded together, so that a character split between them is whole;
  in a set with shift states each word is decoded by itself if it can be.
- Character sets come from the table below and from nowhere else: a name in a message chooses a
  row, never a codec of the interpreter. A set that is not in the table is read like raw bytes.
- Raw bytes are UTF-8 where they can be (RFC 6532), else windows-1252.
- The result is one line. Control characters never come out, whether they stood there or were
  encoded: those that are white space (tab, CR, LF, and the line separators of Unicode) become a space, all
  others (NUL, ESC, …) and lone surrogates U+FFFD.

Limit: ENCODED_WORDS in one value. Errors: Unreadable, past it. Time: linear.
"""

from __future__ import annotations

import binascii

from pyfilter import limits
from pyfilter.message.headers import Unreadable

__all__ = ["Word", "clean", "decode", "encoded_words", "raw_text", "text_in", "unfold"]

# the name of a character set is at most this long, with its language (RFC 2231, section 5)
LABEL_BYTES = 80
LABEL_CHARACTERS = bytes(range(33, 127)).translate(None, b'()<>@,;:"/[]?=')

# codec of the interpreter: names under which mail asks for it, besides the codec's own name
CODECS = {
    "utf-8": "utf8 unicode-1-1-utf-8 cp65001",
    "utf-7": "utf7 unicode-1-1-utf-7 csunicode11utf7",
    "utf-16": "utf16 iso-10646-ucs-2 ucs-2",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32": "utf32",
    "utf-32-le": "utf-32le",
    "utf-32-be": "utf-32be",
    "us-ascii": "ascii ansi-x3.4-1968 iso-ir-6 646 iso646-us",
    "iso-8859-1": "iso8859-1 latin1 latin-1 l1 8859-1 iso-ir-100 cp819",
    "iso-8859-2": "iso8859-2 latin2 l2",
    "iso-8859-3": "iso8859-3 latin3",
    "iso-8859-4": "iso8859-4 latin4",
    "iso-8859-5": "iso8859-5 cyrillic",
    "iso-8859-6": "iso8859-6 iso-8859-6-i iso-8859-6-e arabic",
    "iso-8859-7": "iso8859-7 greek",
    "iso-8859-8": "iso8859-8 iso-8859-8-i iso-8859-8-e hebrew",
    "iso-8859-9": "iso8859-9 latin5",
    "iso-8859-10": "iso8859-10 latin6",
    "iso-8859-11": "iso8859-11",
    "iso-8859-13": "iso8859-13",
    "iso-8859-14": "iso8859-14",
    "iso-8859-15": "iso8859-15 latin9 latin-9",
    "iso-8859-16": "iso8859-16",
    "cp1250": "windows-1250 x-cp1250",
    "cp1251": "windows-1251 x-cp1251 win-1251",
    "cp1252": "windows-1252 x-cp1252 ansi",
    "cp1253": "windows-1253 x-cp1253",
    "cp1254": "windows-1254 x-cp1254",
    "cp1255": "windows-1255 x-cp1255",
    "cp1256": "windows-1256 x-cp1256",
    "cp1257": "windows-1257 x-cp1257",
    "cp1258": "windows-1258 x-cp1258",
    "cp874": "windows-874 dos-874",
    "tis-620": "tis620",
    "koi8-r": "koi8 koi",
    "koi8-u": "koi8-ru",
    "koi8-t": "",
    "kz1048": "kz-1048 rk1048 strk1048-2002",
    "ptcp154": "pt154 cyrillic-asian csptcp154",
    "mac-roman": "macintosh mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic",
    "cp437": "ibm437",
    "cp737": "",
    "cp775": "ibm775",
    "cp850": "ibm850",
    "cp852": "ibm852",
    "cp855": "ibm855",
    "cp857": "ibm857",
    "cp858": "ibm858 ibm00858",
    "cp860": "ibm860",
    "cp861": "ibm861",
    "cp862": "ibm862 dos-862",
    "cp863": "ibm863",
    "cp864": "ibm864",
    "cp865": "ibm865",
    "cp866": "ibm866 dos-866",
    "cp869": "ibm869",
    # a superset that reads what the smaller set's name is given to in practice
    "gb18030": "gb2312 gbk gb-2312-80 euc-cn cp936 ms936 windows-936 x-gbk chinese csgb2312 gb2312-80",
    "big5hkscs": "big5 big5-hkscs x-x-big5 csbig5 big5-eten",
    "cp950": "windows-950",
    "cp949": "euc-kr ks-c-5601-1987 ksc5601 ks-c-5601 ks-c-5601-1989 windows-949 uhc csksc56011987 korean",
    "johab": "",
    "cp932": "shift-jis shiftjis sjis x-sjis windows-31j ms932 ms-kanji",
    "euc-jp": "eucjp x-euc-jp cseucpkdfmtjapanese",
    "hz": "hz-gb-2312 hz-gb",
    "iso-2022-jp-2": "iso-2022-jp csiso2022jp iso-2022-jp-1",
    "iso-2022-jp-3": "",
    "iso-2022-jp-2004": "",
    "iso-2022-jp-ext": "cp50220 cp50221 cp50222",
    "iso-2022-kr": "csiso2022kr",
}
# these carry a state from byte to byte, which each word begins anew (RFC 2047, section 3)
STATEFUL = frozenset(
    {
        "utf-7",
        "utf-16",
        "utf-32",
        "hz",
        "iso-2022-jp-2",
        "iso-2022-jp-3",
        "iso-2022-jp-2004",
        "iso-2022-jp-ext",
        "iso-2022-kr",
    }
)

SHOWN_FOR_CONTROL = "\ufffd"
CONTROLS = {code: " " if chr(code).isspace() else SHOWN_FOR_CONTROL for code in (*range(32), *range(127, 160))}
CONTROLS |= {0x2028: " ", 0x2029: " "}

_codecs: dict[str, str] = {}


def codec_of(label: str) -> str:
    """The codec for a character set's name as a message has it; "" if the table has none."""
    if not _codecs:
        for codec, names in CODECS.items():
            _codecs[codec] = codec
            for name in names.split():
                _codecs[name] = codec
    name = label.strip().lower().replace("_", "-")
    return _codecs.get(name, "")


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


def raw_text(raw: bytes) -> str:
    """Bytes that name no character set."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def text_in(codec: str, raw: bytes) -> str:
    """``raw`` in a codec of the table; without one, or where that says nothing, like bytes that name none."""
    if not codec or (codec == "us-ascii" and not raw.isascii()):
        return raw_text(raw)
    try:
        text = raw.decode(codec, "replace")
    except (LookupError, ValueError):  # an interpreter built without it
        return raw_text(raw)
    if codec == "iso-8859-1" and not text.isprintable():
        # C1 controls in latin-1 are windows-1252 under the wrong name
        return raw.decode("cp1252", "replace")
    return text


def decode_words(value: bytes) -> str:
    """An unfolded value with its encoded words decoded."""
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


def neighbours(codec: str, contents: list[bytes]) -> str:
    """The text of neighbouring words in one character set."""
    if codec in STATEFUL and len(contents) > 1:
        try:
            return "".join([content.decode(codec) for content in contents])
        except (LookupError, ValueError):
            pass  # a word that ends within a character, or in another state than it should
    return text_in(codec, b"".join(contents))


def encoded_words(value: bytes) -> list[Word]:
    """The encoded words of an unfolded value, in order."""
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
    if encoding == b"Q?":
        return binascii.a2b_qp(encoded, header=True)
    # missing padding, and one character too many
    for attempt in (encoded, encoded + b"==", encoded.rstrip(b"= ")[:-1] + b"=="):
        try:
            return binascii.a2b_base64(attempt)
        except binascii.Error:
            continue
    return None
