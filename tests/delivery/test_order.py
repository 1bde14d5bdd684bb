"""What stands between a message and a power cut: the order of the calls to the system.

No test here cuts the power. What each file system promises is known: fsync of a file keeps its
contents, fsync of a directory keeps the names in it. A trace shows that a delivery asks for the
one before the message is visible and for the other before it says "delivered".
"""

from __future__ import annotations

import re

import pytest

from .box import Box
from .tracing import Call, calls

pytestmark = pytest.mark.usefixtures("strace")

STEPS = [
    ("write tmp", "write", r"/tmp/[0-9]+\.M"),
    ("intend", "write", r"/pyfilter/journal>"),
    ("fsync file", "fsync", r"/tmp/[0-9]+\.M[^/]*>\)"),
    ("close file", "close", r"/tmp/[0-9]+\.M"),
    ("link tmp", "linkat", r"tmp/[0-9].*, [0-9]+<[^>]*>, \"tmp/"),
    ("visible", "linkat", r", \"(new|cur)/"),
    ("fsync place", "fsync", r"/(new|cur)>\)"),
    ("mkdir tmp", "mkdirat", r"\"tmp\""),
    ("mkdir part", "mkdirat", r"\"(cur|new)\""),
    ("mkdir folder", "mkdir", r"Maildir|mail|boxes"),
    ("fsync folder", "fsync", r"/Maildir(/\.[^/>]*)?>\)"),
    ("fsync home", "fsync", r"/home>\)"),
    ("fsync mail", "fsync", r"/(mail|boxes)>\)"),
    ("tidy", "unlinkat", r"\"tmp/[0-9]"),
]


def story(made: list[Call]) -> list[str]:
    """The steps that matter, in order. subscriptions are not among them."""
    told = []
    for call in made:
        if "subscriptions" in call.text:
            continue
        for step, name, pattern in STEPS:
            if call.name == name and re.search(pattern, call.text):
                told.append(step)
                break
    return told


def test_a_message_is_on_disk_before_it_is_visible_and_its_name_before_the_end(box: Box) -> None:
    box.make("")
    made = calls(box, (("keep", "INBOX", ""),), {})
    assert story(made) == ["write tmp", "fsync file", "close file", "intend", "visible", "fsync place", "tidy"]


def test_all_copies_are_on_disk_before_the_first_is_visible(box: Box) -> None:
    box.make("", ".A", ".B")
    made = calls(box, (("copy", "INBOX", ""), ("copy", "A", "F"), ("file", "B", "")), {})
    assert story(made) == [
        *("write tmp", "fsync file", "close file", "link tmp", "link tmp"),
        "intend",
        *("visible",) * 3,
        *("fsync place",) * 3,
        *("tidy",) * 3,
    ]


def test_a_made_folder_and_its_parents_are_on_disk_before_its_tmp_is_there(box: Box) -> None:
    made = calls(box, (("file", "Cron", ""),), {})
    assert story(made) == [
        # the Maildir: into the home, then its parts
        *("mkdir folder", "fsync home", "mkdir part", "mkdir part", "fsync folder", "mkdir tmp"),
        # the folder: into the Maildir, then its parts
        *("mkdir folder", "fsync folder", "mkdir part", "mkdir part", "fsync folder", "mkdir tmp"),
        *("write tmp", "fsync file", "close file", "intend", "visible", "fsync place", "tidy"),
    ]


def test_every_parent_that_was_made_is_on_disk(box: Box) -> None:
    made = calls(box, (("keep", "INBOX", ""),), {"maildir": "~/mail/boxes/Maildir"})
    assert story(made) == [
        *("mkdir folder", "mkdir folder", "mkdir folder", "fsync home"),  # two that failed, then mail/
        *("mkdir folder", "fsync mail"),  # boxes/
        *("mkdir folder", "fsync mail"),  # Maildir/
        *("mkdir part", "mkdir part", "fsync folder", "mkdir tmp"),
        *("write tmp", "fsync file", "close file", "intend", "visible", "fsync place", "tidy"),
    ]


@pytest.mark.parametrize(
    ("durable", "steps"),
    [
        ("file", ["write tmp", "fsync file", "close file", "intend", "visible", "tidy"]),
        ("none", ["write tmp", "close file", "intend", "visible", "tidy"]),
    ],
)
def test_less_durable_leaves_out_what_it_says(box: Box, durable: str, steps: list[str]) -> None:
    made = calls(box, (("file", "Cron", ""),), {"durable": durable, "subscribe": False})
    assert story(made) == ["mkdir folder", "mkdir part", "mkdir part", "mkdir tmp"] * 2 + steps


def test_a_delivery_asks_little_of_the_system(box: Box) -> None:
    """Each call is a place to fail and a place to be killed in."""
    box.make("")
    calls(box, (("keep", "INBOX", ""),), {}, b"Received: another\n\n")  # the journal is there
    made = [call.name for call in calls(box, (("keep", "INBOX", ""),), {})]
    files = [name for name in made if name not in ("brk", "mmap", "munmap", "geteuid", "getpid", "uname")]
    assert len(files) <= 27, files  # 10 of them are the journal's
