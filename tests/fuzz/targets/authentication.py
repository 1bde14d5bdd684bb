"""Authentication-Results and the fields of spam scanners (message/auth_results.py, spam_headers.py, copied.py)."""

from __future__ import annotations

from pyfilter.message import auth_results, copied, quoting, spam_headers, trusted
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

from ..fuzz_message import one_line

LONGEST = 400
MODULES = (quoting, trusted)  # to be instrumented
FIELDS = ("authentication-results", "x-spam-status", "x-spamd-result")
ID = "mail.example.com"
NAMES = (b"Authentication-Results:", b"X-Spam-Status:", b"X-Spamd-Result:", b"X-Spam-Level:", b"X-Spam-Score:", b"")
BELOW = b"\nReceived: from x by y\nFrom: a@b.example\n\n"
WORDS = (
    b"mail.example.com;", b"dkim=pass", b"spf=fail", b"dmarc=pass", b"none", b" header.d=", b" header.i=@b",
    b" header.from=b.example", b" smtp.mailfrom=", b" reason=", b"(", b")", b'"', b"\\", b";", b"=", b".", b"@", b"/1",
    b"\n ", b"\nReceived: x\n", b"\nDKIM-Signature: d=b; i=", b"\nReturn-Path: <", b"\nFrom: a@",
    b"\nAuthentication-Results: mail.example.com; ", b"Yes, score=6.3 required=5.0 tests=", b"tests=[A=1.2, B]",
    b"default: False [3.50 / 15.00]; A(3.50)[why]", b"=3B", b"*", b"\xc3\xa9", b"\xff", b"\xe2\x84\xaa",
)  # fmt: skip
SEEDS = (
    b"\x00 mail.example.com; dkim=pass (ok) header.d=b.example header.i=@b.example; spf=fail smtp.mailfrom=x@b.example",
    b'\x00 mail.example.com 1; dmarc=pass reason="a \\" b" header.from=b.example',
    b"\x00 mail.example.com; none",
    b"\x01 Yes, score=6.3 required=5.0 tests=A,B autolearn=no",
    b"\x01 No, hits=-0.1 tagged_above=2 required=6.2 tests=[A=6.2, B=0.1]",
    b"\x02 default: False [3.50 / 15.00]; A(3.50)[why]; B(0.00)[]",
    b"\x03 ******",
    b"\x04 6.3 (++++++)",
)


def examine(data: bytes) -> None:
    name = NAMES[(data[0] if data else 0) % len(NAMES)]
    message = Message(name + data[1:] + BELOW)
    try:
        verdict = spam_headers.verdict(message, 1)
        for sender in (None, "a@b.example"):
            found = auth_results.results(message, (ID,), 1, sender)
            for one in found:
                assert one.method.isascii() and one.result.isascii() and one.method == one.method.lower()
                assert all(key.isascii() and one_line(text) for key, text in one.properties.items())
                if one.result == "pass" and one.method in auth_results.NAMED:
                    assert any(one.properties.get(key) for key in auth_results.NAMED[one.method])
                    assert not copied.smuggles(message, sender)
            assert all(one_line(domain) for domain in auth_results.domains(found))
            for method in auth_results.NAMED:
                assert all(word.isascii() for word in auth_results.values(found, method))
    except Unreadable:
        return
    if verdict is not None:
        assert all(spam_headers.is_test(test) for test in verdict.tests)
        for _, value in verdict.headers():
            assert value.isascii() and value.isprintable()
