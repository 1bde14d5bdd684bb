"""A program's text becomes words when the rules are checked, as a shell would split it and without one."""

from __future__ import annotations

import pytest

from pyfilter.language.check import check
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source


def arguments(written: str) -> object:
    """What `notify` is run with, as it stands in the Program."""
    import marshal

    file, syntax = parse(Source("rules", f'rule a {{ when subject matches "{{what}}"; notify {written} }}'))
    assert syntax == []
    program, found = check([file], look_for_files=False)
    assert program is not None, found
    (rule,) = program["rules"]  # type: ignore[misc]
    return marshal.loads(rule)[4][0][1]


def problems(*files: tuple[str, str]) -> list[Diagnostic]:
    return check([parse(Source(name, text))[0] for name, text in files], look_for_files=False)[1]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('"cat"', ("cat",)),
        ('"  cat   -u  "', ("cat", "-u")),
        ("\"cat 'in two' x\"", ("cat", "in two", "x")),
        ('"cat \\"in two\\""', ("cat", "in two")),
        ('"cat in\\\\ two"', ("cat", "in two")),
        ("\"cat '' x\"", ("cat", "", "x")),
        ("\"cat '|' '$HOME' '~'\"", ("cat", "|", "$HOME", "~")),
        ('"cat a~b"', ("cat", "a~b")),
        ('"~/bin/x"', ("~/bin/x",)),
        ('"/bin/x#y # z"', ("/bin/x#y", "#", "z")),
        ('"cat" "in two; | $x"', ("cat", "in two; | $x")),
        ('"cat" ""', ("cat", "")),
        ('"cat" "{what}"', ("cat", (("capture", "what"),))),
        ('"cat" "{from.address}"', ("cat", (("field", "from.address", None),))),
    ],
)
def test_words(written: str, words: object) -> None:
    assert arguments(written) == words


def test_a_let_without_a_field_is_written_out() -> None:
    text = 'let store = "~/bin/store --all"\nrule a { pipe to "{store}" }'
    assert problems(("rules", text)) == []


def test_what_the_system_forbids_nobody_allows_again() -> None:
    system = ("/etc/pyfilterrc", "set allow-commands = no")
    user = ("~/.pyfilterrc", 'set allow-commands = yes\nrule a { notify "cat" }')
    assert [(found.code, found.message) for found in problems(system, user)] == [
        ("E342", "programs are forbidden already"),
        ("E342", "rules may not run programs here"),
    ]


def test_a_user_may_forbid_what_the_system_allows() -> None:
    system = ("/etc/pyfilterrc", "set allow-commands = yes")
    user = ("~/.pyfilterrc", 'set allow-commands = no\nrule a { notify "cat" }')
    assert [found.message for found in problems(system, user)] == ["rules may not run programs here"]
