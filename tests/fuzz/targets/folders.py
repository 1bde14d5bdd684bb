"""Names of folders: what holes make of a message's text (engine/holes.py), and where it lies (delivery/folders.py)."""

from __future__ import annotations

import unicodedata

from pyfilter import limits
from pyfilter.delivery import folders
from pyfilter.engine import relations
from pyfilter.engine.fields import Case
from pyfilter.engine.holes import folder
from pyfilter.engine.plan import INBOX
from pyfilter.language import forms
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

LONGEST = 120
MODULES = (forms, relations)  # to be instrumented
FIELDS = ("subject", "list-id")
A, B = ("capture", "a"), ("capture", "b")
TEMPLATES: tuple[tuple[object, ...], ...] = ((A,), ("lists/", A), (A, "/", B), ("x", A, "y", B), (A, B))
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BETWEEN = "\x1e"  # the two holes of an input
MAILDIR = b"/m"
WORDS = (
    b".", b"..", b"../", b"/", b"~", b"&", b"&-", b"&AOk-", b",", b"-", b"+", b" ", b"\0", b"\n", b"\x1b", b"\x1e",
    b"INBOX", b"inbox", b"mbox:", b"mh:", b"\xc2\xa0", b"\xc3\xa9", b"e\xcc\x81", b"\xe2\x80\xae", b"\xe3\x80\x80",
    b"\xef\xbb\xbf", b"\xef\xbc\x8e", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xc4\xb1nbox",
    b"new", b"tmp", b"dovecot.index", b"subscriptions",
)  # fmt: skip
SEEDS = (
    b"\x00Cron",
    b"\x01../../etc\x1epasswd",
    b"\x02.Cron.DenyHosts/\x1e~root",
    b"\x03Zpr\xc3\xa1vy/\xc5\xbe\x1e&AOk-",
    b"\x04inbox\x1e",
    b"\x05iNBOX\xe2\x80\xae\x1emh:x",
    b"\x06\xc2\xa0.x\x1e" + b"\xf0\x9f\x98\x80" * 40,
    b"\x42a.b/c\x1e..",
    b"\x40cur\x1e",
    b"\x44ne\x1ew",
    b"\xc0&AUE-p&AOEA7Q-",
    b"\xc0&-&AOkA6Q-",
)


def harmless(text: str) -> bool:
    return not any(
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in BIDI for character in text
    )


def examine(data: bytes) -> None:
    """The first byte chooses the template and the layout, or that the rest is a name as it stands on disk."""
    choice, behind = (data[0] if data else 0), data[1:]
    if choice & 0xC0 == 0xC0:
        names_on_disk(behind)
        return
    first, _, second = behind.decode("utf-8", "surrogateescape").partition(BETWEEN)
    case = Case(Message(b""), Envelope(), {})
    case.captures = {"a": first, "b": second}
    layout = "fs" if choice & 0x40 else "maildir++"
    folders_stay_inside(TEMPLATES[choice % 8 % len(TEMPLATES)], case, layout)


def names_on_disk(name: bytes) -> None:
    try:
        shown = folders.decode_name(name)
    except ValueError:
        pass
    else:
        assert folders.encode_name(shown) == name
    text = name.decode("utf-8", "ignore")
    encoded = folders.encode_name(text)
    assert encoded.isascii() and folders.decode_name(encoded) == text


def folders_stay_inside(template: tuple[object, ...], case: Case, layout: str) -> None:
    name, notes = folder(template, case, layout)
    assert all(harmless(note) for note in notes)
    if name != INBOX:
        for component in name.split("/"):
            assert component.strip() and not component.startswith((".", "~")) and harmless(component), component
        assert not name.lower().startswith(("mbox:", "mh:"))
        assert name.count("/") == sum(part.count("/") for part in template if isinstance(part, str))
    path = folders.directory(name, MAILDIR, layout)  # what the engine has cleaned can be made
    assert path == MAILDIR or path.startswith(MAILDIR + b"/")
    assert all(part not in (b"", b".", b"..") for part in path[1:].split(b"/")) and b"\0" not in path
    assert all(len(part) <= limits.COMPONENT_BYTES for part in path.split(b"/"))
    if layout == "maildir++":
        assert path == MAILDIR or (path.startswith(MAILDIR + b"/.") and path.count(b"/") == 2)
    else:
        assert not {b"cur", b"new", b"tmp", b"dovecot.index"} & {*path.split(b"/")}
