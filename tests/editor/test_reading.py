"""A text read in pieces is what the whole of it is, and of a change only what changed is read anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyfilter import limits
from pyfilter.editor import reading
from pyfilter.editor.reading import Reader, Reading
from pyfilter.language.parse import parse
from pyfilter.language.tree import Node, Source, Span

LANGUAGE = Path(__file__).parents[1] / "language"
FILES = [LANGUAGE / "everyday.rules", *sorted((LANGUAGE / "golden").glob("*/*.rules"))]


def shape(value: Any, read: Reading) -> Any:
    """A tree with its places in the whole text."""
    if isinstance(value, Span):
        return read.place(value)
    if isinstance(value, Node):
        return type(value).__name__, *(shape(getattr(value, name), read) for name in value.__dataclass_fields__)
    return tuple(shape(piece, read) for piece in value) if isinstance(value, tuple) else value


def whole(text: str) -> Reading:
    source = Source("x", text)
    file, problems = parse(source)
    return Reading("x", text, ((0, file),), tuple(problems), {id(source): 0})


def tree(read: Reading) -> Any:
    return [shape(item, read) for item in read.items]


def problems(read: Reading) -> list[Any]:
    return [(problem.code, problem.message, read.place(problem.span)) for problem in read.problems]


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WHOLE", 0)


# of these the parser looks at what stands far above: the name of an action, a text that an earlier one swallowed
LOOK_FAR = {"actions-of-the-user", "missing-triple-quote-before-another"}


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in LOOK_FAR], ids=lambda path: path.stem)
def test_pieces_are_the_whole(path: Path, in_pieces: None) -> None:
    text = path.read_text("utf-8")
    found = Reader("x").read(text)
    assert problems(found) == problems(whole(text))
    assert tree(found) == tree(whole(text))


def test_some_files_are_cut_into_many_pieces(in_pieces: None) -> None:
    assert len(Reader("x").read(FILES[0].read_text("utf-8")).pieces) > 10


UNREADABLE = {
    "a misspelt word": "rule a { keep }\nrule b { kepp }\nrule c { keep }\n",
    "a text over two pieces": 'let a = """\nrule b { keep }\n"""\nrule c { keep }\n',
    "braces over two pieces": 'rule a {\nrule "b" { keep; }\n}\nrule c { keep }\n',
    "a message with a rule in it": 'test "a" {\n message """\nrule b { keep }\n"""\n expect keep\n}\nlet a = "b"\n',
    "a missing quote": 'rule a { file into "x }\nrule b { keep }\n',
    "another language": ":0\n* ^From: x\nx\n",
    "nothing": "",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_errors_in_pieces_are_those_of_the_whole(text: str, in_pieces: None) -> None:
    found = Reader("x").read(text)
    assert problems(found) == problems(whole(text))
    assert tree(found) == tree(whole(text))


def test_only_the_changed_piece_is_read_anew(in_pieces: None, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader("x")
    text = "rule a { keep }\nrule b { keep }\nrule b { keep }\nrule c { keep }\n"
    reader.read(text)
    read: list[str] = []

    def noted(source: Source) -> Any:
        read.append(source.text)
        return parse(source)

    monkeypatch.setattr(reading, "parse", noted)
    found = reader.read(text.replace("rule a", "rule other"))
    assert read == ["rule other { keep }\n"]
    assert tree(found) == tree(whole(text.replace("rule a", "rule other")))


def test_a_piece_that_stands_twice_has_two_places(in_pieces: None) -> None:
    first, second = Reader("x").read('let a = "b"\nlet a = "b"\n').items
    assert first.span.source is not second.span.source


def test_the_same_text_is_not_read_again() -> None:
    reader = Reader("x")
    assert reader.read("rule a { keep }") is reader.read("rule a { keep }")


def test_a_file_that_is_too_large_is_not_read() -> None:
    found = Reader("x").read("# a\n" * (limits.RULES_BYTES // 4 + 1))
    assert [(problem.code, found.place(problem.span)) for problem in found.problems] == [("E312", (0, 0))]
    assert found.items == []
