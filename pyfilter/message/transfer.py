"""Content-Transfer-Encoding: the bytes of a part as they were before they were sent (RFC 2045, section 6).

Lenient as programs that show mail are: in base64 what is no character of it is passed over, padding may be missing or
stand in the middle; in quoted-printable what is no code stands for itself, and blanks at the end of a line are none of
it (6.7, rule 3), so that one behind a soft break does not break a word. An encoding that nobody knows is none.

Errors: none. Time: linear.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, a2b_qp

__all__ = ["decoded"]

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
OTHERS = bytes(set(range(256)) - set(ALPHABET) - {0x3D})


def decoded(encoding: str, raw: bytes) -> bytes:
    """``raw`` without its encoding, ``encoding`` in lower case."""
    if encoding == "base64":
        return _base64(raw)
    if encoding == "quoted-printable":
        return a2b_qp(_without_blanks(raw))
    return raw


def _without_blanks(raw: bytes) -> bytes:
    if b"= " not in raw and b"=\t" not in raw:
        return raw
    lines = raw.split(b"\n")
    return b"\n".join([line.rstrip(b" \t\r") + (b"\r" if line.endswith(b"\r") else b"") for line in lines])


def _base64(raw: bytes) -> bytes:
    kept = raw.translate(None, OTHERS)
    try:
        return a2b_base64(kept, strict_mode=True)
    except Error:
        return b"".join([_run(run) for run in kept.split(b"=") if run])


def _run(run: bytes) -> bytes:
    """Characters between two paddings; a single one at the end is left over from nothing."""
    rest = len(run) % 4
    return a2b_base64(run[: len(run) - rest] if rest == 1 else run + b"=" * (-rest % 4))
