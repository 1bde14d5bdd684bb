"""The text of a header value: encoded words (RFC 2047), raw bytes, folds, control characters."""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message import words
from pyfilter.message.charsets import CODECS, codec_of
from pyfilter.message.headers import Unreadable
from pyfilter.message.words import decode

REGULAR: dict[str, tuple[bytes, str]] = {
    "plain text": (b" DenyHosts Report\n", "DenyHosts Report"),
    "empty": (b"\n", ""),
    "Q": (b" =?utf-8?Q?J=C3=B6rg?=\n", "Jörg"),
    "Q, small letters": (b"=?UTF-8?q?J=c3=b6rg?=", "Jörg"),
    "Q, underscore for a space": (b"=?us-ascii?Q?a_b=5Fc?=", "a b_c"),
    "B": (b"=?utf-8?B?SsO2cmc=?=", "Jörg"),
    "B, small letter": (b"=?utf-8?b?SsO2cmc=?=", "Jörg"),
    "with a language": (b"=?utf-8*de?Q?J=C3=B6rg?=", "Jörg"),
    "an empty word": (b"a =?utf-8?Q??= b", "a  b"),
    "a word between others": (b"for =?utf-8?Q?J=C3=B6rg?= alone", "for Jörg alone"),
    "white space between two words goes": (b"=?utf-8?Q?a?= \t =?utf-8?Q?b?=", "ab"),
    "white space between two words goes, also a fold": (b"=?utf-8?Q?a?=\r\n =?iso-8859-1?Q?b?=", "ab"),
    "white space before a plain word stays": (b"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
    "RFC 2047, section 8": (b"(=?ISO-8859-1?Q?a?= b)", "(a b)"),
    "an encoded space": (b"=?ISO-8859-1?Q?a_?= =?ISO-8859-2?Q?b?=", "a b"),
    "a fold with a space": (b" a\n b\n", "a b"),
    "a fold with a tab": (b" a\r\n\tb\r\n", "a b"),
    "a fold with much white space": (b" a  \r\n \t  b\r\n", "a b"),
    "white space within a line stays": (b" a  b\n", "a  b"),
    "UTF-8": ("Grüße, 世界".encode(), "Grüße, 世界"),
}

LENIENT: dict[str, tuple[bytes, str]] = {
    "character split between words": (b"=?utf-8?Q?caf=C3?= =?UTF-8?B?qQ==?=", "café"),
    "character split between words, shift states": (
        b"=?iso-2022-jp?B?GyRCJEEk?= =?iso-2022-jp?B?Ihsk?= =?iso-2022-jp?B?QiRGGyhC?=",
        "ちあて",
    ),
    "padding missing": (b"=?utf-8?B?SsO2cmc?=", "Jörg"),
    "one base64 character too many": (b"=?utf-8?B?SsO2cmcA?= =?utf-8?B?QUJDR?=", "Jörg\ufffdABC"),
    "base64 in pieces": (b"=?utf-8?B?SsO2 cmc=?=", "Jörg"),
    "base64 of nothing": (b"=?utf-8?B?*?=x", "x"),
    "space in Q": (b"=?utf-8?Q?caf=C3=A9 au lait?=", "café au lait"),
    "word that does not close": (b"=?utf-8?Q?a =?utf-8?Q?=C3=B6?=", "=?utf-8?Q?a ö"),
    "lone = in Q": (b"=?utf-8?Q?1=2 =zz =?=", "1=2 =zz"),
    "word inside quotes": (b'"=?utf-8?Q?J=C3=B6rg?=" <a@b>', '"Jörg" <a@b>'),
    "word without white space around": (b"Re:=?utf-8?Q?a?==?utf-8?Q?b?=!", "Re:ab!"),
    "word over 75 characters": (b"=?utf-8?Q?" + b"=C3=A9" * 300 + b"?=", "é" * 300),
    "unknown character set, UTF-8": (b"=?x-none?Q?J=C3=B6rg?=", "Jörg"),
    "unknown character set": (b"=?x-none?Q?J=F6rg?=", "Jörg"),
    "8-bit in ASCII": (b"=?us-ascii?Q?J=F6rg?=", "Jörg"),
    "windows-1252 as latin-1": (b"=?iso-8859-1?Q?=93=80=94?=", "“€”"),
    "superset of a character set": (b"=?gb2312?B?6G0=?= =?ks_c_5601-1987?B?jGM=?=", "鑝똠"),
    "bytes a set does not have": (b"=?utf-8?Q?J=F6rg?=", "J\ufffdrg"),
    "raw 8-bit word": (b"=?iso-8859-2?Q?\xb9?= \xb9", "š ¹"),
    "raw 8-bit": (b"J\xf6rg \x80", "Jörg €"),
    "NUL": (b"a\0b=?utf-8?Q?=00?=", "a\ufffdb\ufffd"),
    "line break in a word": (b"=?utf-8?Q?a=0D=0ABcc:_x?= =?utf-8?Q?=0A?=", "a  Bcc: x"),
    "control characters": (b"a\x07\x1b[2Jb\x7f\tc\rd", "a\ufffd\ufffd[2Jb\ufffd c d"),
    "line separators": ("a\u2028b\u2029c\u0085d".encode(), "a b c d"),
    "lone surrogate": (b"=?utf-7?Q?a+2AA-b?=", "a\ufffdb"),
}

# what looks like an encoded word and is none stays as it stands
AS_IT_STANDS = [
    b"=?utf-8?Q?not closed",
    b"=?utf-8?X?abc?=",
    b"=?utf-8?Qq?abc?=",
    b"=??Q?abc?=",
    b"=?utf-8?=",
    b"=?utf 8?Q?abc?=",
    b"=?utf-8??abc?=",
    b"=?" + b"x" * 100 + b"?Q?abc?=",
    b"=?=?=?=",
    b"?= =?",
    b"=?utf-8?B?A*?=",
]

CHARACTER_SETS = [
    ("iso-8859-2", "=B9", "š"), ("ISO_8859-5", "=D6", "ж"), ("iso-8859-15", "=A4", "€"), ("windows-1251", "=E6", "ж"),
    ("cp1250", "=9A", "š"), ("koi8-r", "=D6", "ж"), ("KOI8-U", "=A4", "є"), ("big5", "=A4=A4", "中"),
    ("gb18030", "=81=30=84=36", "¥"), ("gbk", "=C4=E3", "你"), ("euc-jp", "=A4=A2", "あ"), ("EUC-KR", "=B0=A1", "가"),
    ("shift_jis", "=82=A0", "あ"), ("iso-2022-jp", "=1B$B$=22=1B(B", "あ"), ("iso-2022-kr", "=1B$)C=0E0!=0F", "가"),
    ("hz-gb-2312", "~{Dc~}", "你"), ("utf-7", "+AOk-", "é"), ("utf-16be", "=00=E9", "é"), ("tis-620", "=A1", "ก"),
    ("macintosh", "=8E", "é"), ("ibm850", "=82", "é"), ("iso-8859-8-i", "=E0", "א"), ("windows-1256", "=C7", "ا"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "text"), REGULAR.values(), ids=REGULAR)
def test_a_value(raw: bytes, text: str) -> None:
    assert decode(raw) == text


@pytest.mark.parametrize(("raw", "text"), LENIENT.values(), ids=LENIENT)
def test_a_broken_value(raw: bytes, text: str) -> None:
    assert decode(raw) == text


@pytest.mark.parametrize("raw", AS_IT_STANDS)
def test_no_encoded_word(raw: bytes) -> None:
    assert decode(raw) == raw.decode()


@pytest.mark.parametrize(("name", "encoded", "text"), CHARACTER_SETS)
def test_character_sets(name: str, encoded: str, text: str) -> None:
    assert decode(f"=?{name}?Q?{encoded}?=".encode()) == text


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_of_the_table_exists(codec: str) -> None:
    assert isinstance(b"a".decode(codec, "replace"), str)


FORBIDDEN = [
    "rot13", "rot-13", "zip", "zlib", "bz2", "hex", "base64", "uu", "quopri", "idna", "punycode", "unicode_escape",
    "raw_unicode_escape", "undefined", "mbcs", "oem", "charmap", "../x", "os", "json.encoder",
]  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_message_cannot_choose_other_codecs(name: str) -> None:
    assert codec_of(name) == ""
    assert decode(f"=?{name}?Q?abc?=".encode()) in ("abc", f"=?{name}?Q?abc?=")


def test_names_of_character_sets_are_unambiguous() -> None:
    names = [name for codec, others in CODECS.items() for name in {codec, *others.split()}]
    assert sorted(names) == sorted(set(names))
    assert all(name == name.lower().replace("_", "-") for name in names)


def test_a_set_with_shift_states_begins_anew_in_each_word() -> None:
    assert decode(b"=?iso-2022-jp?Q?=1B$B$=22?= =?iso-2022-jp?Q?ab?=") == "あab"


def test_as_many_encoded_words_as_the_limit_allows() -> None:
    assert decode(b"=?utf-8?Q?a?= " * limits.ENCODED_WORDS) == "a" * 1000


def test_one_encoded_word_more_cannot_be_read() -> None:
    with pytest.raises(Unreadable) as problem:
        decode(b"=?utf-8?Q?a?= " * (limits.ENCODED_WORDS + 1))
    assert str(problem.value) == "a field has more than 1000 encoded words"


@pytest.mark.parametrize("at_a_time", range(1, 12))
def test_white_space_is_one_space_wherever_a_long_text_is_cut(at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_AT_A_TIME", at_a_time)
    for text in (
        "",
        " ",
        "\u3000 \n",
        "a",
        " a",
        "a ",
        "ab cd",
        " ab \t\u2028 cd  e  ",
        "abcdefghijklmno p",
        "a" + " " * 30 + "b",
    ):
        assert words.one_space(text) == " ".join(text.split())
