"""spamd's verdict: what is asked, what is made of the answer, and that whatever it answers is one sentence.

The fake (fake_scanner.py) has gone through each failure at its socket. Each is also met by a whole delivery: the
message is filed as it came, and the log says why; where spamd is required, it waits.
"""

from __future__ import annotations

import io
import math
import os
import pwd
import re
import socket
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.agent import decide
from pyfilter.delivery.execute import execute
from pyfilter.engine.questions import Question, Unknown
from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.language.vocabulary import SETTINGS
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services.answers import Inquiry, answer
from pyfilter.services.connection import Failed
from pyfilter.services.spamd import check, tell
from pyfilter.status import DEFERRED, DELIVERED

from .certificates import Certificate
from .fake_scanner import Fake, Line, answering
from .fake_spamd import ANSWERS, FAILURES, TESTS, spamd

RAW = b"Subject: x\r\nFrom: a@b\n\n\0\xff.\n.\r\nlast line without an end"
LONG = b"Subject: x\n\n" + b"x" * 16_000_000  # more than the buffers of two sockets hold
DEFAULTS = {name: row.default for name, row in SETTINGS.items()}

Settings = dict[str, object]


def given_settings(address: str, seconds: float = 10, **more: object) -> Settings:
    return {**DEFAULTS, "spamd.address": address, "spamd.timeout": seconds, "spamd.max-size": 20_000_000, **more}


def ask(address: str, raw: bytes = RAW, seconds: float = 10, **more: object) -> Verdict | Unknown:
    return check(Inquiry("", Message(raw), Envelope(), given_settings(address, seconds, **more)))


def answered(said: bytes) -> Verdict:
    with Fake(answering(said)) as fake:
        verdict = ask(fake.address)
    assert fake.happened == ["asked", "sent", "closed"]
    assert isinstance(verdict, Verdict), verdict
    return verdict


# ------------------------------------------------------------ what is asked


def question(raw: bytes = RAW, **more: object) -> tuple[str, dict[str, str], bytes]:
    """The request line, the header and the body of what is asked."""
    with Fake(answering(spamd())) as fake:
        assert isinstance(ask(fake.address, raw, **more), Verdict)
    (asked,) = fake.asked
    header, _, body = asked.partition(b"\r\n\r\n")
    first, *lines = header.decode().split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


def test_the_message_is_asked_as_it_came_for_the_running_user() -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    assert question() == ("SYMBOLS SPAMC/1.5", {"User": me, "Content-length": str(len(RAW))}, RAW)


def test_another_user() -> None:
    assert question(**{"spamd.user": "ann"})[1]["User"] == "ann"


def test_a_user_of_whom_only_the_number_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert question()[1]["User"] == "4000000000"


@pytest.mark.parametrize(
    ("user", "shown"), [("ann lee", "ann lee"), ("jürgen", "j?rgen"), ("ann\r\nX: y\r\n", "ann??X: y??")]
)
def test_a_user_whom_the_protocol_cannot_name(user: str, shown: str) -> None:
    with Fake(answering(spamd())) as fake:
        why = unknown(ask(fake.address, **{"spamd.user": user}), fake.address)
    assert why == f"it is asked for a user whose name is one word of ASCII, not for `{shown}`"
    assert fake.asked == []


def test_an_empty_message() -> None:
    _, header, body = question(b"")
    assert (header.get("Content-length", "0"), body) == ("0", b"")


@pytest.mark.parametrize(("raw", "sent"), [(RAW, RAW + b"\n"), (b"", b"\n"), (RAW + b"\r\n", RAW + b"\r\n")])
def test_over_tls_a_last_line_gets_its_end_and_nothing_is_compressed(raw: bytes, sent: bytes, tmp_path: Path) -> None:
    """Else spamd would wait for the end of the connection, which can only be closed whole (bug 7183 of theirs)."""
    certificate = Certificate(tmp_path, "IP:127.0.0.1")
    more = {"spamd.certificates": str(certificate.certificate), "spamd.compress": True}
    with Fake(answering(spamd()), tls=certificate.server()) as fake:
        verdict = ask(f"tls:{fake.address}", raw, **more)
    assert isinstance(verdict, Verdict), verdict
    header, _, body = fake.asked[0].partition(b"\r\n\r\n")
    assert b"Compress" not in header and f"Content-length: {len(sent)}".encode() in header
    assert body == sent


def test_compressed() -> None:
    _, header, body = question(**{"spamd.compress": True})
    assert header["Compress"] == "zlib"
    assert zlib.decompress(body) == RAW


def test_what_is_too_large_is_not_asked() -> None:
    with Fake(answering(spamd())) as fake:
        large = ask(fake.address, b"x" * 1001, **{"spamd.max-size": 1000})
        assert isinstance(large, Verdict)
        assert isinstance(ask(fake.address, b"x" * 1000, **{"spamd.max-size": 1000}), Verdict)
    assert (large.spam, large.score, large.threshold, large.headers()) == (False, 0.0, None, ())
    assert large.skipped == "larger than spamd.max-size (1000 bytes), not scanned"
    assert len(fake.asked) == 1


def test_a_unix_socket(tmp_path: Path) -> None:
    with Fake(answering(spamd()), path=tmp_path / "socket") as fake:
        assert isinstance(ask(fake.address), Verdict)


def test_the_loop_asks_it() -> None:
    with Fake(answering(spamd())) as fake:
        verdict = answer(Question("spamd"), Message(RAW), Envelope(), given_settings(fake.address))
    assert isinstance(verdict, Verdict)
    assert len(fake.asked) == 1


# ------------------------------------------------------------ what is made of the answer


def test_an_answer_is_a_verdict() -> None:
    assert answered(spamd()).as_data() == {
        "scanner": "spamd",
        "spam": True,
        "score": 7.5,
        "threshold": 5.0,
        "tests": ["BAYES_99", "HTML_MESSAGE"],
        "skipped": "",
    }


@pytest.mark.parametrize(
    ("said", "spam", "score"),
    [
        (b"True ; 7.5 / 5.0", True, 7.5),
        (b"Yes ; 7.5 / 5.0", True, 7.5),
        (b"True;7.5/5.0", True, 7.5),
        (b"False ; -1.9 / 5.0", False, -1.9),
        (b"No ; 0 / 5", False, 0.0),
        (b"False ; 7.5 / 5.0", False, 7.5),
    ],
)
def test_the_word_says_whether_it_is_spam(said: bytes, spam: bool, score: float) -> None:
    verdict = answered(spamd(spam=said))
    assert (verdict.spam, verdict.score, verdict.threshold) == (spam, score, 5.0)


@pytest.mark.parametrize(
    ("body", "tests"),
    [
        (b"", ()),
        (b"none\r\n", ("none",)),
        (TESTS, ("BAYES_99", "HTML_MESSAGE")),
        (b"A,B\r\nC , D", ("A", "D")),
        (b"A,X-Spam-Flag: NO,B", ("A", "B")),
        (b"A,\xff,\0,B," + b"C" * 101, ("A", "B")),
    ],
)
def test_names_of_tests_are_words(body: bytes, tests: tuple[str, ...]) -> None:
    assert answered(spamd(body)).tests == tests


def test_one_that_answers_before_it_has_read() -> None:
    def act(line: Line) -> None:
        line.send(spamd())
        line.question()

    with Fake(act) as fake:
        assert isinstance(ask(fake.address), Verdict)
    assert fake.happened == ["sent", "asked", "closed"]


def test_of_two_verdicts_the_last_counts() -> None:
    """As with spamc, which reads line by line."""
    assert answered(spamd(TESTS, b"Spam: False ; 1.0 / 5.0")).spam is False


def test_no_more_names_than_the_limit() -> None:
    body = b",".join(b"T%d" % number for number in range(limits.SPAM_TESTS + 1))
    assert len(answered(spamd(body)).tests) == limits.SPAM_TESTS


# ------------------------------------------------------------ what goes wrong


def unknown(said: Verdict | Unknown, address: str) -> str:
    assert isinstance(said, Unknown) and said.asked, said
    before = f"spamd at {address}: "
    assert said.why.startswith(before)
    assert said.why.isprintable() and len(said.why) < 300
    return said.why.removeprefix(before)


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
    said, sentence = ANSWERS[name]
    with Fake(answering(said)) as fake:
        why = unknown(ask(fake.address), fake.address)
    assert re.fullmatch(sentence, why), why
    assert fake.happened == ["asked", "sent", "closed"]


def test_an_answer_of_exactly_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SPAMD_REPLY_BYTES", len(spamd()))
    answered(spamd())
    with Fake(answering(spamd() + b"x")) as fake:
        assert unknown(ask(fake.address), fake.address) == f"its answer is longer than {len(spamd())} bytes"


def test_as_many_header_lines_as_the_limit() -> None:
    more = [b"A: b"] * (limits.SPAMD_HEADER_LINES - 2)
    answered(spamd(TESTS, *more))
    with Fake(answering(spamd(TESTS, *more, b"A: b"))) as fake:
        why = unknown(ask(fake.address), fake.address)
    assert why == f"its answer has more than {limits.SPAMD_HEADER_LINES} header lines"


def test_lines_in_the_body_are_not_counted() -> None:
    answered(spamd(b"A\r\n" * 1000))


def test_an_address_that_is_none() -> None:
    assert unknown(ask("spamd"), "spamd") == "a host and its port are wanted"


def test_there_are_twenty_ways_to_fail() -> None:
    assert len(FAILURES) + len(ANSWERS) >= 20


def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        assert unknown(ask(address), address) == "connection refused"


def test_no_socket_in_the_file_system(tmp_path: Path) -> None:
    path = tmp_path / "spamd.sock"
    assert unknown(ask(f"unix:{path}"), f"unix:{path}") == "no such file or directory"
    path.touch()
    assert unknown(ask(f"unix:{path}"), f"unix:{path}") == "connection refused"
    path.unlink()
    os.mkfifo(path)
    assert unknown(ask(f"unix:{path}"), f"unix:{path}") == "connection refused"


def test_a_spamd_that_speaks_no_tls() -> None:
    with Fake(say_hello) as fake:
        address = f"tls:{fake.address}"
        assert unknown(ask(address, seconds=2), address) == "no TLS with it (wrong version number)"
    assert fake.happened[0] == "sent"


def say_hello(line: Line) -> None:
    line.connection.recv(1)
    line.send(b"SPAMD/1.0 76 Bad header line\r\n")


def test_nothing_is_written_anywhere(capfd: pytest.CaptureFixture[str]) -> None:
    """What stands on standard output or error would be the mail server's to tell a sender."""
    for said, _ in ANSWERS.values():
        with Fake(answering(said)) as fake:
            ask(fake.address)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


PIECES = st.sampled_from(
    [
        b"SPAMD/1.1 0 EX_OK\r\n", b"SPAMD/", b"1.1", b" 0 ", b" 76 x", b"\r\n", b"\r\n\r\n", b"\n", b": ", b" ", b";",
        b"Spam: ", b"True ; 7 / 5", b"False;", b"/", b"nan", b"inf", b"-", b"Content-length: ", b"5", b"99999999999",
        b"A,B", b"\0", b"\xff", b"Compress: zlib", b"DidSet: local", b"User: x", b"Message-class: spam",
        b"Message-class: mro", b"Set: remote,local",
    ]
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real answer, cut, doubled and with other bytes in some places."""
    data = bytearray(draw(st.sampled_from([spamd(), spamd(b"", b"DidSet: local", spam=None), spamd(spam=b"No;-1/5")])))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 20)))
        data[start:end] = draw(st.binary(max_size=5) | PIECES)
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25).map(b"".join) | st.binary(max_size=200) | st.just(spamd()) | damaged())
def test_whatever_it_answers_is_a_verdict_or_a_sentence(said: bytes) -> None:
    with Fake(answering(said)) as fake:
        found = ask(fake.address)
    if isinstance(found, Verdict):
        assert math.isfinite(found.score) and found.threshold is not None and math.isfinite(found.threshold)
        assert all(name.isprintable() and name.isascii() and " " not in name for name in found.tests)
    else:
        unknown(found, fake.address)


# ------------------------------------------------------------ through a whole delivery

RULES = """\
set spamd.address = "{address}"
set spamd.timeout = 1 second
{more}rule "spam" {{ when spam; file into "spam" }}
"""


def deliver(address: str, raw: bytes, home: Path, more: str = "") -> tuple[object, list[str], list[bytes]]:
    """How it ended, the plan's notes, and what lies in the home."""
    program = compile_sources([Source("rules", RULES.format(address=address, more=more))]).program
    assert program is not None
    message = Message.from_bytes(raw)
    plan = decide(program, message, Envelope.of_delivery(message, {}), trace=True)
    outcome = execute(plan, message, str(home))
    filed = [path.read_bytes() for path in home.rglob("*") if path.parent.name in ("new", "cur")]
    notes = [*plan.notes, outcome.detail]
    if outcome.status is DELIVERED:
        assert plan.trace is not None
        (reason,) = plan.trace[0].reasons
        assert reason.held is None and reason.saw.startswith("not known: spamd at "), "the trace says why"
    return outcome.status, notes, filed


WAYS: dict[str, Callable[[Line], None]] = {
    **{name: act for name, (act, _, _) in FAILURES.items()},
    **{name: answering(said) for name, (said, _) in ANSWERS.items()},
}


@pytest.mark.parametrize("name", WAYS)
def test_the_mail_is_filed_as_it_came_and_the_log_says_why(name: str, tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o700)
    raw = b"X-Spam-Flag: NO\n" + (LONG[:400_000] if "while it is told" in name or name == "reads nothing" else RAW)
    with Fake(WAYS[name]) as fake:
        status, notes, filed = deliver(fake.address, raw, tmp_path)
        assert fake.happened or name == "reads nothing"
    assert status is DELIVERED
    assert filed == [raw]
    assert any(note.startswith(f"spamd at {fake.address}: ") for note in notes), notes


@pytest.mark.parametrize("name", WAYS)
def test_where_it_is_required_the_mail_waits(name: str, tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o700)
    with Fake(WAYS[name]) as fake:
        status, notes, filed = deliver(fake.address, RAW, tmp_path, "set spamd.required = yes\n")
    assert status is DEFERRED
    assert filed == []
    assert notes[-1].startswith(f"spamd at {fake.address}: "), notes


# ------------------------------------------------------------ teaching it


def test_teaching() -> None:
    for what, more, done in (
        ("spam", {"Message-class": "spam", "Set": "local"}, b"DidSet: local"),
        ("ham", {"Message-class": "ham", "Set": "local"}, b"DidSet: local"),
        ("forget", {"Remove": "local"}, b"DidRemove: local"),
    ):
        with Fake(answering(spamd(b"", done, spam=None))) as fake:
            assert tell(given_settings(fake.address), RAW, what) is True
        header, _, body = fake.asked[0].partition(b"\r\n\r\n")
        first, *lines = header.decode().split("\r\n")
        told = dict(line.split(": ", 1) for line in lines)
        assert (first, body) == ("TELL SPAMC/1.5", RAW)
        assert {name: told[name] for name in more} == more
        with Fake(answering(spamd(b"", spam=None))) as fake:
            assert tell(given_settings(fake.address), RAW, what) is False, "it knew already"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"SPAMD/1.1 69 Service Unavailable: TELL commands are not enabled, set the --allow-tell switch.\r\n\r\n",
         "it does not learn: start it with --allow-tell"),
        (b"", "its answer is empty"),
        (spamd(b"", status=b"75 EX_TEMPFAIL", spam=None), "it refused: EX_TEMPFAIL (75) EX_TEMPFAIL; it is busy"),
    ],
)  # fmt: skip
def test_what_goes_wrong_with_teaching(said: bytes, sentence: str) -> None:
    with Fake(answering(said)) as fake, pytest.raises(Failed) as failed:
        tell(given_settings(fake.address), RAW, "spam")
    assert str(failed.value) == f"spamd at {fake.address}: {sentence}"


def test_its_logger_is_silent() -> None:
    import loguru

    heard = io.StringIO()
    number = loguru.logger.add(heard, level=0)
    try:
        with Fake(answering(b"")) as fake:
            ask(fake.address)
    finally:
        loguru.logger.remove(number)
    assert heard.getvalue() == ""
    assert "aiospamc" in sys.modules
