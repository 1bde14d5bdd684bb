"""Forty awkward messages, against what a mail client shows of them: subject, sender, text, attachments."""

from __future__ import annotations

from base64 import b64encode

import pytest

from pyfilter.message import body
from pyfilter.message.message import Message


def mime(kind: str, content: bytes, *more: str) -> bytes:
    """A message of one part."""
    return (
        b"MIME-Version: 1.0\n"
        + "".join(f"{line}\n" for line in (f"Content-Type: {kind}", *more)).encode()
        + b"\n"
        + content
    )


def several(subtype: str, *parts: bytes, boundary: str = "b", closed: bool = True) -> bytes:
    """A multipart of parts with their headers."""
    line = boundary.encode()
    head = f"MIME-Version: 1.0\nContent-Type: multipart/{subtype}; boundary={boundary}\n\n".encode()
    return (
        head
        + b"".join(b"--" + line + b"\n" + part + b"\n" for part in parts)
        + (b"--" + line + b"--\n" if closed else b"")
    )


def part(kind: str, content: bytes, *more: str) -> bytes:
    return "".join(f"{line}\n" for line in (f"Content-Type: {kind}", *more)).encode() + b"\n" + content


BASE64 = "Content-Transfer-Encoding: base64"
QP = "Content-Transfer-Encoding: quoted-printable"
TEXT = "text/plain; charset=utf-8"
PDF = part("application/pdf", b"JVBERg==", BASE64, 'Content-Disposition: attachment; filename="a.pdf"')
JIS = "こんにちは".encode("iso-2022-jp")

# name: (message, subject, name of the sender, texts, attachments)
SHOWN: dict[str, tuple[bytes, str | None, str | None, list[str], list[str]]] = {
    "a word cut inside a character": (b"Subject: =?utf-8?B?xb7DoWLF?= =?utf-8?B?rw==?=\n\nx", "žábů", None, ["x"], []),
    "words in two character sets": (
        b"Subject: =?iso-8859-1?Q?caf=E9?= =?utf-8?Q?_=C5=BE?=\n\nx",
        "café ž",
        None,
        ["x"],
        [],
    ),
    "a word in the middle of a text": (
        b"Subject: Re: =?utf-8?Q?=C5=BE=C3=A1ba?= again\n\nx",
        "Re: žába again",
        None,
        ["x"],
        [],
    ),
    "Japanese words": (b"Subject: =?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=\n\nx", "こんにちは", None, ["x"], []),
    "Chinese under its small name": (
        b"Subject: =?gb2312?B?" + b64encode("你好嗎".encode("gb18030")) + b"?=\n\nx",
        "你好嗎",
        None,
        ["x"],
        [],
    ),
    "Big5": (b"Subject: =?Big5?B?" + b64encode("測試".encode("big5")) + b"?=\n\nx", "測試", None, ["x"], []),
    "KOI8-R": (b"Subject: =?koi8-r?B?" + b64encode("Привет".encode("koi8-r")) + b"?=\n\nx", "Привет", None, ["x"], []),
    "windows-1252 called latin-1": (b"Subject: =?iso-8859-1?Q?=93x=94_=80?=\n\nx", "“x” €", None, ["x"], []),
    "raw UTF-8 in a header": ("Subject: žába\n\nx".encode(), "žába", None, ["x"], []),
    "raw latin-1 in a header": ("Subject: Größe\n\nx".encode("latin-1"), "Größe", None, ["x"], []),
    "a folded subject": (b"Subject: one\n two\n\tthree\n\nx", "one two three", None, ["x"], []),
    "a word in quotes in From": (b'From: "=?utf-8?Q?J=C3=B6rg?=" <j@x.example>\n\nx', None, "Jörg", ["x"], []),
    "a comment as a name": (b"From: j@x.example (=?utf-8?Q?J=C3=B6rg?=)\n\nx", None, "Jörg", ["x"], []),
    "a name with a comma": (b'From: "Muster, Max" <m@x.example>\n\nx', None, "Muster, Max", ["x"], []),
    "no character set, UTF-8": (mime("text/plain", "čaj".encode()), None, None, ["čaj"], []),
    "no character set, latin-1": (mime("text/plain", "Größe".encode("latin-1")), None, None, ["Größe"], []),
    "ASCII that is none": (mime("text/plain; charset=us-ascii", "čaj".encode()), None, None, ["čaj"], []),
    "UTF-8 that is none": (mime(TEXT, "Größe".encode("latin-1")), None, None, ["Größe"], []),
    "a character set that nobody knows": (
        mime("text/plain; charset=x-unknown", "čaj".encode()),
        None,
        None,
        ["čaj"],
        [],
    ),
    "a text in ISO-2022-JP": (mime("text/plain; charset=iso-2022-jp", JIS), None, None, ["こんにちは"], []),
    "UTF-16 with a mark": (mime("text/plain; charset=utf-16", "čaj".encode("utf-16")), None, None, ["čaj"], []),
    "quoted-printable that breaks a character": (mime(TEXT, b"=C5=\n=BE=C3=A1ba", QP), None, None, ["žába"], []),
    "quoted-printable that is none": (mime(TEXT, b"2 = 1+1, 100=%", QP), None, None, ["2 = 1+1, 100=%"], []),
    "base64 with junk and no padding": (mime(TEXT, b"xb7D\n!!oWJ\x00h", BASE64), None, None, ["žába"], []),
    "base64 in two pieces": (mime(TEXT, b"eA==eQ==", BASE64), None, None, ["xy"], []),
    "format=flowed": (
        mime(TEXT + "; format=flowed", b"The amount \ndue is 5.\n\n-- \nme"),
        None,
        None,
        ["The amount due is 5. -- me"],
        [],
    ),
    "format=flowed of a language without blanks": (
        mime(TEXT + "; format=flowed; delsp=yes", "今日 \nは".encode()),
        None,
        None,
        ["今日は"],
        [],
    ),
    "lines that break between words": (mime(TEXT, b"The amount\n   due"), None, None, ["The amount due"], []),
    "HTML alone": (
        mime(
            "text/html; charset=utf-8",
            b"<style>p{}</style><p>The amo<b>unt</b>\ndue</p><td>a</td><td>b</td>&euro;&nbsp;5",
        ),
        None,
        None,
        ["The amount due ab€ 5"],
        [],
    ),
    "HTML with a table": (
        mime("text/html", b"<table><tr><td>a</td><td>b</td></tr></table>x<br>y"),
        None,
        None,
        ["a b x y"],
        [],
    ),
    "HTML that names its character set itself": (
        mime("text/html", b'<meta charset="iso-8859-2">' + "žába".encode("iso-8859-2")),
        None,
        None,
        ["žába"],
        [],
    ),
    "alternatives": (
        several("alternative", part(TEXT, b"plain"), part("text/html", b"<p>rich</p>")),
        None,
        None,
        ["plain", "rich"],
        [],
    ),
    "multiparts in multiparts": (
        several(
            "mixed", several("related", several("alternative", part(TEXT, b"one"), boundary="d"), boundary="c"), PDF
        ),
        None,
        None,
        ["one"],
        ["a.pdf"],
    ),
    "a boundary that is never closed": (
        several("mixed", part(TEXT, b"one"), PDF, closed=False),
        None,
        None,
        ["one"],
        ["a.pdf"],
    ),
    "a boundary that never comes": (
        b"Content-Type: multipart/mixed; boundary=zz\n\nall there is",
        None,
        None,
        ["all there is"],
        [],
    ),
    "text before and behind the parts": (
        several("mixed", part(TEXT, b"one")).replace(b"\n\n--b", b"\n\nYour program is too old.\n--b", 1) + b"behind",
        None,
        None,
        ["one"],
        [],
    ),
    "a name in pieces (RFC 2231)": (
        several(
            "mixed",
            part(
                "application/pdf",
                b"",
                "Content-Disposition: attachment;",
                " filename*0*=utf-8''%C5%BE%C3%A1;",
                ' filename*1="ba.pdf"',
            ),
        ),
        None,
        None,
        [],
        ["žába.pdf"],
    ),
    "a name as an encoded word": (
        several("mixed", part('application/pdf; name="=?utf-8?B?xb7DoWJhLnBkZg==?="', b"")),
        None,
        None,
        [],
        ["žába.pdf"],
    ),
    "a message in the message": (
        several(
            "mixed",
            part(TEXT, b"see below"),
            part(
                "message/rfc822", b"Subject: inner\n" + several("mixed", part(TEXT, b"inner text"), PDF, boundary="c")
            ),
        ),
        None,
        None,
        ["see below", "inner text"],
        ["", "a.pdf"],
    ),
    "winmail.dat": (
        several("mixed", part(TEXT, b"x"), part("application/ms-tnef; name=winmail.dat", b"")),
        None,
        None,
        ["x"],
        ["winmail.dat"],
    ),
    "a signed message": (
        several("signed", part(TEXT, b"signed"), part("application/pgp-signature; name=signature.asc", b"")),
        None,
        None,
        ["signed"],
        [],
    ),
    "an invitation": (
        several("alternative", part(TEXT, b"Lunch?"), part("text/calendar; method=REQUEST", b"BEGIN:VCALENDAR")),
        None,
        None,
        ["Lunch?"],
        [""],
    ),
    "a text with a name": (mime('text/plain; name="cron.txt"', b"done"), None, None, ["done"], ["cron.txt"]),
    "a program called a signature": (
        mime("application/pgp-signature; name=evil.exe", b"", "Content-Disposition: attachment"),
        None,
        None,
        [],
        ["evil.exe"],
    ),
    "a soft break with a blank behind it": (mime(TEXT, b"amou=  \nnt", QP), None, None, ["amount"], []),
    "an encoding in quotes": (mime(TEXT, b"eA==", 'Content-Transfer-Encoding: "base64" (x)'), None, None, ["x"], []),
    "a word with hyphens that nobody sees": (mime("text/html", b"<p>vi&shy;ag&#8203;ra"), None, None, ["viagra"], []),
    "a line that only begins like the boundary": (
        b"Content-Type: multipart/mixed; boundary=a\n\n--ab\nall there is\n--a--\n",
        None,
        None,
        ["--ab all there is --a--"],
        [],
    ),
    "a text file": (
        several(
            "mixed", part(TEXT, b"x"), part(TEXT, b"secret", 'Content-Disposition: attachment; filename="notes.txt"')
        ),
        None,
        None,
        ["x"],
        ["notes.txt"],
    ),
    "line ends of DOS": (
        several("mixed", part(TEXT, b"one"), PDF).replace(b"\n", b"\r\n"),
        None,
        None,
        ["one"],
        ["a.pdf"],
    ),
}

# those that show a leniency towards broken mail: the last column of VIOLATIONS.md
LENIENT = (
    "a boundary that is never closed",
    "a boundary that never comes",
    "a line that only begins like the boundary",
    "an encoding in quotes",
    "base64 with junk and no padding",
    "base64 in two pieces",
    "quoted-printable that is none",
    "a soft break with a blank behind it",
    "ASCII that is none",
    "UTF-8 that is none",
    "a character set that nobody knows",
    "no character set, UTF-8",
    "no character set, latin-1",
    "a name as an encoded word",
    "a word with hyphens that nobody sees",
)


def test_there_are_forty() -> None:
    assert len(SHOWN) >= 40
    assert SHOWN.keys() > set(LENIENT)


@pytest.mark.parametrize("name", SHOWN)
def test_a_rule_sees_what_a_client_shows(name: str) -> None:
    raw, subject, sender, texts, attachments = SHOWN[name]
    message = Message.from_bytes(raw)
    if subject is not None:
        assert message.values("subject") == [subject]
    if sender is not None:
        assert [box.name for box in message.mailboxes("from")] == [sender]
    assert body.texts(message) == texts
    assert [file.name for file in body.attachments(message)] == attachments
