"""What the parser makes of rules that are right: the tree, and the place of everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pyfilter.language import tree
from pyfilter.language.parse import parse
from pyfilter.language.tree import Node, Source, Span

EVERYDAY = Path(__file__).with_name("everyday.rules")


def parsed(text: str) -> tuple[tree.Item, ...]:
    file, problems = parse(Source("x.rules", text))
    assert problems == []
    return file.items


def first(text: str) -> Any:
    return parsed(text)[0]


def condition(text: str) -> Any:
    return first(f"when {text}").condition


def action(text: str) -> Any:
    return first(text)


def texts(nodes: tuple[Any, ...]) -> list[str]:
    return [node.plain if isinstance(node, tree.Text) else node.name for node in nodes]


def nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, Node):
        yield node
    if isinstance(node, Node | tree.File):
        node = tuple(getattr(node, field.name) for field in fields(node))
    if isinstance(node, tuple):
        for child in node:
            yield from nodes(child)


@pytest.fixture(scope="module")
def everyday() -> tree.File:
    file, problems = parse(Source(str(EVERYDAY), EVERYDAY.read_text("utf-8")))
    assert problems == []
    return file


def test_a_file_is_its_items_in_order(everyday: tree.File) -> None:
    assert [type(item).__name__ for item in everyday.items] == [
        "Rule", "Rule", "Setting", "Setting", "Setting", "Setting", "Let", "ListDefinition", "ListDefinition",
        "ListDefinition", "ListDefinition", "Define", "ActionDefinition", "Include", "Include", "Rule", "Rule",
        "TestBlock",
    ]  # fmt: skip


def test_every_place_is_what_was_written(everyday: tree.File) -> None:
    for node in nodes(everyday):
        written = node.span.text
        assert written == written.strip(), node
        match node:
            case tree.Word() | tree.Field():
                assert node.name == written
            case tree.Text():
                assert written[0] == written[-1] == '"'
            case tree.Hole():
                assert written == "{" + node.name + (f":{node.format}" if node.format else "") + "}"
            case tree.Wild():
                assert written == node.character
            case tree.Number():
                assert float(written) == node.value
            case tree.Regex():
                assert written.startswith("/") and written.endswith("/" + node.flags)
            case tree.Rule():
                assert written.startswith(node.head.text) and written.endswith("}")
                assert node.head.text.removeprefix("rule ").strip('"') == node.name
            case tree.Action():
                assert written.startswith(node.verb_span.text) and node.verb_span.text.split() == node.verb.split()
            case tree.When():
                assert written.startswith("when ")
            case _:
                assert written


def test_places_of_children_lie_within_their_parents(everyday: tree.File) -> None:
    for parent in nodes(everyday):
        for child in nodes(tuple(getattr(parent, field.name) for field in fields(parent))):
            assert parent.span.start <= child.span.start <= child.span.end <= parent.span.end


def test_names_are_plain_texts(everyday: tree.File) -> None:
    """A program is marshalled: a parser's own kind of str would not be."""
    for node in nodes(everyday):
        for field in fields(node):
            value = getattr(node, field.name)
            assert not isinstance(value, str) or type(value) is str


# ---------------------------------------------------------------- rules


def test_a_rule_on_one_line() -> None:
    rule = first('rule "x" { when spam; file into "B" }')
    assert rule.name == "x"
    assert [type(statement) for statement in rule.body] == [tree.When, tree.Action]


def test_a_rule_may_be_named_by_a_bare_word_and_begin_its_block_on_the_next_line() -> None:
    rule = first("rule bulk\n# so\n{\n\n}\n")
    assert (rule.name, rule.body, rule.otherwise) == ("bulk", (), None)


def test_else_is_remembered_with_its_place() -> None:
    rule = first('rule "x" else { keep }')
    assert rule.otherwise.text == "else"
    assert rule.head.text == 'rule "x"'


def test_and_or_lines_continue_also_across_comments() -> None:
    chain = condition('spam\n\n  # why\n\n  and bulk\n or (\n from is "a"\n )')
    assert [operator.name for operator in chain.operators] == ["and", "or"]
    assert [type(operand) for operand in chain.operands] == [tree.Test, tree.Test, tree.Paren]


def test_a_line_may_break_behind_and_or_and_commas() -> None:
    assert len(condition('spam and\n bulk or\n # x\n from is "a",\n  "b" or\n "c"').operands) == 3


def test_an_or_before_a_text_belongs_to_the_texts() -> None:
    test = condition('subject contains "a" or "b", "c"\n  or "d"')
    assert texts(test.relation.values) == ["a", "b", "c", "d"]


def test_words_that_begin_like_words_of_the_language() -> None:
    for name in ("notspam", "order", "android", "isotope", "index", "whenever", "rules"):
        assert condition(name).subject.name == name


# ----------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("written", "word", "negated"),
    [
        ('is "a"', "is", False),
        ('is not "a"', "is", True),
        ('contains "a"', "contains", False),
        ('does not contain "a"', "contains", True),
        ('starts with "a"', "starts with", False),
        ('does not start with "a"', "starts with", True),
        ('ends with "a"', "ends with", False),
        ('does not end with "a"', "ends with", True),
        ('matches "a"', "matches", False),
        ('does not match "a"', "matches", True),
        ("exists", "exists", False),
        ("does not exist", "exists", True),
        ('in "a"', "in", False),
        ('not in "a"', "in", True),
    ],
)
def test_relations_and_their_denials(written: str, word: str, negated: bool) -> None:
    relation = condition(f"subject {written}").relation
    assert (relation.word, relation.negated, relation.exactly, relation.span.text) == (word, negated, False, written)
    assert texts(relation.values) == (["a"] if '"' in written else [])


def test_exactly() -> None:
    for written in ("is exactly", "is not exactly", "starts with exactly", "matches exactly", "does not match exactly"):
        assert condition(f'subject {written} "a"').relation.exactly


def test_lists_follow_in_separated_by_commas() -> None:
    assert texts(condition('from in family, blocked or "x"').relation.values) == ["family", "blocked", "x"]


def test_sizes_times_and_dates() -> None:
    size = condition("size <= 512 kB").relation
    assert (size.operator, size.values[0].number.value, size.values[0].unit.name) == ("<=", 512, "kB")
    moment = condition("date > now + 2 days").relation.values[0]
    assert (moment.base.name, moment.kind, moment.shift, moment.by.number.value) == ("now", "field", "+", 2)
    between = condition("time between 22:00 and 6:00 and spam").operands[0].relation
    assert [(value.kind, value.base.name) for value in between.values] == [("time", "22:00"), ("time", "6:00")]


def test_groups() -> None:
    group = condition('at least 2 of {\n spam\n bulk or from is "a"; not dkim\n}')
    assert (group.kind, group.count.value, len(group.operands)) == ("at least", 2, 3)
    assert condition("none { spam }").kind == "none"


def test_scores() -> None:
    score = condition("score >= 5 {\n 2.5 if spam\n -10 if bulk and dkim\n}")
    assert (score.operator, score.threshold.value) == (">=", 5)
    assert [weight.number.value for weight in score.weights] == [2.5, -10]


def test_regexes_keep_all_but_the_escaped_slash() -> None:
    regex = condition(r"subject matches /a\/b\\\/\d[^\/]/is").relation.values[0]
    assert (regex.pattern, regex.flags) == (r"a/b\\/\d[^/]", "is")


def test_subjects() -> None:
    assert condition("header X-Cron-Env exists").subject.name.name == "X-Cron-Env"
    assert condition('header "Odd:Name" exists').subject.name.plain == "Odd:Name"
    assert condition("environment USER exists").subject.name.name == "USER"
    assert texts(condition('command "a b" "{from}" succeeds').subject.arguments) == ["a b", "{from}"]


# -------------------------------------------------------------- actions


@pytest.mark.parametrize(
    ("written", "verb", "arguments"),
    [
        ('forward to "a", "b"', "forward to", ["a", "b"]),
        ('copy to "a"', "copy to", ["a"]),
        ('pipe  to "prog" "x"', "pipe to", ["prog", "x"]),
        ("mark as read, flagged", "mark", ["read", "flagged"]),
        ("unmark read", "unmark", ["read"]),
        ('add header X-A "b"', "add header", ["X-A", "b"]),
        ('set header "X:A" "b"', "set header", ["X:A", "b"]),
        ("remove header X-A", "remove header", ["X-A"]),
        ('reject "no"', "reject", ["no"]),
        ("defer", "defer", []),
        ("do this", "do", ["this"]),
        ("stop", "stop", []),
        ('log "x"', "log", ["x"]),
    ],
)
def test_actions(written: str, verb: str, arguments: list[str]) -> None:
    done = action(written)
    assert (done.verb, texts(done.arguments), done.continues) == (verb, arguments, None)


def test_folders() -> None:
    for written, kind in [('"a"', "folder"), ("inbox", "inbox"), ('mbox "a"', "mbox"), ('mh "a"', "mh")]:
        place = action(f"file into {written}").arguments[0]
        assert (place.kind, place.span.text) == (kind, written)
        assert (place.text.plain if place.text else None) == (None if kind == "inbox" else "a")


def test_and_continue_has_a_place_also_on_the_next_line() -> None:
    assert action('file into "a" and  continue').continues.text == "and  continue"
    assert action('file into "a"\n  and continue\n').continues.text == "and continue"


def test_a_reply_keeps_its_clauses_in_order() -> None:
    reply = action('reply subject "Away" every 2 weeks "text"')
    assert [type(argument).__name__ for argument in reply.arguments] == ["Clause", "Quantity", "Text"]
    assert action('reply file "away.txt"').arguments[0].word == "file"


# --------------------------------------------------------- declarations


def test_includes() -> None:
    (plain, optional, shipped) = parsed('include "a.rules"\ninclude optional "b.rules"\ninclude <lists>\n')
    assert [(i.path, i.optional, i.shipped) for i in (plain, optional, shipped)] == [
        ("a.rules", False, False), ("b.rules", True, False), ("lists", False, True),
    ]  # fmt: skip


def test_lists() -> None:
    (inline, block, file, command) = parsed(
        'list a = "x", "y"\nlist b {\n # c\n "x"\n "y", "z"; }\n'
        'list c from "f"\nlist d from command "p" "q" every 1 hour\n'
    )
    assert [(i.kind, texts(i.entries), i.every is not None) for i in (inline, block, file, command)] == [
        ("inline", ["x", "y"], False), ("inline", ["x", "y", "z"], False),
        ("file", ["f"], False), ("command", ["p", "q"], True),
    ]  # fmt: skip


def test_tests() -> None:
    (test,) = parsed('test "a" {\n message "x"\n given spam\n expect not keep\n expect file into "B" by "r"\n}')
    assert (test.name, [text.plain for text in test.messages], len(test.givens)) == ("a", ["x"], 1)
    assert [(e.action.verb, e.negated, e.by.plain if e.by else None) for e in test.expects] == [
        ("keep", True, None), ("file into", False, "r"),
    ]  # fmt: skip


# ------------------------------------------------- files as they are found


def test_line_ends_of_windows() -> None:
    text = EVERYDAY.read_text("utf-8")
    assert [type(item) for item in parsed(text.replace("\n", "\r\n"))] == [type(item) for item in parsed(text)]
    reply = action('reply """\r\n  One.\r\n    Two.\r\n  """\r\n')
    assert reply.arguments[0].plain == "One.\n  Two.\n"


def test_a_byte_order_mark_tabs_form_feeds_and_unbreakable_blanks() -> None:
    rule = first('\ufeffrule\t"x" {\n\f\n\twhen\u00a0spam\n \u00a0 keep\n}')
    assert [statement.span.text for statement in rule.body] == ["when\u00a0spam", "keep"]


def test_no_line_break_at_the_end_and_nothing_at_all() -> None:
    assert len(parsed("keep")) == 1
    assert parsed("") == parsed("\n\n# nothing\n") == parsed("\ufeff") == ()


def test_names_in_other_alphabets_are_compared_in_one_spelling() -> None:
    (composed, decomposed) = parsed('list přátelé = "a"\nlist přátelé = "b"\n')
    assert composed.name.name == decomposed.name.name == "přátelé"
    assert condition("from in přátelé").relation.values[0].name == "přátelé"


def test_a_span_knows_its_line_and_column() -> None:
    source = Source("x", "a\nbc\n")
    assert source.place(3) == (2, 2)
    assert Span(source, 2, 4).line == 2
    assert (source.line(2), source.lines) == ("bc", 3)
