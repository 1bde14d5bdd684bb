"""DKIM signatures and key records (services/dkim.py); the record is the input's, no name server is asked."""

from __future__ import annotations

from pyfilter.engine.questions import Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import dkim, dkim_keys
from pyfilter.services.answers import Inquiry

from ..fuzz_message import one_line

LONGEST = 700
FIELDS = ("dkim-signature",)
BETWEEN = b"\x1e"  # signature and record
RESULTS = frozenset({"pass", "fail", "neutral", "policy", "permerror", "temperror"})
EMPTY = b"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # the hash of no body, relaxed
KEY = (
    b"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7VJTUt9Us8cKjMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYE"
    b"vuNMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZqgtzJ6GR3eqoYSW9b9UMvkBpZODSctWSNGj3P7jRFDO5VQIDAQAB"
)
WORDS = (
    b"v=1;", b" a=rsa-sha256;", b" a=ed25519-sha256;", b" a=rsa-sha1;", b" c=relaxed/relaxed;", b" c=simple;", b" d=",
    b" s=", b" i=@", b" h=from:to;", b" t=1;", b" x=9;", b" l=0;", b" q=dns/txt;", b" b=", EMPTY, b"\x1e", b"v=DKIM1;",
    b" k=rsa;", b" k=ed25519;", b" t=y:s;", b" h=sha256;", b" s=email;", b" p=", b"\n ", b"\xc3\xa9", b"\xff", b"\0",
)  # fmt: skip
SIGNATURE = b" v=1; a=rsa-sha256; c=relaxed/relaxed; d=b.example; s=k; h=from:to:subject; t=1; " + EMPTY + b"; b=AAAA"
SEEDS = (
    SIGNATURE + BETWEEN + b"v=DKIM1; k=rsa; p=" + KEY,
    SIGNATURE.replace(b"rsa", b"ed25519") + BETWEEN + b"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    SIGNATURE.replace(b"; t=1", b"; i=a@sub.b.example; x=99999999999; l=3; q=dns/txt") + BETWEEN + b"t=y:s; p=",
    SIGNATURE.replace(b"relaxed/relaxed", b"simple"),
)


class Record(dkim.Keys):
    """The input's own."""

    record_of_all = b""

    def record(self, name: str) -> bytes:
        assert name == name.lower() and one_line(name)
        return Record.record_of_all


dkim.Keys = Record  # type: ignore[misc]


def examine(data: bytes) -> None:
    signature, _, Record.record_of_all = data.partition(BETWEEN)
    message = Message(b"DKIM-Signature:" + signature + b"\nFrom: a@b.example\nTo: c@d\nSubject: x\n\n")
    found = dkim.verify(Inquiry("", message, Envelope(), {}))
    if isinstance(found, Unknown):
        assert one_line(found.why)
        return
    assert found or not message.raw_values("dkim-signature")
    for result, domain in found:
        assert result in RESULTS
        assert one_line(domain) and domain == domain.lower() and len(domain) <= dkim_keys.NAME_CHARACTERS
