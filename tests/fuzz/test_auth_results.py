"""Authentication-Results against the grammar: fields made by it are read as authres reads them, and whatever
else arrives is read without an exception and in linear time.

authres, with which policyd-spf writes its fields, is the oracle for well-formed ones. Where the two differ on
purpose, a row of DIFFERENCES says so.
"""

from __future__ import annotations

from typing import Any, SupportsIndex

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pyfilter.message import auth_results, spam_headers
from pyfilter.message.auth_results import Malformed, Reader
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

ID = "mail.example.com"
BOUNDED = settings(max_examples=200, deadline=None)
RECEIVED = b"Received: from x by y\nFrom: a@b.example\n\n"
Found = list[tuple[str, str, dict[str, str]]]

# ------------------------------------------------------------------ well-formed fields

WORDS = st.from_regex(r"[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,3})?", fullmatch=True)
METHODS = st.one_of(st.sampled_from(["dkim", "spf", "dmarc", "auth", "iprev", "DKIM"]), WORDS)
BLANK = st.sampled_from([" ", "  ", "\t", "\n ", " \n\t"])
COMMENT = st.recursive(
    st.from_regex(r'[a-z;=.,:@" ]{0,6}(\\[()\\"])?', fullmatch=True),
    lambda inner: st.lists(inner, max_size=2).map(lambda parts: "".join(f"({part})" for part in parts)),
    max_leaves=4,
).map(lambda content: f"({content})")
MAYBE = st.one_of(st.just(""), BLANK, COMMENT)
GAP = st.one_of(BLANK, COMMENT, st.builds("{}{}{}".format, BLANK, COMMENT, BLANK))
TOKEN = st.from_regex(r"[A-Za-z0-9!#$%&'*+^_`{|}~.-]{1,8}", fullmatch=True)
QUOTED = st.from_regex(r"[a-z;=(), @.]{1,8}", fullmatch=True).map('"{}"'.format)
DOMAIN = st.from_regex(r"[a-z0-9]{1,4}(\.[a-z]{2,4}){1,2}", fullmatch=True)
LOCAL = st.from_regex(r"[A-Za-z0-9+=/!?]{0,5}", fullmatch=True)
VALUE = st.one_of(TOKEN, st.builds("{}@{}".format, LOCAL, DOMAIN))
TYPES = st.sampled_from(["smtp", "header", "body", "policy", "HEADER"])
PROPERTY = st.builds("{}{}{}.{}{}{}={}{}".format, GAP, TYPES, MAYBE, MAYBE, WORDS, MAYBE, MAYBE, VALUE)
LAST = st.builds("{}{}.{}{}={}{}".format, GAP, TYPES, WORDS, MAYBE, MAYBE, QUOTED)  # see DIFFERENCES
REASON = st.builds("{}reason{}={}{}".format, GAP, MAYBE, MAYBE, st.one_of(TOKEN, QUOTED))
RESULT = st.builds(
    "{}{}{}={}{}{}{}{}".format,
    METHODS,
    st.sampled_from(["", "/1", " (x)/ 1"]),
    MAYBE,
    MAYBE,
    st.sampled_from(["fail", "none", "neutral", "softfail", "Fail", "temperror"]),
    st.one_of(st.just(""), REASON),
    st.lists(PROPERTY, max_size=3).map("".join),
    st.one_of(st.just(""), LAST),
)
RESULTS = st.lists(st.builds("{};{}{}".format, MAYBE, MAYBE, RESULT), min_size=1, max_size=4).map("".join)
FIELDS = st.builds(
    "{}{}{}{}{}".format,
    MAYBE,
    st.sampled_from([ID, "MAIL.example.com"]),
    st.one_of(st.just(""), GAP.map("{}1".format)),
    RESULTS,
    MAYBE,
)

# what authres reads in another way: the field, what it reads ("refused", or its results), what pyfilter reads, and why
DIFFERENCES: dict[str, tuple[str, Found | str, Found, str]] = {
    "a quoted id": (
        f'"{ID}"; dkim=fail',
        "refused",
        [("dkim", "fail", {})],
        "value is a token or a quoted string (RFC 8601, 2.2)",
    ),
    "escapes": (
        rf'{ID}; dkim=fail header.s="a\"b"',
        [("dkim", "fail", {"header.s": r"a\"b"})],
        [("dkim", "fail", {"header.s": 'a"b'})],
        "the backslash is no part of what is quoted (RFC 5322, 3.2.4)",
    ),
    "a quoted local part": (
        f'{ID}; spf=fail smtp.mailfrom="a b"@c.example',
        [("spf", "fail", {"smtp.mailfrom": '"a b"@c.example'})],
        [("spf", "fail", {"smtp.mailfrom": "a b@c.example"})],
        "nor are the quotes",
    ),
    "nothing in quotes": (
        f'{ID}; spf=fail smtp.mailfrom="" smtp.helo=b',
        [("spf", "fail", {"smtp.mailfrom": "smtp.helo=b"})],
        [("spf", "fail", {"smtp.mailfrom": "", "smtp.helo": "b"})],
        "the null sender; authres takes the next word for it",
    ),
    "bytes above 127": (
        f"{ID}; spf=fail smtp.mailfrom=\u00f6@c.example",
        "refused",
        [("spf", "fail", {"smtp.mailfrom": "\u00f6@c.example"})],
        "RFC 8616, 4",
    ),
    "a property with two values": (
        f"{ID}; dkim=fail header.d=a header.d=b",
        [("dkim", "fail", {"header.d": "b"})],
        [],
        "which of them is the sender's cannot be known",
    ),
    "a property behind a quoted one": (
        f'{ID}; dkim=fail header.d="a" header.s=b',
        [("dkim", "fail", {"header.s": "b"})],
        [("dkim", "fail", {"header.d": "a", "header.s": "b"})],
        "authres loses the quoted one",
    ),
    "no space behind quotes": (
        f'{ID}; dkim=fail header.s="a"header.d=b',
        [("dkim", "fail", {"header.d": "b"})],
        [],
        "nobody writes it, but a value that was copied may look so",
    ),
    "a method called none": (
        f"{ID}; none=fail",
        "refused",
        [("none", "fail", {})],
        "no-result is `none` alone",
    ),
    "another version of the method": (
        f"{ID}; dkim/2=fail",
        [("dkim", "fail", {})],
        [],
        "what it means is not known",
    ),
    "a semicolon at the end": (f"{ID}; dkim=fail;", "refused", [("dkim", "fail", {})], "VIOLATIONS.md"),
    "colons": (
        f"{ID}; iprev=fail policy.iprev=2001:db8::1",
        "refused",
        [("iprev", "fail", {"policy.iprev": "2001:db8::1"})],
        "VIOLATIONS.md",
    ),
    "a property without a type": (
        f"{ID}; dkim=fail x-bits=2048",
        [("dkim", "fail", {})],
        [("dkim", "fail", {"x-bits": "2048"})],
        "VIOLATIONS.md; authres stops reading there",
    ),
    "something behind it all": (
        f"{ID}; dkim=fail header.s=s header.d",
        [("dkim", "fail", {"header.s": "s"})],
        [],
        "authres stops reading there; pyfilter believes a field whole or not at all",
    ),
}


def ours(field: str) -> Found:
    raw = b"Authentication-Results:" + field.encode() + b"\n" + RECEIVED
    return [(one.method, one.result, one.properties) for one in auth_results.results(Message.from_bytes(raw), (ID,), 1)]


def parsed(field: str) -> Any:
    """What authres makes of it; None where it refuses."""
    authres = pytest.importorskip("authres", reason="authres, the oracle, is not installed")
    try:
        return authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {field}")
    except authres.SyntaxError:
        return None


def theirs(field: str) -> Found | str:
    """The same in our shape."""
    header = parsed(field)
    if header is None:
        return "refused"
    found: Found = []
    for one in header.results:
        reason = {} if one.reason is None else {"reason": one.reason}
        properties = {f"{each.type}.{each.name}".lower(): each.value for each in one.properties}
        found.append((one.method.lower(), one.result.lower(), {**reason, **properties}))
    return found


def gives_two_values(field: str) -> bool:
    for one in parsed(field).results:
        given = {(f"{each.type}.{each.name}".lower(), each.value) for each in one.properties}
        if len({name for name, _ in given}) < len(given):
            return True
    return False


@BOUNDED
@given(FIELDS)
@example(f'{ID}; spf=fail (a; b=c) smtp.mailfrom="x; dkim=pass" (d)')
def test_a_well_formed_field_is_read_as_authres_reads_it(field: str) -> None:
    expected = theirs(field)
    assert expected != "refused", "the field is not well formed"
    assume(not gives_two_values(field))
    assert ours(field) == expected


@pytest.mark.parametrize(("field", "authres", "pyfilter", "why"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_where_the_two_differ(field: str, authres: Found | str, pyfilter: Found, why: str) -> None:
    assert why
    assert authres != pyfilter
    assert ours(field) == pyfilter
    assert theirs(field) == authres


# ------------------------------------------------------------------ whatever arrives

# pieces that mean something to one of the readers, and bytes that mean nothing
PIECES = st.sampled_from(
    [
        b"mail.example.com", b"MAIL.example.com;", b"dkim=pass", b"spf = fail", b"dmarc=pass", b"none", b"1", b"/1",
        b" header.d=b.example", b" header.i=@b", b" header.from=b.example", b" smtp.mailfrom=", b" reason=", b";",
        b"; ", b"=", b".", b"(", b")", b'"', b"\\", b"@", b",", b"<", b">", b"[", b"]", b" ", b"\t", b"\n ", b"\r\n\t",
        b"\r",
        b"\0", b"\x1b", b"\x7f", b"\xc3\xa9", b"\xff", "\u212a".encode(), b"a", b"=3B", b"Yes", b"YES, score=1.5",
        b" required=", b" tests=[A=1, B", b"default: False [1 / 2]; A(1)[", b"\nReceived: x\n", b"\nX-Spam-Status:",
        b"\nAuthentication-Results: mail.example.com; ", b"\nDKIM-Signature: d=b; i=", b"\nReturn-Path: <",
        b"\nFrom: a@",
    ]
)  # fmt: skip
SHAPED = st.lists(PIECES, max_size=60).map(b"".join)
ANY = SHAPED | st.binary(max_size=200) | st.tuples(SHAPED, st.binary(max_size=20), SHAPED).map(b"".join)
NAMES = st.sampled_from([b"Authentication-Results:", b"X-Spam-Status:", b"X-Spamd-Result:", b"X-Spam-Level:", b""])
WELL_FORMED = st.builds("{}; {}".format, st.just(ID), RESULT).map(str.encode)


def read(raw: bytes, sender: str | None = None) -> list[auth_results.Result]:
    """Everything, from one message. Raises nothing but Unreadable."""
    message = Message.from_bytes(raw)
    try:
        spam_headers.verdict(message, 1)
        found = auth_results.results(message, (ID,), 1, sender)
    except Unreadable:
        return []
    auth_results.domains(found)
    return found


@BOUNDED
@given(NAMES, ANY, st.none() | st.text(max_size=20))
def test_nothing_is_ever_raised(name: bytes, value: bytes, sender: str | None) -> None:
    for one in read(name + value + b"\n" + RECEIVED, sender):
        assert one.method.isascii() and one.result.isascii()
        assert one.method == one.method.lower()
        for key, text in one.properties.items():
            assert key.isascii() and text.isprintable()
        assert one.result != "pass" or one.method not in auth_results.NAMED or one.properties


@BOUNDED
@given(WELL_FORMED, st.integers(0, 200), st.binary(min_size=1, max_size=3), st.integers(0, 3))
def test_a_field_with_a_few_bytes_changed(field: bytes, place: int, inserted: bytes, removed: int) -> None:
    place %= len(field) + 1
    read(b"Authentication-Results: " + field[:place] + inserted + field[place + removed :] + b"\n" + RECEIVED)


@BOUNDED
@given(WELL_FORMED, st.data())
def test_a_field_cut_anywhere_says_nothing_or_less(field: bytes, data: st.DataObject) -> None:
    """A field that lost its end loses results, or the end of a word; no result becomes another."""
    whole = read(b"Authentication-Results: " + field + b"\n" + RECEIVED)
    cut = field[: data.draw(st.integers(0, len(field)))]
    for one, other in zip(read(b"Authentication-Results: " + cut + b"\n" + RECEIVED), whole, strict=False):
        assert one.method == other.method
        assert other.result.startswith(one.result)


class Counted(str):
    """A text that counts the characters somebody looks at."""

    looked = 0

    def find(self, piece: str, start: Any = None, end: Any = None, /) -> int:
        found = super().find(piece, start, end)
        begin = start or 0
        last = len(self) if end is None else min(end, len(self))
        self.looked += (last if found < 0 else found + len(piece)) - begin
        return found

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        got = super().__getitem__(key)
        self.looked += max(len(got), 1)
        return got


def looks(text: str) -> int:
    counted = Counted(text)
    try:
        Reader(counted).read({ID.encode()})
    except (Malformed, Unreadable):
        pass
    return counted.looked


BOMBS = {
    "comments": ("; a=b ", "(x)"),
    "comments that open": ("; a=b (", "(a) "),
    "comments in comments": ("; a=b ", "(((x)))"),
    "comments that never close": ("; a=b ", "(x) (\\"),
    "quotes": ("; a=b", ' c.d="x"'),
    "quotes in a row": ('; a=b c.d="', '" "'),
    "escapes": ('; a=b c.d="', "\\\\"),
    "escaped quotes": ('; a=b c.d="', '\\"'),
    "quotes with escapes": ("; a=b", ' c.d="\\x"'),
    "semicolons": ("; a=b", ";"),
    "results": ("", "; a=b"),
    "results with comments": ("", ";(x)a(x)=(x)b(x)"),
    "properties": ("; a=b", " c.d=e"),
    "blanks": ("; a=b", " \t"),
    "signs of a value": ("; a=b c.d=", "a@="),
    "an id": ("", "x"),
}


@pytest.mark.parametrize(("before", "bomb"), BOMBS.values(), ids=BOMBS)
def test_twice_as_much_takes_twice_as_long(before: str, bomb: str) -> None:
    once = looks(ID + before + bomb * 2000)
    twice = looks(ID + before + bomb * 4000)
    assert once > len(ID)
    assert twice < 2.1 * once
    assert twice < 8 * len(ID + before + bomb * 4000)
