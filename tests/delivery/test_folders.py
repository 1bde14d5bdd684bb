"""Folder names: what a mail client shows, and what stands on disk."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyfilter.delivery import folders

INBOX = b"/home/olga/Maildir"

ON_DISK = [
    ("INBOX", b""),
    ("inbox", b""),
    ("Inbox", b""),
    ("ınbox", b".&ATE-nbox"),  # a letter of its own, and no inbox
    ("Cron", b".Cron"),
    ("Cron/DenyHosts", b".Cron.DenyHosts"),
    ("INBOX/Cron", b".INBOX.Cron"),
    ("Inbox/Cron", b".INBOX.Cron"),  # Dovecot 2.3.19 lists any spelling as INBOX, and opens this one alone
    ("Cron/inbox", b".Cron.inbox"),
    ("two words", b".two words"),
    ("R&D", b".R&-D"),
    ("Zprávy/ž", b".Zpr&AOE-vy.&AX4-"),  # Dovecot 2.3.19 makes the same directory of it
    ("台北/日本語", b".&U,BTFw-.&ZeVnLIqe-"),  # RFC 3501, section 5.1.3
    ("😀", b".&2D3eAA-"),  # a surrogate pair in UTF-16
    ("-rf", b".-rf"),
    ("a\\b", b".a\\b"),
    ("a~", b".a~"),
    ("new/tmp", b".new.tmp"),
    ("subscriptions", b".subscriptions"),
]

# what Dovecot 2.3.19 makes with LAYOUT=fs
ON_DISK_FS = [
    ("Inbox", b""),
    ("Cron", b"Cron"),
    ("Cron/DenyHosts", b"Cron/DenyHosts"),
    ("inbox/Cron", b"INBOX/Cron"),
    ("Cron/inbox", b"Cron/inbox"),
    ("Zprávy/ž", b"Zpr&AOE-vy/&AX4-"),
    ("台北", b"&U,BTFw-"),  # "," stands for the "/" of base64
    ("R&D", b"R&-D"),
    ("lists.example.com", b"lists.example.com"),
    ("a./b..c", b"a./b..c"),
    ("a\\b", b"a\\b"),
    ("s:2,S", b"s:2,S"),
    ("New/Tmp", b"New/Tmp"),
    ("curious", b"curious"),
    ("lists/dovecot", b"lists/dovecot"),
    ("News/subscriptions", b"News/subscriptions"),
]


@pytest.mark.parametrize(("folder", "name"), ON_DISK)
def test_a_folder_is_a_directory_beside_the_inbox(folder: str, name: bytes) -> None:
    assert folders.directory(folder, INBOX, "maildir++") == (INBOX + b"/" + name if name else INBOX)


@pytest.mark.parametrize(("folder", "path"), ON_DISK_FS)
def test_a_folder_is_a_directory_in_the_inbox_in_layout_fs(folder: str, path: bytes) -> None:
    assert folders.directory(folder, INBOX, "fs") == (INBOX + b"/" + path if path else INBOX)


EVERYWHERE = [
    ("", "the folder '' has the component \"\""),
    ("/", "the folder '/' has the component \"\""),
    ("/etc/passwd", "the folder '/etc/passwd' has the component \"\""),
    ("a//b", "the folder 'a//b' has the component \"\""),
    ("a/", "the folder 'a/' has the component \"\""),
    (".", "the folder '.' has the component \".\""),
    ("..", "the folder '..' has the component \"..\""),
    ("a/../../b", "the folder 'a/../../b' has the component \"..\""),
    ("a\0b", "the folder 'a\\x00b' has the character U+0000"),
    ("a\nb", "the folder 'a\\nb' has the character U+000A"),
    ("a\x7fb", "the folder 'a\\x7fb' has the character U+007F"),
    ("a\x85b", "the folder 'a\\x85b' has the character U+0085"),
    ("a\udcffb", "the folder 'a\\udcffb' has the character U+DCFF"),
    ("~root", "the folder '~root' has a component that begins with ~"),
    ("a/~", "the folder 'a/~' has a component that begins with ~"),
]
REFUSED = [
    *EVERYWHERE,
    ("a.b", "the folder 'a.b' has a dot, which separates folders in layout maildir++"),
    (".hidden", "the folder '.hidden' has a dot, which separates folders in layout maildir++"),
    ("...", "the folder '...' has a dot, which separates folders in layout maildir++"),
    ("x" * 255, f"the folder '{'x' * 80}' needs a name of 256 bytes on disk, and 255 is the most a file system takes"),
]


@pytest.mark.parametrize(("folder", "why"), REFUSED, ids=[repr(folder[:12]) for folder, _ in REFUSED])
def test_a_folder_that_is_none_is_refused_with_the_reason(folder: str, why: str) -> None:
    with pytest.raises(folders.Unusable) as refused:
        folders.directory(folder, INBOX, "maildir++")
    assert str(refused.value) == why


REFUSED_FS = [
    *EVERYWHERE,
    (".hidden", "the folder '.hidden' has a component that begins with a dot"),
    ("a/...", "the folder 'a/...' has a component that begins with a dot"),
    ("cur", "the folder 'cur' has the component \"cur\", no folder of a Maildir"),
    ("a/new", "the folder 'a/new' has the component \"new\", no folder of a Maildir"),
    ("tmp/a", "the folder 'tmp/a' has the component \"tmp\", no folder of a Maildir"),
    ("a/maildirfolder", "the folder 'a/maildirfolder' has the component \"maildirfolder\", no folder of a Maildir"),
    ("maildirsize", "the folder 'maildirsize' has the component \"maildirsize\", no folder of a Maildir"),
    ("dovecot.index", "the folder 'dovecot.index' has the component \"dovecot.index\", no folder of a Maildir"),
    ("a/dovecot-acl", "the folder 'a/dovecot-acl' has the component \"dovecot-acl\", no folder of a Maildir"),
    ("subscriptions", "the folder 'subscriptions' has the component \"subscriptions\", no folder of a Maildir"),
    (
        "a/" + "x" * 256,
        f"the folder '{'x' * 80}' needs a name of 256 bytes on disk, and 255 is the most a file system takes",
    ),
]


@pytest.mark.parametrize(("folder", "why"), REFUSED_FS, ids=[repr(folder[:20]) for folder, _ in REFUSED_FS])
def test_what_lies_in_a_maildir_anyway_is_no_folder_in_layout_fs(folder: str, why: str) -> None:
    with pytest.raises(folders.Unusable) as refused:
        folders.directory(folder, INBOX, "fs")
    assert str(refused.value) == why


def test_every_component_has_its_own_length_in_layout_fs() -> None:
    deep = "/".join(["x" * 255] * 5)
    assert folders.directory(deep, INBOX, "fs") == INBOX + b"/" + deep.encode()


def test_all_components_together_are_one_name_on_disk() -> None:
    assert len(folders.name_on_disk(("x" * 126, "y" * 127))) == 255
    with pytest.raises(folders.Unusable):
        folders.name_on_disk(("x" * 127, "y" * 127))
    # 40 letters, each 3 characters of base64 or more
    with pytest.raises(folders.Unusable):
        folders.name_on_disk(("žluťoučký kůň" * 20,))


def test_another_layout_is_refused_and_the_remedy_named() -> None:
    with pytest.raises(folders.Unusable) as refused:
        folders.directory("Cron", INBOX, "mbox")
    assert str(refused.value) == "`set layout = mbox` means nothing; maildir++ and fs do"


# --- modified UTF-7 -------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=["Cs"]))


@given(NAMES)
def test_modified_utf7_comes_back(name: str) -> None:
    encoded = folders.encode_name(name)
    assert folders.decode_name(encoded) == name
    assert all(0x20 <= byte < 0x7F for byte in encoded)


@given(st.text("&-,+/abž😀\u0100 ", max_size=12))
def test_modified_utf7_comes_back_where_it_is_tightest(name: str) -> None:
    assert folders.decode_name(folders.encode_name(name)) == name


@given(st.binary(max_size=12) | st.from_regex(rb"&[A-Za-z0-9+,]{1,6}-", fullmatch=True))
def test_only_one_spelling_of_a_name_is_read(name: bytes) -> None:
    try:
        decoded = folders.decode_name(name)
    except ValueError:
        return
    assert folders.encode_name(decoded) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b"Zpr&AOE", "b'Zpr&AOE' is not modified UTF-7: no - ends what & began"),
        (b"&AEE-", "b'&AEE-' is not the modified UTF-7 of any name"),  # "A" may not hide in base64
        (b"&AOE-&AX4-", "b'&AOE-&AX4-' is not the modified UTF-7 of any name"),  # one run, not two
    ],
)
def test_a_wrong_spelling_is_told(name: bytes, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        folders.decode_name(name)
    assert str(refused.value) == why


# --- nothing leaves the Maildir -------------------------------------------


@given(st.text(st.sampled_from("./~\\&-a\0\n\udcffž ")) | st.text())
def test_whatever_is_asked_for_lies_beside_the_inbox(folder: str) -> None:
    try:
        path = folders.directory(folder, INBOX, "maildir++")
    except folders.Unusable:
        return
    assert os.path.normpath(path) == path
    if path != INBOX:
        assert os.path.dirname(path) == INBOX
        name = os.path.basename(path)
        assert name.startswith(b".") and name not in (b".", b"..")
        assert len(name) <= 255
        assert b"\0" not in name


PIECES = [
    "cur",
    "new",
    "tmp",
    "a",
    "A",
    "ž",
    "&",
    "-",
    "AX4",
    ".",
    "..",
    "/",
    "~",
    " ",
    "dovecot",
    "INBOX",
    "inbox",
    ",",
]
HOSTILE = (
    st.lists(st.sampled_from(PIECES), max_size=7).map("".join) | st.text(st.sampled_from("./~a\0\udcffž&")) | NAMES
)


@given(HOSTILE)
def test_whatever_is_asked_for_lies_in_the_inbox_in_layout_fs(folder: str) -> None:
    try:
        path = folders.directory(folder, INBOX, "fs")
    except folders.Unusable:
        return
    assert os.path.normpath(path) == path and b"\0" not in path
    if path != INBOX:
        assert path.startswith(INBOX + b"/")
        for name in path[len(INBOX) + 1 :].split(b"/"):
            assert name not in (b"cur", b"new", b"tmp") and not name.startswith((b".", b"~", b"dovecot.", b"dovecot-"))
            assert len(name) <= 255


@given(HOSTILE, HOSTILE, st.sampled_from(("maildir++", "fs")))
@example("a/b", "a", "fs")
@example("a.b", "a/b", "fs")
@example("ž", "&AX4-", "fs")
@example("inbox/a", "INBOX/a", "fs")
@example("台", "&U,A-", "fs")
def test_two_folders_are_never_one_directory(one: str, other: str, layout: str) -> None:
    try:
        paths = [folders.directory(folder, INBOX, layout) for folder in (one, other)]
        parts = [folders.components(folder) for folder in (one, other)]
    except folders.Unusable:
        return
    assert (paths[0] == paths[1]) == (parts[0] == parts[1])
    inboxes = [folder.lower().partition("/")[0] == "inbox" for folder in (one, other)]
    if not all(inboxes):
        assert (paths[0] == paths[1]) == (one == other)


@given(HOSTILE, HOSTILE)
def test_a_folder_and_those_in_it_lie_side_by_side(one: str, below: str) -> None:
    """In layout fs the one is a directory in the other, and none of what is in a Maildir of its own."""
    try:
        outer, inner = folders.directory(one, INBOX, "fs"), folders.directory(f"{one}/{below}", INBOX, "fs")
    except folders.Unusable:
        return
    first = inner[len(outer) + 1 :].split(b"/")[0] if outer != INBOX else b"INBOX"
    assert inner.startswith(outer + b"/") and first not in (b"cur", b"new", b"tmp", b"maildirfolder")
