"""What stands behind MAIL FROM and RCPT TO: a path and parameters.

In: bytes without the line end. Out: ``Path``; None where it is none.

- ``<local@domain>``, the local part perhaps quoted, ``<>`` for the null sender, ``<local>`` as LMTP has it for the
  users of one host; a source route (``<@a,@b:x@y>``) is read and left out (RFC 5321, section 4.1.2 and appendix C).
- Blanks before "<" are forgiven, as Postfix forgives them; else there is one blank between the parameters.
- Not more than limits.ADDRESS_CHARACTERS octets: section 4.5.3.1.3.

Source: RFC 5321, section 4.1.2; RFC 6531, section 3.3 for UTF-8.
"""

from __future__ import annotations

import re

from pyfilter import limits

__all__ = ["Path", "split"]

_ATOM = rb"[^\x00-\x20\x7f()<>@,;:\\\".\[\]]+"
_DOTTED = rb"%b(?:\.%b)*" % (_ATOM, _ATOM)
# real users begin, end and double dots in local parts (postmasters of old phones); nobody else is hurt
_LOCAL = rb"(?:[^\x00-\x20\x7f()<>@,;:\\\"\[\]]+|\"(?:[^\x00-\x1f\x7f\\\"]|\\[\x20-\x7e])*\")"
_DOMAIN = rb"(?:%b\.?|\[[^\x00-\x20\x7f\[\]\\]*\])" % _DOTTED
_PATH = re.compile(
    rb"[ \t]*<(?:@[^\x00-\x20\x7f:<>]*:)?(?P<address>|%b(?:@%b)?)>(?P<rest>(?: .*)?)" % (_LOCAL, _DOMAIN), re.S
)
_PARAMETER = re.compile(rb"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[^\x00-\x20\x7f=]+))?")


class Path:
    """``address``: octets, b"" for the null sender; ``parameters``: {NAME: value or b""}, None where they are none."""

    __slots__ = ("address", "parameters")

    def __init__(self, address: bytes, parameters: dict[str, bytes] | None) -> None:
        self.address = address
        self.parameters = parameters


def split(argument: bytes) -> Path | None:
    """The path and its parameters."""
    found = _PATH.fullmatch(argument)
    if found is None or len(found["address"]) > limits.ADDRESS_CHARACTERS:
        return None
    return Path(found["address"], _parameters(found["rest"]))


def _parameters(rest: bytes) -> dict[str, bytes] | None:
    parameters: dict[str, bytes] = {}
    for word in rest.split():
        found = _PARAMETER.fullmatch(word)
        if found is None:
            return None
        name = found["name"].decode("ascii").upper()
        if name in parameters:
            return None
        parameters[name] = found["value"] or b""
    return parameters
