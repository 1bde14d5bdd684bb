"""A help becomes a change of the text where it is one replacement and right."""

from __future__ import annotations

import pytest

from pyfilter.editor.documents import Documents
from pyfilter.editor.remedies import remedy


def mended(text: str) -> list[str]:
    """The text with each remedy that is offered, for itself."""
    documents = Documents("/nowhere")
    documents.open("/x", text)
    checked = documents.checked("/x")
    found = []
    for problem in checked.diagnostics:
        change = remedy(
            problem, checked.readings[-1], list(checked.diagnostics),
            lambda other: list(documents.supposing("/x", other).checked("/x").diagnostics),
        )  # fmt: skip
        if change is not None:
            found.append(text[: change.start] + change.written + text[change.end :])
    return found


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ('rule a { when subjcet is "a"; keep }', 'rule a { when subject is "a"; keep }'),
        ('rule a { when from.domian is "a"; keep }', 'rule a { when from.domain is "a"; keep }'),
        ('rule a { when header Recieved contains "a"; keep }', 'rule a { when header Received contains "a"; keep }'),
        (
            "rule a {\n    when from is “a@b.example”\n    keep\n}",
            'rule a {\n    when from is "a@b.example"\n    keep\n}',
        ),
        ("rule a { when size > 5 mb; keep }", "rule a { when size > 5 MB; keep }"),
        ("rule a { when size > 10M; keep }", "rule a { when size > 10 MB; keep }"),
        ('rule a { when from = "x"; keep }', 'rule a { when from is "x"; keep }'),
        ("rule a { flag seen; keep }", "rule a { mark read; keep }"),
        ('rule a { file "x" }', 'rule a { file into "x" }'),
        ('rule a { move to "x"; mark read } # c', 'rule a { file into "x"; mark read } # c'),
        ('set maildri = "~/Mail"', 'set maildir = "~/Mail"'),
        ("rule a { Keep }", "rule a { keep }"),
    ],
)
def test_one_replacement(wrong: str, right: str) -> None:
    assert mended(f"{wrong}\n") == [f"{right}\n"]


@pytest.mark.parametrize(
    "text",
    [
        'rule a { when from is "a" and to is "b" or cc is "c"; keep }',  # two readings
        "rule a { keep }",
    ],
)
def test_none_where_it_is_not_one(text: str) -> None:
    assert mended(f"{text}\n") == []


def test_a_text_in_quotes_is_never_lost() -> None:
    for text in ('rule a { when from = "a@b.example"; file into "B" }\n', 'rule a { move to "X"; log "y" }\n'):
        for changed in mended(text):
            assert changed.count('"') >= text.count('"')
