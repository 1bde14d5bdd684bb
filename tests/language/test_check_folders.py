"""Folder names: what the checker accepts a delivery can make, and what it proposes it accepts."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter.delivery.folders import directory
from pyfilter.language.check_folders import folder
from pyfilter.language.check_report import Report
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.tree import Source, Span

PLACE = Span(Source("~/.pyfilterrc", "x"), 0, 1)
names = st.lists(
    st.sampled_from(["a", "Cron", "b", ".", ".", "/", "/", "~", " ", "INBOX", "Inbox", "..", "\t", "é", "&", "ž" * 20])
    | st.sampled_from(["cur", "new", "tmp", "dovecot", "-", "subscriptions"])
    | st.characters(),
    max_size=7,
).map("".join)


layouts = st.sampled_from(["maildir++", "fs"])


def judged(name: str, layout: str) -> tuple[tuple[object] | None, list[Diagnostic]]:
    report = Report()
    return folder(name, PLACE, report, layout), report.sorted([id(PLACE.source)])


@settings(max_examples=500, deadline=None)
@given(names, layouts)
def test_what_is_accepted_can_be_made(name: str, layout: str) -> None:
    place, found = judged(name, layout)
    assert (place is None) == bool(found)
    if place is None:
        return
    (folded,) = place
    if folded is not None:
        assert isinstance(folded, str)
        made = directory(folded, b"/maildir", layout)
        beginning = b"/maildir/." if layout == "maildir++" else b"/maildir/"
        assert made.startswith(beginning) and len(made) > len(beginning)


@settings(max_examples=500, deadline=None)
@given(names, layouts)
def test_what_is_proposed_is_accepted(name: str, layout: str) -> None:
    _, found = judged(name, layout)
    for problem in found:
        for proposal in re.findall(r'`(?:file into )?"([^`"]*)"`', problem.help):
            assert judged(proposal, layout)[1] == []
