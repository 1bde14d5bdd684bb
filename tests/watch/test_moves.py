"""Which moves are lessons, and which are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyfilter.watch.moves import REMEMBERED, Moves

OWN = "1795545541.M780472P24406Q{}.vm,S=48,W=52"


class Folders:
    """Four folders on disk, looked at as often as a test says."""

    def __init__(self, directory: Path) -> None:
        self.paths = {}
        for name in ("inbox", "lists", "spam", "trash"):
            self.paths[name] = directory / name
            for part in ("new", "cur", "tmp"):
                (directory / name / part).mkdir(parents=True)
        self.moves = Moves(os.fsencode(self.paths["spam"]))
        self.moves.mind(os.fsencode(self.paths["trash"]), is_trash=True)
        self.moves.mind(os.fsencode(self.paths["lists"]), is_trash=False)

    def file(self, folder: str, name: str, part: str = "cur") -> Path:
        path = self.paths[folder] / part / name
        path.write_text(f"{folder} {name}")
        return path

    def look(self, *folders: str, now: float = 0.0) -> list[tuple[str, str, str]]:
        found = self.moves.look([os.fsencode(self.paths[name]) for name in folders or self.paths], now)
        return [(os.path.basename(os.fsdecode(folder)), os.fsdecode(name), kind) for folder, name, kind in found]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_what_lies_there_when_it_begins_teaches_nothing(folders: Folders) -> None:
    folders.file("spam", "1.x:2,S")
    folders.file("inbox", "2.x:2,S")
    assert folders.look() == []
    assert folders.look() == []


def test_a_move_by_rename_into_the_folder_is_spam_and_out_of_it_is_ham_each_once(folders: Folders) -> None:
    path = folders.file("inbox", "1.x:2,S")
    folders.look()
    path = path.rename(folders.paths["spam"] / "cur/1.x:2,S")
    assert folders.look() == [("spam", "1.x:2,S", "spam")]
    assert folders.look() == []
    path.rename(folders.paths["lists"] / "new/9.y")
    assert folders.look() == [("lists", "9.y", "ham")]
    assert folders.look() == []


def test_a_move_by_hard_link_as_dovecot_does_it(folders: Folders) -> None:
    path = folders.file("inbox", OWN.format(1) + ":2,S")
    folders.look()
    os.link(path, folders.paths["spam"] / "cur/1.M2P3.vm,S=48,W=52:2,S")
    assert folders.look("spam", "inbox") == [("spam", "1.M2P3.vm,S=48,W=52:2,S", "spam")]
    path.unlink()
    assert folders.look("spam", "inbox") == []


def test_the_two_ends_of_a_move_may_be_seen_apart(folders: Folders) -> None:
    path = folders.file("inbox", "1.x:2,S")
    folders.look()
    path.rename(folders.paths["spam"] / "cur/1.x:2,S")
    assert folders.look("inbox", now=1.0) == []
    assert folders.look("spam", now=REMEMBERED) == [("spam", "1.x:2,S", "spam")]


def test_what_vanished_long_ago_is_forgotten(folders: Folders) -> None:
    path = folders.file("inbox", "1.x:2,S")
    folders.look()
    path.rename(folders.paths["spam"] / "cur/1.x:2,S")
    assert folders.look("inbox", now=1.0) == []
    folders.file("inbox", "2.x")
    assert folders.look("inbox", now=2.0 + REMEMBERED) == []
    assert folders.look("spam", now=2.0 + REMEMBERED) == []


def test_new_mail_teaches_nothing_and_flags_neither(folders: Folders) -> None:
    folders.look()
    path = folders.file("spam", OWN.format(1), "new")
    folders.file("spam", "2.x", "new")
    assert folders.look() == []
    path.rename(folders.paths["spam"] / "cur" / (OWN.format(1) + ":2,S"))
    assert folders.look() == []


def test_copies_of_one_delivery_teach_nothing(folders: Folders) -> None:
    """`copy into "spam"` beside the inbox: two hard links, each with a name of pyfilter's."""
    folders.look()
    path = folders.file("inbox", OWN.format(1), "new")
    os.link(path, folders.paths["spam"] / "new" / OWN.format(2))
    assert folders.look() == []
    folders.look("inbox")
    assert folders.look("spam") == []


def test_what_goes_from_spam_to_the_trash_is_no_ham(folders: Folders) -> None:
    path = folders.file("spam", "1.x:2,S")
    folders.look()
    path = path.rename(folders.paths["trash"] / "cur/1.x:2,S")
    assert folders.look() == []
    path.rename(folders.paths["spam"] / "cur/1.x:2,S")
    assert folders.look() == [("spam", "1.x:2,S", "spam")]


def test_moves_between_other_folders_teach_nothing(folders: Folders) -> None:
    path = folders.file("inbox", "1.x:2,S")
    folders.look()
    path.rename(folders.paths["lists"] / "cur/1.x:2,S")
    assert folders.look() == []


def test_another_file_with_an_old_ones_inode_is_another(folders: Folders) -> None:
    path = folders.file("inbox", "1.x:2,S")
    folders.look()
    path = path.rename(folders.paths["spam"] / "cur/2.x")
    path.write_text("something else")
    os.utime(path, ns=(1, 1))
    assert folders.look() == []


def test_a_folder_that_is_not_there_is_empty(folders: Folders) -> None:
    folders.paths["gone"] = folders.paths["spam"].parent / "gone"
    folders.file("inbox", "1.x")
    assert folders.look() == []
