"""What a message's text becomes in an address, an argument, a path, a line (engine/holes.py, log.py)."""

from __future__ import annotations

from pyfilter import limits, log
from pyfilter.engine import relations
from pyfilter.engine.fields import Case
from pyfilter.engine.holes import address, argument, line, mailbox_path, paragraphs, printable
from pyfilter.engine.plan import INBOX
from pyfilter.language import forms
from pyfilter.message import addresses
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

from ..fuzz_message import one_line
from .folders import harmless

LONGEST = 100
FIELDS = ("subject", "list-id")
HOLE = ("capture", "it")
MODULES = (addresses, forms, relations)  # to be instrumented
WORDS = (
    b".", b"..", b"../", b"/", b"~", b"-", b"--", b"+", b" ", b"\0", b"\n", b"\r", b"\x1b", b"$(x)", b"`", b"|",
    b"'", b'"',
    b"<", b">", b",", b";", b"(", b")", b"@x", b"a@x.example", b"mbox:", b"mh:", b"\xc2\xa0", b"\xc3\xa9", b"e\xcc\x81",
    b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xe3\x80\x80", b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80",
)  # fmt: skip
SEEDS = (
    b"\x00a+b@example.org",
    b"\x01-f root@example.org",
    b"\x02../../etc/passwd",
    b"\x03a\xe2\x80\xa8b",
    b'\x00"a b"@x',
    b"\x04x\r\nBcc: y",
    b"\x05\xe2\x80\xaegnp.exe \xf0\x9f\x98\x80",
)


def examine(data: bytes) -> None:
    """The first byte chooses the sink."""
    text = data[1:].decode("utf-8", "surrogateescape")
    case = Case(Message(b""), Envelope(), {})
    case.captures = {"it": text}
    SINKS[data[0] % len(SINKS) if data else 0](case, text)


def an_address(case: Case, text: str) -> None:
    to, instead = address((HOLE,), case)
    if to is None:
        assert harmless(instead)
    else:
        assert to.isascii() and to.isprintable() and " " not in to and to[0] != "-" and "@" in to


def an_argument(case: Case, text: str) -> None:
    made, note = argument((HOLE,), case)
    assert "\0" not in made and not made.startswith("-") and one_line(note)
    assert bool(note) == (made != text)


def a_path(case: Case, text: str) -> None:
    path, notes = mailbox_path("mbox", ("~/archive/", HOLE), case)
    assert all(map(one_line, notes))
    if path == INBOX:
        assert notes
        return
    where, _, component = path.rpartition("/")
    assert where == "mbox:~/archive" and component[0] not in ".~" and printable(component) == component
    assert len(component.encode()) <= limits.COMPONENT_BYTES


def a_reply(case: Case, text: str) -> None:
    assert paragraphs(("Dear ", HOLE, ",\n\naway.\n"), case, 10_000).splitlines()[1:] == ["", "away."]


def a_line(case: Case, text: str) -> None:
    for longest in (5, limits.REASON_CHARACTERS):
        shown = line(text, longest)
        assert len(shown) <= longest and harmless(shown)


def a_log(case: Case, text: str) -> None:
    assert one_line(log.escaped(text))


SINKS = (an_address, an_argument, a_path, a_reply, a_line, a_log)
