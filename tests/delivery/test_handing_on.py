"""forward, copy-to, pipe and notify, with real programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyfilter.delivery.execute import execute
from pyfilter.engine.plan import Action, Plan
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED

from .box import QUEUED, RAW, SETTINGS, Box
from .programs import Recorder


@pytest.fixture
def sendmail(tmp_path: Path, box: Box) -> Recorder:
    return Recorder(tmp_path, box.home)


def made(outcome: str, *actions: Action, sendmail: Recorder | None = None, sender: str | None = "a@x.example") -> Plan:
    plan = Plan(SETTINGS | {"sendmail": str(sendmail.path) if sendmail else "/no/sendmail"})
    plan.outcome, plan.rule = outcome, "r"
    plan.actions += actions
    plan.envelope = Envelope(sender, "me+ext@box.example")
    return plan


def forward(*addresses: str, verb: str = "forward", **more: object) -> Action:
    action = Action(verb, arguments=addresses, rule="r", line=1)
    for name, value in more.items():
        setattr(action, name, value)
    return action


LOOP = b"X-Pyfilter-Loop: me+ext@box.example\n"


def test_forward_hands_the_message_to_sendmail(box: Box, sendmail: Recorder) -> None:
    message = Message.from_bytes(b"From a@x.example Mon Jan  1 00:00:00 2024\n" + RAW)
    plan = made("forwarded", forward("b@y.example", "c@z.example"), sendmail=sendmail)
    outcome = execute(plan, message, str(box.home))
    assert (outcome.status, outcome.detail) == (DELIVERED, "")
    assert sendmail.runs == [(["-i", "-f", "a@x.example", "--", "b@y.example", "c@z.example"], LOOP + RAW)]
    assert box.visible() == {}


@pytest.mark.parametrize("sender", ["", None])
def test_the_null_sender_and_one_that_is_not_known_get_no_bounces(
    box: Box, message: Message, sendmail: Recorder, sender: str | None
) -> None:
    plan = made("forwarded", forward("b@y.example"), sendmail=sendmail, sender=sender)
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert sendmail.runs[0][0][:4] == ["-i", "-f", "<>", "--"]


def test_what_a_program_made_is_sent_with_its_edits(box: Box, message: Message, sendmail: Recorder) -> None:
    action = forward("b@y.example", base=b"Subject: made\n\nanew\n", edits=(("remove", "subject", ""),))
    assert execute(made("forwarded", action, sendmail=sendmail), message, str(box.home)).status is DELIVERED
    assert sendmail.runs[0][1] == LOOP + b"\nanew\n"


def test_copies_are_visible_only_when_all_is_sent(box: Box, message: Message, sendmail: Recorder) -> None:
    box.make("")
    plan = made("kept", forward("b@y.example", verb="copy-to"), Action("keep", folder="INBOX"), sendmail=sendmail)
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert box.visible() == {".": [RAW]}
    places = sendmail.seen().split("\n\n")
    [new] = [place for place in places if place.startswith(f"{box.path}/new:")]
    [tmp] = [place for place in places if place.startswith(f"{box.path}/tmp:")]
    assert (len(new.split()), len(tmp.split())) == (1, 2)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("exit 75", "exit status 75, not now"),
        (
            "echo 'User unknown\x1b[31m' >&2; exit 67",
            "exit status 67, the address is unknown; it said: User unknown [31m",
        ),
        ("exit 3", "exit status 3"),
        ("kill -9 $$", "it was ended by signal 9"),
    ],
)
def test_a_failure_takes_the_copies_back(box: Box, message: Message, sendmail: Recorder, end: str, said: str) -> None:
    sendmail.ends(end)
    plan = made("filed", forward("b@y.example", verb="copy-to"), Action("file", folder="A"), sendmail=sendmail)
    outcome = execute(plan, message, str(box.home))
    assert (outcome.status, outcome.detail) == (
        DEFERRED,
        f'`copy-to` of rule "r": {sendmail.path}: {said}',
    )
    assert (box.visible(), box.residue()) == ({}, [])


def test_a_sendmail_that_is_not_there_puts_the_delivery_off(box: Box, message: Message) -> None:
    outcome = execute(made("forwarded", forward("b@y.example")), message, str(box.home))
    assert (outcome.status, outcome.detail) == (DEFERRED, '`forward` of rule "r": /no/sendmail: it was not found')


@pytest.mark.parametrize("outcome", ["forwarded", "piped"])
def test_a_plan_that_says_sent_and_sends_nothing_is_refused(box: Box, message: Message, outcome: str) -> None:
    done = execute(made(outcome, Action("keep", folder="INBOX")), message, str(box.home))
    assert (done.status, done.detail) == (DEFERRED, f"the plan says {outcome} and has no such action")


@pytest.mark.parametrize(
    ("head", "target", "why"),
    [
        (b"", "Me+ext@box.example", "me+ext@box.example is the address it came to"),
        (b"Received: x\n" * 51, "b@y.example", "it has 51 Received lines and seems to go in a circle"),
        (LOOP, "b@y.example", "me+ext@box.example has forwarded it already"),
        (b"Delivered-To: B@y.example\n", "b@y.example", "B@y.example had it already"),
    ],
)
def test_what_goes_in_a_circle_is_kept(box: Box, sendmail: Recorder, head: bytes, target: str, why: str) -> None:
    message = Message.from_bytes(head + RAW)
    outcome = execute(made("forwarded", forward(target), sendmail=sendmail), message, str(box.home))
    assert (outcome.status, outcome.detail) == (DELIVERED, f"kept in the inbox instead of forwarded: {why}")
    assert (box.visible(), sendmail.runs) == ({".": [head + RAW]}, [])


def test_fifty_hops_are_no_circle(box: Box, sendmail: Recorder) -> None:
    message = Message.from_bytes(b"Received: x\n" * 50 + RAW)
    execute(made("forwarded", forward("b@y.example"), sendmail=sendmail), message, str(box.home))
    assert len(sendmail.runs) == 1


def test_an_address_gets_the_message_once(box: Box, message: Message, sendmail: Recorder) -> None:
    plan = made(
        "forwarded", forward("b@y.example", verb="copy-to"), forward("B@y.example", "c@y.example"), sendmail=sendmail
    )
    execute(plan, message, str(box.home))
    assert [words[4:] for words, _ in sendmail.runs] == [["b@y.example"], ["c@y.example"]]


def test_an_address_that_looks_like_an_option_is_not_given(box: Box, message: Message, sendmail: Recorder) -> None:
    outcome = execute(made("forwarded", forward("-bs@y.example"), sendmail=sendmail), message, str(box.home))
    assert outcome.status is DEFERRED
    assert (
        outcome.detail == f"`forward` of rule \"r\": '-bs@y.example' is no address that can be given to {sendmail.path}"
    )
    assert sendmail.runs == []


def test_a_retry_sends_nothing_twice(tmp_path: Path, box: Box, sendmail: Recorder) -> None:
    failing = Recorder(tmp_path, box.home, "archive")
    failing.ends("exit 75")
    message = Message.from_bytes(QUEUED)
    pipe = Action("pipe", arguments=(str(failing.path),), rule="r", line=2)
    plan = made("piped", forward("b@y.example", verb="copy-to"), pipe, sendmail=sendmail)
    assert execute(plan, message, str(box.home)).status is DEFERRED
    failing.ends("exit 0")
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert (len(sendmail.runs), len(failing.runs)) == (1, 2)


def test_pipe_gives_the_message_and_the_envelope(tmp_path: Path, box: Box, message: Message) -> None:
    program = Recorder(tmp_path, box.home, "archive")
    plan = made("piped", Action("pipe", arguments=(str(program.path), "a b", "$x"), rule="r", line=1))
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert program.runs == [(["a b", "$x"], RAW)]
    given = program.environment()
    assert {name: given[name] for name in ("SENDER", "RECIPIENT", "EXTENSION", "HOME")} == {
        "SENDER": "a@x.example",
        "RECIPIENT": "me+ext@box.example",
        "EXTENSION": "ext",
        "HOME": str(box.home),
    }


def test_notify_is_told_who_writes_and_where_it_lies(tmp_path: Path, box: Box) -> None:
    program = Recorder(tmp_path, box.home, "tell")
    raw = b"From: =?utf-8?q?Olga=0AX=3Dy?= <olga@x.example>\nSubject: hi\n there\n\n"
    plan = made("filed", Action("file", folder="A"), Action("notify", arguments=(str(program.path), "x"), rule="r"))
    assert execute(plan, Message.from_bytes(raw), str(box.home)).detail == ""
    given = program.environment()
    assert (given["PYFILTER_SUBJECT"], given["PYFILTER_FOLDER"]) == ("hi there", "A")
    assert given["PYFILTER_FROM"].startswith("Olga") and "X" not in given
    assert program.runs == [(["x"], b"")]
    assert "/.A/new:\n1" in program.seen()  # it is filed already


def test_a_notice_that_fails_is_only_told(tmp_path: Path, box: Box, message: Message) -> None:
    program = Recorder(tmp_path, box.home, "tell")
    program.ends("echo no display >&2; exit 1")
    plan = made("kept", Action("keep", folder="INBOX"), Action("notify", arguments=(str(program.path),), rule="r"))
    outcome = execute(plan, message, str(box.home))
    assert (outcome.status, box.visible()) == (DELIVERED, {".": [RAW]})
    assert outcome.detail == f'`notify` of rule "r": {program.path}: exit status 1; it said: no display'


def test_a_program_may_lie_in_the_home(box: Box, message: Message) -> None:
    program = Recorder(box.home, box.home, "archive")
    assert (
        execute(made("piped", Action("pipe", arguments=("~/archive",), rule="r")), message, str(box.home)).detail == ""
    )
    assert program.runs == [([], RAW)]
