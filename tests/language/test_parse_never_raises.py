"""Whatever the text: parse ends, does not raise, and points into the text."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.language.diagnostics import render, short
from pyfilter.language.parse import parse
from pyfilter.language.tree import Broken, Rule, Source

EVERYDAY = Path(__file__).with_name("everyday.rules").read_text("utf-8")
GOLDEN = [path.read_bytes().decode() for path in sorted(Path(__file__).with_name("golden").rglob("*.rules"))]

PIECES = [
    "rule", "when", "file into", "and", "or", "not", "any", "all", "at least 2 of", "score >= 5", "test", "message",
    "given", "expect", "list", "set", "let", "define", "action", "include", "else", "from", "subject", "header", "is",
    "contains", "does not", "in", "matches", "keep", "mark", "reply", "every", "by", "{", "}", "(", ")", ";", ",", "=",
    "==", "!=", '"', '"""', '"x"', "'", "“", "”", "/", "/a/", "\\", "#", "<x>", "7 days", "24.12.2026", "18:00",
    "{name}", "*", "\n", "\n\n", "\n    ", "\r\n", "\t", "\0", "\ufeff", "\u202e", "é", "日本", "\ud800", ":0", "x",
]  # fmt: skip


def sound(text: str) -> None:
    source = Source("x.rules", text)
    file, problems = parse(source)
    for problem in problems:
        for span in (problem.span, *(note.span for note in problem.notes)):
            assert span.source is source
            assert 0 <= span.start <= span.end <= len(text)
        assert problem.message and "\n" not in problem.message
        assert problem.code in short(problem)
        assert render(problem).startswith(f"error[{problem.code}]: ")
    assert len(problems) <= limits.PROBLEMS + 1
    assert problems or not any(isinstance(item, Broken) for item in file.items)
    for item in file.items:
        assert 0 <= item.span.start <= item.span.end <= len(text)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text(text: str) -> None:
    sound(text)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_any_order_of_the_pieces_of_the_language(text: str) -> None:
    sound(text)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_good_file_with_something_cut_out_and_something_put_in(data: st.DataObject) -> None:
    base = data.draw(st.sampled_from([EVERYDAY, *GOLDEN]))
    start = data.draw(st.integers(0, len(base)))
    end = data.draw(st.integers(start, min(start + 80, len(base))))
    sound(base[:start] + data.draw(st.sampled_from(["", *PIECES])) + base[end:])


def test_a_file_cut_off_anywhere() -> None:
    """As an editor that was killed leaves it."""
    for end in range(0, len(EVERYDAY), 29):
        sound(EVERYDAY[:end])


def test_deep_and_huge_texts_end_with_one_problem_or_few() -> None:
    for text in (
        "rule a {\n when " + "(" * 20_000 + "spam\n}\n",
        "rule a {\n when " + "not " * 20_000 + "spam\n}\n",
        "rule a {\n when " + "any {\n" * 20_000 + "spam\n}\n",
        "{" * 20_000,
        "}\n" * 20_000,
        '"' * 20_001,
        '"""\n' * 5_001,
        "\0" * 20_000,
        "a" * 100_000,
        "set a = " + "9" * 20_000,
        'let a = "' + "{" * 20_000 + '"\n',
        'let a = "' + "\\" * 20_000 + '"\n',
        "rule a {\n when a" + "\n# c" * 20_000 + "\n and b\n}\n",
        "rule a {\n mark " + "read " * 20_000 + "\n}\n",
        "A=b\n" * 20_000,
    ):
        sound(text)


def test_nesting_up_to_the_limits_is_read() -> None:
    deep = limits.CONDITION_DEPTH
    assert parse(Source("x", "when " + "(" * deep + "spam" + ")" * deep))[1] == []
    assert parse(Source("x", "when " + "not " * deep + "spam"))[1] == []
    rules = limits.RULE_DEPTH
    assert parse(Source("x", "rule a {\n" * rules + "}\n" * rules))[1] == []


def test_more_problems_than_anybody_reads_are_not_reported() -> None:
    _, problems = parse(Source("x", "rule a {\n    when from = 1\n}\n" * (limits.PROBLEMS + 50)))
    assert len(problems) == limits.PROBLEMS + 1
    assert (problems[-1].code, problems[-1].message) == ("E117", "too many problems; the rest of the file was not read")


# ------------------------------------------------------------ the recovery


def names(text: str) -> list[str | None]:
    return [item.name if isinstance(item, Rule | Broken) else None for item in parse(Source("x", text))[0].items]


def test_what_cannot_be_read_still_says_which_name_it_would_have_defined() -> None:
    file, problems = parse(Source("x", "list family = [ 'a' ]\nrule \"the boss\" keep\nlet me you\nset a\n"))
    assert [problem.code for problem in problems] == ["E108", "E116", "E147", "E105"]
    assert [(item.word, item.name) for item in file.items if isinstance(item, Broken)] == [
        ("list", "family"), ("rule", "the boss"), ("let", "me"), (None, None),
    ]  # fmt: skip


def test_a_statement_that_cannot_be_read_leaves_the_others_of_its_rule() -> None:
    file, problems = parse(Source("x", 'rule a {\n  when spam\n  file "B"\n  keep\n}\nrule b { keep }\n'))
    rule = file.items[0]
    assert isinstance(rule, Rule)
    assert [type(statement).__name__ for statement in rule.body] == ["When", "Broken", "Action"]
    assert [statement.span.text for statement in rule.body] == ["when spam", 'file "B"', "keep"]
    assert len(problems) == 1
    assert len(file.items) == 2


def test_rules_after_a_missing_brace_are_rules_of_their_own() -> None:
    assert names("rule a {\n    keep\n\nrule b {\n    keep\n}\n\nrule c { keep }\n") == ["a", "b", "c"]


def test_a_file_that_indents_nothing_may_nest_rules() -> None:
    text = 'rule a {\nwhen spam\nrule b {\nkeep\n}\nset header X-A "b"\nkeep\n}\n'
    assert parse(Source("x", text))[1] == []
    assert names(text) == ["a"]


def test_a_stray_brace_costs_nothing_but_itself() -> None:
    assert names("rule a { keep }\nrule b {\n    keep\n}\n}\nrule c { keep }\n") == ["a", "b", None, "c"]


FIVE = "".join(
    f'rule r{number} {{\n    when from is "a@b.example"\n     and (spam or any {{\n        bulk\n    }})\n'
    '    mark read\n    file into "A" and continue\n    reply """\n        Text.\n        """\n}\n\n'
    for number in range(5)
)


@given(st.integers(FIVE.index("when", FIVE.index("r2")), FIVE.index("rule r3") - 3), st.sampled_from(PIECES))
@settings(max_examples=200, deadline=None)
def test_a_slip_in_one_rule_costs_no_other_rule(place: int, piece: str) -> None:
    text = FIVE[:place] + piece + FIVE[place:]
    found = names(text)
    assert [name for name in found if name in ("r0", "r1", "r3", "r4")] == ["r0", "r1", "r3", "r4"]
    assert len(parse(Source("x", text))[1]) <= 3
