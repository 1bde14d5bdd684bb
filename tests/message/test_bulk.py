"""Which mail no person wrote to one person, and what says so.

Each row: the fields, then the sign that is told; "" for mail of a person.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.message.bulk import bulk
from pyfilter.message.envelope import Envelope
from pyfilter.message.headers import Unreadable
from pyfilter.message.message import Message

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"

ANN = "ann@example.org"


def told(fields: bytes, sender: str | None = ANN) -> str:
    return bulk(Message(fields + b"\nbody\n"), Envelope(sender=sender))


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        (b"From: Ann <ann@example.org>\nSubject: lunch?\n", ""),
        (b"List-Id: <a.lists.example>\n", "List-Id"),
        (b"LIST-UNSUBSCRIBE: <mailto:x@example.org>\n", "List-Unsubscribe"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\n", "List-Unsubscribe-Post"),
        (b"Mailing-List: contact a-help@example.org; run by ezmlm\n", "Mailing-List"),
        (b"X-BeenThere: a@example.org\n", "X-BeenThere"),
        (b"Feedback-ID: 12:campaign:shop\n", "Feedback-ID"),
        (b"X-Cron-Env: <SHELL=/bin/sh>\n", "X-Cron-Env"),
        (b"X-Failed-Recipients: bob@example.org\n", "X-Failed-Recipients"),
        (b"Precedence: bulk\n", "Precedence: bulk"),
        (b"Precedence:  Junk\n", "Precedence: junk"),
        (b"Precedence: list (of ours)\n", "Precedence: list"),
        (b"Precedence: auto_reply\n", "Precedence: auto_reply"),
        (b"Precedence: normal\n", ""),
        (b"Precedence: first-class\n", ""),
        (b"Precedence:\n", ""),
        (b"Auto-Submitted: auto-replied; owner-email=\"a@example.org\"\n", "Auto-Submitted: auto-replied"),
        (b"Auto-Submitted: (really) \n", ""),
        (b"Auto-Submitted: No\n", ""),
        (b"Auto-Submitted: no (a person)\n", ""),
        (b"X-Auto-Response-Suppress: DR, OOF, AutoReply\n", "X-Auto-Response-Suppress: dr oof autoreply"),
        (b"X-Auto-Response-Suppress: All\n", "X-Auto-Response-Suppress: all"),
        (b"X-Auto-Response-Suppress: DR, RN, NRN\n", ""),
        (b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n', "multipart/report"),
        (b'Content-Type: Multipart/Report\n\t; report-type=disposition-notification\n', "multipart/report"),
        (b"Content-Type: multipart/mixed; x=multipart/report\n", ""),
        (b"From: MAILER-DAEMON@example.org\n", "From MAILER-DAEMON"),
        (b"From: MAILER-DAEMON <>\n", "From MAILER-DAEMON"),
        (b"From: Cars <no-reply@cars.example>\n", "From no-reply"),
        (b"From: x@example.org, owner-list@example.org\n", "From owner-list"),
        (b"From: list-request@example.org\n", "From list-request"),
        (b"From: postmaster@example.org\n", ""),
        (b"From: owner@example.org\n", ""),
        (b"From: request@example.org\n", ""),
        (b"Subject: Precedence: bulk\nX-Loop: a@example.org\n", ""),
    ],
)  # fmt: skip
def test_a_sign_is_told(fields: bytes, sign: str) -> None:
    assert told(fields) == sign


@pytest.mark.parametrize(
    ("sender", "sign"),
    [
        ("", "empty envelope sender"),
        (None, ""),
        (ANN, ""),
        ("owner-list@example.org", "envelope sender owner-list"),
        ("list-bounces+ann=x@example.org", "envelope sender list-bounces+ann=x"),
        ("noreply@shop.example", "envelope sender noreply"),
    ],
)
def test_the_envelope_sender_counts(sender: str | None, sign: str) -> None:
    assert told(b"From: Ann <ann@example.org>\n", sender) == sign


def test_what_is_shown_of_a_value_is_short_and_on_one_line() -> None:
    sign = told(b"Auto-Submitted: auto\x1b[2J-" + b"x" * 5000 + b"\n y\n")
    assert len(sign) < 60 and sign.isprintable()


def test_a_sign_within_the_limits_counts_also_where_the_header_passes_them() -> None:
    padding = b"X: y\n" * limits.HEADER_FIELDS
    assert told(b"Precedence: bulk\n" + padding) == "Precedence: bulk"
    with pytest.raises(Unreadable):
        told(padding + b"Precedence: bulk\n")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real mail is not here")
def test_of_thousands_of_real_messages_those_with_signals_are_found_and_personal_mail_is_not() -> None:
    signals = {row["file"]: row["signals"] for row in rows("auto_related.tsv")}
    counts: Counter[tuple[bool, bool]] = Counter()
    for row in rows("index.tsv"):
        data = (CORPUS / row["file"]).read_bytes()
        if b"\r" in data[:2000] and b"\n" not in data[:2000]:  # line ends of an old Mac: no header to us
            continue
        message = Message.from_bytes(data)
        counts[row["file"] in signals, bool(bulk(message, Envelope.of_archive(message)))] += 1
    # the index counts X-Loop, digests and `Precedence: normal`; we count owner-x and noreply
    assert counts[True, False] <= 60 and counts[True, True] > 2300
    assert counts[False, True] <= 80 and counts[False, False] > 2500


def rows(name: str) -> list[dict[str, str]]:
    with (CORPUS / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))
