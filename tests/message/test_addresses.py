"""The mailboxes of an address field (RFC 5322, section 3.4, and what stands in real mail).

Each row: the value, and its mailboxes as "Name <address>".
"""

from __future__ import annotations

import pytest

from pyfilter import limits
from pyfilter.message.addresses import Mailbox, mailbox, parse
from pyfilter.message.headers import Unreadable

REGULAR: dict[str, tuple[bytes, list[str]]] = {
    "an address": (b" jane@example.org\n", ["jane@example.org"]),
    "a name": (b"Jane Doe <jane@example.org>", ["Jane Doe <jane@example.org>"]),
    "a quoted name": (b'"Doe, Jane" <jane@example.org>', ["Doe, Jane <jane@example.org>"]),
    "escapes in a name": (rb'"Jane \"J.\" \\ Doe" <jane@example.org>', ['Jane "J." \\ Doe <jane@example.org>']),
    "a name in a comment": (b"jane@example.org (Jane Doe)", ["Jane Doe <jane@example.org>"]),
    "a name and a comment": (b"Jane <jane@example.org> (home)", ["Jane <jane@example.org>"]),
    "a comment within a name": (b"Jane Doe (Sales) <jane@example.org>", ["Jane Doe (Sales) <jane@example.org>"]),
    "a comment for a name": (b"(Jane) <jane@example.org>", ["Jane <jane@example.org>"]),
    "a name before brackets at once": (b'"Jane"<jane@example.org>', ["Jane <jane@example.org>"]),
    "a dot in a name": (b"Jane Q. Doe <jane@example.org>", ["Jane Q. Doe <jane@example.org>"]),
    "brackets alone": (b"<jane@example.org>", ["jane@example.org"]),
    "several": (b"a@x, B <b@x>,\n\tc@x (C)\n", ["a@x", "B <b@x>", "C <c@x>"]),
    "an encoded name": (b"=?utf-8?Q?J=C3=B6rg?= <j@x>", ["Jörg <j@x>"]),
    "an encoded name in two words": (b"=?utf-8?Q?J=C3?= =?utf-8?Q?=B6rg?= <j@x>", ["Jörg <j@x>"]),
    "an encoded name in a comment": (b"j@x (=?utf-8?Q?J=C3=B6rg?=)", ["Jörg <j@x>"]),
    "a UTF-8 address (RFC 6532)": ("Jörg <jörg@bücher.example>".encode(), ["Jörg <jörg@bücher.example>"]),
    "a punycode domain stays": (b"j@xn--bcher-kva.example", ["j@xn--bcher-kva.example"]),
    "a group": (b"Team: a@x, B <b@x>;, c@x", ["a@x", "B <b@x>", "c@x"]),
    "a group behind a local user": (b"root, Team: A <a@x>;", ["root", "A <a@x>"]),
    "an escaped quote last": (rb'"Jane \"Doe\"" <jane@x>, b@x', ['Jane "Doe" <jane@x>', "b@x"]),
    "an empty group": (b"undisclosed-recipients:;", []),
    "a quoted local part": (b'"jane doe"@example.org', ['"jane doe"@example.org']),
    "quotes that are not needed": (b'"jane"@example.org', ["jane@example.org"]),
    "an empty local part in quotes": (b'""@example.org', ['""@example.org']),
    "a domain literal": (b"<a@[192.0.2.1]>, b@[IPv6:2001:db8::1]", ["a@[192.0.2.1]", "b@[IPv6:2001:db8::1]"]),
    "case is kept": (b"Jane@Example.ORG", ["Jane@Example.ORG"]),
    "nested comments": (b"(a (b) c) jane@example.org", ["a (b) c <jane@example.org>"]),
    "RFC 5322, A.5": (
        b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\n",
        ["Pete (A nice ) chap) <pete@silly.test>"],
    ),
    "RFC 5322, A.5, the group": (
        (
            b"A Group(Some people)\n     :Chris Jones <c@(Chris's host.)public.example>,\n joe@example.org,\n"
            b"  John <jdoe@one.test> (my dear friend); (the end of the group)\n"
        ),
        ["Chris Jones <c@public.example>", "joe@example.org", "John <jdoe@one.test>"],
    ),
    "RFC 5322, A.6.1, a route": (
        b"Mary Smith <@node.test:mary@example.net>, , jdoe@test   . example",
        ["Mary Smith <mary@example.net>", "jdoe@test.example"],
    ),
    "RFC 5322, A.6.3": (b"John Doe <jdoe@machine(comment).  example>", ["John Doe <jdoe@machine.example>"]),
    "nothing": (b"", []),
    "nothing but commas": (b" , ,, ", []),
    "the null address": (b"<>", []),
}

LENIENT: dict[str, tuple[bytes, list[str]]] = {
    "comma in a name": (b"Doe, Jane <jane@x>, Roe, R., Jr. <r@x>", ["Doe, Jane <jane@x>", "Roe, R., Jr. <r@x>"]),
    "comma in an encoded word": (b"=?utf-8?Q?D=C3=B6,_Jane?= <jane@x>", ["Dö, Jane <jane@x>"]),
    "commas in a name, too many": (b"a, b, Jane, Doe <jane@x>", ["a", "b, Jane, Doe <jane@x>"]),
    "comma before a name that is an address": (b"Jane, a@x <b@x>", ["Jane", "a@x <b@x>"]),
    "semicolon between addresses": (b"Doe; Jane <jane@x>; b@x", ["Doe", "Jane <jane@x>", "b@x"]),
    "missing >": (b"Jane <jane@x, b@x", ["Jane <jane@x>", "b@x"]),
    "missing <": (b"Jane jane@x>, b@x", ["Jane <jane@x>", "b@x"]),
    "missing brackets": (b"Jane Doe jane@x", ["Jane Doe <jane@x>"]),
    "missing comma": (b"A <a@x> B <b@x> c@x d@x", ["A <a@x>", "B <b@x>", "c@x", "d@x"]),
    "brackets twice": (b"Jane <<jane@x>>", ["Jane <jane@x>"]),
    "brackets in a name": (b"Jane <home> <jane@x>", ["Jane home <jane@x>"]),
    "name behind the address": (b"<jane@x> Jane Doe", ["Jane Doe <jane@x>"]),
    "name that is an address": (b"a@evil <b@good>, 'c@evil' <d@good>", ["a@evil <b@good>", "'c@evil' <d@good>"]),
    "encoded word inside quotes": (b'"=?utf-8?Q?J=C3=B6rg?=" <j@x>', ["Jörg <j@x>"]),
    "raw 8-bit in a name": (b"J\xf6rg <j@x>", ["Jörg <j@x>"]),
    "escaped quotes": (rb'\"Jane\" <jane@x>, "B" <b@x>', ['"Jane" <jane@x>', "B <b@x>"]),
    "no space behind quotes": (b'"Jane"jane@x, "B"<b@x>', ["Jane <jane@x>", "B <b@x>"]),
    "quotes in a local part": (b'"a".b@x, a."b@c".d@x', ["a.b@x", '"a.b@c.d"@x']),
    "colon in a local part": (b"<C:dir@x>", ['"C:dir"@x']),
    "unclosed quote": (b'"Doe <jane@x>, b@x', ["Doe <jane@x>", "b@x"]),
    "unclosed comment": (b"Jane (home <jane@x>, b@x", ["Jane home <jane@x>", "b@x"]),
    "unclosed domain literal": (b"a@[192.0.2.1, b@x", ["a@[192.0.2.1", "b@x"]),
    "mailto": (b"<mailto:a@x>, mailto:b@x", ["a@x", "b@x"]),
    "two at signs": (b"a@b@c", ['"a@b"@c']),
    "space in a local part": (b"<jane doe@x>", ['"jane doe"@x']),
    "dots anywhere": (b"jane..doe.@x, .a@x.", ["jane..doe.@x", ".a@x."]),
    "white space around @ and dot": (b"jane @ example . org", ["jane@example.org"]),
    "no domain": (b"root (Cron Daemon), Jane <jane>, a@", ["Cron Daemon <root>", "Jane <jane>", "a"]),
    "no address": (b'Jane Doe, Jane Roe <>, "Jane", <to: all;>', ["Jane Doe", "Jane Roe", "Jane", "to: all"]),
    "all in an encoded word": (b"=?utf-8?Q?Jane_=3Cjane=40x=3E?=", ["Jane <jane@x>"]),
    "nothing before @": (b"<@x>, @y", ["@x", "@y"]),
    "control character in an address": (b"a\0b@x, c@x\x1by", ["a\ufffdb@x", "c@x\ufffdy"]),
    "colon in a name": (b"Re: Jane <jane@x>", ["Jane <jane@x>"]),
}

# what must never become the address
SPOOFS: dict[str, tuple[bytes, list[str]]] = {
    "in quotes": (b'"boss@corp.example" <evil@x>', ["evil@x"]),
    "in quotes, brackets too": (b'"Boss <boss@corp.example>" <evil@x>', ["evil@x"]),
    "in quotes, with an escaped quote": (rb'"\"<boss@corp.example>, " <evil@x>', ["evil@x"]),
    "in a comment": (b"(boss@corp.example) evil@x (<boss@corp.example>)", ["evil@x"]),
    "in a comment within brackets": (b"<evil(boss@corp.example)@x>", ["evil@x"]),
    "in an encoded word": (b"=?utf-8?Q?boss=40corp.example?= <evil@x>", ["evil@x"]),
    "in an encoded word alone": (b"=?utf-8?Q?boss=40corp.example?=", [""]),
    "in an encoded word, raw": (b"=?utf-8?Q?boss@corp.example?=", [""]),
    "in an encoded word in brackets": (b"<=?utf-8?Q?boss=40corp.example?=>", [""]),
    "in a word that swallows brackets": (b"=?utf-8?Q?a <evil@x> ?=", ["evil@x"]),
    "in a word that holds brackets": (b"=?utf-8?Q?a<evil@x>?=", ["evil@x"]),
    "in a word that holds quotes": (b'=?utf-8?Q?a"?= <boss@corp.example>," <evil@x>', ["evil@x"]),
    "as a route": (b"<@boss.example,@corp.example:evil@x>", ["evil@x"]),
    "as a local part": (b'"boss@corp.example"@x, <boss@corp.example@x>', ['"boss@corp.example"@x'] * 2),
    "behind a space": (b"<evil@x boss@corp.example>", ['"evil@x boss"@corp.example']),
    "with a line break": (b"<boss@corp.example\r\n evil@x>", ['"boss@corp.example evil"@x']),
    "with a bare CR": (b"<boss@corp.example\revil>", ["boss@corp.example"]),
    "with a NUL": (b"<boss@corp.example\0evil@x>", [""]),
    "with a bidi control": ("<boss@corp.example\u202e>".encode(), [""]),
    "with quotes in the domain": (b'<evil@"corp.example">', [""]),
    "two addresses in brackets": (b"<boss@corp.example><evil@x>", ["boss@corp.example", "evil@x"]),
}


@pytest.mark.parametrize(("raw", "boxes"), REGULAR.values(), ids=REGULAR)
def test_an_address_field(raw: bytes, boxes: list[str]) -> None:
    assert [box.text for box in parse(raw)] == boxes


@pytest.mark.parametrize(("raw", "boxes"), LENIENT.values(), ids=LENIENT)
def test_a_broken_address_field(raw: bytes, boxes: list[str]) -> None:
    assert [box.text for box in parse(raw)] == boxes


@pytest.mark.parametrize(("raw", "addresses"), SPOOFS.values(), ids=SPOOFS)
def test_an_address_comes_from_where_addresses_stand(raw: bytes, addresses: list[str]) -> None:
    assert [box.address for box in parse(raw)] == addresses


@pytest.mark.parametrize("raw", [b"=?utf-8?Q?Jane_=3Cjane=40x=3E?=", b"Jane Doe", b'"Jane"', b"<@x>", b"a\0b@x"])
def test_what_is_no_address_is_a_name(raw: bytes) -> None:
    (box,) = parse(raw)
    assert (box.address, box.local, box.domain, box.extension) == ("", "", "", None)
    assert box.forms() == [f'"{box.name}"' if "@" in box.name else box.name]


@pytest.mark.parametrize(
    ("address", "local", "domain", "extension"),
    [
        ("jane@example.org", "jane", "example.org", None),
        ("jane+lists@example.org", "jane+lists", "example.org", "lists"),
        ("jane+a+b@example.org", "jane+a+b", "example.org", "a+b"),
        ("jane+@example.org", "jane+", "example.org", ""),
        ("+jane@example.org", "+jane", "example.org", None),
        ("++a@example.org", "++a", "example.org", None),
        ("JANE+Lists@Example.ORG", "JANE+Lists", "Example.ORG", "Lists"),
        ("jane+../../etc@x", "jane+../../etc", "x", "../../etc"),
        ('"jane+a b"@x', "jane+a b", "x", "a b"),
        ("jane+a@[192.0.2.1]", "jane+a", "[192.0.2.1]", "a"),
        ("jane+a", "jane+a", "", "a"),
        ("jane@a+b", "jane", "a+b", None),
    ],
)
def test_the_parts_of_an_address(address: str, local: str, domain: str, extension: str | None) -> None:
    (box,) = parse(address.encode())
    assert (box.address, box.local, box.domain, box.extension) == (address, local, domain, extension)


def test_the_three_forms_of_a_mailbox() -> None:
    (box,) = parse(b"Jane Doe <jane@example.org>")
    assert box.forms() == ["jane@example.org", "Jane Doe", "Jane Doe <jane@example.org>"]
    assert parse(b"jane@example.org")[0].forms() == ["jane@example.org"]
    assert repr(box) == "Mailbox('Jane Doe <jane@example.org>', extension=None)"


def test_a_name_that_could_pass_for_an_address_is_no_form_of_its_own() -> None:
    (box,) = parse(b'"boss@corp.example" <x@evil.example>')
    assert box.forms() == ["x@evil.example", "boss@corp.example <x@evil.example>"]
    assert parse(b'"boss@corp.example"')[0].forms() == ['"boss@corp.example"']
    assert parse(rb'"a\"@corp.example"')[0].forms() == [r'"a\"@corp.example"']


def test_a_mailbox_made_of_parts() -> None:
    box = Mailbox("", "jane", "x", "lower-cased")
    assert (box.address, box.extension) == ("jane@x", "lower-cased")
    assert Mailbox().address == ""
    assert Mailbox("", 'a"b\\', "x").address == r'"a\"b\\"@x'


def test_an_address_that_an_mta_names() -> None:
    box = mailbox("<jane+x@example.org>")
    assert box is not None
    assert (box.address, box.extension) == ("jane+x@example.org", "x")
    for nothing in ("", "<>", "two words", "a@x b@x", "a@x, b@x", "a\n b@x", "Jane <a@x>", "(" * 60 + ")" * 60):
        assert mailbox(nothing) is None
    odd = mailbox("j\udcf6rg@x")  # a byte of the environment that is not UTF-8
    assert odd is not None
    assert odd.address == "jörg@x"


def test_as_many_addresses_as_the_limit_allows() -> None:
    assert len(parse(b"a@x," * limits.ADDRESSES)) == 5000


def test_one_address_more_cannot_be_read() -> None:
    with pytest.raises(Unreadable) as problem:
        parse(b"a@x," * (limits.ADDRESSES + 1))
    assert str(problem.value) == "a field has more than 5000 addresses"


def test_as_many_nested_comments_as_the_limit_allows() -> None:
    assert [box.address for box in parse(b"(" * 50 + b")" * 50 + b"a@x")] == ["a@x"]


def test_one_nested_comment_more_cannot_be_read() -> None:
    with pytest.raises(Unreadable) as problem:
        parse(b"(" * 51 + b")" * 51 + b"a@x")
    assert str(problem.value) == "comments in an address are nested more than 50 deep"


def test_a_megabyte_of_words_takes_no_eighty_megabytes() -> None:
    assert len(parse(b"a " * limits.ADDRESS_WORDS)) == 1
    for piece in (b"a ", b'"a" ', b"a (b) ", b"@ . "):
        with pytest.raises(Unreadable, match="an address field has more than 50000 words"):
            parse(piece * (limits.ADDRESS_WORDS + 1))
