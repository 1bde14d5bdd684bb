"""What is told of each kind of word."""

from __future__ import annotations

import pytest

from pyfilter.editor.documents import Documents
from pyfilter.editor.hover import explained, told
from pyfilter.language.codes import CODES
from pyfilter.language.vocabulary import ACTIONS, FIELDS, RELATIONS, SETTINGS

RULES = """\
set deadline = 2 minutes
set layout = maildir++
list family = "olga@family.example"
let team = "Work"
rule "lists" {
    when list-id matches "{list}.lists.example.org"
     and not (from.domain in family or header X-Cron-Env exists)
     and size > 512 kB
    mark read
    file into "{team}/{list}/{from.domain}"
}
"""


def tell(word: str, inside: int = 1, text: str = RULES) -> str:
    documents = Documents("/nowhere")
    documents.open("/x", text)
    program = documents.program("/x")
    return told(program[-1], text.index(word) + inside, program)


@pytest.mark.parametrize(
    ("word", "inside", "first", "said"),
    [
        ("deadline", 1, "**deadline** — setting", SETTINGS["deadline"].doc),
        ("layout", 1, "**layout** — setting", "Default: `maildir++`"),
        ("2 minutes", 3, "**2 minutes** — quantity", "120 seconds"),
        ("512 kB", 1, "**512 kB** — quantity", "512,000 bytes"),
        ("list-id", 1, "**list-id** — field, text", FIELDS["list-id"].doc),
        ("from.domain", 7, "**from.domain** — field", "what stands behind the `@`"),
        ("header X", 1, "**header** — field, text", FIELDS["header"].doc),
        ("matches", 3, "**matches** — relation", RELATIONS["matches"].doc),
        ("exists", 3, "**exists** — relation", RELATIONS["exists"].doc),
        ("not (", 1, "**not** — word", "does not hold"),
        ("mark", 2, "**mark** — action", ACTIONS["mark"].doc),
        ("read", 2, "**read** — flag", "shown as read"),
        ("file into", 7, "**file into** — action", "Ends the filtering, unless `and continue` stands behind it."),
        ("in family", 4, "**family** — list of yours", 'list family = "olga@family.example"'),
        ("{team}", 2, "**team** — text of yours", 'let team = "Work"'),
        ("{list}/", 2, "**list** — capture", 'matches "{list}.lists.example.org"'),
        ("{from.domain}", 2, "**from.domain** — field", "what stands behind the `@`"),
        ("rule", 2, "**rule** — statement", "conditions and actions"),
        ("when", 2, "**when** — statement", "the condition of a rule"),
        ("let", 1, "**let** — statement", "names a text"),
        ("team =", 1, "**team** — text of yours", 'let team = "Work"'),
    ],
)
def test_a_word_is_told_of(word: str, inside: int, first: str, said: str) -> None:
    text = tell(word, inside)
    assert text.split("\n")[0] == first
    assert said in text


def test_what_a_stranger_wrote_is_no_markup() -> None:
    """An editor would fetch a picture from wherever the rule file says."""
    text = 'let a = "```![x](http://tracker.example/x.png)\x1b[2J"\nrule b { file into "{a}" }\n'
    told = tell("{a}", 2, text)
    assert told.split("\n\n")[1].startswith("````pyfilter\n")
    assert told.endswith("\n````")
    assert "\x1b" not in told
    odd = 'rule b { when subject matches "{![x](http://a)}"; file into "{![x](http://a)}" }\n'
    assert "![" not in tell("{![x]", 3, odd).split("```")[0]


def test_nothing_is_told_of_a_text_or_a_comment() -> None:
    assert tell("olga") == ""
    assert tell("# or", text="# or not\nrule a { keep }\n") == ""


def test_every_field_is_told_of() -> None:
    for row in FIELDS.values():
        text = f"rule a {{ when {row.example}; keep }}\n"
        assert row.doc in tell(row.name, text=text), row.name


def test_a_code_is_explained_once() -> None:
    documents = Documents("/nowhere")
    documents.open("/x", "rule a { when foo exists and bar exists; keep }\n")
    found = [problem for problem in documents.checked("/x").diagnostics if problem.code == "E201"]
    assert len(found) == 2
    assert explained(found) == f"**E201: {CODES['E201'][0]}**\n\n```text\n{CODES['E201'][1]}\n```"
