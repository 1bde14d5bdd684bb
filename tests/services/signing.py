"""Messages with DKIM signatures, made by dkimpy with keys of openssl, and a resolver that holds the public ones."""

from __future__ import annotations

import base64
import subprocess
from types import SimpleNamespace

import dkim
import dns.name
import dns.resolver
from dkim.canonicalization import CanonicalizationPolicy
from dkim.crypto import parse_pem_private_key

MESSAGE = (
    b"Return-Path: <ann@shop.example>\n"
    b"Received: from shop.example by mx.example.org; Mon, 1 Jun 2026 10:00:00 +0000\n"
    b"From: Ann <ann@shop.example>\n"
    b"To: bob@example.org\n"
    b"Subject:  two   blanks\n and a fold\n"
    b"\n"
    b"Hello  Bob, \n\tsee you.\n\n\n"
)


class Pair:
    """A private key as PEM, and ``record``, what DNS says of the public one."""

    def __init__(self, bits: int) -> None:
        made = subprocess.run(["openssl", "genrsa", str(bits)], capture_output=True, check=True)
        self.private = made.stdout
        public = subprocess.run(
            ["openssl", "rsa", "-pubout", "-outform", "DER"], input=self.private, capture_output=True, check=True
        )
        self.public = base64.b64encode(public.stdout)
        self.record = b"v=DKIM1; k=rsa; p=" + self.public


def sign(
    message: bytes,
    pair: Pair,
    *,
    domain: bytes = b"shop.example",
    selector: bytes = b"sel",
    canonical: bytes = b"relaxed/relaxed",
    names: bytes = b"from:to:subject",
    hash: bytes = b"rsa-sha256",
    length: int | None = None,
    more: bytes = b"",
) -> bytes:
    """``message`` below a DKIM-Signature, with LF for line ends. ``length``: bytes of the body that are signed, l=;
    ``more``: further tags, ``x=1; i=@y``."""
    signer = dkim.DKIM(message, signature_algorithm=hash)
    signer.hasher = dkim.HASH_ALGORITHMS[hash]
    policy = CanonicalizationPolicy.from_c_value(canonical)
    body = policy.canonicalize_body(signer.body)[:length]
    tags = [
        (b"v", b"1"), (b"a", hash), (b"c", canonical), (b"d", domain), (b"s", selector), (b"h", names),
        (b"bh", base64.b64encode(signer.hasher(body).digest())),
        *((b"l", str(length).encode()) for _ in [0] if length is not None),
        *((tag.partition(b"=")[0].strip(), tag.partition(b"=")[2]) for tag in more.split(b";") if tag),
        (b"b", b"0" * 60),  # as long as what takes its place: where the line is folded is signed
    ]  # fmt: skip
    signed_names = [name.strip().lower() for name in names.split(b":")]
    key = parse_pem_private_key(pair.private)
    field = signer.gen_header(tags, signed_names, policy, b"DKIM-Signature", key)
    return b"DKIM-Signature: " + field.replace(b"\r\n", b"\n") + message


class Zone:
    """A resolver: (name -> record, several, or what is raised); ``asked`` holds the names, in order."""

    def __init__(self, records: dict[str, bytes | list[bytes] | Exception]) -> None:
        self.records = records
        self.asked: list[str] = []

    def resolve(self, name: dns.name.Name, kind: str, *, lifetime: float, search: bool) -> list[SimpleNamespace]:
        assert kind == "TXT" and lifetime > 0 and not search and name.is_absolute()
        asked = name.to_text(omit_final_dot=True)
        self.asked.append(asked)
        found = self.records.get(asked, dns.resolver.NXDOMAIN())
        if isinstance(found, Exception):
            raise found
        records = [found] if isinstance(found, bytes) else found
        # as DNS holds them: in texts of 255 bytes at most
        return [
            SimpleNamespace(strings=tuple(record[start : start + 255] for start in range(0, len(record), 255)))
            for record in records
        ]
