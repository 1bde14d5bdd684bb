"""Bodies (message/parts.py, body.py, html.py): each part lies in the message, its text is as a reader has it."""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import body, charsets, html, parameters, parts, quoting, transfer, words
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

from ..fuzz_message import one_line

LONGEST = 400
FIELDS = ("*",)
MODULES = (charsets, html, parameters, parts, quoting, transfer, words)  # to be instrumented
WORDS = (
    b"Content-Type: ", b"multipart/mixed; boundary=b", b"multipart/digest", b"multipart/alternative", b"message/rfc822",
    b"text/html", b"text/plain; format=flowed; delsp=yes", b"; charset=utf-8", b"; charset=hz", b"; charset=utf-16",
    b"Content-Disposition: attachment; filename=", b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable",
    b"\n--b", b"--b--", b"\n\n", b"\r\n", b"=\n", b"=3D", b"= ", b"<p>", b"</p>", b"<br>", b"<script>", b"<!--", b"-->",
    b"<a href='", b"&nbsp;", b"&#8203;", b"<meta charset=", b"\xef\xbb\xbf", b"\xff\xfe", b"> ", b"-- \n", b"*0*=",
    b"\xe2\x80\x8b", b"\xc2\xad", b"text/calendar", b"application/pgp-signature",
)  # fmt: skip
SEEDS = (
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>&nbsp;\xc5\xbe</p>\n--b--\n",
    b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C5=BE=\nx= \n",
    b'Content-Type: multipart/digest; boundary="b b"\r\n\r\n--b b\r\n\r\nSubject: x\r\n\r\ny\r\n--b b--\r\n',
    b"Content-Type: message/rfc822\n\nSubject: x\nContent-Type: text/plain; format=flowed\n\na \n> b \n>c\n-- \n",
    b"Content-Type: application/x; name*0*=utf-8''%C5; name*1=x\nContent-Transfer-Encoding: base64\n\neHg=\n",
    b"Content-Type: text/html\n\n<meta charset=iso-2022-jp><table><tr><td>a<td>b<style>x</style><!-- y -->&lt;c",
    b"Content-Type: text/plain; charset=utf-16\n\n\xff\xfea\0b\0",
    b"Content-Type: multipart/signed; boundary=b\n\n--b\n\nhello\n--b\nContent-Type: application/pgp-signature\n\nx\n",
)


def examine(data: bytes) -> None:
    message = Message.from_bytes(data)
    try:
        behind = message.body_start
        for part in message.parts():
            assert behind <= part.start <= part.end <= len(message.raw)
            assert one_line(part.name) and one_line(part.kind) and part.kind == part.kind.lower()
        for text in body.texts(message):
            assert " ".join(text.split()) == text, "white space of any kind is one space"
            assert len(text) <= limits.BODY_CHARACTERS and body.UNSEEN.keys().isdisjoint(map(ord, text))
        for found in body.attachments(message):
            assert found.size <= 3 * len(data)
        body.sources(message)
        assert len(body.raw(message)) <= len(data) and len(body.whole(message)) <= len(data)
        body.raw_header(message)
    except Unreadable:
        pass
