"""Over thousands of real messages: lists, reports, other replies, bulk mail and spam get no reply, people do.

Each goes the way of a delivery up to the mail server, and as if it was the user's: the recipient is the first whom To
or Cc names, so that only what the mail is can keep a reply back. Where no sign at all tells a list's post, the user is
a subscriber, as in life: his address stands nowhere. A scanner calls spam what the corpus calls so.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pyfilter.agent import decide
from pyfilter.delivery import replies, reply, submit
from pyfilter.engine.questions import Facts, Question
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import Program
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus, real mail, is not here")

RULES = 'rule "away" { scan; reply "I am away." }'
SUBSCRIBER = "somebody@subscriber.example"

# words of auto_related.tsv that say that no person wrote to one person; others do not (x-loop, digest,
# precedence=normal)
TELLING = frozenset({
    "list-id", "list-unsubscribe", "list-post", "x-mailing-list", "mailing-list", "multipart/report",
    "null-return-path", "x-failed-recipients", "x-autorespond", "precedence=bulk", "precedence=list", "precedence=junk",
    "precedence=auto_reply", "auto-submitted=auto-replied", "auto-submitted=auto-generated",
    "auto-submitted=auto-notified",
})  # fmt: skip

# reports by their kind that are none, or that nothing in the header tells from a person's mail
NO_REPORTS = {
    "bug5747-1": "a person asks for help",
    "lhost-sendmail-14.eml": "a person forwards a report",
    "make-test-36.eml": "a person forwards a report",
    "arf-22.eml": "a provider's complaint, to an address for complaints",
    "arf-23.eml": "a provider's complaint, to an address for complaints",
    "arf-24.eml": "a provider's complaint, to an address for complaints",
    "_Netease_DMARC_Failure_Report__Rent_Reminder.eml": "a provider's report, to an address for reports",
}

Reply = Callable[[str, bool, str], tuple[str, int]]


def table(name: str) -> list[dict[str, str]]:
    with open(CORPUS / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def program() -> Program:
    compiled = compile_sources([Source("rules", RULES)])
    assert compiled.program is not None, compiled.problem
    return compiled.program


@pytest.fixture
def answer(program: Program, monkeypatch: pytest.MonkeyPatch) -> Reply:
    """(file, spam, recipient or "" for whom it names) -> (why no reply, replies handed to the mail server)."""
    sent: list[Sequence[bytes]] = []

    def take(settings: object, sender: str, addresses: object, parts: Sequence[bytes], home: str) -> str:
        assert sender == ""
        sent.append(parts)
        return ""

    monkeypatch.setattr(submit, "send", take)
    monkeypatch.setattr(replies, "promise", lambda *given: "")

    def answered(file: str, spam: bool, recipient: str) -> tuple[str, int]:
        message = Message.from_bytes((CORPUS / file).read_bytes())
        sender, named = Envelope.of_archive(message).sender, None
        try:
            if sender is None:  # the corpus lost the envelope of most
                sender = next((box.address for box in message.mailboxes("from")), None)
            named = next((box.address for box in message.mailboxes("to", "cc") if box.domain), None)
        except Unreadable:
            pass
        facts: Facts = {Question("spamd"): Verdict("spamd", spam, 9.0 if spam else 0.0, 5.0)}
        plan = decide(program, message, Envelope(sender, recipient or named), facts)
        [action] = [action for action in plan.actions if action.verb == "reply"]
        before = len(sent)
        why = reply.reply(action, plan, message, "/nonexistent")
        assert bool(why) != (len(sent) > before), file
        return why, len(sent) - before

    return answered


def test_what_bears_a_sign_gets_none(answer: Reply) -> None:
    looked, wrong = 0, []
    for row in table("auto_related.tsv"):
        if TELLING & set(row["signals"].split()):
            looked += 1
            if answer(row["file"], False, "")[1]:
                wrong.append(row["file"])
    assert wrong == []
    assert looked > 2000


def test_spam_gets_none(answer: Reply) -> None:
    spam = [row["file"] for row in table("index.tsv") if row["kind"] == "spam"]
    assert [file for file in spam if answer(file, True, "")[1]] == []
    assert len(spam) > 1000


def test_a_list_s_post_gets_none(answer: Reply) -> None:
    posts = [row["file"] for row in table("index.tsv") if row["kind"] == "list"]
    assert [file for file in posts if answer(file, False, SUBSCRIBER)[1]] == []
    assert len(posts) > 300


def test_reports_get_none(answer: Reply) -> None:
    # `fp…` and `not/…`: what its collectors say is none
    reports = [
        row["file"]
        for row in table("index.tsv")
        if row["kind"] == "dsn" and not Path(row["file"]).name.startswith("fp") and "/not/" not in row["file"]
    ]
    assert {Path(file).name for file in reports if answer(file, False, "")[1]} == set(NO_REPORTS)
    assert len(reports) > 800


def test_people_get_one(answer: Reply) -> None:
    related = {row["file"] for row in table("auto_related.tsv")}
    ham = [row["file"] for row in table("index.tsv") if row["kind"] == "ham" and row["file"] not in related]
    reasons = [why for why, count in (answer(file, False, "") for file in ham) if not count]
    assert len(ham) - len(reasons) > 450
    start = 'no reply by rule "away": '
    known = (
        "it comes from yourself", "it is not known to whom it was sent", "the envelope sender is not known",
        "it is not a person's mail (envelope sender ", "it is not a person's mail (from ",
    )  # fmt: skip
    assert [why for why in reasons if not why.removeprefix(start).startswith(known)] == []
    assert len([why for why in reasons if "person" in why]) < 20
