"""Whatever stands in an editor, half typed or nonsense, every question has an answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter.editor import names, reading
from pyfilter.editor.completion import begins, offers
from pyfilter.editor.documents import Documents
from pyfilter.editor.hover import explained, told
from pyfilter.editor.outline import outline
from pyfilter.editor.standing import standing

EVERYDAY = (Path(__file__).parents[1] / "language" / "everyday.rules").read_text("utf-8")
PATH = "/x/my.rules"


def ask_everything(text: str, offset: int) -> None:
    documents = Documents("/nowhere")
    documents.open(PATH, text)
    checked = documents.checked(PATH)
    (found,) = [reading for reading in checked.readings if reading.name == PATH]
    for problem in checked.diagnostics:
        (holder,) = [reading for reading in checked.readings if reading.holds(problem.span)]
        start, end = holder.place(problem.span)
        assert 0 <= start <= end <= len(holder.text)
    offset = min(offset, len(found.text))
    here = standing(found.text, offset)
    assert begins(here) <= offset
    offers(here, found, list(checked.readings), "/nowhere")
    told(found, offset, list(checked.readings))
    explained(list(checked.diagnostics))
    for one in names.occurrences(list(checked.readings)):
        if not found.holds(one.span):
            continue
        start, end = found.place(one.span)
        assert found.text[start:end].replace("\\", "") == one.name.replace("\\", "")
    outline(found)


PREFIXES = [found.end() for found in re.finditer(r"\S+\s*", EVERYDAY)]


@pytest.mark.parametrize("part", range(8))
def test_a_file_as_it_is_typed(part: int) -> None:
    for end in PREFIXES[part::16]:
        ask_everything(EVERYDAY[:end], end)


@pytest.mark.parametrize("part", range(8))
def test_a_line_that_is_typed_in_the_middle(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WHOLE", 0)
    for end in PREFIXES[part::40]:
        line_end = EVERYDAY.find("\n", end)
        ask_everything(EVERYDAY[:end] + EVERYDAY[line_end:], end)


WORDS = st.sampled_from(
    [
        "rule", "when", "from", "is", "matches", "file into", "list", "let", "set", "and", "or", "not", "in", "{", "}",
        "(", ")", '"', '"""', "/", ",", ";", "=", "<", "\n", " ", "x", "5", "MB", "{x}", "\\", "#", "*", "mark", "read",
        "test", "message", "expect", "any", "score", "😀", "\u2028", "\r", "\0", "include", "define", "as", "action",
        "do",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=40).map(" ".join), st.integers(0, 200))
def test_words_in_any_order(text: str, offset: int) -> None:
    ask_everything(text, offset)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.integers(0, 200))
def test_any_text(text: str, offset: int) -> None:
    ask_everything(text, offset)
