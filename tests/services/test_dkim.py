"""`verify dkim`: what RFC 6376 and RFC 8301 say of a signature is what the rules are told, whatever stands in it.

The signatures are made with keys of openssl, by dkimpy and by Mail::DKIM; no name server is asked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dkim", reason="dkimpy is not installed")
pytest.importorskip("dns.resolver", reason="dnspython is not installed")

import dkim
import dns.resolver
from dkim.canonicalization import Relaxed, Simple
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.engine.questions import Question, Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import dkim_keys
from pyfilter.services.answers import Inquiry, answer
from pyfilter.services.dkim import canonical_body, verify

from .signing import MESSAGE, Pair, Zone, sign

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "mail"

NAME = "sel._domainkey.shop.example"
LATER = dns.resolver.NoNameservers()
NOT_FOUND = f"the key of {NAME} could not be looked up: no name server could answer"
CANONICALS = (b"relaxed/relaxed", b"relaxed/simple", b"simple/relaxed", b"simple/simple", b"relaxed", b"simple")
WORDS = {"pass", "fail", "neutral", "policy", "permerror", "temperror"}

Results = tuple[tuple[str, str], ...] | Unknown


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair(1024)


@pytest.fixture(scope="module")
def weak() -> Pair:
    return Pair(768)


@pytest.fixture
def zone(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Zone:
    """A world with one key, that of shop.example."""
    zone = Zone({NAME: pair.record})
    monkeypatch.setattr(dkim_keys, "resolver", lambda: zone)
    return zone


def found(data: bytes) -> Results:
    return verify(Inquiry("", Message.from_bytes(data), Envelope(), {}))


def result(data: bytes) -> str:
    """The result of the only signature, which says it is of shop.example."""
    results = found(data)
    assert isinstance(results, tuple), results
    ((word, domain),) = results
    assert domain == "shop.example"
    return word


def why(data: bytes) -> str:
    unknown = found(data)
    assert isinstance(unknown, Unknown), unknown
    return unknown.why


# --------------------------------------------------------------------------- what passes


@pytest.mark.parametrize("canonical", CANONICALS)
def test_a_message_as_it_was_signed_passes(pair: Pair, zone: Zone, canonical: bytes) -> None:
    signed = sign(MESSAGE, pair, canonical=canonical)
    assert result(signed) == "pass"
    assert result(signed.replace(b"\n", b"\r\n")) == "pass"
    assert result(signed.replace(b"\n", b"\r\n", 3)) == "pass"
    assert result(b"X-Spam-Flag: NO\nReceived: by us; now\n" + signed) == "pass"
    assert result(b"From ann@shop.example Mon Jun  1 10:00:00 2026\n" + signed) == "pass"
    assert zone.asked == [NAME] * 5


@pytest.mark.parametrize("canonical", CANONICALS)
@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n", b"\n\n\n", b" \n", b"\t\n \n", b"no end", b"a\rb\n", b"a\r\r\n", b"\r", b"a \t b\t\n\n",
        b"8 bit \xe9\xff \xc5\x99\n", b"NUL \0\n", b".\n..\n", b"a\n \n\n",
    ],
)  # fmt: skip
def test_whatever_the_body_it_passes(pair: Pair, zone: Zone, canonical: bytes, body: bytes) -> None:
    message = b"From: ann@shop.example\nSubject: 8 bit \xe9\n\n" + body
    assert result(sign(message, pair, canonical=canonical)) == "pass"


def test_relaxed_forgives_blanks_and_simple_does_not(pair: Pair, zone: Zone) -> None:
    def changed(canonical: bytes, old: bytes, new: bytes) -> str:
        signed = sign(MESSAGE, pair, canonical=canonical)
        assert old in signed
        return result(signed.replace(old, new))

    for canonical in (b"relaxed/simple", b"simple/relaxed"):
        assert changed(canonical, b"\n\n\n", b"\n") == "pass"  # empty lines at the end
    body = b"Hello  Bob, \n", b"Hello Bob,\n"
    assert changed(b"relaxed/simple", *body) == "fail"
    assert changed(b"simple/relaxed", *body) == "pass"
    header = b"Subject:  two   blanks\n and", b"subject:\ttwo blanks and"
    assert changed(b"relaxed/simple", *header) == "pass"
    assert changed(b"simple/relaxed", *header) == "fail"


MAIL_DKIM = """
my $signer = Mail::DKIM::Signer->new(
    Algorithm => "rsa-sha256", Method => $ARGV[0], Domain => "shop.example", Selector => "sel", KeyFile => $ARGV[1]);
while (<STDIN>) { s/\\n\\z/\\r\\n/; $signer->PRINT($_) }
$signer->CLOSE;
print $signer->signature->as_string, "\\n";
"""


def has_mail_dkim() -> bool:
    perl = shutil.which("perl")
    return (
        perl is not None and not subprocess.run([perl, "-MMail::DKIM::Signer", "-e1"], capture_output=True).returncode
    )


@pytest.mark.skipif(not has_mail_dkim(), reason="libmail-dkim-perl, which signs without dkimpy, is not installed")
@pytest.mark.parametrize("canonical", CANONICALS)
@pytest.mark.parametrize("body", [b"", b"\n\n", b" \t\n \n", b"a \t b\t\n\tc\n \n\n", b"8 bit \xe9\n.\n"])
def test_what_another_library_signs_passes(
    pair: Pair, zone: Zone, tmp_path: Path, canonical: bytes, body: bytes
) -> None:
    key = tmp_path / "key"
    key.write_bytes(pair.private)
    message = b"From: Ann\n <ann@shop.example>\nSubject:  two   blanks\n\tand a fold\n\n" + body
    signed = subprocess.run(
        ["perl", "-MMail::DKIM::Signer", "-e", MAIL_DKIM, canonical.decode(), str(key)],
        input=message,
        capture_output=True,
        check=True,
    )
    field = signed.stdout.replace(b"\r\n", b"\n")
    assert b"c=" + canonical in field or canonical == b"simple/simple"
    assert result(field + message) == "pass"
    assert result(field + message + b"more\n") == "fail"


def test_the_answer_goes_through_the_table_of_services(pair: Pair, zone: Zone) -> None:
    message = Message.from_bytes(sign(MESSAGE, pair, domain=b"Shop.Example"))
    assert answer(Question("dkim"), message, Envelope(), {}) == (("pass", "shop.example"),)


def test_a_message_without_a_signature_has_no_result(zone: Zone) -> None:
    assert found(MESSAGE) == ()
    assert found(b"") == ()
    assert found(b"From: a@b\n\nDKIM-Signature: v=1\n") == ()
    assert zone.asked == []


# --------------------------------------------------------------------------- what was changed


@pytest.mark.parametrize("canonical", CANONICALS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Hallo"),  # the body
        (b"see you.\n", b"see you.\nAnd me.\n"),
        (b"\nHello", b"\n\nHello"),
        (b"To: bob", b"To: rob"),  # a signed field
        (b"To: bob@example.org\n", b""),
        (b"blanks", b"BLANKS"),
    ],
)
def test_a_changed_message_fails(pair: Pair, zone: Zone, canonical: bytes, old: bytes, new: bytes) -> None:
    signed = sign(MESSAGE, pair, canonical=canonical)
    assert old in signed
    assert result(signed.replace(old, new)) == "fail"


def test_another_key_fails(pair: Pair, zone: Zone) -> None:
    zone.records[NAME] = Pair(1024).record
    assert result(sign(MESSAGE, pair)) == "fail"


def test_a_field_nobody_signed_may_change(pair: Pair, zone: Zone) -> None:
    signed = sign(MESSAGE, pair, names=b"from")
    assert result(signed.replace(b"To: bob", b"To: rob")) == "pass"
    assert result(b"Sender: eve@evil.example\n" + signed) == "pass"


@pytest.mark.parametrize("field", ["From", "from", "From ", "FROM\t", "To", "to ", "Subject", "\ufeffSubject"])
@pytest.mark.parametrize("canonical", CANONICALS)
def test_a_second_from_to_or_subject_is_not_believed(pair: Pair, zone: Zone, canonical: bytes, field: str) -> None:
    added = f"{field}: eve@evil.example\n".encode()
    assert result(added + sign(MESSAGE, pair, canonical=canonical)) == "policy"
    if "\ufeff" not in field:  # which is one of a field above all others only
        below = sign(MESSAGE, pair, canonical=canonical).replace(b"\n\n", b"\n" + added + b"\n", 1)
        assert result(below) == "policy"
    twice = sign(MESSAGE, pair, canonical=canonical, names=b"from:from:to:to:subject:subject")
    assert result(twice) == "pass"
    assert result(added + twice) == "fail"


def test_fields_that_were_signed_twice_may_stand_twice(pair: Pair, zone: Zone) -> None:
    message = b"From: a@shop.example\nFrom: b@shop.example\nSubject: x\nSubject: y\n\nbody\n"
    assert result(sign(message, pair, names=b"from:from:subject:subject")) == "pass"
    assert result(sign(message, pair, names=b"from:from:subject")) == "policy"
    assert result(sign(message, pair, names=b"from:from")) == "pass"


def test_a_field_with_a_blank_before_its_colon_is_the_field_it_names(pair: Pair, zone: Zone) -> None:
    """dkimpy would not find it with simple, and pass what an added field must break."""
    signed = sign(MESSAGE, pair, canonical=b"simple/simple", names=b"from:x-note")
    assert result(signed) == "pass"
    assert result(b"X-Note: added\n" + signed) == "fail"
    assert result(b"X-Note : added\n" + signed) == "fail"


def test_broken_lines_are_no_fields(pair: Pair, zone: Zone) -> None:
    signed = sign(MESSAGE, pair)
    assert result(signed.replace(b"To: bob", b"From ann Mon Jun 1\nTo: bob")) == "pass"
    assert result(signed.replace(b"To: bob", b"a broken line\nTo: bob")) == "pass"
    nameless = sign(MESSAGE, pair, names=b"from::to")
    assert result(nameless.replace(b"To: bob", b"a broken line\nTo: bob")) == "pass"
    assert found(b" a fold first\n" + signed) == ()  # all is body


# --------------------------------------------------------------------------- signatures that are wrong


@pytest.mark.parametrize(
    ("value", "word", "domain"),
    [
        (b"", "permerror", ""),
        (b";", "neutral", ""),
        (b"nonsense", "neutral", ""),
        (b"v=1; v=1", "neutral", ""),
        (b"v=1", "permerror", ""),
        (b"v=1; d=Shop.Example", "permerror", "shop.example"),
        (b"v=1; d=; i=; s=s; a=rsa-sha256; b=AAAA; bh=AAAA; h=from", "permerror", ""),
        (b"v=1; d=a/../b; s=s; a=rsa-sha256; b=AAAA; bh=AAAA; h=from", "permerror", ""),
        (b"v=1; d=a\xffb; s=s; a=rsa-sha256; b=AAAA; bh=AAAA; h=from", "permerror", ""),
        (b"v=1; d=a b.example; s=s; a=rsa-sha256; b=AAAA; bh=AAAA; h=from", "permerror", ""),
        ("v=1; d=a\u202eb; s=s; a=rsa-sha256; b=AAAA; bh=AAAA; h=from".encode(), "permerror", ""),
        (b"v=1; d=" + b"a" * 254 + b"; s=s; a=rsa-sha256; b=AAAA; bh=AAAA; h=from", "permerror", ""),
    ],
)
def test_a_signature_that_is_none(zone: Zone, value: bytes, word: str, domain: str) -> None:
    assert found(b"DKIM-Signature: " + value + b"\n" + MESSAGE) == ((word, domain),)
    assert zone.asked == []


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        *((tag + b"=", b"n" + tag + b"=", "permerror") for tag in (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")),
        (b"v=1", b"v=2", "permerror"),
        (b"a=rsa-sha256", b"a=rsa-md5", "permerror"),
        (b"a=rsa-sha256", b"a=rsa-sha1", "policy"),
        (b"c=relaxed/relaxed", b"c=relaxed/nowsp", "neutral"),
        (b"c=relaxed/relaxed", b"c=relaxed/relaxed/relaxed", "neutral"),
        (b"h=from:", b"h=", "permerror"),  # From is not signed
        (b"h=from:to:subject", b"h=", "permerror"),
        (b" b=", b" b=*", "permerror"),
        (b" b=", b" b=A", "permerror"),
        (b"bh=", b"bh=*", "permerror"),
        (b"bh=", b"bh=****", "permerror"),
        (b"bh=", b"bh=A", "permerror"),
        (b"bh=", b"bh=AAAA", "fail"),
        (b" b=", b" b=AQAB", "fail"),
        (b"v=1", b"v=1; x=1", "permerror"),  # expired
        (b"v=1", b"v=1; x=never", "permerror"),
        (b"v=1", b"v=1; t=99999999999", "permerror"),  # signed in time to come
        (b"v=1", b"v=1; t=" + b"9" * 5000, "permerror"),
        (b"v=1", b"v=1; i=ann@other.example", "permerror"),
        (b"v=1", b"v=1; q=dns/other", "permerror"),
        (b"v=1", b"v=1; l=", "permerror"),
        (b"v=1", b"v=1; l=-1", "permerror"),
        (b"v=1", b"v=1; l=" + b"9" * 76, "permerror"),
        (b"v=1", b"v=1; z=From:x", "fail"),  # a tag nobody signed
    ],
)
def test_what_is_wrong_with_a_signature(pair: Pair, zone: Zone, old: bytes, new: bytes, word: str) -> None:
    signed = sign(MESSAGE, pair)
    assert result(signed) == "pass"
    head, _, rest = signed.partition(b"\nReturn-Path:")
    assert old in head
    results = found(head.replace(old, new, 1) + b"\nReturn-Path:" + rest)
    assert results == ((word, "" if new == b"nd=" else "shop.example"),)


@pytest.mark.parametrize(
    ("length", "word"), [(0, "policy"), (5, "policy"), (22, "policy"), (23, "pass"), (24, "permerror")]
)
def test_a_signature_of_a_part_of_the_body_is_not_believed(pair: Pair, zone: Zone, length: int, word: str) -> None:
    signed = sign(MESSAGE, pair, canonical=b"relaxed/relaxed", length=length)
    assert len(Relaxed.canonicalize_body(MESSAGE.partition(b"\n\n")[2].replace(b"\n", b"\r\n"))) == 23
    assert result(signed) == word
    assert result(signed + b"What I add.\n") == "policy"


def test_signatures_below_the_first_from_are_signatures(pair: Pair, zone: Zone) -> None:
    field, _, rest = sign(MESSAGE, pair).partition(b"Return-Path")
    assert result((b"Return-Path" + rest).replace(b"\n\n", b"\n" + field + b"\n", 1)) == "pass"


def test_a_message_without_a_from_is_no_mail(pair: Pair, zone: Zone) -> None:
    assert result(sign(b"Subject: x\n\nbody\n", pair)) == "permerror"


def test_sha1_is_not_believed(pair: Pair, zone: Zone) -> None:
    assert result(sign(MESSAGE, pair, hash=b"rsa-sha1")) == "policy"
    assert zone.asked == []


# --------------------------------------------------------------------------- keys


def test_keys_that_are_none(pair: Pair, zone: Zone, weak: Pair) -> None:
    signed = sign(MESSAGE, pair)
    public = pair.public
    for record, word in (
        (b"p=" + public, "pass"),
        (b"v=DKIM1; k=rsa; t=; n=a note; p=" + public + b";", "pass"),
        (b"p=" + public[:40] + b" " + public[40:], "pass"),
        (b"h=sha1:sha256; s=email:other; p=" + public, "pass"),
        (b"s=*; p=" + public, "pass"),
        (b"t=s; p=" + public, "pass"),
        (b"v=DKIM1; p=", "permerror"),  # revoked
        (b"v=DKIM1", "permerror"),
        (b"", "permerror"),
        (b"v=spf1 -all", "permerror"),
        (b"v=DKIM2; p=" + public, "permerror"),
        (b"p=" + public + b"; p=" + public, "permerror"),
        (b"k=ed25519; p=" + public, "permerror"),
        (b"k=dsa; p=" + public, "permerror"),
        (b"h=sha1; p=" + public, "permerror"),
        (b"s=tlsrpt; p=" + public, "permerror"),
        (b"p=" + public[:-1], "permerror"),
        (b"p=%%%%", "permerror"),
        (b"p=AAAA", "permerror"),
        (b"p=" + public[:40], "permerror"),
        (b"t=y; p=" + public, "neutral"),
        (b"t=y:s; p=" + public, "neutral"),
        (weak.record, "policy"),
        (b"p=" + public + b"; n=" + b"x" * limits.DKIM_KEY_BYTES, "policy"),
    ):
        zone.records[NAME] = record
        assert (record, result(signed)) == (record, word)


def test_a_weak_key_is_not_believed(weak: Pair, zone: Zone) -> None:
    zone.records[NAME] = weak.record
    assert result(sign(MESSAGE, weak)) == "policy"


def der(modulus: int, exponent: int) -> bytes:
    """An RSAPublicKey (RFC 8017, appendix A.1.1)."""

    def block(tag: int, data: bytes) -> bytes:
        return bytes([tag, 0x83]) + len(data).to_bytes(3, "big") + data

    numbers = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in (modulus, exponent)]
    return block(0x30, b"".join(block(2, number) for number in numbers))


def test_a_key_that_would_take_hours_is_not_tried(pair: Pair, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    signed = sign(MESSAGE, pair)
    tried: list[bytes] = []
    verify_sig = dkim.DKIM.verify_sig

    def counted(self: dkim.DKIM, *arguments: object) -> object:
        tried.append(b"")
        return verify_sig(self, *arguments)

    monkeypatch.setattr(dkim.DKIM, "verify_sig", counted)
    for modulus_bits, exponent_bits, word in (
        (1024, 64, "fail"),
        (8192, 64, "fail"),
        (1023, 17, "policy"),
        (8193, 17, "policy"),
        (1024, 65, "policy"),
        (8192, 8192, "policy"),
    ):
        key = der((1 << modulus_bits) - 1, (1 << exponent_bits) - 1)
        zone.records[NAME] = b"p=" + base64.b64encode(key)
        assert result(signed) == word
        assert len(tried) == (1 if word == "fail" else 0)
        tried.clear()
    zone.records[NAME] = b"p=" + base64.b64encode(der(0, 0))
    assert result(signed) == "policy"


def test_a_domain_that_allows_no_subdomains(pair: Pair, zone: Zone) -> None:
    for identity in (b"ann@shop.example", b"@SHOP.example", b"ann@mail.shop.example"):
        signed = sign(MESSAGE, pair, more=b"i=" + identity)
        zone.records[NAME] = pair.record
        assert result(signed) == "pass"
        zone.records[NAME] = pair.record + b"; t=s"
        assert result(signed) == ("permerror" if b"mail" in identity else "pass")


@pytest.mark.skipif(hasattr(dkim, "nacl"), reason="pynacl is installed")
def test_ed25519_without_pynacl_cannot_be_verified(zone: Zone, pair: Pair) -> None:
    signed = sign(MESSAGE, pair).replace(b"a=rsa-sha256", b"a=ed25519-sha256")
    assert result(signed) == "neutral"
    assert zone.asked == []


@pytest.mark.skipif(not hasattr(dkim, "nacl"), reason="pynacl is not installed")
def test_ed25519_with_pynacl_is_verified(zone: Zone, pair: Pair) -> None:
    private = dkim.nacl.signing.SigningKey.generate()
    encoder = dkim.nacl.encoding.Base64Encoder
    field = dkim.sign(
        MESSAGE, b"sel", b"shop.example", private.encode(encoder), signature_algorithm=b"ed25519-sha256", linesep=b"\n"
    ).replace(b"\r\n", b"\n")
    signed = field + MESSAGE
    public = private.verify_key.encode(encoder)
    for record, word in (
        (b"k=ed25519; p=" + public, "pass"),
        (b"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "fail"),
        (b"k=ed25519; p=" + public[:40], "permerror"),
        (b"p=" + public, "permerror"),
        (pair.record, "permerror"),
    ):
        zone.records[NAME] = record
        assert (record, result(signed)) == (record, word)
    zone.records[NAME] = b"k=ed25519; p=" + public
    assert result(signed.replace(b"To: bob", b"To: rob")) == "fail"


# --------------------------------------------------------------------------- keys that nobody could look up


def test_a_key_that_could_not_be_looked_up_makes_it_unknown(pair: Pair, zone: Zone) -> None:
    signed = sign(MESSAGE, pair)
    zone.records[NAME] = LATER
    assert why(signed) == NOT_FOUND
    assert result(signed.replace(b"Hello", b"Hallo")) == "fail"  # whatever the key
    zone.records[NAME] = dns.resolver.NXDOMAIN()
    assert result(signed) == "permerror"
    assert result(signed.replace(b"Hello", b"Hallo")) == "permerror"


def test_another_signature_that_passes_is_enough(pair: Pair, zone: Zone) -> None:
    twice = sign(sign(MESSAGE, pair), pair, domain=b"list.example")
    other = "sel._domainkey.list.example"
    zone.records[other] = pair.record
    assert found(twice) == (("pass", "list.example"), ("pass", "shop.example"))
    zone.records[NAME] = LATER
    assert found(twice) == (("pass", "list.example"), ("temperror", "shop.example"))
    zone.records[other] = b"p="
    assert why(twice) == NOT_FOUND
    zone.records[NAME] = pair.record
    assert found(twice) == (("permerror", "list.example"), ("pass", "shop.example"))
    changed = twice.replace(b"Subject: ", b"Subject: [list]")
    zone.records[other] = LATER
    assert why(changed) == "the key of sel._domainkey.list.example could not be looked up: no name server could answer"
    zone.records[other] = pair.record
    assert found(changed) == (("fail", "list.example"), ("fail", "shop.example"))


def test_one_good_and_one_bad_signature(pair: Pair, zone: Zone) -> None:
    twice = sign(sign(MESSAGE, pair), Pair(1024), domain=b"list.example")
    zone.records["sel._domainkey.list.example"] = pair.record
    assert found(twice) == (("fail", "list.example"), ("pass", "shop.example"))


# --------------------------------------------------------------------------- limits


def test_signatures_behind_the_tenth_are_not_looked_at(pair: Pair, zone: Zone) -> None:
    junk = b"DKIM-Signature: v=1\n"
    assert found(junk * 9 + sign(MESSAGE, pair)) == (("permerror", ""),) * 9 + (("pass", "shop.example"),)
    assert found(junk * 10 + sign(MESSAGE, pair)) == (("permerror", ""),) * 10 + (("policy", ""),)
    assert found(junk * 12 + MESSAGE) == (("permerror", ""),) * 10 + (("policy", ""),) * 2


def test_a_key_is_asked_for_once(pair: Pair, zone: Zone) -> None:
    field, _, rest = sign(MESSAGE, pair).partition(b"Return-Path")
    results = found(field * 10 + b"Return-Path" + rest)
    assert results == (("pass", "shop.example"),) * 10
    assert zone.asked == [NAME]


@pytest.mark.parametrize(
    ("limit", "value", "blank", "enough"),
    [
        ("DKIM_BLANKS", 12, b" ", 12),
        ("DKIM_BLANKS", 12, b"\n ", 4),
        ("DKIM_BLANKS", 12, b"\t\r\x0b\x0c", 3),
        ("DKIM_SIGNATURE_BYTES", 500, b" x", 50),
    ],
)
def test_a_signature_that_is_too_long_is_not_read(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, blank: bytes, enough: int
) -> None:
    monkeypatch.setattr(limits, limit, value)
    start = b"DKIM-Signature: v=1; d=shop.example; n=x"
    assert found(start + blank * enough + b"x\n" + MESSAGE) == (("permerror", "shop.example"),)
    monkeypatch.setattr(dkim.DKIM, "verify_headerprep", lambda self, index: pytest.fail("dkimpy got it"))
    assert found(start + blank * enough * 10 + b"x\n" + MESSAGE) == (("policy", ""),)


def test_a_signature_of_too_many_names_is_not_believed(pair: Pair, zone: Zone) -> None:
    most = b"from" + b":x" * (limits.DKIM_NAMES - 1)
    assert result(sign(MESSAGE, pair, names=most)) == "pass"
    assert result(sign(MESSAGE, pair, names=most + b":x")) == "policy"


def test_messages_that_are_too_large(pair: Pair, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = sign(MESSAGE, pair)
    header = Message.from_bytes(signed).header_end
    body = len(MESSAGE.partition(b"\n\n")[2])
    not_verified = "the DKIM signatures were not verified"
    monkeypatch.setattr(limits, "DKIM_HEADER_BYTES", header)
    monkeypatch.setattr(limits, "DKIM_BYTES", body)
    assert result(signed) == "pass"
    monkeypatch.setattr(limits, "DKIM_BYTES", body - 1)
    assert why(signed) == f"the body is larger than {body - 1} bytes; {not_verified}"
    monkeypatch.setattr(limits, "DKIM_HEADER_BYTES", header - 1)
    assert why(signed) == f"the header is larger than {header - 1} bytes; {not_verified}"
    monkeypatch.setattr(limits, "HEADER_FIELDS", 2)
    assert why(signed) == f"the header has more than 2 fields; {not_verified}"
    assert zone.asked == [NAME]


@pytest.mark.parametrize("missing", ["dkim", "dns.resolver"])
def test_without_the_libraries_it_is_unknown(
    pair: Pair, zone: Zone, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    signed = sign(MESSAGE, pair)
    monkeypatch.setitem(sys.modules, missing, None)
    assert why(signed) == "dkimpy or dnspython is not installed; the DKIM signatures were not verified"
    assert found(MESSAGE) == ()


# --------------------------------------------------------------------------- whatever comes


LINES = st.lists(
    st.sampled_from([b"a", b" ", b"\t", b"  ", b" \t ", b"\r\n", b"\n", b"\r", b"\xff", b"\0"]), max_size=30
).map(b"".join)


@given(LINES)
def test_the_canonical_body_is_dkimpys(body: bytes) -> None:
    if body and not body.endswith(b"\n"):
        body += b"\n"  # dkimpy keeps the blanks of a last line without an end
    lines = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert canonical_body(body, relaxed=True) == Relaxed.canonicalize_body(lines)
    assert canonical_body(body, relaxed=False) == Simple.canonicalize_body(lines)


def test_the_last_line_ends_even_where_it_does_not() -> None:
    assert canonical_body(b"a \t", relaxed=True) == b"a\r\n"
    assert canonical_body(b" \t", relaxed=True) == b""
    assert canonical_body(b"a \t", relaxed=False) == b"a \t\r\n"


PIECES = st.sampled_from(
    [
        b"v=1", b"a=rsa-sha256", b"a=ed25519-sha256", b"a=rsa-sha1", b"b=", b"bh=", b"c=relaxed/simple", b"c=/",
        b"d=shop.example", b"d=", b"s=sel", b"s=", b"h=from", b"h=from:to:subject", b"h=:", b"i=@shop.example", b"i=",
        b"l=0", b"l=24", b"q=dns/txt", b"t=1", b"t=0", b"x=9999999999", b"x=1", b"z=", b"AAAA", b"=", b"==", b";", b":",
        b" ", b"\n ", b"\t", b"\xff", b"\0", b"\xc3\xa9", b"@", b".", b"xn--", b"-", b"p=", b"k=rsa", b"k=ed25519",
        b"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ", b"s=email", b"t=y", b"t=s", b"h=sha256",
    ]
)  # fmt: skip
TAGS = st.lists(PIECES, max_size=25).map(b"".join) | st.lists(PIECES, max_size=25).map(b"; ".join)
ANY = TAGS | st.binary(max_size=100)
WHOLE = b"v=1; a=rsa-sha256; d=shop.example; s=sel; h=from; b=AAAA; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@settings(max_examples=500, deadline=None)
@given(value=ANY, record=ANY, body=st.sampled_from([b"", b"hello\n"]), many=st.integers(1, 3))
@example(value=WHOLE, record=b"p=", body=b"", many=1)
def test_any_signature_and_any_key_have_a_result(value: bytes, record: bytes, body: bytes, many: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dkim_keys, "resolver", lambda: Zone({NAME: record}))
        field = b"DKIM-Signature: " + value.replace(b"\n", b"\n ") + b"\n"
        results = found(field * many + b"From: ann@shop.example\n\n" + body)
    assert isinstance(results, tuple), results
    assert {word for word, _ in results} <= WORDS - {"pass", "temperror"}
    assert all(domain == domain.lower() and domain.isprintable() for _, domain in results)
    assert len(results) == many


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_any_key_for_a_good_signature_has_a_result(record: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dkim_keys, "resolver", lambda: Zone({NAME: record}))
        assert result(SIGNED) in WORDS - {"pass", "temperror"}


SIGNED = b"DKIM-Signature: " + WHOLE + b"\nFrom: ann@shop.example\n\n"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["from", "to", "subject"]), st.binary(max_size=30), st.integers(0, 400))
def test_no_byte_of_what_was_signed_can_be_changed(field: str, change: bytes, place: int) -> None:
    """Bytes put anywhere into a signed message: if it still passes, what was signed reads as before."""
    signed = _SIGNED.setdefault("simple", sign(MESSAGE, _PAIR.setdefault("", Pair(1024)), canonical=b"simple/simple"))
    changed = signed[:place] + change + signed[place:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dkim_keys, "resolver", lambda: Zone({NAME: _PAIR[""].record}))
        results = found(changed)
    if isinstance(results, tuple) and any(word == "pass" for word, _ in results):
        before, after = Message.from_bytes(signed), Message.from_bytes(changed)
        assert after.values(field) == before.values(field)
        assert after.raw[after.body_start :] == before.raw[before.body_start :]


_PAIR: dict[str, Pair] = {}
_SIGNED: dict[str, bytes] = {}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus in ../shared/corpus/mail")
def test_real_messages_are_verified_or_wait_for_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dkim_keys, "resolver", Broken)
    count = unknown = 0
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file() or b"dkim-signature" not in (data := path.read_bytes()).lower():
            continue
        results = found(data)
        if isinstance(results, Unknown):
            unknown += 1
            assert results.why.endswith("could not be looked up: no name server could answer"), path
        else:
            count += len(results)
            assert {word for word, _ in results} <= WORDS - {"pass", "temperror"}, path
    assert unknown > 50 and count > 50, (unknown, count)


class Broken:
    def resolve(self, *arguments: object, **settings: object) -> None:
        raise LATER
