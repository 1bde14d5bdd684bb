"""Replies: who gets one, how often, and what it looks like; sendmail is a script that writes down what it is given."""

from __future__ import annotations

import email
import email.policy
import os
import stat
import threading
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.delivery import replies, reply_message
from pyfilter.delivery.execute import execute
from pyfilter.engine.plan import Action, Plan
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.status import DEFERRED, DELIVERED, REJECTED, Outcome

from .box import Box, make_plan

WEEK = limits.REPLY_SECONDS
# with the list in a file, and in Redis
BOTH = pytest.mark.usefixtures("everywhere")
PERSONAL = (
    b"Return-Path: <olga@family.example>\n"
    b"Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0000\n"
    b"From: Olga <olga@family.example>\n"
    b"To: Me <me@example.org>\n"
    b"Subject: Dinner\n"
    b"Message-ID: <1@family.example>\n"
    b"\n"
    b"at eight?\n"
)


class Post:
    """A sendmail that takes everything, and what it took."""

    def __init__(self, home: Path, directory: Path, exit_status: int = 0) -> None:
        self.home = home
        self.directory = directory
        self.program = directory / "sendmail"
        directory.mkdir()
        self.fails(exit_status)

    def fails(self, exit_status: int) -> None:
        place = self.directory
        self.program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" > {place}/$$.argv\ncat > {place}/$$.mail\n'
            f"echo postdrop: warning: mail system is down >&2\nexit {exit_status}\n"
        )
        self.program.chmod(0o755)

    def argv(self) -> list[list[str]]:
        return [path.read_text().splitlines() for path in sorted(self.directory.glob("*.argv"))]

    def mails(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.directory.glob("*.mail"))]

    def plan(self, **settings: object) -> Plan:
        plan = make_plan(("keep", "INBOX", ""), outcome="kept", sendmail=str(self.program), **settings)
        plan.actions.insert(0, Action("reply", text="I am away.\n", every=WEEK, rule="away", line=3))
        return plan

    def deliver(
        self,
        raw: bytes = PERSONAL,
        *,
        sender: str | None = "olga@family.example",
        recipient: str | None = "me@example.org",
        verdict: Verdict | None = None,
        plan: Plan | None = None,
        **settings: object,
    ) -> Outcome:
        plan = plan or self.plan(**settings)
        plan.envelope = Envelope(sender, recipient)
        plan.verdict = verdict
        # the same bytes stand for another message here, and not for a mail server's retry
        (self.home / ".local/state/pyfilter/journal").unlink(missing_ok=True)
        return execute(plan, Message.from_bytes(raw), str(self.home))


@pytest.fixture
def post(box: Box, tmp_path: Path) -> Post:
    return Post(box.home, tmp_path / "post")


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


# --- the message that it is --------------------------------------------------


def test_the_reply_is_this_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-1")
    time.tzset()
    try:
        answered = Message(PERSONAL)
        raw = reply_message.compose(answered, "me@example.org", "olga@family.example", "", "Away.\n", 1795521600, "u")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert raw.decode() == (
        "From: <me@example.org>\n"
        "To: <olga@family.example>\n"
        "Subject: Auto: Dinner\n"
        "Date: Tue, 24 Nov 2026 13:00:00 +0100\n"
        "Message-ID: <u@example.org>\n"
        "In-Reply-To: <1@family.example>\n"
        "References: <1@family.example>\n"
        "Auto-Submitted: auto-replied\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 7bit\n"
        "\n"
        "Away.\n"
    )


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Jsem pryč", "Vrátím se 2. ledna.\n\nAhoj\n"),
        ("ž" * 200, "x" * 3000 + "\n.\nFrom here on\n"),
        ("=?utf-8?Q?not_a_word?=", "a = b\ttrailing \n"),
        ("🙂" * 30, "🙂\x00\x07\n"),
    ],
)
def test_any_text_comes_through(subject: str, text: str) -> None:
    raw = reply_message.compose(Message(PERSONAL), "me@example.org", "olga@family.example", subject, text, 0)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\n"))) <= 78
    message = read(raw)
    assert message["Subject"] == subject
    assert message.get_content() == text


@pytest.mark.parametrize(
    ("header", "references"),
    [
        (b"References: <a@x> <b@x>\n", ["<a@x>", "<b@x>", "<1@family.example>"]),
        (b"In-Reply-To: <a@x>\n", ["<a@x>", "<1@family.example>"]),
        (b"In-Reply-To: <a@x> <b@x>\n", ["<1@family.example>"]),
        (b"References: <a@x> junk <1@family.example>\n", ["<a@x>", "<1@family.example>"]),
        (b"References: =?utf-8?Q?<a@x>=0ABcc:_x@y?= <b\xff@x>\n", ["<1@family.example>"]),
    ],
)
def test_it_stands_in_the_thread(header: bytes, references: list[str]) -> None:
    raw = reply_message.compose(Message(header + PERSONAL), "me@example.org", "olga@family.example", "", "x", 0)
    assert read(raw)["References"].split() == references
    assert read(raw)["Bcc"] is None


def test_a_long_thread_keeps_its_first_and_its_last_ids() -> None:
    ids = [f"<{number}@x>" for number in range(100)]
    header = f"References: {' '.join(ids)}\n".encode()
    raw = reply_message.compose(Message(header + PERSONAL), "me@example.org", "olga@family.example", "", "x", 0)
    assert read(raw)["References"].split() == [ids[0], *ids[-19:], "<1@family.example>"]


def test_a_message_without_an_id_starts_no_thread() -> None:
    raw = PERSONAL.replace(b"Message-ID: <1@family.example>\n", b"References: <a@x>\n")
    made = read(reply_message.compose(Message(raw), "me@example.org", "olga@family.example", "", "x", 0))
    assert (made["In-Reply-To"], made["References"]) == (None, None)


def test_a_subject_begins_no_header_line_of_its_own() -> None:
    raw = PERSONAL.replace(b"Dinner", b"=?utf-8?B?YQ0KQmNjOiB4QHkNCg0KYm9keQ==?=")  # a CRLF Bcc: x@y CRLF CRLF body
    made = read(reply_message.compose(Message(raw), "me@example.org", "olga@family.example", "", "x", 0))
    assert made["Bcc"] is None
    assert made["Subject"].startswith("Auto: a") and made.get_content() == "x\n"


# --- who gets one -----------------------------------------------------------------


def test_a_person_who_writes_to_me_gets_one(post: Post, box: Box) -> None:
    outcome = post.deliver()
    assert (outcome.status, outcome.detail) == (DELIVERED, "")
    assert post.argv() == [["-i", "-f", "<>", "--", "olga@family.example"]]
    made = read(post.mails()[0])
    assert (made["From"], made["To"], made["Subject"]) == ("me@example.org", "olga@family.example", "Auto: Dinner")
    assert made.get_content() == "I am away.\n"
    assert box.visible() == {".": [PERSONAL]}


def test_it_goes_to_the_envelope_sender_and_to_nobody_else(post: Post) -> None:
    post.deliver(b"Reply-To: victim@else.example\n" + PERSONAL, sender="olga+tag@family.example")
    assert post.argv()[0][-1] == "olga+tag@family.example"
    assert b"victim" not in post.mails()[0]


NOT_A_PERSON = "it is not a person's mail"


@pytest.mark.parametrize(
    ("header", "sender", "why"),
    [
        (b"", None, "the envelope sender is not known"),
        (b"", "", f"{NOT_A_PERSON} (empty envelope sender)"),
        (b"List-Id: <x.example>\n", "olga@family.example", f"{NOT_A_PERSON} (List-Id)"),
        (b"List-Unsubscribe: <https://x>\n", "olga@family.example", f"{NOT_A_PERSON} (List-Unsubscribe)"),
        (b"Precedence: bulk\n", "olga@family.example", f"{NOT_A_PERSON} (Precedence: bulk)"),
        (b"Auto-Submitted: auto-replied\n", "olga@family.example", f"{NOT_A_PERSON} (Auto-Submitted: auto-replied)"),
        (b"", "owner-x@y.example", f"{NOT_A_PERSON} (envelope sender owner-x)"),
        (b"", "MAILER-DAEMON@y.example", f"{NOT_A_PERSON} (envelope sender MAILER-DAEMON)"),
        (b"", "Postmaster@y.example", f"{NOT_A_PERSON} (from Postmaster@y.example)"),
        (b"From: root@y.example\n", "olga@family.example", f"{NOT_A_PERSON} (from root@y.example)"),
        (b"Subject: Auto: x\n", "olga@family.example", f"{NOT_A_PERSON} (subject 'Auto: x')"),
        (b"X-Spam-Flag: YES\n", "olga@family.example", "it is spam"),
        (b"", "ME@example.org", "it comes from yourself"),
        (b"", "me+x@example.org", "it comes from yourself"),
        (b"", "olga", "the sender 'olga' is not a plain address"),
        (b"", "ž@family.example", "the sender 'ž@family.example' is not a plain address"),
        (b"", '"a b"@family.example', "the sender '\"a b\"@family.example' is not a plain address"),
        (b"", "-oQ/tmp@family.example", "the sender '-oQ/tmp@family.example' is not a plain address"),
    ],
)
def test_who_gets_none(post: Post, box: Box, header: bytes, sender: str | None, why: str) -> None:
    outcome = post.deliver(header + PERSONAL, sender=sender)
    assert (outcome.status, outcome.detail) == (DELIVERED, f'no reply by rule "away": {why}')
    assert post.argv() == []
    assert box.visible() == {".": [header + PERSONAL]}


def test_who_answers_an_automatic_reply_is_a_person(post: Post) -> None:
    assert post.deliver(PERSONAL.replace(b"Dinner", b"Re: Automatic reply: Dinner")).detail == ""


def test_spam_gets_none_whichever_the_scanner(post: Post) -> None:
    outcome = post.deliver(verdict=Verdict("spamd", True, 9.0, 5.0))
    assert outcome.detail == 'no reply by rule "away": it is spam'
    assert post.deliver(verdict=Verdict("spamd", False, 1.0, 5.0)).detail == ""
    assert len(post.argv()) == 1


@pytest.mark.parametrize(
    ("to", "recipient", "settings", "me"),
    [
        (b"me@example.org", "me@example.org", {}, "me@example.org"),
        (b"ME@Example.Org", "me@example.org", {}, "me@example.org"),
        (b"me+shop@example.org", "me+shop@example.org", {}, "me+shop@example.org"),
        (b"me+shop@example.org", "me@example.org", {}, "me@example.org"),
        (b"me@example.org", "me+alias@example.org", {}, "me@example.org"),
        (b"us: a@b.example, me@example.org;", "me@example.org", {}, "me@example.org"),
        (b"work@corp.example", "me@example.org", {"from_address": "work@corp.example"}, "work@corp.example"),
        (b"me@example.org", "me@example.org", {"from_address": "work@corp.example"}, "work@corp.example"),
        (b"me@example.org", None, {"from_address": "me@example.org"}, "me@example.org"),
    ],
)
def test_what_is_mail_to_me(post: Post, to: bytes, recipient: str, settings: dict[str, object], me: str) -> None:
    raw = PERSONAL.replace(b"Me <me@example.org>", to)
    assert post.deliver(raw, recipient=recipient, **settings).detail == ""
    assert read(post.mails()[0])["From"] == me


@pytest.mark.parametrize("field", [b"Cc", b"Bcc", b"Resent-To", b"Resent-Cc", b"Resent-Bcc"])
def test_other_fields_address_me_too(post: Post, field: bytes) -> None:
    assert post.deliver(PERSONAL.replace(b"To:", field + b":")).detail == ""
    assert len(post.mails()) == 1


def test_the_address_before_an_alias_is_mine_only_where_the_mail_server_says_so(post: Post) -> None:
    raw = PERSONAL.replace(b"Me <me@example.org>", b"alias@example.org")
    below = raw.replace(b"From:", b"X-Original-To: alias@example.org\nFrom:")
    why = 'no reply by rule "away": none of your addresses stands in To or Cc'
    assert post.deliver(below).detail == why
    assert post.deliver(b"X-Original-To: alias@example.org\n" + raw).detail == ""
    assert read(post.mails()[0])["From"] == "alias@example.org"


@pytest.mark.parametrize("to", [b"undisclosed-recipients:;", b"friends@example.org", b"me@example.org.evil.example"])
def test_mail_that_is_not_to_me_gets_none(post: Post, to: bytes) -> None:
    outcome = post.deliver(PERSONAL.replace(b"Me <me@example.org>", to))
    assert outcome.detail == 'no reply by rule "away": none of your addresses stands in To or Cc'
    assert post.argv() == []


def test_without_a_recipient_nobody_knows_whose_reply_it_is(post: Post) -> None:
    detail = post.deliver(recipient=None).detail
    assert detail == 'no reply by rule "away": it is not known to whom it was sent; `set from-address` says it'


def test_an_address_of_mine_that_is_not_plain_sends_none(post: Post) -> None:
    raw = PERSONAL.replace(b"me@example.org", "ž@example.org".encode())
    detail = post.deliver(raw, recipient="ž@example.org").detail
    assert detail == ("no reply by rule \"away\": 'ž@example.org', from which it would come, is not a plain address")


def test_a_header_past_the_limit_gets_none(post: Post) -> None:
    raw = b"X: y\n" * (limits.HEADER_FIELDS + 1) + PERSONAL
    why = f'no reply by rule "away": the header has more than {limits.HEADER_FIELDS} fields'
    assert post.deliver(raw).detail == why


# --- when ---------------------------------------------------------------------------


def test_a_refused_or_deferred_message_gets_none(post: Post) -> None:
    refused = post.plan()
    refused.actions.append(Action("reject", text="no"))
    refused.outcome = "rejected"
    assert post.deliver(plan=refused).status is REJECTED
    lost = post.plan(maildir="/dev/null/x")
    assert post.deliver(plan=lost).status is DEFERRED
    assert post.argv() == []


@BOTH
def test_the_second_mail_of_a_sender_gets_none(post: Post) -> None:
    assert post.deliver().detail == ""
    assert post.deliver(sender="Olga@Family.example").detail == ('no reply by rule "away": the sender got one already')
    assert post.deliver(sender="ann@family.example").detail == ""
    other = post.plan()
    other.actions[0].rule = "other"
    assert post.deliver(plan=other).detail == ""
    assert len(post.mails()) == 3


@BOTH
def test_when_the_time_is_over_there_is_another(box: Box) -> None:
    home = str(box.home)
    assert replies.promise(home, "away", "a@b.example", WEEK, 1000) == ""
    assert replies.promise(home, "away", "a@b.example", WEEK, 999 + WEEK) == "the sender got one already"
    assert replies.promise(home, "away", "a@b.example", WEEK, 1001 + WEEK) == ""


@BOTH
def test_a_day_has_so_many_replies(box: Box) -> None:
    home = str(box.home)
    for number in range(limits.REPLIES_A_DAY):
        assert replies.promise(home, "away", f"{number}@b.example", WEEK, 1000) == ""
    assert replies.promise(home, "away", "x@b.example", WEEK, 1001) == "50 were sent within a day"
    assert replies.promise(home, "away", "x@b.example", WEEK, 1001 + 86400) == ""


def test_the_list_is_private_and_says_who(box: Box) -> None:
    replies.promise(str(box.home), "away", "A@b.example", WEEK, 1000)
    path = box.home / ".local/state/pyfilter/replies"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    sent, until, _, address = path.read_text().split()
    assert (sent, until, address) == ("1000", str(1000 + WEEK), "a@b.example")


def test_a_torn_line_hides_no_other(box: Box) -> None:
    home = str(box.home)
    replies.promise(home, "away", "a@b.example", WEEK, 1000)
    with open(box.home / ".local/state/pyfilter/replies", "ab") as file:
        file.write(b"1000 16")
    assert replies.promise(home, "away", "c@b.example", WEEK, 1000) == ""
    assert replies.promise(home, "away", "a@b.example", WEEK, 1000) == "the sender got one already"
    assert replies.promise(home, "away", "c@b.example", WEEK, 1000) == "the sender got one already"


def test_a_full_list_loses_only_what_is_over(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    home = str(box.home)
    monkeypatch.setattr(limits, "REPLIES_BYTES", 200)
    for number in range(20):
        assert replies.promise(home, "away", f"{number}@b.example", WEEK if number % 2 else 10, 1000 + number) == ""
    later = 1000 + 2 * 86400
    assert replies.promise(home, "away", "new@b.example", WEEK, later) == ""
    lines = (box.home / ".local/state/pyfilter/replies").read_text().splitlines()
    assert len(lines) == 11
    assert replies.promise(home, "away", "19@b.example", WEEK, later) == "the sender got one already"


@BOTH
def test_of_many_deliveries_at_once_one_answers(box: Box) -> None:
    found: list[str] = []
    barrier = threading.Barrier(8)

    def deliver() -> None:
        barrier.wait()
        found.append(replies.promise(str(box.home), "away", "a@b.example", WEEK, 1000))

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["", *["the sender got one already"] * 7]


def test_it_is_on_disk_before_it_is_sent(post: Post, box: Box) -> None:
    kept = box.home / ".local/state/pyfilter/replies"
    post.program.write_text(f"#!/bin/sh\ncp {kept} {post.directory}/seen\ncat > /dev/null\n")
    post.deliver()
    assert (post.directory / "seen").read_bytes() == kept.read_bytes() != b""


def test_without_the_list_nobody_is_answered(post: Post, box: Box) -> None:
    kept = box.home / ".local/state/pyfilter/replies"
    kept.mkdir(parents=True)
    outcome = post.deliver()
    assert (outcome.status, outcome.detail) == (DELIVERED, f'no reply by rule "away": {kept}: Is a directory')
    assert post.argv() == []


def test_a_mail_server_that_takes_nothing_is_only_logged(post: Post, box: Box) -> None:
    post.fails(75)
    outcome = post.deliver()
    assert outcome.status is DELIVERED
    assert outcome.detail.startswith(f'the reply by rule "away" was not sent: {post.program}: exit status 75')
    assert box.visible() == {".": [PERSONAL]}
    post.fails(0)
    assert post.deliver().detail == 'no reply by rule "away": the sender got one already'


def test_a_mail_server_that_hangs_or_is_not_there_keeps_no_mail_back(
    post: Post, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.2)
    post.program.write_text("#!/bin/sh\nexec sleep 1000\n")
    hung = post.deliver()
    post.program.unlink()
    absent = post.deliver(sender="ann@family.example")
    start = f'the reply by rule "away" was not sent: {post.program}: '
    for outcome in (hung, absent):
        assert outcome.status is DELIVERED
        assert outcome.detail.startswith(start)
    assert box.visible() == {".": [PERSONAL] * 2}


# --- a text in a file -------------------------------------------------------------------


def of_file(post: Post, path: Path) -> Plan:
    plan = post.plan()
    plan.actions[0].text = ""
    plan.actions[0].arguments = (str(path),)
    return plan


def test_the_text_of_a_file_is_read_when_it_is_sent(post: Post, box: Box) -> None:
    path = box.home / "away.txt"
    path.write_text("\ufeffZpátky v lednu.\r\nAhoj\r\n", "utf-8")
    assert post.deliver(plan=of_file(post, path)).detail == ""
    assert read(post.mails()[0]).get_content() == "Zpátky v lednu.\nAhoj\n"


def test_a_file_that_cannot_be_read_is_only_logged_and_nobody_counts_as_answered(post: Post, box: Box) -> None:
    path = box.home / "away.txt"
    start = 'no reply by rule "away": '
    assert post.deliver(plan=of_file(post, path)).detail == f"{start}{path}: No such file or directory"
    path.write_text(" \n")
    assert post.deliver(plan=of_file(post, path)).detail == f"{start}{path} is empty"
    path.write_text("x" * (limits.REPLY_BYTES + 1))
    assert post.deliver(plan=of_file(post, path)).detail == f"{start}{path} is larger than 64 KiB"
    path.unlink()
    os.mkfifo(path)
    assert post.deliver(plan=of_file(post, path)).detail == f"{start}{path}: is not a regular file"
    assert post.argv() == []
    assert post.deliver().detail == ""
