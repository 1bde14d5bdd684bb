"""A mail server's retry, after a delivery that was killed: nothing is done twice, and nothing is left out.

What the first attempt had done stands there as it would after a kill: the delivery is made whole, then the plan is
carried out again.
"""

from __future__ import annotations

import mailbox
import os
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.delivery import maildir
from pyfilter.delivery.execute import execute
from pyfilter.delivery.journal import Journal
from pyfilter.engine.plan import Action, Plan
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

from .box import QUEUED, RAW, SETTINGS, Box, make_plan
from .programs import Recorder

MAIL = Message.from_bytes(QUEUED)
FROM = b"From a@x.example Tue Nov 24 12:00:00 2026\n"


def made(*filings: tuple[str, str | None, str], outcome: str = "filed", **settings: object) -> Plan:
    plan = make_plan(*filings, outcome=outcome, **settings)
    plan.envelope = Envelope("a@x.example", "me@box.example")
    return plan


def deliver(box: Box, plan: Plan, message: Message = MAIL) -> Outcome:
    return execute(plan, message, str(box.home))


def test_a_copy_that_lies_there_is_not_made_again(box: Box) -> None:
    plan = made(("file", "A", ""))
    assert deliver(box, plan).detail == ""
    again = deliver(box, plan)
    assert (again.status, again.detail) == (
        DELIVERED,
        f"an earlier attempt had filed it already, in {box.path}/.A",
    )
    assert (box.visible(), box.residue()) == ({".A": [QUEUED]}, [])


def test_neither_where_a_reader_has_seen_it_meanwhile(box: Box) -> None:
    plan = made(("file", "A", ""))
    deliver(box, plan)
    [name] = box.names(".A/new")
    os.rename(box.path / ".A/new" / name, box.path / ".A/cur" / f"{name}:2,FS")
    assert deliver(box, plan).status is DELIVERED
    assert box.visible() == {".A": [QUEUED]}


def test_one_that_was_taken_away_is_made_again(box: Box) -> None:
    plan = made(("file", "A", ""))
    deliver(box, plan)
    [name] = box.names(".A/new")
    os.rename(box.path / ".A/new" / name, box.home / "elsewhere")
    assert deliver(box, plan).detail == ""
    assert box.visible() == {".A": [QUEUED]}


def test_what_was_done_stands_if_the_rules_decide_otherwise_now(box: Box) -> None:
    """The scanner that did not answer then does now."""
    deliver(box, made(("keep", "INBOX", ""), outcome="kept"))
    assert deliver(box, made(("file", "Junk", ""))).status is DELIVERED
    assert box.visible() == {".": [QUEUED]}


def test_only_the_copies_that_are_missing_are_made(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two."""
    plan = made(("copy", "A", ""), ("copy", "B", "S"), ("file", "C", ""))
    publish = maildir.publish
    published: list[bytes] = []

    def killed(copy: maildir.Copy) -> None:
        if len(published) == 2:
            os._exit(9)
        publish(copy)
        published.append(copy.path)

    monkeypatch.setattr(maildir, "publish", killed)
    child = os.fork()
    if child == 0:
        deliver(box, plan)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 9 << 8
    monkeypatch.undo()
    assert box.visible() == {".A": [QUEUED], ".B": [QUEUED]}
    again = deliver(box, plan)
    assert again.status is DELIVERED
    assert again.detail == (
        f"an earlier attempt had filed it in {box.path}/.A already; "
        f"an earlier attempt had filed it in {box.path}/.B already"
    )
    assert box.visible() == {".A": [QUEUED], ".B": [QUEUED], ".C": [QUEUED]}


def test_what_an_earlier_attempt_made_visible_is_brought_to_disk(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been killed before that, and then the power may go."""
    plan = made(("file", "A", ""))
    deliver(box, plan)
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    deliver(box, plan)
    assert synced == [f"{box.path}/.A/new", f"{box.path}/.A/cur"]
    synced.clear()
    deliver(box, made(("file", "A", ""), durable="file"))
    assert synced == []


def test_the_same_text_from_nobodys_queue_is_another_message(box: Box) -> None:
    for _ in range(2):
        assert deliver(box, made(("file", "A", "")), Message.from_bytes(RAW)).detail == ""
    assert box.visible() == {".A": [RAW, RAW]}


def test_another_recipient_gets_his_own(box: Box) -> None:
    deliver(box, made(("file", "A", "")))
    plan = made(("file", "A", ""))
    plan.envelope = Envelope("a@x.example", "me+list@box.example")
    deliver(box, plan)
    assert box.visible() == {".A": [QUEUED, QUEUED]}


def test_a_copy_before_a_reject_is_not_made_twice_and_the_mail_is_rejected(box: Box) -> None:
    plan = made(("copy", "A", ""), outcome="rejected")
    plan.actions.append(Action("reject", text="no", rule="r"))
    assert [deliver(box, plan).status for _ in range(2)] == [REJECTED, REJECTED]
    assert box.visible() == {".A": [QUEUED]}


def test_a_journal_that_cannot_be_written_is_told_and_keeps_no_mail_back(box: Box) -> None:
    (box.home / ".local").write_text("")
    outcome = deliver(box, made(("file", "A", "")))
    assert (outcome.status, box.visible()) == (DELIVERED, {".A": [QUEUED]})
    assert outcome.detail == (
        f"{box.home}/.local/state/pyfilter/journal: Not a directory; a retry may repeat what was done"
    )


# --- mbox and MH --------------------------------------------------------------


def stored(path: Path) -> list[bytes]:
    return [message.as_bytes() for message in mailbox.mbox(str(path), create=False)]


def test_an_mbox_gets_it_once(box: Box) -> None:
    plan = made(("file", "mbox:~/box", ""))
    deliver(box, plan, Message.from_bytes(b"Received: 1\n\nfirst\n"))
    for _ in range(2):
        assert deliver(box, plan).status is DELIVERED
    deliver(box, plan, Message.from_bytes(b"Received: 2\n\nlast\n"))
    assert deliver(box, plan).status is DELIVERED
    assert stored(box.home / "box") == [b"Received: 1\n\nfirst\n", QUEUED, b"Received: 2\n\nlast\n"]


@pytest.mark.parametrize("before", [b"", b"From b@x Mon\nA: b\n\nolder\n\n", b"From b@x Mon\nA: b\n\nno end"])
def test_what_a_kill_left_in_an_mbox_is_written_anew(box: Box, before: bytes) -> None:
    """At every byte."""
    plan = made(("file", "mbox:~/box", ""))
    path = box.home / "box"
    path.write_bytes(before)
    deliver(box, plan)
    whole = path.read_bytes()
    size = len(whole)
    stamp = len(whole) - len(QUEUED) - 1  # the `From ` line's end; another second may have another date
    for length in range(len(before), size + 1):
        path.write_bytes(whole[:length])
        assert deliver(box, plan).status is DELIVERED
        found = path.read_bytes()
        assert (len(found), found[stamp:]) == (size, whole[stamp:]), length
        path.write_bytes(whole)


def test_what_another_program_wrote_there_is_left_alone(box: Box) -> None:
    plan = made(("file", "mbox:~/box", ""))
    path = box.home / "box"
    deliver(box, plan)
    others = b"From a@x.example Tue Nov 24 12:00:00 2026\nSubject: other\n\n"
    path.write_bytes(others)
    deliver(box, plan)
    assert path.read_bytes().startswith(others)
    assert stored(path)[1:] == [QUEUED]


def test_an_mh_directory_gets_it_once(box: Box) -> None:
    plan = made(("file", "mh:~/mh", ""))
    deliver(box, plan, Message.from_bytes(b"Received: 1\n\nfirst\n"))
    for _ in range(2):
        assert deliver(box, plan).status is DELIVERED
    assert sorted(os.listdir(box.home / "mh")) == ["1", "2"]
    (box.home / "mh/2").write_bytes(QUEUED + b"of another\n")
    deliver(box, plan)
    assert (box.home / "mh/3").read_bytes() == QUEUED


def test_killed_between_an_mbox_and_a_folder_both_get_it_once(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = made(("copy", "mbox:~/box", ""), ("file", "A", ""))
    monkeypatch.setattr(maildir, "publish", lambda copy: os._exit(9))
    child = os.fork()
    if child == 0:
        deliver(box, plan)
        os._exit(0)
    os.waitpid(child, 0)
    monkeypatch.undo()
    (box.home / "box.lock").unlink()
    assert deliver(box, plan).status is DELIVERED
    assert (stored(box.home / "box"), box.visible()) == ([QUEUED], {".A": [QUEUED]})


# --- what is sent -------------------------------------------------------------


@pytest.fixture
def sendmail(tmp_path: Path, box: Box) -> Recorder:
    return Recorder(tmp_path, box.home)


def sending(sendmail: Recorder, *actions: Action, outcome: str = "forwarded") -> Plan:
    plan = Plan(SETTINGS | {"sendmail": str(sendmail.path)})
    plan.outcome, plan.rule = outcome, "r"
    plan.actions += actions
    plan.envelope = Envelope("a@x.example", "me@box.example")
    return plan


def forward(*addresses: str, verb: str = "forward") -> Action:
    return Action(verb, arguments=addresses, rule="r", line=1)


def test_who_is_told_is_told_once(tmp_path: Path, box: Box) -> None:
    program = Recorder(tmp_path, box.home, "beep")
    plan = made(("keep", "INBOX", ""), outcome="kept")
    plan.actions.append(Action("notify", arguments=(str(program.path),), rule="r"))
    for _ in range(2):
        assert deliver(box, plan).status is DELIVERED
    assert len(program.runs) == 1


def test_what_a_rule_does_twice_is_done_twice_and_not_again(tmp_path: Path, box: Box) -> None:
    program = Recorder(tmp_path, box.home, "archive")
    plan = made(outcome="piped")
    plan.actions += [Action("pipe", arguments=(str(program.path),), rule="r") for _ in range(2)]
    for _ in range(2):
        assert deliver(box, plan).status is DELIVERED
    assert len(program.runs) == 2


def test_an_address_in_a_circle_keeps_the_message_here_and_from_no_other(box: Box, sendmail: Recorder) -> None:
    plan = sending(sendmail, forward("me@box.example", "b@y.example"))
    outcome = deliver(box, plan)
    assert outcome.detail == "kept in the inbox too: me@box.example is the address it came to"
    assert [words[4:] for words, _ in sendmail.runs] == [["b@y.example"]]
    assert box.visible() == {".": [QUEUED]}


def test_a_copy_that_is_not_sent_does_not_stand_for_a_forward(box: Box, sendmail: Recorder) -> None:
    plan = sending(sendmail, forward("me@box.example", verb="copy-to"), forward("me@box.example"))
    outcome = deliver(box, plan)
    assert outcome.detail == (
        "no copy is sent: me@box.example is the address it came to; "
        "kept in the inbox instead of forwarded: me@box.example is the address it came to"
    )
    assert (sendmail.runs, box.visible()) == ([], {".": [QUEUED]})


def test_a_flood_is_kept_and_a_copy_of_it_is_not_sent(
    box: Box, sendmail: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SENT_AN_HOUR", 3)
    mails = [Message.from_bytes(b"Received: %d\n\n" % number) for number in range(3)]
    outcomes = [deliver(box, sending(sendmail, forward("b@y.example", "c@y.example")), mail) for mail in mails]
    assert [outcome.detail for outcome in outcomes] == [
        "",
        *["kept in the inbox instead of forwarded: 3 were sent within an hour"] * 2,
    ]
    assert box.visible() == {".": [mail.raw for mail in mails[1:]]}
    copied = sending(sendmail, forward("b@y.example", "c@y.example", verb="copy-to"), outcome="kept")
    copied.actions.append(Action("keep", folder="INBOX", rule="r"))
    assert deliver(box, copied).detail == "no copy is sent: 3 were sent within an hour"
    # what was sent before the flood needs no place in it
    assert deliver(box, sending(sendmail, forward("b@y.example", "c@y.example")), mails[0]).detail == ""
    assert len(sendmail.runs) == 1


def test_a_failure_behind_what_lies_there_leaves_it(box: Box, tmp_path: Path) -> None:
    """The copy of the attempt that was killed may have been read: it is not taken back."""
    failing = Recorder(tmp_path, box.home, "archive")
    plan = made(("copy", "A", ""), outcome="piped")
    deliver(box, made(("copy", "A", ""), ("file", "B", "")))
    (box.path / ".B/new" / box.names(".B/new")[0]).unlink()
    failing.ends("exit 1")
    plan.actions.append(Action("pipe", arguments=(str(failing.path),), rule="r"))
    assert deliver(box, plan).status is DEFERRED
    assert box.visible() == {".A": [QUEUED]}


def test_nothing_is_written_of_a_message_without_a_queue(box: Box) -> None:
    journal = Journal(str(box.home), Message.from_bytes(RAW), "me@box.example")
    deliver(box, made(("file", "A", "")), Message.from_bytes(RAW))
    journal.read()
    assert not (box.home / ".local").exists()
