"""Bodies of hostile mail: past a limit they are unreadable, and nothing else ever comes out."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from pyfilter import limits
from pyfilter.archive.sources import Found, messages
from pyfilter.message import body
from pyfilter.message.message import Message, Unreadable

MAIL = Path(__file__).parents[3] / "shared" / "corpus" / "mail"
MIXED = b"Content-Type: multipart/mixed; boundary=b0\n\n"
HTML = b"Content-Type: text/html\n\n"


def nested(depth: int) -> bytes:
    return b"".join(b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(depth))


def read(message: Message) -> None:
    body.texts(message)
    body.sources(message)
    body.attachments(message)


BOMBS = {
    "multiparts in multiparts": (MIXED + nested(300), "its parts are nested deeper than 100"),
    "messages in messages": (
        MIXED + b"--b0\n" + b"Content-Type: message/rfc822\n\n" * 300,
        "its parts are nested deeper than 100",
    ),
    "parts": (MIXED + b"--b0\n\nx\n" * 20_000, "it has more than 10000 parts"),
    "lines like boundaries": (
        MIXED + nested(90) + b"--x\n" * 2_000_000,
        "more than 1000000 lines of it look like boundaries",
    ),
    "boundaries that never come": (
        MIXED + b"--b0\nContent-Type: multipart/mixed; boundary=zz\n\n" * 9000 + b"x" * 5_000_000,
        "more than 20 of its boundaries never come",
    ),
    "elements in elements": (
        HTML + b"<div>" * 500_000,
        "its HTML has too many tags, is nested too deep, or a tag has too many attributes",
    ),
    "elements that nothing closes": (
        HTML + b"<div></x>" * 40_000,
        "its HTML has too many tags, is nested too deep, or a tag has too many attributes",
    ),
    "attributes": (
        HTML + b"<a " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">",
        "its HTML has too many tags, is nested too deep, or a tag has too many attributes",
    ),
    "attributes in many tags": (
        HTML + (b"<a " + b" ".join(b"a%d" % n for n in range(400)) + b">x") * 1500,
        "its HTML has too many tags, is nested too deep, or a tag has too many attributes",
    ),
    "tags": (
        HTML + b"<p>x" * 500_000,
        "its HTML has too many tags, is nested too deep, or a tag has too many attributes",
    ),
    "tags in two parts": (
        MIXED + (b"--b0\n" + HTML + b"<p>x" * 250_000 + b"\n") * 2,
        "its HTML has too many tags, is nested too deep, or a tag has too many attributes",
    ),
    # 400 kB took 10 s, found by tests/fuzz/bombs.py: each option looked at all before it
    "options": (
        HTML + b"<select>" + b"<option>" * 50_000,
        "its HTML has too many tags, is nested too deep, or a tag has too many attributes",
    ),
    "lines that flow": (
        b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 550_000,
        "its parts are put together from more than 500000 pieces",
    ),
    "soft breaks": (
        b"Content-Transfer-Encoding: quoted-printable\n\n" + b"= \n" * 550_000,
        "its parts are put together from more than 500000 pieces",
    ),
    "padding in many parts": (
        MIXED + (b"--b0\nContent-Transfer-Encoding: base64\n\n" + b"=Q" * 1000 + b"\n") * 501,
        "its parts are put together from more than 500000 pieces",
    ),
    "a page without end": (HTML + b"x" * 5_000_000, "a part of it has more than 3145728 characters of HTML"),
    "text without end": (b"\n" + b"x" * 17_000_000, "its text has more than 16777216 characters"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_unreadable(name: str) -> None:
    raw, why = BOMBS[name]
    with pytest.raises(Unreadable, match=f"^{why}$"):
        read(Message.from_bytes(raw))


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 450_000, 1),
        (b"Content-Transfer-Encoding: base64\n\n" + b"=Q" * 450_000, 1),
        (b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=C3= \n" * 450_000, 1),
        (MIXED + b"--b0\n" + b"X: y\n" * 1_000_000, 1),
        (MIXED + b"--b0\n\nx\n" * 9_000, 9_000),
        (HTML + b"<p>Hello <b>w</b>orld</p>\n" * 50_000, 1),
    ],
    ids=["flowed", "padding", "soft breaks", "a header", "parts", "paragraphs"],
)
def test_what_is_only_long_is_read(raw: bytes, texts: int) -> None:
    assert len(body.texts(Message.from_bytes(raw))) == texts


def test_text_of_html_is_as_a_reader_has_it() -> None:
    source = "<head><title>t</title></head><p>one<p>t<i>w</i>o<br>three<div>four</div>fi<!-- x -->ve"
    source += "<script>y</script>&lt;six&gt;"
    assert body.texts(Message.from_bytes(HTML + source.encode())) == ["one two three four five<six>"]


def test_blanks_around_what_nobody_sees_are_one_in_html_too() -> None:
    """`body contains "invoice paid"` was to be kept from finding it by a blank of no width between two blanks."""
    assert body.texts(Message.from_bytes(HTML + b"<p>&#8203; invoice &#8203; paid&shy;</p>")) == ["invoice paid"]


def test_bytes_as_they_came_are_read_as_utf_8() -> None:
    message = Message.from_bytes("Subject: a\n\tb\nX: č\n\n=C5=BE é\n".encode() + b"\xff")
    assert body.raw(message) == "=C5=BE é\n\ufffd"
    assert body.raw_header(message) == "Subject: a \tb\nX: č\n"
    assert body.whole(message).startswith("Subject: a\n\tb\n")


def test_mutated_mail_is_read_or_unreadable() -> None:
    seeds = [
        MIXED
        + b"--b0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n"
        + b"\n<p>=C5=BE</p>\n--b0--\n",
        MIXED
        + nested(3)
        + b"--b3\nContent-Type: message/rfc822\n\nSubject: x\nContent-Type: text/plain; format=flowed\n\na \nb\n",
        b"Content-Type: application/x; name*0*=utf-8''%C5; name*1=x\nContent-Transfer-Encoding: base64\n\neHg=\n",
    ]
    chance = Random(7)
    unreadable = 0
    for _ in range(4000):
        raw = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randrange(4)] = chance.choice(
                [b"", b"\n", b"\r", b"--b0", b";", b'"', b"\0", b"\xff", b"=", b"(", raw[:40]]
            )
        try:
            read(Message.from_bytes(bytes(raw)))
        except Unreadable:
            unreadable += 1
    assert unreadable < 40


@pytest.mark.skipif(not MAIL.is_dir(), reason="the corpus is not there")
def test_real_mail_is_read() -> None:
    count = texts = 0
    unreadable = []
    for item in messages(str(MAIL)):
        if isinstance(item, Found):
            message = Message.from_bytes(item.data)
            count += 1
            try:
                texts += len(body.texts(message))
                read(message)
            except Unreadable as error:
                unreadable.append(str(error))
    assert count > 5000 and texts > count
    assert set(unreadable) <= {f"its parts are nested deeper than {limits.MIME_DEPTH}"}
