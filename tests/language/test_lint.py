"""Lints: each fires, and its near miss does not."""

from __future__ import annotations

import pytest

from pyfilter.language.compiling import compile_sources
from pyfilter.language.lint import lint
from pyfilter.language.tree import Source

FOLDERS = ["Cron", "Lists/ports", "Work", "Year 2025"]
HEADERS = {"x-gitlab-project": 12, "x-loop": 3, "to": 40}


def linted(*texts: str, names: tuple[str, ...] = ("rules",)) -> list[str]:
    compiled = compile_sources([Source(name, text) for name, text in zip(names, texts, strict=True)])
    assert compiled.program is not None, compiled.diagnostics
    found = lint(compiled.trees, folders=FOLDERS, headers=HEADERS)
    return [
        f"{problem.code} {problem.span.text}: {problem.message} | {problem.label} | {problem.help}" for problem in found
    ]


USED = [
    'list family = "a@b.example"\nrule x { when from in family; keep }',
    'list family = "a@b.example"\nrule x { when from in family or friends; keep }\nlist friends = "c@d.example"',
    'let team = "Work"\nrule x { file into "{team}" }',
    'let base = "Work"\nlet team = "{base}/T"\nrule x { file into "{team}" }',
]
UNUSED = [
    (
        'list family = "a@b.example"',
        "W320 family: the list `family` is not used |  | leave it out, or use it: `from in family`",
    ),
    ('let team = "Work"', 'W320 team: the text `team` is not used |  | leave it out, or use it: `file into "{team}"`'),
    (
        'let team = "Work"\nrule x { file into "team" }',
        'W320 team: the text `team` is not used |  | leave it out, or use it: `file into "{team}"`',
    ),
]


@pytest.mark.parametrize("text", USED)
def test_a_name_that_is_used(text: str) -> None:
    assert linted(text) == []


@pytest.mark.parametrize(("text", "warning"), UNUSED)
def test_a_name_that_is_not_used(text: str, warning: str) -> None:
    assert linted(text) == [warning]


def test_names_of_the_system_are_there_for_whoever_wants_them() -> None:
    assert linted('list ours = "@a.example"', "", names=("/etc/pyfilterrc", "~/.pyfilterrc")) == []


@pytest.mark.parametrize(
    ("folder", "meant"),
    [
        ("Corn", "Cron"),
        ("Crons", "Cron"),
        ("cron", "Cron"),
        ("Lists/port", "Lists/ports"),
        (".Lists.port/", "Lists/ports"),
    ],
)
def test_a_folder_that_is_misspelt(folder: str, meant: str) -> None:
    shown = folder.strip("./").replace(".", "/")
    assert linted(f'rule x {{ file into "{folder}" }}') == [
        (
            f'W322 "{folder}": there is no folder "{shown}", but "{meant}" | would be made | '
            f'did you mean `"{meant}"`? If a new folder is meant, make it first'
        )
    ]


@pytest.mark.parametrize(
    "folder", ["Cron", "Reports", "Lists/ports", "INBOX", "Wrk", "Year 2026", "Cron/x", "{from.local}"]
)
def test_a_folder_that_is_meant(folder: str) -> None:
    assert linted(f'rule x {{ copy into "{folder}" }}') == []


def test_a_header_that_is_misspelt() -> None:
    assert linted('rule x { when header X-Gitlab-Projct is "a"; keep }') == [
        (
            "W323 X-Gitlab-Projct: none of your mail has a header `X-Gitlab-Projct` | 12 have `x-gitlab-project` | "
            "did you mean `x-gitlab-project`?"
        )
    ]


@pytest.mark.parametrize("name", ["X-GitLab-Project", "X-Something-Else", "To", "X-Loop"])
def test_a_header_that_is_meant(name: str) -> None:
    assert linted(f'rule x {{ when header {name} is "a"; keep }}') == []


FORGED = [
    "spam",
    "spam is yes",
    "spam.score >= 5",
    "dmarc fails",
    "spf is fail, softfail",
    'from is "a@b.example" and (size > 1 kB and spam)',
]
HONEST = [
    "not spam",
    "spam is no",
    "spam.score < 5",
    "dmarc passes",
    "size > 10 MB",
    "not dmarc fails",
    "spf is not fail",
]
TRUST = 'set trusted-authserv = "mx.example.org"\n'


@pytest.mark.parametrize("condition", FORGED)
def test_a_bounce_to_a_forged_sender(condition: str) -> None:
    (warning,) = linted(f'{TRUST}rule x {{ when {condition}; reject "no" }}')
    assert warning.startswith(
        "W321 reject: `reject` answers somebody who did not write this | the mail is accepted already"
    )
    assert linted(f'{TRUST}rule x {{ when {condition}; rule y {{ reject "no" }} }}') == [warning]


@pytest.mark.parametrize("condition", HONEST)
def test_a_bounce_to_the_sender(condition: str) -> None:
    assert linted(f'{TRUST}rule x {{ when {condition}; reject "no" }}') == []


def test_forged_mail_that_is_filed() -> None:
    assert linted('rule x { when spam; file into "spam" }\nrule y { reject "closed" }') == []
