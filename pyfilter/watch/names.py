"""Names of files in a Maildir: what of one stays as it is, its flags, and who made it.

In: names as bytes, without a directory. Rules (maildir(5); mbsync(1), InfoDelimiter):

- Up to the first ``,`` or ``:`` a name is unique and stays. Behind that stand what programs write about the file
  (``,S=``, ``,W=``, mbsync's ``,U=``) and, behind ``:2,``, its flags: letters in their order. mbsync has ``;`` for
  ``:`` where the file system cannot hold one.
- ``is_own``: a name that a delivery of pyfilter's gives (delivery/maildir.py). No other program is known whose names
  have Q, S and W.
"""

from __future__ import annotations

import re

__all__ = ["flagged", "flags", "is_own", "key"]

_UNIQUE = re.compile(rb"[^,:;]*")
_INFO = re.compile(rb"[:;]2,([A-Za-z]*)$")
_OWN = re.compile(rb"\d+\.M\d+P\d+Q\d+\.[^,:;]+,S=\d+,W=\d+(?:[,:;].*)?", re.DOTALL)


def key(name: bytes) -> bytes:
    """What stays whatever is done with the file."""
    found = _UNIQUE.match(name)
    return found[0] if found else name


def flags(name: bytes) -> str:
    """Its flag letters; empty where it has none."""
    found = _INFO.search(name)
    return found[1].decode("ascii") if found else ""


def flagged(name: bytes, letters: str) -> bytes:
    """The name with these flags besides its own: one for cur/."""
    found = _INFO.search(name)
    base, sign = (name[: found.start()], name[found.start() : found.start() + 1]) if found else (name, b":")
    return base + sign + b"2," + "".join(sorted({*flags(name), *letters})).encode("ascii")


def is_own(name: bytes) -> bool:
    """Did pyfilter file it?"""
    return _OWN.fullmatch(name) is not None
