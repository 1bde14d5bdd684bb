"""DKIM signatures, verified here: `verify dkim`, for hosts whose mail server does not (RFC 6376, RFC 8301).

In: an Inquiry; of it only the message. Out: one (result, domain) for each DKIM-Signature, in the order of
the header, () for a message without one. ``domain`` is the d= of the signature in lower case, "" where it
is no name of a domain. ``result`` is a word of RFC 8601, section 2.7.1:

========= =======================================================================================
pass      the signature is the domain's, and the message is as it was signed
fail      it is not: another body, another header, another key
neutral   no tag list, or a c= nobody knows; Ed25519 without pynacl; the domain only tests (t=y)
policy    what is not believed although it may be right: a part of the body (l=), rsa-sha1, RSA keys
          below 1024 bits; a field that a message has once (RFC 5322, section 3.6) stands there more
          often than it was signed, so a stranger may have added one; what goes past a limit,
          and every signature behind the first ten, which is not looked at
permerror a tag is missing or wrong, From is absent or not signed, it has expired; there is no key,
          more than one, a revoked or a wrong one
temperror the key could not be looked up, and another signature passes
========= =======================================================================================

Unknown: no signature passes, and one might, had its key been found; or the message goes past a limit.

Rules

- dkimpy reads the tags, picks and hashes the header and does the arithmetic. It gets the fields
  as message/headers.py found them, so what was verified is what the rules read: its own reader takes the
  square of a long field. A line end is CRLF, whether the message is stored with LF or CRLF; a CR
  elsewhere is a character. A blank before the colon, obsolete, is not part of a signed line.
- The body is hashed here, once for all signatures: dkimpy's patterns take the square of a run of blanks,
  and go over the body for each signature.
- Keys come from dkim_keys.py. Where none can be looked up, a changed body is ``fail`` all the same.

Errors: none; whatever the libraries raise is permerror, or temperror while a key is looked up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from pyfilter import limits
from pyfilter.engine.questions import Unknown
from pyfilter.message.headers import BLANKS, BOM, Unreadable
from pyfilter.services.dkim_keys import Ended, Keys, domain_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyfilter.message.message import Message
    from pyfilter.services.answers import Inquiry

__all__ = ["canonical_body", "verify"]

# fields of which a message has one at most: RFC 5322, section 3.6
ONCE = (
    "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject", "date",
)  # fmt: skip

# what a pattern's \s takes
WHITE = b" \t\n\r\f\v"


def verify(inquiry: Inquiry) -> tuple[tuple[str, str], ...] | Unknown:
    """(result, domain) of each signature."""
    message = inquiry.message
    not_verified = "the DKIM signatures were not verified"
    try:
        count = len(message.raw_values("dkim-signature"))
        if not count:
            return ()
        if message.header_end > limits.DKIM_HEADER_BYTES:
            return Unknown(f"the header is larger than {limits.DKIM_HEADER_BYTES} bytes; {not_verified}")
        if message.size - message.body_start > limits.DKIM_BYTES:
            return Unknown(f"the body is larger than {limits.DKIM_BYTES} bytes; {not_verified}")
    except Unreadable as problem:
        return Unknown(f"{problem}; {not_verified}")
    try:
        examined = _Examined(message)
    except ImportError:
        return Unknown(f"dkimpy or dnspython is not installed; {not_verified}")
    results: list[tuple[str, str]] = []
    reasons: list[str] = []
    for index in range(min(count, limits.DKIM_SIGNATURES)):
        signature = _Signature(examined, index)
        try:
            signature.read()
            result = signature.result()
        except Ended as ended:
            result = ended.word
            if result == "temperror":
                reasons.append(ended.why)
        results.append((result, signature.domain))
    if reasons and not any(result == "pass" for result, _ in results):
        return Unknown(reasons[0])
    results += [("policy", "")] * (count - len(results))
    return tuple(results)


class _Examined:
    """A message for dkimpy: ``headers``; ``counts`` of the fields; the body's hashes and the keys, each got once."""

    def __init__(self, message: Message) -> None:
        import dkim  # type: ignore[import-untyped]

        self.dkim = dkim
        self.keys = Keys()
        self.headers = _headers(message)
        self.counts = {field: len(message.raw_values(field)) for field in ONCE}
        self._body = message.raw[message.body_start :]
        self._bodies: dict[bool, tuple[int, bytes]] = {}

    def body(self, relaxed: bool) -> tuple[int, bytes]:
        """Length and SHA-256 of the canonical body."""
        if relaxed not in self._bodies:
            text = canonical_body(self._body, relaxed)
            self._bodies[relaxed] = len(text), hashlib.sha256(text).digest()
        return self._bodies[relaxed]


class _Signature:
    """The ``index``-th signature of a message. ``domain`` is there once it is read. Methods raise Ended."""

    def __init__(self, examined: _Examined, index: int) -> None:
        self.examined = examined
        self.index = index
        self.domain = ""
        self.library: Any = examined.dkim
        self.signer = self.library.DKIM()
        self.signer.headers = examined.headers
        self.tags: dict[bytes, bytes] = {}
        self.names: list[bytes] = []
        self.field: tuple[bytes, bytes] = b"", b""

    def read(self) -> None:
        """Read the tags."""
        value = [value for key, value in self.examined.headers if key.lower() == b"dkim-signature"][self.index]
        blank = value.translate(bytes.maketrans(WHITE, b" " * len(WHITE)))
        if len(value) > limits.DKIM_SIGNATURE_BYTES or b" " * (limits.DKIM_BLANKS + 1) in blank:
            raise Ended("policy")
        try:
            self.tags, self.names, fields = self.signer.verify_headerprep(self.index)
        except self.library.MessageFormatError:
            raise Ended("neutral") from None
        except Exception:  # its ValidationError, and what its checks did not foresee
            raise Ended("permerror") from None
        finally:
            self.domain = domain_name(self.signer.signature_fields.get(b"d", b""))
        self.field = fields[self.index]

    def result(self) -> str:
        """What comes of it: first what needs no key."""
        algorithm = self.tags[b"a"]
        selector = domain_name(self.tags[b"s"])
        if algorithm == b"rsa-sha1" or len(self.names) > limits.DKIM_NAMES:
            return "policy"
        if algorithm.startswith(b"ed25519") and not hasattr(self.library, "nacl"):
            return "neutral"
        if not self.domain or not selector or b"from" not in self.names or not self.examined.counts["from"]:
            return "permerror"
        for field in ONCE:
            signed = self.names.count(field.encode())
            if 0 < signed < self.examined.counts[field]:
                return "policy"
        same = self._same_body()
        try:
            record = self.examined.keys.record(f"{selector}._domainkey.{self.domain}")
        except Ended as ended:
            if ended.word == "temperror" and not same:
                return "fail"  # whatever the key
            raise
        key = self._key(record)
        return self._arithmetic(key) if same else "fail"

    def _same_body(self) -> bool:
        """Whether the body is the one that was signed, whole."""
        method = self.library.canonicalization
        try:
            policy = method.CanonicalizationPolicy.from_c_value(self.tags.get(b"c", b"simple/simple"))
        except method.InvalidCanonicalizationPolicyError:
            raise Ended("neutral") from None
        length, digest = self.examined.body(policy.body_algorithm is method.Relaxed)
        try:
            covered = int(self.tags.get(b"l", str(length)))
        except ValueError:
            raise Ended("permerror") from None
        if covered != length:  # section 8.2; and 3.5: it must not be more than there is
            raise Ended("policy" if covered < length else "permerror")
        return digest == _base64(self.tags[b"bh"])

    def _key(self, record: bytes) -> bytes:
        """The least record dkimpy needs, of one whose tags allow this signature (section 3.6.1)."""
        if len(record) > limits.DKIM_KEY_BYTES:
            raise Ended("policy")
        try:
            tags = self.library.util.parse_tag_value(record)
        except Exception:
            raise Ended("permerror") from None
        kind: bytes = tags.get(b"k", b"rsa")
        flags = _words(tags.get(b"t", b""))
        if (
            tags.get(b"v", b"DKIM1") != b"DKIM1"
            or self.tags[b"a"] != kind + b"-sha256"
            or b"sha256" not in _words(tags.get(b"h", b"sha256"))
            or not {b"*", b"email"} & _words(tags.get(b"s", b"*"))
            or not tags.get(b"p")  # empty: revoked
            or (b"s" in flags and b"@" + self.tags[b"d"].lower() != self._identity())
        ):
            raise Ended("permerror")
        data = _base64(tags[b"p"])
        if kind == b"rsa":
            self._weigh(data)
        elif len(data) != 32:
            raise Ended("permerror")
        if b"y" in flags:
            raise Ended("neutral")
        return b"k=" + kind + b"; p=" + base64.b64encode(data)

    def _identity(self) -> bytes:
        """``@`` and the domain of i=."""
        return b"@" + self.tags.get(b"i", b"@" + self.tags[b"d"]).rpartition(b"@")[2].lower()

    def _weigh(self, data: bytes) -> None:
        """Refuse an RSA key that is too weak, or too costly."""
        try:
            key = self.library.crypto.parse_public_key(data)
            bits, exponent = key["modulus"].bit_length(), key["publicExponent"].bit_length()
        except Exception:
            raise Ended("permerror") from None
        if not limits.DKIM_LEAST_KEY_BITS <= bits <= limits.DKIM_KEY_BITS or exponent > limits.DKIM_EXPONENT_BITS:
            raise Ended("policy")

    def _arithmetic(self, key: bytes) -> str:
        tags = {tag: value for tag, value in self.tags.items() if tag != b"bh"}  # the body is done
        try:
            passed = self.signer.verify_sig(tags, self.names, self.field, lambda name, timeout=None: key)
        except Exception:
            raise Ended("permerror") from None
        return "pass" if passed else "fail"


def canonical_body(body: bytes, relaxed: bool) -> bytes:
    """The body as RFC 6376, section 3.4.3 (simple) or 3.4.4 (relaxed), has it. Linear in its length."""
    text = body.replace(b"\r\n", b"\n")
    if relaxed:
        if text and not text.endswith(b"\n"):
            text += b"\n"
        text = text.replace(b"\t", b" ")
        while b"  " in text:  # each round halves the longest run
            text = text.replace(b"  ", b" ")
        text = text.replace(b" \n", b"\n")
    text = text.rstrip(b"\n")
    if text or not relaxed:
        text += b"\n"
    return text.replace(b"\n", b"\r\n")


def _headers(message: Message) -> list[tuple[bytes, bytes]]:
    """(name, value) as dkimpy's own reader gives them; broken lines are nobody's field."""
    raw = message.raw
    found: list[tuple[bytes, bytes]] = []
    for field in message.fields:
        if field.name:
            value = raw[field.value : field.end]
            if not value.endswith(b"\n"):
                value += b"\n"
            name = raw[field.start : field.value - 1].removeprefix(BOM).rstrip(BLANKS)
            found.append((name, value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))
    return found


def _words(value: bytes) -> set[bytes]:
    """The words of a list with colons."""
    return {word.strip() for word in value.split(b":")}


def _base64(value: bytes) -> bytes:
    """What is written in ``value``, which may be folded. Raises Ended."""
    try:
        return base64.b64decode(b"".join(value.split()), validate=True)
    except binascii.Error:
        raise Ended("permerror") from None
