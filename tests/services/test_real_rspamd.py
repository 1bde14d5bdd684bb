"""Debian's rspamd is asked: what it answers is read as it is meant, and as its own client reads it."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter.engine.questions import Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services.answers import Inquiry
from pyfilter.services.rspamd import check

from .real_rspamd import ADD_HEADER, NO_ACTION, REJECT, REWRITE_SUBJECT, Rspamd, missing

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
MESSAGES = 500 if os.environ.get("TORTURE") else 60  # of spam and of ham

MESSAGE = """\
From: Ann <ann@friend.example>
To: me@example.com
Subject: Lunch on Sunday?
Date: Tue, 24 Nov 2026 05:31:40 +0000
Message-ID: <{id}@friend.example>

{text}
"""


@pytest.fixture(scope="module")
def rspamd() -> Iterator[Rspamd]:
    if why := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    server = Rspamd()
    yield server
    server.close()


def ask(rspamd: Rspamd, raw: bytes, envelope: Envelope | None = None) -> Verdict:
    given = {"rspamd.address": rspamd.address}
    verdict = check(Inquiry("", Message(raw), envelope or Envelope(), given))
    assert isinstance(verdict, Verdict), verdict
    return verdict


def message(text: str, id: str = "1") -> bytes:
    return MESSAGE.format(text=text, id=id).encode()


def test_ham(rspamd: Rspamd) -> None:
    verdict = ask(rspamd, message("Lunch on Sunday?"))
    assert (verdict.scanner, verdict.spam, verdict.skipped) == ("rspamd", False, "")
    assert verdict.score < 4  # where `greylist` begins
    assert {"FROM_HAS_DN", "MIME_GOOD"} <= set(verdict.tests)


@pytest.mark.parametrize(
    ("text", "spam", "score", "skipped"),
    [
        (REJECT, True, 15.0, ""),
        (ADD_HEADER, True, 6.0, ""),
        (REWRITE_SUBJECT, True, 0.0, ""),
        (NO_ACTION, False, 0.0, "rspamd skipped it"),
    ],
)
def test_each_action(rspamd: Rspamd, text: str, spam: bool, score: float, skipped: str) -> None:
    """Of the stock actions `reject` begins at 15, `add header` at 6; `rewrite subject` has no points."""
    verdict = ask(rspamd, message(text))
    assert (verdict.spam, verdict.score, verdict.skipped) == (spam, score, skipped)
    assert verdict.threshold in (15.0, 6.0)  # rspamd 3.4 tells the first, later ones both


def test_spam_by_its_points(rspamd: Rspamd) -> None:
    """More than `add header`, less than `reject`: a message without a header has some 8 points."""
    verdict = ask(rspamd, b"\nno header at all\n")
    assert verdict.spam
    assert 6 <= verdict.score < 15
    assert "MISSING_FROM" in verdict.tests


def test_it_hears_of_the_way_of_a_message(rspamd: Rspamd) -> None:
    envelope = Envelope(
        "bounces@list.example",
        "me+box@example.com",
        environment={"CLIENT_ADDRESS": "203.0.113.25", "CLIENT_HELO": "mx.list.example", "SASL_USERNAME": "ann"},
    )
    verdict = ask(rspamd, message("x", "way"), envelope)
    assert {"FROM_NEQ_ENVFROM", "FORGED_SENDER", "TAGGED_RCPT"} <= set(verdict.tests)
    line = rspamd.logged("way@friend.example")
    for told in ("ip: 203.0.113.25", "user: ann", "from: <bounces@list.example>", "rcpts: <me+box@example.com,"):
        assert told in line, line


def test_the_null_sender_is_no_broken_question(rspamd: Rspamd) -> None:
    verdict = ask(rspamd, message("x", "null"), Envelope("", "me@example.com"))
    assert "BROKEN_HEADERS" not in verdict.tests
    assert "TO_MATCH_ENVRCPT_ALL" in verdict.tests


def test_addresses_in_other_letters_are_no_broken_question(rspamd: Rspamd) -> None:
    verdict = ask(rspamd, message("x", "letters"), Envelope("jürgen@bücher.example", "ä@example.com"))
    assert "BROKEN_HEADERS" not in verdict.tests
    assert not verdict.spam


def test_a_helo_without_end_does_not_spare_the_scan(rspamd: Rspamd) -> None:
    """rspamd resets a connection that asks with 80 kB of header."""
    assert ask(rspamd, message(REJECT), Envelope(environment={"CLIENT_HELO": "x" * 90_000})).spam


ODD = {
    "empty": b"",
    "NULs": bytes(5000),
    "every byte": bytes(range(256)) * 50,
    "names in 8 bit": b'From: \xff\xfe\x01 <\x02@\xff>\nMessage-ID: <"\\\x7f\xe9\n\x03>\nSubject: \x1b[2J\xc3\n\n\xff',
    "half a multipart": b'Content-Type: multipart/mixed; boundary="\xffb"\n\n--\xffb\nContent-Type: \0/\x80\n\n\xe1',
    "addresses to find": b'From: a@b\n\nhttp://\xff.example/\x80%00 <a href="http://\x01.com/&quot;">x \xe1@\xe2.com\n',
    "many headers": b"X: y\n" * 5000 + b"\nx\n",
    "a long line": b"Subject: " + b"x" * 400_000 + b"\n\nx\n",
    "deep": b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(500)),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_mail_has_a_verdict_too(rspamd: Rspamd, name: str) -> None:
    verdict = ask(rspamd, ODD[name])
    assert math.isfinite(verdict.score)


def test_a_stopped_one(rspamd: Rspamd) -> None:
    rspamd.stop()
    try:
        told = check(Inquiry("", Message(b"x"), Envelope(), {"rspamd.address": rspamd.address}))
    finally:
        rspamd.start()
    assert isinstance(told, Unknown)
    assert told.why == f"rspamd at {rspamd.address}: connection refused"
    assert ask(rspamd, message(REJECT)).spam


def of_the_corpus(kind: str) -> list[Path]:
    index = CORPUS / "index.tsv"
    if not index.exists():
        pytest.skip(f"no corpus at {CORPUS}")
    with index.open(newline="") as lines:
        names = [row["file"] for row in csv.DictReader(lines, delimiter="\t") if row["kind"] == kind]
    return [CORPUS / name for name in names[:: max(1, len(names) // MESSAGES)][:MESSAGES]]


@pytest.mark.parametrize("kind", ["spam", "ham"])
def test_its_own_client_reads_the_same(rspamd: Rspamd, kind: str) -> None:
    differ = {}
    paths = of_the_corpus(kind)
    assert len(paths) == MESSAGES
    for path in paths:
        raw = path.read_bytes()
        verdict = ask(rspamd, raw)
        client = subprocess.run(["rspamc", "-h", rspamd.address, "--json"], input=raw, capture_output=True, check=True)
        told = json.loads(client.stdout.decode(errors="replace"), strict=False)
        ours = (verdict.spam, verdict.score, set(verdict.tests))
        theirs = (told["action"] in ("reject", "add header", "rewrite subject"), told["score"], set(told["symbols"]))
        if ours != theirs:
            differ[path.name] = (ours[:2], theirs[:2], ours[2] ^ theirs[2])
    assert differ == {}
