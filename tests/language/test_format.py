"""A formatted file means what it meant, keeps its comments, and is formatted already."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter.language import format as formatting
from pyfilter.language.format import formatted
from pyfilter.language.format_words import Listening, words
from pyfilter.language.parse import parse
from pyfilter.language.reader import Reader
from pyfilter.language.tree import Source

GOLDEN = sorted(Path(__file__).parent.rglob("*.rules"))

TEXTS = st.sampled_from(['"x"', '"{list}"', r'"a\"b\\"', '"# no comment"', '""', '"a; b"'])
LONG = st.sampled_from(
    ['"""\nHello\n  there\n"""', '"""\n      a\n\n    b # not\n      """', '"""one"""', '"""a\r\n b"""']
)
TESTS = st.one_of(
    st.just("spam"), st.just("duplicate within 7days"), st.just("size>512kB"), st.just("header X-A exists"),
    st.just("friends"), st.just("today between 2026-12-24 and 2027-01-02"), st.just("time > 18:00"),
    st.just('command "true" "x" succeeds'), st.just("from in family,friends"), st.just("today > date - 7 days"),
    st.just(r"subject matches /a#b\/c/i,/d/"), st.just("environment HOME exists"),
    TEXTS.map("subject is {}".format), TEXTS.map('from does not contain {} or\n"y"'.format),
)  # fmt: skip
GAPS = st.sampled_from([" ", "  ", "\t", " \u00a0"])
SEPARATORS = st.sampled_from(
    ["\n", ";", "\n\n\n", " # one\n", "\n# two\n", ";;", "\r\n", "\n\t;\n", ";#three\n", "   ;   # four \n\n"]
)
BREAKS = st.sampled_from(["", "", " ", "\n", " # five\n", "\n\n  #six\n# seven\n\n"])
JOINS = st.sampled_from([" and ", "\nand ", " # eight\n  # nine\n\n and ", " and\n", " and # ten\n   "])


def joined(parts: st.SearchStrategy[str], by: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(by, parts), max_size=most - 1)
    return st.builds(lambda first, rest: first + "".join(a + b for a, b in rest), parts, pairs)


def braced(contents: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    edges = st.one_of(st.sampled_from(["", " "]), SEPARATORS)
    return st.builds("{{{}{}{}}}".format, edges, contents, edges)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    kinds = st.sampled_from(["any", "all", "none", "at  least 2 of"])
    weights = joined(inner.map("3 if {}".format), SEPARATORS)
    return st.one_of(
        st.builds("not {}".format, inner),
        st.builds("({}{}{})".format, BREAKS, joined(inner, JOINS), BREAKS),
        st.builds("{} {}".format, kinds, braced(joined(inner, SEPARATORS))),
        st.builds("score>=5 {}".format, braced(weights)),
    )


CONDITIONS = joined(st.recursive(TESTS, grown, max_leaves=4), JOINS)
ACTIONS = st.one_of(
    st.sampled_from(
        ["stop", "keep  and continue", "mark as read,\n flagged", 'pipe to "a"  "b"', "do tidy", "copy into inbox"]
    ),
    TEXTS.map("file  into {}".format),
    st.sampled_from(['file into ".Cron.Deny/"', 'copy into ".{list}.x/"', r'file into ".a\{b.c"', 'file into "a/b/"']),
    st.builds("reply every 7days{}subject {} {}".format, GAPS, TEXTS, LONG),
    st.builds("reply\n{}".format, LONG),
)
STATEMENTS = st.one_of(CONDITIONS.map("when {}".format), ACTIONS)
RULES = st.recursive(
    STATEMENTS,
    lambda inner: st.builds(
        "rule{}{}{}{}{}".format, GAPS, st.sampled_from(['"x"', "bare"]), st.sampled_from([" ", " else "]), BREAKS,
        braced(joined(inner, SEPARATORS)),
    ),
    max_leaves=5,
)  # fmt: skip
CHECKS = st.one_of(
    LONG.map("message {}".format), CONDITIONS.map("given {}".format), ACTIONS.map('expect not {} by "x"'.format)
)
DECLARATIONS = st.one_of(
    st.sampled_from(
        ["include optional  <x>", 'set a.b="x",\n"y"', "set layout = maildir++", 'list a from "f"', "list b { }"]
    ),
    TEXTS.map("let x={}".format),
    LONG.map("let y = {}".format),
    CONDITIONS.map("define x as\n{}".format),
    st.builds("list l {}".format, braced(joined(TEXTS, st.one_of(SEPARATORS, st.just(","))))),
    st.builds("action a{}{}".format, BREAKS, braced(joined(STATEMENTS, SEPARATORS))),
    st.builds('test "t"{}{}'.format, BREAKS, braced(joined(CHECKS, SEPARATORS))),
    RULES,
)
FILES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "\ufeff", "# top\n", "\n\n#a\n\n"]),
    joined(DECLARATIONS, SEPARATORS, 4),
    BREAKS,
)


def comments(source: Source) -> list[str]:
    reader = Listening(source)
    reader.run()
    return [text for word in words(reader) for _, text, _ in word.comments]


def sound(text: str) -> bool:
    """Whether the text parses; then it is formatted, keeps what it means, and is formatted already."""
    source = Source("x.rules", text)
    file, problems = parse(source)
    if problems:
        assert formatted(source) == (None, problems)
        return False
    text, found = formatted(source)
    assert found == []
    assert text is not None, "the formatter has thrown its own result away"
    written = Source("x.rules", text)
    again, problems = parse(written)
    assert not problems, written.text
    assert formatting._same(file.items, again.items), written.text
    assert comments(written) == comments(source)
    assert written.text.count("#") == source.text.count("#")
    assert formatted(written) == (written.text, [])
    return True


@given(FILES)
@settings(max_examples=500, deadline=None)
def test_any_file(text: str) -> None:
    sound(text)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files(path: Path) -> None:
    sound(path.read_bytes().decode())


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_good_file_with_something_cut_out(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(GOLDEN)).read_bytes().decode()
    start = data.draw(st.integers(0, len(text)))
    sound(text[:start] + text[data.draw(st.integers(start, min(start + 40, len(text)))) :])


def test_what_would_mean_something_else_is_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'rule  "a" { stop } # why\n'
    for other in ('rule "b" { stop }  # why\n', 'rule "a" { stop }\n', 'rule "a" {\n'):
        monkeypatch.setattr(formatting._Writer, "run", lambda _, other=other: other)
        assert formatted(Source("x.rules", text)) == (None, [])


def test_the_look() -> None:
    text = 'rule x\n{ when from is "a";file into "A" # why\n\n\n rule y {stop;}\n}\nlist l {"a","b"\n}'
    assert formatted(Source("x.rules", text)) == (
        (
            "rule x {\n"
            '    when from is "a"\n'
            '    file into "A"  # why\n'
            "\n"
            "    rule y { stop }\n"
            "}\n"
            "list l {\n"
            '    "a"\n'
            '    "b"\n'
            "}\n"
        ),
        [],
    )


FOLDERS = {
    '".Cron.DenyHosts/"': '"Cron/DenyHosts"',
    '".Cron"': '"Cron"',
    '"Cron/DenyHosts/"': '"Cron/DenyHosts"',
    '".INBOX/"': '"INBOX"',
    r'".a\*.b/"': r'"a\*/b"',
    '".Lists.{list}/"': '".Lists.{list}/"',
    '".a..b/"': '".a..b/"',
    '"a.b"': '"a.b"',
    '"."': '"."',
    '"~/Maildir/"': '"~/Maildir/"',
}


@pytest.mark.parametrize(("written", "named"), FOLDERS.items())
@pytest.mark.parametrize("place", ["file into {}", "copy into {}", 'test "t" {{ expect not file into {} by "x" }}'])
def test_a_folder_is_named_as_a_mail_client_shows_it(place: str, written: str, named: str) -> None:
    assert sound(place.format(written))
    assert formatted(Source("x.rules", place.format(written))) == (place.format(named) + "\n", [])


@pytest.mark.parametrize("place", ['file into mbox ".a.b/"', 'let x = ".a.b/"', 'log ".a.b/"', 'when from is ".a.b/"'])
def test_what_is_no_folder_keeps_its_spelling(place: str) -> None:
    assert formatted(Source("x.rules", place)) == (place + "\n", [])


def test_folders_that_differ_are_not_the_same() -> None:
    trees = [parse(Source("x.rules", f"file into {name}"))[0].items for name in ('".a.b/"', '"a/c"', '"a/b"', '"{a}"')]
    assert [formatting._same(trees[0], tree) for tree in trees] == [True, False, True, False]
    assert not formatting._same(trees[3], trees[0])


def test_a_text_is_read_once_and_its_result_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    run = Reader.run
    monkeypatch.setattr(Reader, "run", lambda reader: (read.append(reader.text), run(reader))[1])
    assert formatted(Source("x.rules", "rule x {stop}")) == ("rule x { stop }\n", [])
    assert read == ["rule x {stop}", "rule x { stop }\n"]
    assert formatted(Source("x.rules", "rule x { stop }\n")) == ("rule x { stop }\n", [])
    assert read[2:] == ["rule x { stop }\n"]


CONTINUED = """\
when (from is "a" or
      subject is "b") and
     not (
         from is "c"
      or to contains "d",
             "e"
     )
define busy as
        spam
    and friends
test "t" {
    given spam
      and friends
}
"""


def test_operands_stand_below_each_other() -> None:
    squeezed = "\n".join(line.strip() for line in CONTINUED.split("\n"))
    assert formatted(Source("x.rules", squeezed)) == (CONTINUED, [])


def test_a_blank_line_below_a_comment_stays_also_at_the_top() -> None:
    text = "# my rules\n\nrule x {\n    # about\n\n    stop\n}\n"
    assert formatted(Source("x.rules", text)) == (text, [])
    edges = "\n\nrule x {  # about\n\n    stop\n    # end\n\n}\n# last\n\n"
    assert formatted(Source("x.rules", edges)) == ("rule x {  # about\n    stop\n    # end\n}\n# last\n", [])
