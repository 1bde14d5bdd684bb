"""What of a plan means "leave it where it lies", and what is left to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyfilter import Message, Rules
from pyfilter.engine.plan import Plan
from pyfilter.watch.standing import KEPT_INSTEAD, standing, without_reject

MESSAGE = b"Received: from x by y; now\nFrom: a@x.example\nSubject: x\n\nbody\n"


def plan(rules: str) -> Plan:
    return Rules.from_text(rules).decide(Message.from_bytes(MESSAGE))


@pytest.mark.parametrize(
    ("rules", "stays", "flags", "outcome", "verbs"),
    [
        ("", True, "", None, []),
        ('rule "r" { keep }', True, "", None, []),
        ('rule "r" { mark read, flagged; keep }', True, "FS", None, []),
        ('rule "r" { file into inbox }', True, "", None, []),
        ('rule "r" { file into "A" }', False, "", "filed", ["file"]),
        ('rule "r" { copy into "A" }', True, "", "filed", ["copy"]),
        ('rule "r" { file into "A"; copy into inbox }', True, "", "filed", ["file"]),
        ('rule "r" { copy into inbox; file into "A" }', True, "", "filed", ["file"]),
        ('rule "r" { copy to "me@phone.example" }', True, "", "discarded", ["copy-to", "discard"]),
        ('rule "r" { notify "/bin/true" }', True, "", "discarded", ["notify", "discard"]),
        ('rule "r" { forward to "me@phone.example" }', False, "", "forwarded", ["forward"]),
        ('rule "r" { copy into inbox; discard }', True, "", None, []),
        ('rule "r" { discard }', False, "", "discarded", ["discard"]),
        ('rule "r" { copy into inbox; defer "later" }', False, "", "deferred", ["defer"]),
        ('rule "r" { copy into "mbox:~/box" }', True, "", "filed", ["copy"]),
        ('set create-folders = no\nrule "r" { file into "A" }', True, "", None, []),
    ],
)
def test_what_stays_and_what_is_left(
    tmp_path: Path, rules: str, stays: bool, flags: str, outcome: str | None, verbs: list[str]
) -> None:
    found = standing(plan(rules), bytes(tmp_path / "Maildir"), str(tmp_path))
    assert (found.stays, found.flags) == (stays, flags)
    if outcome is None:
        assert found.rest is None
    else:
        assert found.rest is not None
        assert (found.rest.outcome, [action.verb for action in found.rest.actions]) == (outcome, verbs)


def test_elsewhere_nothing_stays(tmp_path: Path) -> None:
    found = standing(plan(""), bytes(tmp_path / "Maildir/.Lists"), str(tmp_path))
    assert not found.stays
    assert found.rest is not None and found.rest.outcome == "kept"


def test_a_message_that_is_refused_is_kept(tmp_path: Path) -> None:
    made = plan('rule "no" { copy into "A"; reject "no" }')
    without_reject(made)
    assert (made.outcome, made.filings(), made.notes[-1]) == ("kept", {"A": "", "INBOX": ""}, KEPT_INSTEAD)


def test_a_message_that_is_refused_and_lies_in_the_inbox_already_is_kept_once() -> None:
    made = plan('rule "no" { copy into inbox; reject "no" }')
    without_reject(made)
    assert (made.outcome, made.filings()) == ("kept", {"INBOX": ""})
