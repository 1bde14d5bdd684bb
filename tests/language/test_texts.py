"""What stands between quotes: escapes, holes, stars, the indentation of long texts."""

from __future__ import annotations

import pytest

from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.texts import text
from pyfilter.language.tree import Hole, Source, Text, Wild


def read(written: str, *, verbatim: bool = False) -> tuple[Text, list[Diagnostic]]:
    problems: list[Diagnostic] = []
    source = Source("x", f"    {written}")
    return text(source, 4, 4 + len(written), problems, verbatim=verbatim), problems


def parts(written: str) -> list[str]:
    found, problems = read(written)
    assert problems == []
    return [part if isinstance(part, str) else f"<{part.span.text}>" for part in found.parts]


def test_escapes_stand_for_the_character() -> None:
    assert parts(r'"\" \\ \{ \} \* \?"') == ['" \\ { } * ?']


def test_an_empty_text_has_no_parts() -> None:
    assert parts('""') == parts('""""""') == []


def test_holes_and_stars_are_parts_of_their_own() -> None:
    assert parts('"a{list}b*c?{today:%Y-%m}"') == ["a", "<{list}>", "b", "<*>", "c", "<?>", "<{today:%Y-%m}>"]
    found, _ = read('"{from.domain:x}"')
    (hole,) = found.holes
    assert isinstance(hole, Hole)
    assert (hole.name, hole.format) == ("from.domain", "x")


def test_plain_gives_stars_and_holes_as_written() -> None:
    found, _ = read('"a*{b:c}"')
    assert isinstance(found.parts[1], Wild)
    assert found.plain == "a*{b:c}"


@pytest.mark.parametrize("written", [r'"\d"', r'"\n"', r'"a\\\."', r'"\ä"', r'"\/"'])
def test_any_other_backslash_is_an_error(written: str) -> None:
    found, problems = read(written)
    assert [problem.code for problem in problems] == ["E110"]
    assert problems[0].span.text in found.plain


@pytest.mark.parametrize("written", ['"{"', '"}"', '"a { b"', '"a{b"', '"{a"', '"{{"'])
def test_a_lone_brace_is_an_error(written: str) -> None:
    assert {problem.code for problem in read(written)[1]} == {"E111"}


@pytest.mark.parametrize("written", ['"{}"', '"{a b}"', '"{ a }"', '"{1}"', '"{a.}"', '"{a-}"', '"{*}"', '"{a::b:}c}"'])
def test_a_hole_holds_one_name(written: str) -> None:
    assert {problem.code for problem in read(written)[1]} <= {"E112", "E111"} != set()


def test_of_a_long_text_the_common_indentation_goes() -> None:
    found, problems = read('"""\n        One.\n\n          Two.\n        """')
    assert (found.plain, found.long, problems) == ("One.\n\n  Two.\n", True, [])


def test_the_line_of_the_closing_quotes_counts() -> None:
    assert read('"""\n    One.\n  """')[0].plain == "  One.\n"
    assert read('"""\n  One.\n    """')[0].plain == "One.\n  "


def test_tabs_and_blanks_are_not_counted_against_each_other() -> None:
    assert read('"""\n\tOne.\n    Two.\n"""')[0].plain == "\tOne.\n    Two.\n"
    assert read('"""\n\t One.\n\t  Two.\n\t """')[0].plain == "One.\n Two.\n"


def test_blank_lines_may_be_shorter_than_the_indentation() -> None:
    assert read('"""\n    One.\n  \n    Two.\n    """')[0].plain == "One.\n\nTwo.\n"


def test_a_long_text_on_one_line_is_left_alone() -> None:
    assert read('"""  One. """')[0].plain == "  One. "


def test_quotes_within_a_long_text() -> None:
    assert read('"""\n  "One" and ""Two"".\n  """')[0].plain == '"One" and ""Two"".\n'


def test_holes_work_in_a_long_text_and_keep_their_place() -> None:
    found, _ = read('"""\n    Dear {from.name},\n    """')
    assert [hole.span.text for hole in found.holes] == ["{from.name}"]


def test_of_a_message_only_the_indentation_goes() -> None:
    written = '"""\n    Subject: {x} \\d * } "\n\n    body\n    """'
    found, problems = read(written, verbatim=True)
    assert (found.parts, problems) == (('Subject: {x} \\d * } "\n\nbody\n',), [])
