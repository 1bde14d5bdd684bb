"""rspamd's verdict: what is asked, what is made of the answer, and that whatever it answers is one sentence.

The fake (fake_scanner.py) has gone through each failure at its socket; the real one is in test_real_rspamd.py.
"""

from __future__ import annotations

import math
import os
import pwd
import re
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.engine.questions import Question, Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services.answers import Inquiry, answer
from pyfilter.services.rspamd import check

from .fake_rspamd import ANSWERS, FAILURES, REPLY, http, reply
from .fake_scanner import Fake, answering

RAW = b"Subject: x\r\nFrom: a@b\n\n\0\xff.\n.\r\nlast line without an end"
LONG = b"Subject: x\n\n" + b"x" * 16_000_000  # more than the buffers of two sockets hold

Settings = dict[str, object]


def ask(
    address: str, raw: bytes = RAW, envelope: Envelope | None = None, seconds: float = 10, **more: object
) -> Verdict | Unknown:
    given: Settings = {"rspamd.address": address, "rspamd.timeout": seconds, "rspamd.max-size": 20_000_000}
    return check(Inquiry("", Message(raw), envelope or Envelope(), {**given, **more}))


def answered(body: bytes) -> Verdict:
    with Fake(answering(http(body))) as fake:
        verdict = ask(fake.address)
    assert fake.happened == ["asked", "sent", "closed"]
    assert isinstance(verdict, Verdict), verdict
    return verdict


# ------------------------------------------------------------ what is asked


def question(envelope: Envelope, raw: bytes = RAW) -> tuple[str, dict[str, str], bytes]:
    """The request line, the header and the body of what is asked."""
    with Fake(answering(http(reply()))) as fake:
        assert isinstance(ask(fake.address, raw, envelope), Verdict)
    (asked,) = fake.asked
    header, _, body = asked.partition(b"\r\n\r\n")
    first, *lines = header.decode().split("\r\n")
    told = dict(line.split(": ", 1) for line in lines)
    assert told.pop("Host") == fake.address
    assert told.pop("Accept-Encoding") == "identity"
    assert told.pop("Connection") == "close"
    assert told.pop("User-Agent") == "pyfilter"
    assert told.pop("Content-Length") == str(len(raw))
    assert told.pop("Deliver-To") == pwd.getpwuid(os.getuid()).pw_name
    return first, told, body


def test_the_message_is_asked_as_it_came_with_what_is_known_of_its_way() -> None:
    envelope = Envelope(
        "ann@friend.example",
        "me+box@example.com",
        environment={
            "CLIENT_ADDRESS": "203.0.113.25",
            "CLIENT_HELO": "mx.friend.example",
            "CLIENT_HOSTNAME": "unknown",
            "SASL_USERNAME": "ann",
            "HOME": "/root",
        },
    )
    assert question(envelope) == (
        "POST /checkv2 HTTP/1.1",
        {
            "From": "<ann@friend.example>",
            "Rcpt": "<me+box@example.com>",
            "IP": "203.0.113.25",
            "Helo": "mx.friend.example",
            "Hostname": "unknown",
            "User": "ann",
        },
        RAW,
    )


@pytest.mark.parametrize(
    ("envelope", "told"),
    [
        (Envelope(), {}),
        (Envelope(""), {"From": "<>"}),
        (Envelope("jürgen@bücher.example", "ä@example.com"), {}),
        (Envelope(f"{'a' * 1100}@friend.example"), {}),
        (Envelope(environment={"CLIENT_ADDRESS": "2001:db8::1"}), {"IP": "2001:db8::1"}),
        (Envelope(environment={"CLIENT_ADDRESS": "unknown"}), {}),
        (Envelope(environment={"CLIENT_ADDRESS": "203.0.113.25\0"}), {}),
        (Envelope(environment={"CLIENT_HELO": "x\r\nUser: root\0"}), {"Helo": "x  User: root\ufffd"}),
        (Envelope(environment={"CLIENT_HELO": "\udcff€"}), {"Helo": "\ufffd€"}),
        (Envelope(environment={"CLIENT_HELO": "\r\n", "CLIENT_HOSTNAME": ""}), {}),
        (Envelope(environment={"CLIENT_HELO": "x" * limits.RSPAMD_HEADER_BYTES}), {"Helo": "x" * 1000}),
        (Envelope(environment={"CLIENT_HELO": "x" * (limits.RSPAMD_HEADER_BYTES + 1)}), {}),
    ],
)
def test_hostile_envelopes(envelope: Envelope, told: dict[str, str]) -> None:
    assert question(envelope) == ("POST /checkv2 HTTP/1.1", told, RAW)


@pytest.mark.parametrize("raw", [b"", LONG])
def test_empty_and_long_mail(raw: bytes) -> None:
    assert question(Envelope(), raw)[2] == raw


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    with Fake(answering(http(reply()))) as fake:
        assert isinstance(ask(fake.address), Verdict)
    assert b"Deliver-To" not in fake.asked[0]


def test_a_large_message_is_not_asked_about() -> None:
    with Fake(answering(http(reply()))) as fake:
        verdict = ask(fake.address, b"x" * 1001, **{"rspamd.max-size": 1000})
        assert isinstance(ask(fake.address, b"x" * 1000, **{"rspamd.max-size": 1000}), Verdict)
    assert isinstance(verdict, Verdict)
    assert verdict.as_data() == {
        "scanner": "rspamd",
        "spam": False,
        "score": 0.0,
        "threshold": None,
        "tests": [],
        "skipped": "larger than rspamd.max-size (1000 bytes), not scanned",
    }
    assert len(fake.asked) == 1


def test_a_unix_socket(tmp_path: Path) -> None:
    with Fake(answering(http(reply())), path=tmp_path / "socket") as fake:
        assert isinstance(ask(fake.address), Verdict)
    assert b"\r\nHost: localhost\r\n" in fake.asked[0]


def test_the_loop_asks_it() -> None:
    with Fake(answering(http(reply()))) as fake:
        verdict = answer(Question("rspamd"), Message(RAW), Envelope(), {"rspamd.address": fake.address})
    assert isinstance(verdict, Verdict)
    assert len(fake.asked) == 1


# ------------------------------------------------------------ what is made of the answer


def test_an_answer_is_a_verdict() -> None:
    assert answered(reply()).as_data() == {
        "scanner": "rspamd",
        "spam": True,
        "score": 7.5,
        "threshold": 15.0,
        "tests": ["MISSING_MID", "BAYES_SPAM"],
        "skipped": "",
    }


@pytest.mark.parametrize(
    ("action", "spam"),
    [
        ("no action", False),
        ("greylist", False),
        ("soft reject", False),
        ("add header", True),
        ("rewrite subject", True),
        ("reject", True),
        ("quarantine", True),
        ("discard", True),
        ("an action of this site", False),
        ("", False),
        ("Reject", False),
    ],
)
@pytest.mark.parametrize("skipped", [False, True])
def test_spam_is_what_the_action_says(action: str, spam: bool, skipped: bool) -> None:
    """GTUBE is `reject` and skipped at once."""
    verdict = answered(reply(action=action, is_skipped=skipped))
    assert verdict.spam is spam
    assert verdict.skipped == ("rspamd skipped it" if skipped and not spam else "")


@pytest.mark.parametrize(
    ("other", "threshold"),
    [
        ({"thresholds": {"reject": 15.0, "add header": 6.0, "greylist": 4}}, 6.0),
        ({"thresholds": {"reject": 15.0}}, 15.0),
        ({"thresholds": {"add header": "6"}}, 15.0),
        ({"thresholds": [6]}, 15.0),
        ({"required_score": 8}, 8.0),
        ({"required_score": ...}, None),
        ({"required_score": None}, None),
        ({"required_score": float("nan")}, None),
        ({"required_score": 10**400}, None),
    ],
)
def test_the_threshold(other: Settings, threshold: float | None) -> None:
    assert answered(reply(**other)).threshold == threshold


def test_names_of_tests_are_words() -> None:
    good = ["Z", "A", "R_DKIM_ALLOW", "a-b.c:d(1)", "x" * 100]
    bad = ["", "x" * 101, "a,b", "a b", "a\tb", "ä", "a\nX-Spam-Flag: NO", "\0", "\x7f", "\ud800"]
    mixed = [name for pair in zip(bad, good + good, strict=True) for name in pair]
    assert answered(reply(symbols=dict.fromkeys(mixed, 1))).tests == tuple(good)


def test_no_more_names_than_the_limit() -> None:
    names = [f"T{number}" for number in range(limits.SPAM_TESTS + 1)]
    assert answered(reply(symbols=dict.fromkeys(names))).tests == tuple(names[:-1])


ODD = {
    "no symbols": http(reply(symbols=...)),
    "bytes that are no UTF-8": http(reply().replace(b"1@friend", b"\xff@fri\xe9nd")),
    "control characters": http(reply().replace(b"1@friend", b"1\x01\n\t@friend")),
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"1\r\n%c\r\n" % byte for byte in reply())
    + b"0\r\nTrailer: x\r\n\r\n",
    "HTTP/1.0": http(reply()).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "no length": http(reply()).replace(b"Content-Length", b"X-Length"),
    "length negative": http(reply(), length=-5),
    "length no number": http(reply(), length="many"),
    "more behind it": http(reply()) + http(reply(score=0)),
    "a continuation before": b"HTTP/1.1 100 Continue\r\n\r\n" + http(reply()),
    "bare line feeds": http(reply()).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_and_harmless(name: str) -> None:
    with Fake(answering(ODD[name])) as fake:
        verdict = ask(fake.address)
    assert fake.happened == ["asked", "sent", "closed"]
    assert isinstance(verdict, Verdict), verdict
    assert (verdict.spam, verdict.score, verdict.threshold) == (True, 7.5, 15.0)


# ------------------------------------------------------------ what goes wrong


def unknown(answer: Verdict | Unknown, address: str) -> str:
    assert isinstance(answer, Unknown) and answer.asked, answer
    before = f"rspamd at {address}: "
    assert answer.why.startswith(before)
    assert answer.why.isprintable()
    return answer.why.removeprefix(before)


@pytest.mark.parametrize("name", FAILURES)
def test_failures_of_the_conversation(name: str) -> None:
    act, sentence, happened = FAILURES[name]
    with Fake(act) as fake:
        began = time.monotonic()
        why = unknown(ask(fake.address, LONG if "take" in sentence else RAW, seconds=0.5), fake.address)
        assert time.monotonic() - began < 5  # a bound, since none of these ends by itself
    assert re.fullmatch(sentence, why), why
    assert fake.happened == happened


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_none(name: str) -> None:
    answer, sentence = ANSWERS[name]
    with Fake(answering(answer)) as fake:
        why = unknown(ask(fake.address), fake.address)
    assert re.fullmatch(sentence, why), why
    assert fake.happened == ["asked", "sent", "closed"]


def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        assert unknown(ask(address), address) == "connection refused"


def test_no_socket_in_the_file_system(tmp_path: Path) -> None:
    path = tmp_path / "rspamd.sock"
    assert unknown(ask(f"unix:{path}"), f"unix:{path}") == "no such file or directory"
    path.touch()
    assert unknown(ask(f"unix:{path}"), f"unix:{path}") == "connection refused"
    path.unlink()
    os.mkfifo(path)
    assert unknown(ask(f"unix:{path}"), f"unix:{path}") == "connection refused"


def test_an_address_that_is_none() -> None:
    assert unknown(ask("rspamd"), "rspamd") == "a host and its port are wanted"


def test_an_answer_of_exactly_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = http(reply())
    monkeypatch.setattr(limits, "RSPAMD_REPLY_BYTES", len(whole))
    with Fake(answering(whole)) as fake:
        assert isinstance(ask(fake.address), Verdict)
    monkeypatch.setattr(limits, "RSPAMD_REPLY_BYTES", len(whole) - 1)
    with Fake(answering(whole)) as fake:
        assert unknown(ask(fake.address), fake.address) == f"its answer is longer than {len(whole) - 1} bytes"


# ------------------------------------------------------------ with encryption


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of localhost, in one file."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(words, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_connection_with_encryption(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Fake(answering(http(reply())), tls=server_side(certificate)) as fake:
        port = fake.address.rpartition(":")[2]
        assert isinstance(ask(f"tls:localhost:{port}"), Verdict)
    assert len(fake.asked) == 1


def test_a_certificate_that_is_not_trusted(certificate: Path) -> None:
    with Fake(answering(http(reply())), tls=server_side(certificate)) as fake:
        address = f"tls:localhost:{fake.address.rpartition(':')[2]}"
        why = unknown(ask(address), address)
    assert why == "its certificate is not trusted (self-signed certificate)"
    assert (fake.asked, fake.happened) == ([], ["gone"])


def test_encryption_where_there_is_none() -> None:
    with Fake(answering(http(reply()))) as fake:
        address = fake.address
        assert unknown(ask(f"tls:{address}", seconds=0.5), f"tls:{address}")
    assert fake.asked == []


def test_no_encryption_where_there_is_one(certificate: Path) -> None:
    with Fake(answering(http(reply())), tls=server_side(certificate)) as fake:
        assert unknown(ask(fake.address), fake.address)
    assert (fake.asked, fake.happened) == ([], ["gone"])


# ------------------------------------------------------------ whatever it answers


def sane(told: Verdict | Unknown, address: str) -> None:
    """What the engine and a header line can bear."""
    if isinstance(told, Unknown):
        unknown(told, address)
        return
    assert math.isfinite(told.score)
    assert told.threshold is None or math.isfinite(told.threshold)
    for name, value in told.headers():
        assert (name + value).isascii() and (name + value).isprintable()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
bodies = st.fixed_dictionaries(
    {}, optional={name: values | st.just(value) for name, value in {**REPLY, "thresholds": {"add header": 6}}.items()}
).map(lambda other: reply(**{**dict.fromkeys(REPLY, ...), **other}))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real answer, cut, doubled and with other bytes in some places."""
    data = bytearray(http(reply()))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        other = draw(
            st.binary(max_size=5) | st.sampled_from([b"", b"\r\n", b"9" * 30, b"{", b'"', b"-", b"\0", b"1e999"])
        )
        data[start:end] = other
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | bodies.map(http) | damaged())
def test_whatever_it_answers(whole: bytes) -> None:
    with Fake(answering(whole)) as fake:
        sane(ask(fake.address, seconds=5), fake.address)
    assert fake.happened[:2] == ["asked", "sent"]
