"""Character sets by the names that mail gives them.

In: a name as it stands in a message, bytes. Out: the codec of the interpreter, or "", and the text.

The table is all there is: a name in a message chooses a row, never a codec (Python has codecs that are no
character sets: zip, rot13, unicode_escape …). Loaded for the first encoded word or
parameter that names a set; the interpreter loads a codec when it is first used.

Errors: none; what a set does not have is U+FFFD. Time: linear.
"""

from __future__ import annotations

from pyfilter.message.words import raw_text

__all__ = ["CODECS", "codec_of", "neighbours", "text_in"]

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


def neighbours(codec: str, contents: list[bytes]) -> str:
    """The text of neighbouring words in one character set."""
    if codec in STATEFUL and len(contents) > 1:
        try:
            return "".join([content.decode(codec) for content in contents])
        except (LookupError, ValueError):
            pass  # a word that ends within a character, or in another state than it should
    return text_in(codec, b"".join(contents))
