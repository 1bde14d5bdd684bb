"""List files: what an entry may be, and what becomes of a file that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.agent import decide
from pyfilter.engine.questions import Question, Unknown
from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services.answers import SERVICES, Inquiry, answer
from pyfilter.services.lists import entries, read


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", set()),
        (b"ann@x.example\n", {"ann@x.example"}),
        (b"  Ann@X.Example  \r\n\r\nbob@x.example", {"ann@x.example", "bob@x.example"}),
        (
            b"# a comment\n  # another\nann@x.example # my sister\nbob@x.example\t# tab\n",
            {"ann@x.example", "bob@x.example"},
        ),
        (b"c#sharp@x.example\n", {"c#sharp@x.example"}),
        (b"@x.example\nsome text\n", {"@x.example", "some text"}),
        (b"Ann Bee <ann@x.example>\n", {"ann@x.example"}),
        (b"ann@x.example\tAnn Bee\tfriend\nAnn Bee\tann2@x.example\n", {"ann@x.example", "ann2@x.example"}),
        ("STRASSE\nstra\u00dfe\nJ\u030c\n".encode(), {"strasse", "\u01f0"}),
        (b"\xef\xbb\xbfann@x.example\n", {"ann@x.example"}),
        (b"Zpr\xe1vy\n", {"zpr\u00e1vy"}),
        (b"a\0b\n", {"a\0b"}),
    ],
)
def test_entries(data: bytes, found: set[str]) -> None:
    assert entries(data) == found


def inquiry(path: Path) -> Inquiry:
    return Inquiry(str(path), Message(b""), Envelope(), {})


def unknown(path: Path) -> str:
    found = read(inquiry(path))
    assert isinstance(found, Unknown) and found.asked
    return found.why


def test_files_that_make_the_list_unknown(tmp_path: Path) -> None:
    path = tmp_path / "list"
    assert unknown(path) == f"list file {path} cannot be read (No such file or directory); the list is unknown"
    os.mkfifo(path)
    assert unknown(path) == f"list file {path} is not a regular file; the list is unknown"
    assert unknown(tmp_path) == f"list file {tmp_path} is not a regular file; the list is unknown"
    assert (
        unknown(path / "below") == f"list file {path / 'below'} cannot be read (Not a directory); the list is unknown"
    )
    # how the interpreter words it differs by version
    assert unknown(Path("/a\0b")).startswith("list file /a\0b cannot be read (")


def test_the_largest_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIST_BYTES", 10)
    path = tmp_path / "list"
    path.write_bytes(b"a@x\nb@x\nc\n")
    assert read(inquiry(path)) == {"a@x", "b@x", "c"}
    path.write_bytes(b"a@x\nb@x\nc@\n")
    assert unknown(path) == f"list file {path} is larger than 10 bytes; the list is unknown"


def test_an_empty_list_is_known(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.touch()
    assert answer(Question("list", str(path)), Message(b""), Envelope(), {}) == frozenset()


@pytest.mark.parametrize(
    ("content", "folders", "notes"),
    [
        ("ann@x.example\n", {"Known": ""}, 0),
        ("bob@x.example\n", {"Stranger": ""}, 0),
        # neither `in` nor `not in` holds, and the log hears of both the file and the rules passed over
        (None, {"INBOX": ""}, 3),
    ],
)
def test_the_loop_asks_once_and_says_what_was_wrong(
    tmp_path: Path, content: str | None, folders: dict[str, str], notes: int
) -> None:
    path = tmp_path / "list"
    if content is not None:
        path.write_text(content)
    text = (
        f'list friends from "{path}"\n'
        'rule "known" { when from in friends; file into "Known" }\n'
        'rule "stranger" { when from not in friends; file into "Stranger" }\n'
    )
    program = compile_sources([Source("rules", text)], look_for_files=False).program
    assert program is not None
    message = Message.from_bytes(b"From: Ann <ann@x.example>\n\n")
    plan = decide(program, message, Envelope())
    assert plan.filings() == folders
    assert len(plan.notes) == notes
    assert sum("the list is unknown" in note for note in plan.notes) == (1 if content is None else 0)


def test_every_service_is_there() -> None:
    for module, function in SERVICES.values():
        __import__(module)
        from sys import modules

        assert callable(getattr(modules[module], function))
