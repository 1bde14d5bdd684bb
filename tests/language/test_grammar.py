"""The grammar itself: that it is LALR(1), and that the tables kept beside it are its own."""

from __future__ import annotations

import hashlib
import json

import lark
import pytest

from pyfilter.language import lalr
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source


def test_the_grammar_is_lalr_1_without_a_conflict_and_no_two_tokens_collide() -> None:
    """``strict`` makes Lark refuse what it would otherwise decide in silence."""
    grammar = lalr.GRAMMAR.read_text("utf-8")
    lark.Lark(grammar, parser="lalr", lexer="contextual", strict=True)


def test_the_kept_tables_are_made_of_this_grammar() -> None:
    """After a change of the grammar: ``PYTHONPATH=. python -m pyfilter.language.lalr``."""
    grammar = lalr.GRAMMAR.read_text("utf-8")
    version, digest = json.loads(lalr.KEPT.read_text("utf-8"))["made of"]
    assert digest == hashlib.sha256(grammar.encode()).hexdigest()
    kept = lalr._kept(grammar)
    if version != lark.__version__:
        assert kept is None, "tables of another Lark are not believed"
        return
    assert kept is not None
    assert_same_automaton(lark.Lark.load(kept), lalr.made(grammar))


def assert_same_automaton(one: lark.Lark, other: lark.Lark) -> None:
    """Lark numbers the states differently every time; what they do must be the same."""
    tables = [parser.parser.parser._parse_table for parser in (one, other)]
    ahead = [tuple(table.start_states["start"] for table in tables)]
    known = dict(ahead)
    while ahead:
        state, twin = ahead.pop()
        actions, twins = tables[0].states[state], tables[1].states[twin]
        assert actions.keys() == twins.keys()
        for token, (action, argument) in actions.items():
            twin_action, twin_argument = twins[token]
            assert str(action) == str(twin_action)
            if str(action) == "Reduce":
                assert str(argument) == str(twin_argument)
            elif argument in known:
                assert known[argument] == twin_argument
            else:
                known[argument] = twin_argument
                ahead.append((argument, twin_argument))
    assert len(known) == len(tables[0].states) == len(tables[1].states)


def test_tables_that_do_not_fit_are_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    grammar = lalr.GRAMMAR.read_text("utf-8")
    assert lalr._kept(grammar + "\n// changed") is None
    for damaged in ("", "{", "[]", '{"made of": 1}', "\0"):
        path = lalr.Path(str(tmp_path)) / "grammar.json"
        path.write_text(damaged)
        monkeypatch.setattr(lalr, "KEPT", path)
        assert lalr._kept(grammar) is None
    lalr.tables.cache_clear()
    assert parse(Source("x", "keep"))[1] == []
    lalr.tables.cache_clear()
