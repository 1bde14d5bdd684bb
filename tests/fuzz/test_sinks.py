"""Whatever stands in a message: an address is one, an argument no option, a mailbox's path does not leave its place."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.engine.fields import Case
from pyfilter.engine.holes import address, argument, folder, mailbox_path, paragraphs, printable
from pyfilter.engine.plan import INBOX
from pyfilter.message.addresses import mailbox
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

HOLE = ("capture", "it")
# what programs and file systems see something in
TEXTS = st.lists(
    st.one_of(st.sampled_from([*"/.~-@,;:<>\"\\|$`'(){} \0\r\n\t", "mbox:", "mh:", "a", "b.example"]), st.characters())
).map("".join)


def case_of(text: str) -> Case:
    message = Message.from_bytes(b"")
    case = Case(message, Envelope.of_archive(message), {})
    case.captures = {"it": text}
    return case


@given(TEXTS)
def test_an_address_is_one_or_none(text: str) -> None:
    found, _ = address((HOLE,), case_of(text))
    if found is not None:
        box = mailbox(found)
        assert box is not None and box.local and box.domain
        assert found.isascii() and found.isprintable() and " " not in found and found[0] != "-"


@given(TEXTS)
def test_an_argument_is_no_option_and_can_be_one(text: str) -> None:
    made, _ = argument((HOLE,), case_of(text))
    assert "\0" not in made and not made.startswith("-")
    assert len(os.fsencode(made)) <= limits.ARGUMENT_BYTES


@given(TEXTS)
def test_a_path_stays_in_its_directory(text: str) -> None:
    made, notes = mailbox_path("mbox", ("~/archive/", HOLE), case_of(text))
    if made == INBOX:
        assert notes
        return
    directory, name = os.path.split(made)
    assert directory == "mbox:~/archive"
    assert name and name[0] not in ".~" and printable(name) == name and len(name.encode()) <= limits.COMPONENT_BYTES


@given(TEXTS)
def test_a_folder_of_a_message_is_no_mailbox_outside(text: str) -> None:
    made, _ = folder((HOLE,), case_of(text), "maildir++")
    assert not made.lower().startswith(("mbox:", "mh:"))


@given(TEXTS)
def test_a_reply_has_the_lines_of_its_rule(text: str) -> None:
    assert paragraphs(("Dear ", HOLE, ",\n\naway.\n"), case_of(text), 10_000).splitlines()[1:] == ["", "away."]
