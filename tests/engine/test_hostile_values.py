"""Mail that is made to cost more than a delivery has: each case once took minutes, at every try anew."""

from __future__ import annotations

import pytest

from pyfilter.engine.evaluate import evaluate
from pyfilter.engine.fields import Case
from pyfilter.engine.holes import folder
from pyfilter.engine.plan import Plan
from pyfilter.engine.relations import holds
from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message


class Counting(Case):
    """Counts how often a hole is filled with a field."""

    __slots__ = ("filled",)

    def __init__(self, message: Message) -> None:
        super().__init__(message, Envelope(), {})
        self.filled = 0

    def first(self, key: str) -> str:
        self.filled += 1
        return super().first(key)


HOLE = (("field", "header x-long", None),)


@pytest.mark.parametrize(
    "test",
    [
        ("is", "to", (frozenset(), (HOLE,)), 0),
        ("contains", "to", ((), (HOLE,)), 0),
        ("starts", "to", ((), (HOLE,)), 0, True),
        ("ends", "to", ((), (HOLE,)), 0),
        ("in", "to", ((), frozenset(), (HOLE,)), 0),
    ],
)
def test_a_long_header_in_a_text_held_against_thousands_of_recipients(test: tuple[object, ...]) -> None:
    """The text was made anew for each of them: half a megabyte folded 15,000 times."""
    case = Counting(Message.from_bytes(b"To: " + b"<a@b>, " * 1000 + b"\nX-Long: z\n\n"))
    assert holds(case, {"lists": {}}, test) is False
    assert case.filled == 1
    assert holds(case, {"lists": {}}, test) is False  # captures may be others now
    assert case.filled == 2


def test_in_holds_texts_with_holes() -> None:
    rules = 'rule "own" {\n when header X-Owner matches "{who}" and from in "root@b", "{who}@b"\n file into "Own"\n}\n'
    program = compile_sources([Source("rules", rules)]).program
    assert program is not None
    for sender, place in ((b"jane", ["Own"]), (b"joe", ["INBOX"]), (b"root", ["Own"])):
        message = Message.from_bytes(b"From: " + sender + b"@b\nX-Owner: jane\n\n")
        plan = evaluate(program, message, Envelope(), {})
        assert isinstance(plan, Plan)
        assert list(plan.filings()) == place


def test_the_letters_of_a_megabyte_are_not_counted_for_each_capture() -> None:
    rules = 'rule "tag" {\n    when subject matches "*[{tag}]*"\n    file into "{tag}"\n}\n'
    program = compile_sources([Source("rules", rules)]).program
    assert program is not None
    for length, place in ((1000, "Straße"), (20_000, "strasse")):
        plan = evaluate(
            program, Message.from_bytes(b"Subject: " + "ß".encode() * length + "[Straße]".encode()), Envelope(), {}
        )
        assert isinstance(plan, Plan)
        assert list(plan.filings()) == [place]


def test_a_folder_takes_the_beginning_of_a_megabyte() -> None:
    case = Case(Message.from_bytes(b"Subject: " + "ﬃé".encode() * 100_000), Envelope(), {})
    name, notes = folder((("field", "subject", None),), case, "maildir++")
    assert name == "ﬃé" * 14 + "ﬃ"
    assert notes == [f"{{subject}} was {'ﬃé' * 40!r}; in a folder's name it is {name!r}"]


@pytest.mark.parametrize("hidden", ["\u00ad", "\u034f", "\u2060", "\u3164", "\u202e", "\U000e0041"])
def test_two_folders_that_look_like_one(hidden: str) -> None:
    """`Invoices` with a soft hyphen in it is no second folder `Invoices`."""
    case = Case(Message.from_bytes(f"Subject: Inv{hidden}oices\n\n".encode()), Envelope(), {})
    name, _ = folder((("field", "subject", None),), case, "maildir++")
    assert name == "Invoices"
