"""What holds for every message, however made: hypothesis looks for a counterexample."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyfilter.message.addresses import Mailbox, parse
from pyfilter.message.charsets import CODECS, text_in
from pyfilter.message.envelope import Envelope
from pyfilter.message.headers import Unreadable, scan
from pyfilter.message.message import Message
from pyfilter.message.parameters import parameters
from pyfilter.message.words import clean, decode

# pieces that mean something to one of the readers, and bytes that mean nothing
PIECES = st.sampled_from(
    [
        b"From ", b"From:", b"To: ", b"Subject:", b"Return-Path: ", b"Delivered-To:", b"Received: x\n", b"List-Id: ",
        b"\n", b"\r\n", b"\r", b" ", b"\t", b"\0", b"\x1b", b"\xef\xbb\xbf", b"\xc3", b"\xa9", b"\xff", b":", b"--",
        b"=?utf-8?Q?", b"=?iso-2022-jp?B?", b"=?utf-7?q?", b"?=", b"=?", b"=C3", b"GyRC", b"+2AA-", b"?", b"=",
        b"<", b">", b"(", b")", b'"', b"\\", b",", b";", b"@", b".", b"[", b"]", b"+", b"mailto:", b"a", b"b c",
        b"; name*0*=", b"name*1=", b"utf-8''", b"%C3", b"%", b"'", b"*",
    ]
)  # fmt: skip
SHAPED = st.lists(PIECES, max_size=60).map(b"".join)
ANY = st.binary(max_size=200) | SHAPED | st.tuples(SHAPED, st.binary(max_size=20), SHAPED).map(b"".join)

CONTROLS = {chr(code) for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def is_one_line(text: str) -> bool:
    """No line break, no control character, nothing that cannot be written as UTF-8."""
    text.encode()
    return CONTROLS.isdisjoint(text) and len(text.splitlines()) <= 1


@given(ANY)
def test_the_line_and_the_message_are_what_came(data: bytes) -> None:
    message = Message.from_bytes(data)
    assert message.from_line + message.raw == data


@given(ANY)
def test_the_fields_tile_the_header(raw: bytes) -> None:
    header = scan(raw)
    places = [0, *(place for field in header.fields for place in (field.start, field.end)), header.end]
    assert places[::2] == places[1::2]
    assert raw[header.end : header.body] in (b"", b"\n", b"\r\n")
    for field in header.fields:
        assert field.start <= field.value <= field.end
        assert raw[field.end - 1 : field.end] == b"\n" or field.end == len(raw)
        assert raw[field.end : field.end + 1] not in (b" ", b"\t")


@given(ANY)
def test_a_scan_of_the_header_alone_finds_the_same_fields(raw: bytes) -> None:
    """What stands in the body cannot change what the header is; but a broken line is one only by the line below it."""
    header = scan(raw)
    again = scan(raw[: header.body])
    assert [(f.name, f.start, f.value, f.end) for f in again.fields] == [
        (f.name, f.start, f.value, f.end) for f in header.fields
    ]


@given(ANY)
def test_a_value_is_one_line(raw: bytes) -> None:
    text = decode(raw)
    assert is_one_line(text)
    assert text == text.strip()


@given(ANY)
def test_what_was_decoded_stays_as_it_is(raw: bytes) -> None:
    """A value without encoded words, as text, written as UTF-8, reads the same."""
    text = decode(raw)
    if "=?" not in text:
        assert decode(text.encode()) == text


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40))
def test_what_is_encoded_comes_back(text: str) -> None:
    encoded = "".join(f"={byte:02X}" for byte in text.encode())
    assert decode(f"=?utf-8?Q?{encoded}?=".encode()) == text


@given(st.sampled_from([*CODECS, ""]), st.binary(max_size=60))
def test_every_character_set_reads_every_byte(codec: str, raw: bytes) -> None:
    assert is_one_line(clean(text_in(codec, raw)))


@given(ANY)
def test_an_address_holds_nothing_that_could_break_out_of_a_line(raw: bytes) -> None:
    try:
        boxes = parse(raw)
    except Unreadable:
        return
    for box in boxes:
        assert box.address.isprintable()
        assert is_one_line(box.name)
        assert box.name or box.address
        assert bool(box.address) == bool(box.local or box.domain)
        assert not set('<>",; ()\\@') & set(box.domain)


@given(ANY)
def test_an_address_is_canonical(raw: bytes) -> None:
    """Read again, an address is itself: what one rule saw another can be given."""
    try:
        boxes = parse(raw)
    except Unreadable:
        return
    for box in boxes:
        if box.domain:
            (again,) = parse(f"<{box.address}>".encode())
            assert (again.address, again.local, again.domain) == (box.address, box.local, box.domain)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=20))
def test_a_quoted_name_never_becomes_an_address(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    boxes = parse(f'"{quoted}" <jane@example.org>'.encode())
    assert [box.address for box in boxes] == ["jane@example.org"]


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20))
def test_every_local_part_can_be_quoted(local: str) -> None:
    box = Mailbox("", local, "example.org")
    (again,) = parse(box.address.encode())
    assert (again.local, again.domain) == (local, "example.org")


@given(ANY)
def test_parameters_are_one_line_each(raw: bytes) -> None:
    try:
        value, found = parameters(raw)
    except Unreadable:
        return
    assert is_one_line(value)
    for name, text in found.items():
        assert name
        assert name == name.lower()
        assert is_one_line(name)
        assert is_one_line(text)


@given(ANY, st.dictionaries(st.sampled_from(["SENDER", "RECIPIENT", "LOCAL", "DOMAIN", "EXTENSION"]), st.text()))
def test_every_question_has_an_answer(data: bytes, environ: dict[str, str]) -> None:
    """Nothing is ever raised but Unreadable."""
    message = Message.from_bytes(data)
    names = {field.name for field in message.fields}
    for name in names:
        assert len(message.values(name)) == len(message.raw_values(name))
        try:
            message.mailboxes(name)
        except Unreadable:
            pass
    assert all(is_one_line(text) for text in (*message.all_values(), *message.list_ids(), message.message_id))
    for envelope in (Envelope.of_delivery(message, environ), Envelope.of_archive(message, extension=str(environ))):
        assert envelope.recipient is None or is_one_line(envelope.recipient)
        assert envelope.sender is None or is_one_line(envelope.sender)
        assert all(is_one_line(value) for value in envelope.environment.values())
