"""What is wrong with what was filed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .corpus import Letter, typical
from .filed import trouble
from .rule_sets import SETS, folder

RULES = SETS["4"]
LETTERS = typical(9)
ABOVE = b"Return-Path: <a@x.example>\nDelivered-To: b@y.example\nReceived: from x\n\tby y; now\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """Everything is where it belongs."""
    for letter in LETTERS:
        place(tmp_path, letter).write_bytes(ABOVE + letter.data)
    return tmp_path


def place(maildir: Path, letter: Letter) -> Path:
    name = folder(RULES, letter)
    directory = maildir / ("" if name == "INBOX" else f".{name}") / "new"
    directory.mkdir(parents=True, exist_ok=True)
    return directory / str(letter.number)


def test_nothing_is_wrong(maildir: Path) -> None:
    assert trouble(maildir, LETTERS, RULES) == ""


def test_what_lies_in_tmp_was_not_delivered(maildir: Path) -> None:
    (maildir / "tmp").mkdir()
    place(maildir, LETTERS[3]).rename(maildir / "tmp/1")
    assert trouble(maildir, LETTERS, RULES) == "1 of 9 messages are missing"


def test_a_message_is_there_twice(maildir: Path) -> None:
    found = place(maildir, LETTERS[3])
    found.with_name("again").write_bytes(found.read_bytes())
    assert trouble(maildir, LETTERS, RULES) == "message 4 was filed twice"


@pytest.mark.parametrize(
    "data",
    [
        ABOVE + LETTERS[3].data + b"\n",
        ABOVE + LETTERS[3].data[:-1],
        ABOVE + LETTERS[3].data.replace(b"\n", b"\r\n"),
        b"X-Other: line\n" + LETTERS[3].data,
    ],
    ids=["longer", "shorter", "other line ends", "a line that nobody knows"],
)
def test_a_message_differs(maildir: Path, data: bytes) -> None:
    path = place(maildir, LETTERS[3])
    path.write_bytes(data)
    assert trouble(maildir, LETTERS, RULES) == f"{path} differs from message 4"


def test_a_message_lies_in_the_wrong_folder(maildir: Path) -> None:
    assert folder(RULES, LETTERS[3]) == "Friends"
    (maildir / "cur").mkdir()
    place(maildir, LETTERS[3]).rename(maildir / "cur/4")
    assert trouble(maildir, LETTERS, RULES) == "message 4 belongs into Friends and lies in INBOX"


def test_a_message_was_not_sent(maildir: Path) -> None:
    path = place(maildir, LETTERS[3])
    assert trouble(maildir, [*LETTERS[:3], *LETTERS[4:]], RULES) == f"{path} is none of the messages that were sent"
