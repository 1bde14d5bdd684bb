r"""Values that the sender chooses and servers copy into Authentication-Results.

In: a message, and its envelope sender where that is known. Out: does one of these values hold a sign with a
meaning in that field?

The servers do not quote what they copy. So the sender of ::

    MAIL FROM:<"x); spf=pass smtp.mailfrom=bank.example (y"@bank.example>

has policyd-spf (3.0.4) write the second result into the field, and a signature with
``i=x=3B=20dkim=3Dpass=20header.d=3Dbank.example@evil.example`` has OpenDKIM (2.11.0) do so: the field is well formed,
stands where it should, and lies. Nothing in it tells so; but the value still stands in the message.

Looked at are the envelope sender, also in a Return-Path, and the tags ``d``, ``i`` and ``s`` of each signature and
seal (RFC 6376, section 3.5, where ``i`` is quoted-printable; RFC 8617, section 4.1: rspamd copies them into a
comment). Unusual are white space, control characters and ``" ( ) , ; \``.
Mail has good reasons for none of them there: the worst that happens to an honest sender is that his
passes are not counted.

Errors: none. Time: linear.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.message import Message

__all__ = ["smuggles"]

# each of them ends a value, or begins a comment or a quoted string (RFC 8601, section 2.2)
UNUSUAL = bytes(range(33)) + b'"(),;\\\x7f'
SIGNATURES = frozenset({"dkim-signature", "arc-message-signature", "arc-seal"})
COPIED_TAGS = frozenset({b"d", b"i", b"s"})


def smuggles(message: Message, sender: str | None) -> bool:
    """Could a result in Authentication-Results be the sender's own words?"""
    if sender is not None and is_unusual(sender.encode("utf-8", "surrogatepass")):
        return True
    for field in message.fields:
        value = message.raw[field.value : field.end]
        if field.name == "return-path":
            if is_unusual(value.strip().removeprefix(b"<").removesuffix(b">")):
                return True
        elif field.name in SIGNATURES and any(is_unusual(copied) for copied in copied_tags(value)):
            return True
    return False


def is_unusual(value: bytes) -> bool:
    return len(value.translate(None, UNUSUAL)) != len(value)


def copied_tags(value: bytes) -> list[bytes]:
    """What stands in the tags that are copied, decoded. A fold is nothing, since signers fold within a word."""
    from binascii import a2b_qp

    found: list[bytes] = []
    for tag in b"".join([line.strip(b" \t\r") for line in value.split(b"\n")]).split(b";"):
        name, _, content = tag.partition(b"=")
        if name.strip(b" \t").lower() in COPIED_TAGS:
            content = content.strip(b" \t")
            found.append(a2b_qp(content) if b"=" in content else content)
    return found
