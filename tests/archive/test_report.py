"""The JSON of a plan: which keys stand with which verb."""

from __future__ import annotations

import pytest

from pyfilter.archive.report import Row, plan_as_json
from pyfilter.engine.plan import Action, Plan

PLACE = {"flags": [], "folder": None, "rule": "a", "line": 3}


def data_of(action: Action) -> object:
    plan = Plan({})
    plan.actions = [action]
    return plan_as_json(plan)["actions"]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        (
            Action("forward", arguments=("a@x.example", "b@x.example"), rule="a", line=3),
            {"verb": "forward", "addresses": ["a@x.example", "b@x.example"]},
        ),
        (
            Action("copy-to", arguments=("a@x.example",), edits=(("add", "X-A", "1"),), rule="a", line=3),
            {"verb": "copy-to", "addresses": ["a@x.example"]},
        ),
        (Action("pipe", arguments=("cat", "-u"), rule="a", line=3), {"verb": "pipe", "arguments": ["cat", "-u"]}),
        (Action("pass", arguments=("cat",), rule="a", line=3), {"verb": "pass", "arguments": ["cat"]}),
        (Action("notify", arguments=("cat",), rule="a", line=3), {"verb": "notify", "arguments": ["cat"]}),
        (
            Action("reply", text="I am away.", subject="Away", every=604800, rule="a", line=3),
            {"verb": "reply", "text": "I am away.", "subject": "Away", "every": 604800},
        ),
        (
            Action("reply", arguments=("/away.txt",), every=604800, rule="a", line=3),
            {"verb": "reply", "file": "/away.txt", "subject": None, "every": 604800},
        ),
        (
            Action("set-header", edits=(("remove", "x-a", ""), ("add", "X-A", "1")), rule="a", line=3),
            {"verb": "set-header", "header": "X-A", "text": "1"},
        ),
        (
            Action("remove-header", edits=(("remove", "x-*", ""),), rule="a", line=3),
            {"verb": "remove-header", "header": "x-*"},
        ),
        (Action("unmark", flags="S", rule="a", line=3), {"verb": "unmark", "flags": ["read"]}),
    ],
    ids=lambda value: value.verb if isinstance(value, Action) else "",
)
def test_an_action(action: Action, data: dict[str, object]) -> None:
    assert data_of(action) == [{**PLACE, **data}]


def test_the_table_says_what_is_sent() -> None:
    assert Row("a", "forwarded", ()).target == "(forwarded)"
    assert Row("a", "piped", ("Archive",)).target == "Archive, (piped)"
