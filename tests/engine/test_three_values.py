"""Kleene's logic: a condition that could not be decided is neither true nor false (CONTRACT, policies).

The conditions are made of three tests whose verdicts are certain: a header that is there, one that is not,
and a list nobody can read.
"""

from __future__ import annotations

from marshal import dumps
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter.engine.evaluate import evaluate
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Question, Unknown
from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

Condition = tuple[Any, ...]
TRUE: Condition = ("exists", "subject", None, 0)
FALSE: Condition = ("exists", "header x-absent", None, 0)
UNKNOWN: Condition = ("in", "subject", (("away",), frozenset(), ()), 0)
MESSAGE = Message.from_bytes(b"Subject: a\n\n")
VERDICTS = {"matched": True, "not matched": False, "unknown": None}


def judged(condition: Condition, body: tuple[Any, ...] = (("keep", False, 1, 0),)) -> tuple[bool | None, Plan]:
    empty = compile_sources([Source("rules", "")]).program
    assert empty is not None
    program = {
        **empty,
        "files": ("rules",),
        "lists": {"away": (None, "/away")},
        "rules": (dumps(("x", 1, 0, condition, body, 0)),),
        "index": {"always": (0,), "exact": {}, "part": {}},
        "excerpts": dumps(((1, "as written"),)),
    }
    plan = evaluate(program, MESSAGE, Envelope(), {Question("list", "/away"): Unknown("the list is away")}, trace=True)
    assert isinstance(plan, Plan)
    assert plan.trace is not None
    return VERDICTS[str(plan.trace[0].as_data()["verdict"])], plan


TABLE = [
    # a, b, a and b, a or b
    (TRUE, TRUE, True, True),
    (TRUE, FALSE, False, True),
    (TRUE, UNKNOWN, None, True),
    (FALSE, FALSE, False, False),
    (FALSE, UNKNOWN, False, None),
    (UNKNOWN, UNKNOWN, None, None),
]


@pytest.mark.parametrize(("a", "b", "both", "either"), TABLE)
def test_the_table(a: Condition, b: Condition, both: bool | None, either: bool | None) -> None:
    for one, other in ((a, b), (b, a)):
        assert judged(("and", one, other))[0] is both
        assert judged(("or", one, other))[0] is either
        assert judged(("at-least", 2, one, other))[0] is both
        assert judged(("at-least", 1, one, other))[0] is either


@pytest.mark.parametrize(("condition", "negated"), [(TRUE, False), (FALSE, True), (UNKNOWN, None)])
def test_not(condition: Condition, negated: bool | None) -> None:
    assert judged(("not", condition))[0] is negated


conditions = st.recursive(
    st.sampled_from((TRUE, FALSE, UNKNOWN)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda found: ("and", *found)),
        st.lists(inner, min_size=1, max_size=4).map(lambda found: ("or", *found)),
        inner.map(lambda found: ("not", found)),
        st.builds(
            lambda most, found: ("at-least", min(most, len(found)), *found),
            st.integers(1, 3),
            st.lists(inner, min_size=1, max_size=4),
        ),
    ),
    max_leaves=12,
)


def certain(condition: Condition, unknown: bool) -> bool:
    """Two-valued: every unknown test counts as ``unknown``, below a `not` as its opposite."""
    match condition:
        case ("and", *found):
            return all(certain(one, unknown) for one in found)
        case ("or", *found):
            return any(certain(one, unknown) for one in found)
        case ("not", found):
            return not certain(found, not unknown)
        case ("at-least", least, *found):
            return sum(certain(one, unknown) for one in found) >= least
    return unknown if condition is UNKNOWN else condition is TRUE


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_it_is_decided_just_if_no_answer_could_change_it(condition: Condition) -> None:
    """The strongest and the weakest reading agree, or it is unknown."""
    strong, weak = certain(condition, True), certain(condition, False)
    assert judged(condition)[0] is (strong if strong == weak else None)


@settings(max_examples=200, deadline=None)
@given(conditions)
def test_the_reasons_shown_decided_it(condition: Condition) -> None:
    """Every rule asked has a reason; a rule that is unknown shows one that is unknown."""
    verdict, plan = judged(condition)
    assert plan.trace is not None
    reasons = plan.trace[0].reasons
    assert reasons
    if verdict is None:
        assert None in [reason.held for reason in reasons]


@pytest.mark.parametrize("verb", ["discard", "reject"])
def test_what_loses_mail_needs_certainty(verb: str) -> None:
    action = ("discard", False, 1, 0) if verb == "discard" else ("reject", "no", 1, 0)
    inner = ("rule", ("inner", 1, 0, UNKNOWN, (("keep", False, 1, 0),), 0))
    _, plan = judged(TRUE, (inner, action))
    assert plan.outcome == "kept"
    assert plan.notes == [
        'rule "inner" (rules:1) could not be decided and was passed over',
        f'kept instead of {verb} by rule "x": above it "inner" could not be decided, and {verb} needs certainty',
        "the list is away",
    ]
    _, plan = judged(TRUE, (action, inner))
    assert plan.outcome == {"discard": "discarded", "reject": "rejected"}[verb], "the unknown stands below it"


def test_discard_and_continue_goes_on_where_it_has_to_keep() -> None:
    inner = ("rule", ("inner", 1, 0, UNKNOWN, (("keep", False, 1, 0),), 0))
    _, plan = judged(TRUE, (inner, ("discard", True, 1, 0)))
    assert [(action.verb, action.folder) for action in plan.actions] == [("keep", "INBOX")]
    _, plan = judged(
        TRUE,
        (inner, ("rule", ("away", 1, 0, None, (("discard", True, 1, 0),), 0)), ("file", "folder", "A", False, 1, 0)),
    )
    assert plan.filings() == {"INBOX": "", "A": ""}, "what stands below is asked"
