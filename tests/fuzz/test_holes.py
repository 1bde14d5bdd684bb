"""Whatever a message puts into a hole: one folder that can be made, one line that is harmless."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyfilter import limits, log
from pyfilter.delivery import folders
from pyfilter.engine.fields import Case
from pyfilter.engine.holes import folder, line, sentence
from pyfilter.engine.plan import INBOX
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NASTY = (
    "./~\\ \t\n\r\0\x1b\x7f\x85\xa0&+,-:*?{}%$`'\"<>|;\u2028\u202e\u3000\ufeff\ud800\ufffe\uff0e\U0001f600\u00e9inbox"
)
RESERVED = ("cur", "new", "tmp", "dovecot.index", "dovecot-", "subscriptions", "maildirfolder", "n", "ew")
BOUNDED = settings(max_examples=400, deadline=None)

texts = st.one_of(
    st.text(NASTY, max_size=12),
    st.sampled_from(RESERVED),
    st.text(max_size=20),
    st.text(max_size=3).map(lambda text: text * 200),
)
written = st.text("ab -_\u00e9&", min_size=1, max_size=40).map(str.strip).filter(bool)
literals = st.one_of(written, st.sampled_from(("n", "ew", "dovecot", "t")))
hole = ("capture", "a"), ("capture", "b")
templates = st.lists(st.one_of(literals, st.sampled_from(hole), st.just("/")), min_size=1, max_size=6).map(
    lambda found: (*found, hole[0])
)


def case_of(a: str, b: str) -> Case:
    case = Case(Message.from_bytes(b"\n"), Envelope(), {})
    case.captures = {"a": a, "b": b}
    return case


def harmless(text: str) -> bool:
    return not any(
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in BIDI for character in text
    )


@BOUNDED
@given(templates, texts, texts, st.sampled_from(("maildir++", "fs")))
@example((("capture", "a"),), ".\xa0.x", "", "fs")
@example((("capture", "a"),), "~\xa0~x", "", "fs")
@example((("capture", "a"), ("capture", "b")), ".", ".", "fs")
@example(("x/", ("capture", "a")), "..", "", "fs")
@example((("capture", "a"),), "new", "", "fs")
@example(("n", ("capture", "a")), "ew", "", "fs")
@example((("capture", "a"), "/", ("capture", "b")), "dovecot.index", "tmp", "fs")
@example((("capture", "a"), "/", ("capture", "b")), "subscriptions", "subscriptions", "fs")
@example((("capture", "a"),), "\U0001f600" * 300, "", "fs")
@example((("capture", "a"),), "iNBOX", "", "maildir++")
@example((("capture", "a"),), "\U0001f600" * 300, "", "maildir++")
def test_a_folder_can_always_be_made(template: tuple[object, ...], a: str, b: str, layout: str) -> None:
    name, notes = folder(template, case_of(a, b), layout)
    if name != INBOX:
        written = template[0]
        for component in name.split("/"):
            assert component.strip()
            assert component not in (".", "..")
            assert not component.startswith((".", "~"))
            assert harmless(component)
            assert "\0" not in component
        assert name.count("/") == sum(part.count("/") for part in template if isinstance(part, str)), written
        if layout == "maildir++":
            assert "." not in name
    path = folders.directory(name, b"/m", layout)
    if layout == "maildir++":
        assert path == b"/m" or (path.startswith(b"/m/.") and path.count(b"/") == 2)
    assert all(len(component) <= limits.COMPONENT_BYTES for component in path.split(b"/"))
    assert all(harmless(note) for note in notes)


def test_what_was_taken_away_is_said() -> None:
    name, notes = folder((("capture", "a"),), case_of("../../etc", ""), "maildir++")
    assert name == "etc"
    assert notes == ["{a} was '../../etc'; in a folder's name it is 'etc'"]
    name, notes = folder((("capture", "a"),), case_of("../", ""), "maildir++")
    assert name == INBOX
    assert notes[-1] == "the folder's name came out empty (''): the inbox instead"


def test_no_message_makes_a_folder_of_what_is_in_a_maildir() -> None:
    template = ("capture", "a"), "/", ("capture", "b")
    name, notes = folder(template, case_of("subscriptions", "new"), "fs")
    assert name == "_subscriptions/_new"
    assert notes == [
        "'subscriptions' is no folder of a Maildir; in a folder's name it is '_subscriptions'",
        "'new' is no folder of a Maildir; in a folder's name it is '_new'",
    ]
    assert folder(template, case_of("lists.example", ".x."), "fs") == (
        "lists.example/x.",
        ["{b} was '.x.'; in a folder's name it is 'x.'"],
    )
    assert folder(template, case_of("subscriptions", "new"), "maildir++") == ("subscriptions/new", [])


def test_each_part_of_a_name_has_its_own_length_in_layout_fs() -> None:
    name, _ = folder(("a" * 200, "/", "b" * 200, "/", ("capture", "a")), case_of("c" * 300, ""), "fs")
    assert name == "a" * 200 + "/" + "b" * 200 + "/" + "c" * 39
    name, _ = folder(("a" * 200, "/", "b" * 30, "/", ("capture", "a")), case_of("c" * 300, ""), "maildir++")
    assert name == "a" * 200 + "/" + "b" * 30 + "/" + "c" * 7


def test_one_letter_in_two_spellings_is_one_folder() -> None:
    assert folder((("capture", "a"),), case_of("e\u0301", ""), "maildir++") == ("\u00e9", [])


@BOUNDED
@given(texts, texts, st.sampled_from((limits.REASON_CHARACTERS, limits.LOG_CHARACTERS, 5)))
def test_a_line_is_one_line(a: str, b: str, longest: int) -> None:
    for made in (
        line(a + b, longest),
        sentence(("no ", ("capture", "a"), "\n", ("capture", "b")), case_of(a, b), longest),
    ):
        assert harmless(made)
        assert len(made) <= longest
        made.encode("utf-8")


@BOUNDED
@given(texts)
def test_a_line_of_the_log_is_one_line(text: str) -> None:
    shown = log.escaped(text)
    assert harmless(shown)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
