"""How problems are shown: the line as written, carets below what is meant, notes, the remedy."""

from __future__ import annotations

import re

import pytest

from pyfilter.language.diagnostics import Diagnostic, Note, as_json, render, short, summary
from pyfilter.language.excerpt import WIDTH
from pyfilter.language.tree import Source, Span


def span(source: Source, written: str) -> Span:
    start = source.text.index(written)
    return Span(source, start, start + len(written))


def problem(text: str, written: str, **more: str) -> Diagnostic:
    source = Source("x.rules", text)
    return Diagnostic("E201", "there is no such field", span(source, written), **more)


def shown(text: str, written: str, **more: str) -> list[str]:
    """The excerpt's lines alone."""
    return [line[4:] for line in render(problem(text, written, **more)).split("\n")[3:]]


def test_the_look_of_an_error() -> None:
    source = Source("~/.pyfilterrc", "\n" * 22 + '    when subjcet is "DenyHosts Report"\n')
    diagnostic = Diagnostic(
        "E201", "there is no field `subjcet`", span(source, "subjcet"), "not a field of a message",
        "did you mean `subject`?",
    )  # fmt: skip
    assert render(diagnostic) == (
        "error[E201]: there is no field `subjcet`\n"
        "  --> ~/.pyfilterrc:23:10\n"
        "   |\n"
        '23 |     when subjcet is "DenyHosts Report"\n'
        "   |          ^^^^^^^ not a field of a message\n"
        "   |\n"
        "   = help: did you mean `subject`?"
    )


def test_the_look_of_a_warning_with_notes() -> None:
    source = Source(
        "lists.rules",
        "\n" * 10 + 'rule "ports" {\n    when list-id contains "ports"\n    file into "openbsd/ports"\n}\n'
        + "\n" * 3 + 'rule "ports changes" {\n    when list-id contains "ports-changes"\n}\n',
    )  # fmt: skip
    diagnostic = Diagnostic(
        "W301",
        'rule "ports changes" can never run',
        span(source, 'rule "ports changes"'),
        "",
        'move "ports changes" above "ports",\nor let "ports" go on: `file into "openbsd/ports" and continue`',
        (
            Note(span(source, 'list-id contains "ports-changes"'), 'contains "ports"'),
            Note(span(source, 'list-id contains "ports"'), "every message this asks for …"),
            Note(span(source, 'file into "openbsd/ports"'), "… is filed here, which ends the filtering"),
        ),
    )
    assert render(diagnostic) == (
        'warning[W301]: rule "ports changes" can never run\n'
        "  --> lists.rules:18:1\n"
        "   |\n"
        '12 |     when list-id contains "ports"\n'
        "   |          ------------------------ every message this asks for …\n"
        '13 |     file into "openbsd/ports"\n'
        "   |     ------------------------- … is filed here, which ends the filtering\n"
        '18 | rule "ports changes" {\n'
        "   | ^^^^^^^^^^^^^^^^^^^^\n"
        '19 |     when list-id contains "ports-changes"\n'
        '   |          -------------------------------- contains "ports"\n'
        '   = help: move "ports changes" above "ports",\n'
        '           or let "ports" go on: `file into "openbsd/ports" and continue`'
    )


def test_the_gutter_is_as_wide_as_the_largest_number() -> None:
    source = Source("x", "a\n" * 120)
    diagnostic = Diagnostic("E1", "m", Span(source, 0, 1), "", "", (Note(Span(source, 238, 239), "here"),))
    assert render(diagnostic).split("\n")[1:] == [
        "   --> x:1:1",
        "    |",
        "  1 | a",
        "    | ^",
        "120 | a",
        "    | - here",
    ]


def test_a_note_in_another_file_shows_that_file() -> None:
    source, other = Source("a.rules", "one\n"), Source("b.rules", "\ntwo\n")
    diagnostic = Diagnostic("E1", "m", Span(source, 0, 3), "", "h", (Note(Span(other, 1, 4), "before"),))
    assert render(diagnostic).split("\n")[2:] == [
        "  |",
        "1 | one",
        "  | ^^^",
        " ::: b.rules:2:1",
        "  |",
        "2 | two",
        "  | --- before",
        "  = help: h",
    ]


def test_several_marks_on_one_line_stand_below_each_other() -> None:
    source = Source("x", "a and b or c\n")
    diagnostic = Diagnostic("E1", "m", Span(source, 8, 10), "", "", (Note(Span(source, 2, 5), "and"),))
    assert render(diagnostic).split("\n")[3:] == ["1 | a and b or c", "  |   --- and", "  |         ^^"]


def test_a_mark_over_several_lines_is_drawn_on_the_first() -> None:
    assert shown("rule {  \n  keep\n}", "rule {  \n  keep\n}") == ["rule {  ", "^^^^^^"]


def test_a_mark_without_width_is_one_caret() -> None:
    source = Source("x", "when\n")
    for place in (4, 5):
        assert render(Diagnostic("E1", "m", Span(source, place, place))).endswith("^")


@pytest.mark.parametrize(
    ("text", "line", "under"),
    [
        ("\twhen bad", "    when bad", "         ^^^"),
        ("a\tbad", "a   bad", "    ^^^"),
        ("日本 bad", "日本 bad", "     ^^^"),
        ("e\u0301 bad", "e\u0301 bad", "  ^^^"),
        ("\x1b[31m bad", "␛[31m bad", "      ^^^"),
        ("\x00 bad", "␀ bad", "  ^^^"),
        ("\x7f bad", "<7F> bad", "     ^^^"),
        ("\u202e bad", "<U+202E> bad", "         ^^^"),
        ("\u200b bad", "<U+200B> bad", "         ^^^"),
        ("\u2028 bad", "<U+2028> bad", "         ^^^"),
        ("\ud800 bad", "<U+D800> bad", "         ^^^"),
        ("bad\r", "bad", "^^^"),
    ],
)
def test_what_a_line_holds_is_made_harmless_and_the_caret_still_hits(text: str, line: str, under: str) -> None:
    assert shown(text, "bad") == [line, under]


def test_messages_and_names_of_files_are_made_harmless() -> None:
    source = Source("a\x1b[2J\n", "x")
    diagnostic = Diagnostic("E1", "no `\x1b[31m`", Span(source, 0, 1), "\x07", "\u202e\nb")
    for text in (render(diagnostic), short(diagnostic)):
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)


@pytest.mark.parametrize("before", [0, 30, 60, 500, 100_000])
@pytest.mark.parametrize("after", [0, 30, 60, 500, 100_000])
def test_a_long_line_is_cut_around_its_mark(before: int, after: int) -> None:
    line, under = shown("x" * before + "bad" + "y" * after, "bad")
    assert len(line) <= WIDTH + 2
    assert [line[column] for column, sign in enumerate(under) if sign == "^"] == ["b", "a", "d"]
    whole = before + 3 + after <= WIDTH
    assert ("…" not in line) == whole
    assert line.startswith("…") == (not line.startswith(("bad", "x" * before + "bad")))


def test_a_mark_longer_than_what_is_shown_ends_there() -> None:
    line, under = shown("bad" * 1000, "bad" * 1000)
    assert len(under) <= len(line) <= WIDTH + 2


def test_colours_change_nothing_but_colours() -> None:
    diagnostic = problem('when subjcet is "x"', "subjcet", label="no field", help="a\nb")
    coloured = render(diagnostic, color=True)
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(diagnostic)


def test_short_is_what_editors_jump_to() -> None:
    assert short(problem("\n  bad", "bad")) == "x.rules:2:3: error[E201]: there is no such field"


def test_summary_counts() -> None:
    source = Source("x", "x")
    error, warning = (Diagnostic(code, "m", Span(source, 0, 1)) for code in ("E1", "W1"))
    assert summary([]) == "no problems"
    assert summary([error]) == "1 error"
    assert summary([warning, error, error, warning, warning]) == "2 errors, 3 warnings"


def test_json_holds_all_of_it() -> None:
    source = Source("x.rules", "a\nbad\n")
    diagnostic = Diagnostic("W301", "m", Span(source, 2, 5), "l", "h", (Note(Span(source, 0, 1), "n"),))
    assert as_json(diagnostic) == {
        "code": "W301", "severity": "warning", "message": "m", "file": "x.rules", "line": 2, "column": 1,
        "end_line": 2, "end_column": 4, "label": "l", "help": "h",
        "notes": [{"message": "n", "file": "x.rules", "line": 1, "column": 1, "end_line": 1, "end_column": 2}],
    }  # fmt: skip
