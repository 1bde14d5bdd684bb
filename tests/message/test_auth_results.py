"""Authentication-Results of one's own servers (RFC 8601), and what the rules ask of them.

Each row: the value of one field, the results in it as (method, result, properties).
"""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message import auth_results
from pyfilter.message.auth_results import Result
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

ID = "mail.example.com"
Found = list[tuple[str, str, dict[str, str]]]

REGULAR: dict[str, tuple[bytes, Found]] = {
    "nothing was verified": (b" mail.example.com; none", []),
    "nothing was verified, with a version": (b"mail.example.com 1; none (x)", []),
    "no result at all": (b" mail.example.com", []),
    "OpenDKIM": (
        (
            b" mail.example.com;\n\tdkim=pass (2048-bit key; unprotected) header.d=friend.example"
            b" header.i=@friend.example header.a=rsa-sha256 header.s=s header.b=lJom+3oh;\n\tdkim-atps=neutral"
        ),
        [
            (
                "dkim",
                "pass",
                {
                    "header.d": "friend.example",
                    "header.i": "@friend.example",
                    "header.a": "rsa-sha256",
                    "header.s": "s",
                    "header.b": "lJom+3oh",
                },
            ),
            ("dkim-atps", "neutral", {}),
        ],
    ),
    "OpenDKIM, a reason": (
        b' mail.example.com; dkim=fail reason="signature verification failed" (2048-bit key) header.d=x.example',
        [("dkim", "fail", {"reason": "signature verification failed", "header.d": "x.example"})],
    ),
    "OpenDKIM, a broken signature": (
        b"mail.example.com; dkim=permerror (bad message/signature format)",
        [("dkim", "permerror", {})],
    ),
    "OpenDMARC": (
        b" mail.example.com; dmarc=fail (p=reject dis=none) header.from=friend.example",
        [("dmarc", "fail", {"header.from": "friend.example"})],
    ),
    "policyd-spf": (
        (
            b" mail.example.com; spf=pass (sender SPF authorized) smtp.mailfrom=friend.example (client-ip=203.0.113.25;"
            b" helo=friend.example; envelope-from=a@friend.example; receiver=example.com)"
        ),
        [("spf", "pass", {"smtp.mailfrom": "friend.example"})],
    ),
    "policyd-spf, quoted": (
        b' mail.example.com; spf=none (no SPF record) smtp.helo="evil.example?dkim=pass" (helo=x)',
        [("spf", "none", {"smtp.helo": "evil.example?dkim=pass"})],
    ),
    "several results": (
        b"mail.example.com; auth=pass (cram-md5) smtp.auth=a@b.example; spf=fail smtp.mailfrom=b.example",
        [("auth", "pass", {"smtp.auth": "a@b.example"}), ("spf", "fail", {"smtp.mailfrom": "b.example"})],
    ),
    "comments everywhere": (
        b"(a)mail.example.com(b)1(c);(d)dkim(e)/(f)1(g)=(h)pass(i)header(j).(k)d(l)=(m)a.example(n)(o);(p)x=y(q)",
        [("dkim", "pass", {"header.d": "a.example"}), ("x", "y", {})],
    ),
    "comments in comments": (
        rb"mail.example.com; dkim=fail (a (b \) ( \( ) ; spf=pass) header.d=evil.example (\\) ) header.d=a.example",
        [("dkim", "fail", {"header.d": "a.example"})],
    ),
    "a quote in a comment": (b'mail.example.com; dkim=fail (") header.d=b (")', [("dkim", "fail", {"header.d": "b"})]),
    "a comment in a quote": (
        b'mail.example.com; dkim=fail reason="(" header.d=b; x=y reason=")"',
        [("dkim", "fail", {"reason": "(", "header.d": "b"}), ("x", "y", {"reason": ")"})],
    ),
    "escapes in a quote": (
        rb'mail.example.com; dkim=fail reason="a\"; dkim=pass header.d=\\" header.d=b',
        [("dkim", "fail", {"reason": 'a"; dkim=pass header.d=\\', "header.d": "b"})],
    ),
    "a quoted local part": (
        b'mail.example.com; spf=fail smtp.mailfrom="a b; c"@d.example',
        [("spf", "fail", {"smtp.mailfrom": "a b; c@d.example"})],
    ),
    "a domain behind @": (b"mail.example.com; dkim=fail header.i=@b.c", [("dkim", "fail", {"header.i": "@b.c"})]),
    "signs of addresses": (
        b"mail.example.com; spf=fail smtp.mailfrom=a+b=c/d!e%f@g.example",
        [("spf", "fail", {"smtp.mailfrom": "a+b=c/d!e%f@g.example"})],
    ),
    "an address of other scripts": (
        "mail.example.com; spf=fail smtp.mailfrom=ö@é.example".encode(),
        [("spf", "fail", {"smtp.mailfrom": "ö@é.example"})],
    ),
    "nothing in quotes": (b'mail.example.com; spf=fail smtp.mailfrom=""', [("spf", "fail", {"smtp.mailfrom": ""})]),
    "upper case": (
        b"MAIL.Example.COM; DKIM=Fail HEADER.D=Friend.Example",
        [("dkim", "fail", {"header.d": "Friend.Example"})],
    ),
    "a quoted id": (b'"mail.example.com"; dkim=fail', [("dkim", "fail", {})]),
    "a quoted id with an escape": (rb'"mail\.example.com"; dkim=fail', [("dkim", "fail", {})]),
    "blanks around =": (b"mail.example.com ; dkim = fail header . d = b ", [("dkim", "fail", {"header.d": "b"})]),
    "a method called none": (b"mail.example.com; none=fail", [("none", "fail", {})]),
    "folded anywhere": (
        b"\n mail.example.com\r\n\t1\n ;\n dkim\n =\n fail\n header\n .\n d\n =\n b\n",
        [("dkim", "fail", {"header.d": "b"})],
    ),
    "a property twice, the same": (b"mail.example.com; dkim=fail a.b=c a.b=c", [("dkim", "fail", {"a.b": "c"})]),
    "another version of the method": (b"mail.example.com; dkim/2=pass header.d=b; spf/1=fail", [("spf", "fail", {})]),
    "hardfail": (b"mail.example.com; spf=hardfail", [("spf", "fail", {})]),
}

# each leniency; the names are the last column of VIOLATIONS.md
LENIENT: dict[str, tuple[bytes, Found]] = {
    "semicolon at the end": (
        b"mail.example.com; spf=fail smtp.mailfrom=b;\n",
        [("spf", "fail", {"smtp.mailfrom": "b"})],
    ),
    "colons in a value": (
        b"mail.example.com; iprev=pass policy.iprev=2001:db8::1",
        [("iprev", "pass", {"policy.iprev": "2001:db8::1"})],
    ),
    "property without a type": (
        b"mail.example.com; dkim=fail header.d=b x-bits=2048; dmarc=fail action=none",
        [("dkim", "fail", {"header.d": "b", "x-bits": "2048"}), ("dmarc", "fail", {"action": "none"})],
    ),
    "reason behind a property": (
        b"mail.example.com; dkim=fail header.d=b reason=c",
        [("dkim", "fail", {"header.d": "b", "reason": "c"})],
    ),
    "empty property": (
        b"mail.example.com; spf=fail smtp.mailfrom=; x=y",
        [("spf", "fail", {"smtp.mailfrom": ""}), ("x", "y", {})],
    ),
    "8-bit in a result": (
        b"mail.example.com; spf=fail (\xff) smtp.mailfrom=\xe9@b",
        [("spf", "fail", {"smtp.mailfrom": "é@b"})],
    ),
}

# fields that say nothing at all, though a result stands in them
DROPPED: dict[str, bytes] = {
    "another server": b"mx.example.com; dkim=fail",
    "no id": b"; dkim=fail",
    "an id and no semicolon": b"mail.example.com dkim=fail",
    "the id a property": b"from=mail.example.com; dkim=fail",
    "a comma behind the id": b"mail.example.com, dkim=fail",
    "version 2": b"mail.example.com 2; dkim=fail",
    "two versions": b"mail.example.com 1 1; dkim=fail",
    "a version that is none": b"mail.example.com 1x; dkim=fail",
    "none, and a result": b"mail.example.com; none; dkim=fail",
    "a result, and none": b"mail.example.com; dkim=fail; none",
    "none with something behind": b"mail.example.com; none dkim=fail",
    "an empty result": b"mail.example.com; ; dkim=fail",
    "two semicolons at the end": b"mail.example.com; dkim=fail;;",
    "no result word": b"mail.example.com; dkim=fail; spf=",
    "a quoted result word": b'mail.example.com; dkim="fail"',
    "a quoted method": b'mail.example.com; "dkim"=fail',
    "no method": b"mail.example.com; =fail; dkim=fail",
    "a method with signs": b"mail.example.com; dk_im=fail; dkim=fail",
    "no version behind the slash": b"mail.example.com; dkim/=fail",
    "no property": b"mail.example.com; dkim=fail header.=b",
    "no type": b"mail.example.com; dkim=fail .d=b",
    "a word without =": b"mail.example.com; dkim=fail nothing",
    "a word at the end": b"mail.example.com; dkim=fail header.d=b; outlook.example",
    "properties without a space": b'mail.example.com; dkim=fail header.s="s"header.d=b',
    "a comma between properties": b"mail.example.com; dkim=fail header.s=s, header.d=b",
    "brackets": b"mail.example.com; dmarc=fail header.from=[b]",
    "a quote within a value": b'mail.example.com; dkim=fail header.i="x header.s=s',
    "quotes within a value": b'mail.example.com; dkim=fail header.i=x"y"',
    "two at signs": b"mail.example.com; dkim=fail header.i=a@b@c",
    "quotes that do not close": b'mail.example.com; dkim=fail reason="a; spf=fail',
    "quotes that an escape keeps open": rb'mail.example.com; dkim=fail reason="a\"',
    "a comment that does not close": b"mail.example.com; dkim=fail (a; spf=fail",
    "a comment that an escape keeps open": rb"mail.example.com; dkim=fail (a\)",
    "a comment too many closes": b"mail.example.com; dkim=fail (a)); spf=fail",
    "comments nested too deep": b"mail.example.com; dkim=fail " + b"(" * 51 + b")" * 51,
    "a property with two values": b"mail.example.com; dkim=fail header.d=a header.d=b",
    "NUL": b"mail.example.com; dkim=fail (\0)",
    "a bare CR": b"mail.example.com; dkim=fail\r (x)",
    "a CR before a fold": b"mail.example.com; dkim=fail\r\r\n (x)",
    "an escape sequence": b"mail.example.com; dkim=fail (\x1b[2J)",
    "past the limit of a field": b"mail.example.com; dkim=fail (" + b"x" * limits.AUTH_RESULTS_BYTES + b")",
    "past the limit of results": b"mail.example.com" + b"; dkim=fail" * (limits.AUTH_RESULTS + 1),
}


def message(*values: bytes, sender: bytes = b"a@friend.example", below: bytes = b"") -> Message:
    fields = b"".join(b"Authentication-Results:" + value.rstrip(b"\r\n") + b"\n" for value in values)
    received = b"Received: from friend.example by mail.example.com\n"
    return Message.from_bytes(fields + received + below + b"From: " + sender + b"\n\nhello\n")


def found(*values: bytes, **more: bytes) -> Found:
    said = auth_results.results(message(*values, **more), (ID,), 1)
    return [(one.method, one.result, one.properties) for one in said]


def results(*values: bytes, **more: bytes) -> list[Result]:
    return auth_results.results(message(*values, **more), (ID,), 1)


@pytest.mark.parametrize(("value", "expected"), REGULAR.values(), ids=REGULAR)
def test_a_field(value: bytes, expected: Found) -> None:
    assert found(value) == expected


@pytest.mark.parametrize(("value", "expected"), LENIENT.values(), ids=LENIENT)
def test_a_field_that_is_forgiven(value: bytes, expected: Found) -> None:
    assert found(value) == expected


@pytest.mark.parametrize("value", DROPPED.values(), ids=DROPPED)
def test_a_field_that_says_nothing(value: bytes) -> None:
    assert found(value) == []
    assert found(value, b"mail.example.com; spf=fail") == [("spf", "fail", {})], "its neighbour counts all the same"


def test_as_much_as_the_limits_allow() -> None:
    value = b"mail.example.com; dkim=fail ("
    value += b"x" * (limits.AUTH_RESULTS_BYTES - len(value) - 2) + b")\n"
    assert len(value) == limits.AUTH_RESULTS_BYTES
    assert found(value) == [("dkim", "fail", {})]
    assert len(found(b"mail.example.com" + b"; dkim=fail" * limits.AUTH_RESULTS)) == 200
    assert found(b"mail.example.com; dkim=fail " + b"(" * 50 + b")" * 50) == [("dkim", "fail", {})]


def test_the_field_that_has_too_many_is_dropped_whole() -> None:
    many = b"mail.example.com" + b"; x=y" * (limits.AUTH_RESULTS - 1)
    said = found(many, b"mail.example.com; dkim=fail; spf=fail", b"mail.example.com; dmarc=fail")
    assert [method for method, _, _ in said[-2:]] == ["x", "dmarc"]


@pytest.mark.parametrize(
    ("ids", "count"),
    [(("mx.example.org", ID), 1), (("Mail.Example.COM",), 1), ((), 0), (("example.com",), 0), (("",), 0)],
    ids=["one of several", "in another case", "none", "a part of it", "nothing"],
)
def test_the_ids_of_ones_own_servers(ids: tuple[str, ...], count: int) -> None:
    said = auth_results.results(message(b" mail.example.com; dkim=fail"), ids, 1)
    assert len(said) == count


def test_an_id_of_another_script() -> None:
    raw = message("pošta.example; dkim=fail".encode())
    assert len(auth_results.results(raw, ("pošta.example",), 1)) == 1
    assert auth_results.results(raw, ("posta.example",), 1) == []


def test_the_fields_of_several_servers_in_order() -> None:
    said = auth_results.results(
        Message.from_bytes(
            b"Authentication-Results: inner; dmarc=fail header.from=b\nReceived: x\n"
            b"Authentication-Results: gate; spf=fail smtp.mailfrom=b\nReceived: y\n"
            b"Authentication-Results: gate; dkim=fail header.d=b\n\n"
        ),
        ("inner", "gate"),
        2,
    )
    assert [one.method for one in said] == ["dmarc", "spf"]


def test_past_the_limit_of_the_header() -> None:
    raw = b"Authentication-Results: mail.example.com; spf=fail\n" + b"A: b\n" * limits.HEADER_FIELDS + b"\n"
    with pytest.raises(Unreadable) as problem:
        auth_results.results(Message.from_bytes(raw), (ID,), 1)
    assert str(problem.value) == "the header has more than 2000 fields"


def test_a_result_shows_itself() -> None:
    assert repr(Result("spf", "pass", {"smtp.helo": "b"})) == "Result('spf', 'pass', {'smtp.helo': 'b'})"


# ---------------------------------------------------------------- of whom


PASSES: dict[str, tuple[bytes, bool]] = {
    "dkim of a domain": (b"dkim=pass header.d=evil.example", True),
    "dkim of an identity": (b"dkim=pass header.i=@evil.example", True),
    "dkim of nobody": (b"dkim=pass (ok) header.s=s", False),
    "dkim of nothing": (b'dkim=pass header.d=""', False),
    "spf of a sender": (b"spf=pass smtp.mailfrom=evil.example", True),
    "spf of a sender, older": (b"spf=pass smtp.mail=a@evil.example", True),
    "spf of a name in HELO": (b"spf=pass smtp.helo=evil.example", True),
    "spf of nobody": (b"spf=pass (x)", False),
    "dmarc of the sender": (b"dmarc=pass header.from=Friend.Example", True),
    "dmarc of another": (b"dmarc=pass header.from=evil.example", False),
    "dmarc of a part of the sender": (b"dmarc=pass header.from=example", False),
    "dmarc of nobody": (b"dmarc=pass", False),
    "another method": (b"iprev=pass", True),
}


@pytest.mark.parametrize(("value", "counts"), PASSES.values(), ids=PASSES)
def test_a_pass_says_of_whom(value: bytes, counts: bool) -> None:
    assert len(found(b"mail.example.com; " + value)) == counts
    assert len(found(b"mail.example.com; " + value.replace(b"=pass", b"=fail"))) == 1


@pytest.mark.parametrize(
    ("sender", "counts"),
    [
        (b"Olga <a@FRIEND.example>", True),
        (b"a@friend.example, b@friend.example", True),
        (b"a@friend.example, b@bank.example", False),
        (b"a@bank.example\nFrom: b@friend.example", False),
        (b'"a@friend.example" <b@bank.example>', False),
        (b"friend.example", False),
        (b"", False),
        (b"a@friend.example" + b",a@friend.example" * limits.ADDRESSES, False),
    ],
    ids=["its domain", "two of it", "two domains", "two fields", "a name", "no domain", "nobody", "past a limit"],
)
def test_a_dmarc_pass_is_about_the_sender_that_rules_see(sender: bytes, counts: bool) -> None:
    assert len(found(b"mail.example.com; dmarc=pass header.from=friend.example", sender=sender)) == counts


HONEST = b"mail.example.com; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example; dmarc=fail"


def test_no_pass_counts_where_the_sender_could_have_written_it() -> None:
    assert [word for _, word, _ in found(HONEST)] == ["pass", "pass", "fail"]
    for below in (b"Return-Path: <a;b@c>\n", b"DKIM-Signature: d=evil.example; i=x=3B@evil.example\n"):
        assert found(HONEST, below=below) == [("dmarc", "fail", {})]
    said = auth_results.results(message(HONEST), (ID,), 1, '"a;b"@c')
    assert [one.method for one in said] == ["dmarc"]


# ---------------------------------------------------------------- what the rules ask


def test_the_words_of_a_method() -> None:
    said = results(
        b"mail.example.com; dkim=fail header.d=a; x=y",
        b"mail.example.com; dkim=pass header.d=b; spf=none",
        b"other; dkim=z",
    )
    assert auth_results.values(said, "dkim") == ["fail", "pass"]
    assert auth_results.values(said, "spf") == ["none"]
    assert auth_results.values(said, "dmarc") == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"spf=pass smtp.helo=evil.example; spf=fail smtp.mailfrom=bank.example", ["fail"]),
        (b"spf=fail smtp.mailfrom=bank.example smtp.helo=evil.example", ["fail"]),
        (b"spf=pass smtp.helo=evil.example", ["pass"]),
        (b"spf=softfail; spf=pass smtp.helo=b", ["softfail", "pass"]),
        (b"spf=hardfail smtp.mfrom=b", ["fail"]),
    ],
    ids=["both", "both in one", "the name in HELO alone", "nobody's", "of RFC 5451"],
)
def test_spf_is_about_the_envelope_sender_where_it_can_be(value: bytes, words: list[str]) -> None:
    assert auth_results.values(results(b"mail.example.com; " + value), "spf") == words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"dkim=pass header.d=Friend.Example", ["friend.example"]),
        (b"dkim=pass header.i=Ann@Friend.Example", ["friend.example"]),
        (b"dkim=pass header.d=a.example header.i=@b.a.example", ["a.example"]),
        (b'dkim=pass header.d="" header.i=@b.example', ["b.example"]),
        (b"dkim=pass header.i=none", ["none"]),
        (b"dkim=pass header.i=a@", []),
        (b"dkim=pass header.d=a.x; dkim=fail header.d=b.x; dkim=pass header.d=c.x", ["a.x", "c.x"]),
        (b"dkim=pass header.d=a.example; dkim=pass header.d=A.example header.s=t", ["a.example"]),
        (b"spf=pass smtp.mailfrom=a.example header.d=b.example", []),
        ("dkim=pass header.d=xn--bcher-kva.x; dkim=pass header.d=bücher.x".encode(), ["xn--bcher-kva.x", "bücher.x"]),
        ("dkim=pass header.d=ban\u212a.example".encode(), []),
        ("dkim=pass header.d=BÜCHER.example".encode(), []),
        ("dkim=pass header.d=ｂank.example".encode(), []),
        (b"dkim=pass header.d=" + b"a" * 256, []),
    ],
    ids=[
        "d", "i", "d and i", "an empty d", "i without @", "i without a domain", "only those that pass", "once each",
        "of another method", "a- and u-labels", "the sign for Kelvin", "capitals of another script", "wide letters",
        "longer than a name can be",
    ],
)  # fmt: skip
def test_the_domains_whose_signatures_were_verified(value: bytes, expected: list[str]) -> None:
    assert auth_results.domains(results(b"mail.example.com; " + value)) == expected
