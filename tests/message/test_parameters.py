"""The parameters of Content-Type and Content-Disposition (RFC 2045, section 5.1; RFC 2231)."""

from __future__ import annotations

import pytest

from pyfilter.message.headers import Unreadable
from pyfilter.message.parameters import parameters

REGULAR: dict[str, tuple[bytes, str, dict[str, str]]] = {
    "one": (b" text/plain; charset=utf-8\n", "text/plain", {"charset": "utf-8"}),
    "none": (b"Text/HTML", "text/html", {}),
    "quoted": (b'attachment; filename="a; b.pdf"', "attachment", {"filename": "a; b.pdf"}),
    "escapes": (rb'x; a="b\"c\\d"', "x", {"a": 'b"c\\d'}),
    "folded": (b"x;\r\n\ta=b;\r\n c=d\r\n", "x", {"a": "b", "c": "d"}),
    "names in lower case": (b"x; FileName=A.PDF", "x", {"filename": "A.PDF"}),
    "a comment": (b"x (y; z=1) ; a=b (c)", "x", {"a": "b"}),
    "extended": (b"x; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "x", {"title": "This is ***fun***"}),
    "extended, UTF-8": (b"x; filename*=UTF-8''J%C3%B6rg.pdf", "x", {"filename": "Jörg.pdf"}),
    "pieces": (b'x; url*0="ftp://"; url*1="example.org/"', "x", {"url": "ftp://example.org/"}),
    "pieces, some extended": (
        b"x; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
        "x",
        {"title": "This is even more ***fun*** isn't it!"},
    ),
    "a character split between pieces": (b"x; a*0*=utf-8''%C3; a*1*=%B6", "x", {"a": "ö"}),
    "pieces in any order": (b"x; a*2=c; a*0=a; a*1=b", "x", {"a": "abc"}),
    "the extended form counts": (b"x; filename=J.pdf; filename*=utf-8''%C3%96.pdf", "x", {"filename": "Ö.pdf"}),
}

LENIENT: dict[str, tuple[bytes, str, dict[str, str]]] = {
    "encoded word in a parameter": (b'x; filename="=?utf-8?Q?J=C3=B6rg?="', "x", {"filename": "Jörg"}),
    "raw 8-bit in a parameter": (b'x; filename="J\xf6rg"', "x", {"filename": "Jörg"}),
    "space without quotes": (b"x; filename=my file.pdf", "x", {"filename": "my file.pdf"}),
    "unclosed quote in a parameter": (b'x; filename="my; file', "x", {"filename": "my; file"}),
    "unclosed comment in a parameter": (b"x; a=b (c; d=e", "x", {"a": "b"}),
    "quoted extended value": (b"x; filename*=\"utf-8''%C3%96.pdf\"", "x", {"filename": "Ö.pdf"}),
    "extended without a character set": (b"x; filename*=%C3%96.pdf", "x", {"filename": "Ö.pdf"}),
    "unknown set of a parameter": (b"x; filename*=x-none''%D6.pdf", "x", {"filename": "Ö.pdf"}),
    "bad percent sign": (b"x; a*=utf-8''100%25%2%zz%", "x", {"a": "100%%2%zz%"}),
    "piece missing": (b"x; a*0=b; a*2=d; c*1=e", "x", {"a": "b"}),
    "parameter twice": (b"x; a=1; a=2; b*0=3; b*0=4; c*=''5; c*=''6", "x", {"a": "1", "b": "3", "c": "5"}),
    "bad piece number": (b"x; a*x=1; b*-1=2; c**=3; d*1234567=4; e*0*0=5", "x", {}),
    "parameter without =": (b"x; a; =b; ;;c=d", "x", {"c": "d"}),
    "control characters in a parameter": (b"x; a*=utf-8''b%00c%0D%0Ad", "x", {"a": "b\ufffdc  d"}),
    "nothing before the semicolon": (b"; a=b", "", {"a": "b"}),
}


@pytest.mark.parametrize(("raw", "value", "found"), REGULAR.values(), ids=REGULAR)
def test_parameters(raw: bytes, value: str, found: dict[str, str]) -> None:
    assert parameters(raw) == (value, found)


@pytest.mark.parametrize(("raw", "value", "found"), LENIENT.values(), ids=LENIENT)
def test_broken_parameters(raw: bytes, value: str, found: dict[str, str]) -> None:
    assert parameters(raw) == (value, found)


def test_many_parameters() -> None:
    """The number of RFC 2231 parameters on which Python's email package takes 24 seconds."""
    raw = b"x" + b"".join(b"; a*%d*=%%41" % number for number in range(20_000))
    assert parameters(raw) == ("x", {"a": "A" * 20_000})


def test_past_a_limit() -> None:
    with pytest.raises(Unreadable):
        parameters(b"x" + b"(" * 51 + b")" * 51)
