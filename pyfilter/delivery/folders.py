"""Folder names: what a mail client shows, and what stands on disk.

In: a folder as the rules name it, components joined by "/" ("Cron/DenyHosts", "Zprávy/ž"),
the inbox as "INBOX" in any case (RFC 9051, section 5.1). Out: the directory, as bytes.

Layout ``maildir++`` (Courier's Maildir++, Dovecot's default): every folder is a directory
*beside* the inbox's cur, new and tmp, its components joined by dots, with a dot in front:
``~/Maildir/.Cron.DenyHosts``. Names are in modified UTF-7 (RFC 3501, section 5.1.3): printable
ASCII stands for itself, "&" is "&-", everything else is UTF-16BE in base64 with "," for "/"
and without padding, between "&" and "-". One file system component holds the whole name, so
the limit of 255 bytes counts for all components together, after encoding.

Layout ``fs`` (Dovecot's ``LAYOUT=fs``): every component is a directory in that of the one before, the
first in the Maildir: ``~/Maildir/Cron/DenyHosts``. Names are in modified UTF-7, too. A dot is a
character as any other, but not the first of a component; what lies in a Maildir anyway
(language/reserved.py) is no component. The inbox is the Maildir itself in both layouts.

"INBOX" as the first component of several is in capitals on disk however it is written: Dovecot opens
no other. Dovecot opens no folder either that begins with "~".

Guarantee: whatever name arrives, the directory is the Maildir itself; or in ``maildir++`` a direct child
of it whose name begins with a dot and is neither "." nor ".."; or in ``fs`` below it and below no cur,
new or tmp. Two folders are never one directory. The engine has cleaned what came out
of a message long before (engine/holes.py); here nothing is cleaned any more, what does not fit
is refused with ``Unusable``, and the delivery is deferred.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.language.reserved import is_reserved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SEPARATORS", "Unusable", "components", "decode_name", "directory", "encode_name", "name_on_disk"]

# layout -> what stands between the components on disk
SEPARATORS = {"maildir++": b".", "fs": b"/"}


class Unusable(ValueError):
    """No directory can be named so; the text says why, for the log."""


def components(folder: str) -> tuple[str, ...]:
    """The components of a folder, () for the inbox; each is one that every layout can hold."""
    if folder.lower() == "inbox":  # as engine/holes.py has it; upper() would take a dotless i too
        return ()
    parts = tuple(folder.split("/"))
    for part in parts:
        if part in ("", ".", ".."):
            raise Unusable(f'the folder {folder!r} has the component "{part}"')
        if part[0] == "~":
            raise Unusable(f"the folder {folder!r} has a component that begins with ~")
        for character in part:
            if _is_refused(character):
                raise Unusable(f"the folder {folder!r} has the character U+{ord(character):04X}")
    if parts[0].lower() == "inbox":
        return ("INBOX", *parts[1:])
    return parts


def _is_refused(character: str) -> bool:
    """C0 and C1 control characters, DEL and lone surrogates: no client shows a folder with them."""
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000


def name_on_disk(parts: tuple[str, ...]) -> bytes:
    """The Maildir++ name of a folder below the inbox: ``.Cron.DenyHosts``."""
    for part in parts:
        if "." in part:
            raise Unusable(f"the folder {'/'.join(parts)!r} has a dot, which separates folders in layout maildir++")
    name = b"." + b".".join([encode_name(part) for part in parts])
    if len(name) > limits.COMPONENT_BYTES:
        raise Unusable(
            f"the folder {'/'.join(parts)[:80]!r} needs a name of {len(name)} bytes on disk, "
            f"and {limits.COMPONENT_BYTES} is the most a file system takes"
        )
    return name


def _path_on_disk(parts: tuple[str, ...]) -> bytes:
    """The directories of layout fs, below the inbox: ``Cron/DenyHosts``."""
    names = [encode_name(part) for part in parts]
    for depth, (part, name) in enumerate(zip(parts, names, strict=True)):
        if part[0] == ".":
            raise Unusable(f"the folder {'/'.join(parts)!r} has a component that begins with a dot")
        if is_reserved(part, depth):
            raise Unusable(f'the folder {"/".join(parts)!r} has the component "{part}", no folder of a Maildir')
        if len(name) > limits.COMPONENT_BYTES:
            raise Unusable(
                f"the folder {part[:80]!r} needs a name of {len(name)} bytes on disk, "
                f"and {limits.COMPONENT_BYTES} is the most a file system takes"
            )
    return b"/".join(names)


_ON_DISK: dict[str, Callable[[tuple[str, ...]], bytes]] = {"maildir++": name_on_disk, "fs": _path_on_disk}


def directory(folder: str, maildir: bytes, layout: str) -> bytes:
    """Where a folder lies; ``maildir`` is the inbox's directory."""
    if layout not in _ON_DISK:
        raise Unusable(f"`set layout = {layout}` means nothing; {' and '.join(_ON_DISK)} do")
    parts = components(folder)
    return maildir + b"/" + _ON_DISK[layout](parts) if parts else maildir


def encode_name(text: str) -> bytes:
    """Modified UTF-7 of one component."""
    out = bytearray()
    run = ""  # characters waiting to go into base64 together
    for character in text:
        if not " " <= character <= "~":
            run += character
            continue
        if run:
            out += _shifted(run)
            run = ""
        out += b"&-" if character == "&" else character.encode("ascii")
    if run:
        out += _shifted(run)
    return bytes(out)


def _shifted(run: str) -> bytes:
    import binascii  # most folders have an English name

    base64 = binascii.b2a_base64(run.encode("utf-16-be"), newline=False)
    return b"&" + base64.rstrip(b"=").replace(b"/", b",") + b"-"


def decode_name(name: bytes) -> str:
    """The inverse of ``encode_name``. Only the one right spelling of a name is taken, as Dovecot
    does; ValueError for anything else, since two names of one folder would be two folders."""
    import binascii

    text = ""
    rest = name.decode("ascii")
    while rest:
        plain, shift, rest = rest.partition("&")
        text += plain
        if not shift:
            break
        base64, end, rest = rest.partition("-")
        if not end:
            raise ValueError(f"{name!r} is not modified UTF-7: no - ends what & began")
        if not base64:
            text += "&"
            continue
        padded = base64.replace(",", "/") + "=" * (-len(base64) % 4)
        text += binascii.a2b_base64(padded.encode("ascii"), strict_mode=True).decode("utf-16-be")
    if encode_name(text) != name:
        raise ValueError(f"{name!r} is not the modified UTF-7 of any name")
    return text
