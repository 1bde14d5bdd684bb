"""What a spamd may say and do that is wrong; the socket it does it at is fake_scanner.py's."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from .fake_scanner import (
    Line,
    answering_and_resetting_while_told,
    answering_for_ever,
    dripping,
    echo,
    hang_up,
    read_nothing,
    reset,
    reset_while_told,
)

__all__ = ["ANSWERS", "FAILURES", "TESTS", "spamd"]

TESTS = b"BAYES_99,HTML_MESSAGE"


def spamd(
    body: bytes = TESTS,
    *more: bytes,
    status: bytes = b"0 EX_OK",
    spam: bytes | None = b"True ; 7.5 / 5.0",
    length: bytes | None = None,
) -> bytes:
    """An answer to SYMBOLS as spamd 4.0 writes it."""
    lines = [b"SPAMD/1.1 " + status, b"Content-length: %b" % (length or b"%d" % len(body))]
    if spam is not None:
        lines.append(b"Spam: " + spam)
    return b"\r\n".join([*lines, *more]) + b"\r\n\r\n" + body


def say_nothing(line: Line) -> None:
    """Until the test is over: who has sent its half of the conversation is not heard to leave."""
    line.question()
    line.wait_without_reading()


def hang_up_at_once(line: Line) -> None:
    pass


def reset_at_once(line: Line) -> None:
    line.reset()


TOO_LONG = r"its answer is longer than 1048576 bytes"
TOO_LATE = r"no whole answer within 0\.5 seconds"
NOT_TAKEN = r"it did not take the message \((Connection reset by peer|Broken pipe)\)"
NOT_SPAMD = "its answer is not spamd's"
EMPTY = "its answer is empty"
CLOSED = r"it closed the connection \(Connection reset by peer\)"

# name -> what it does, what is told of it (a regular expression), what has happened
FAILURES: dict[str, tuple[Callable[[Line], None], str, list[str]]] = {
    "reads nothing": (read_nothing, r"it did not take the message within 0\.5 seconds", ["closed"]),
    "says nothing": (say_nothing, TOO_LATE, ["asked", "closed"]),
    "hangs up at once": (hang_up_at_once, EMPTY, ["closed"]),
    # the message may have been sent by then
    # the third: while we connect
    "resets at once": (reset_at_once, f"{NOT_TAKEN}|{CLOSED}|connection reset by peer", ["reset"]),
    "hangs up": (hang_up, EMPTY, ["asked", "closed"]),
    "resets": (reset, CLOSED, ["asked", "reset"]),
    "resets while it is told": (reset_while_told, NOT_TAKEN, ["reset"]),
    "answers and resets while it is told": (
        answering_and_resetting_while_told(spamd(b"", status=b"75 EX_TEMPFAIL", spam=None)),
        NOT_TAKEN,
        ["sent", "reset"],
    ),
    "a byte now and then": (dripping(spamd()), TOO_LATE, ["asked", "gone"]),
    "echoes": (echo, NOT_SPAMD, ["asked", "sent", "closed"]),
    "endless first line": (answering_for_ever(lambda: itertools.repeat(b"x" * 4096)), TOO_LONG, ["asked", "gone"]),
    "endless header": (
        answering_for_ever(lambda: itertools.chain([b"SPAMD/1.1 0 EX_OK\r\n"], itertools.repeat(b"A: b\r\n" * 500))),
        TOO_LONG,
        ["asked", "gone"],
    ),
    "endless body": (
        answering_for_ever(lambda: itertools.chain([spamd(length=b"10")], itertools.repeat(b"A," * 5000))),
        TOO_LONG,
        ["asked", "gone"],
    ),
}

TOO_MANY = "its answer has more than 100 header lines"
NO_VERDICT = "its answer has no verdict"
NO_SCORE = "its answer has no score that is a number"

# name -> the answer, what is told of it; it is read, and answered, and closed
ANSWERS: dict[str, tuple[bytes, str]] = {
    "half a first line": (b"SPAMD/1.", NOT_SPAMD),
    "another protocol": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NOT_SPAMD),
    "garbage": (bytes(range(256)) * 20, NOT_SPAMD),
    "NULs": (bytes(5000), NOT_SPAMD),
    "bare line feeds": (spamd().replace(b"\r\n", b"\n"), NOT_SPAMD),
    "status without number": (spamd(status=b"fine EX_OK"), NOT_SPAMD),
    "status line of one word": (b"SPAMD/1.1\r\n\r\n", NOT_SPAMD),
    "cut in the header": (spamd()[:40], NOT_SPAMD),
    "cut behind the header": (spamd(b"", length=b"21"), NOT_SPAMD),
    "cut in the body": (spamd()[:-5], NOT_SPAMD),
    "half a body in half the lines": (spamd(b"A,B\r\n\r\nC", length=b"900"), NOT_SPAMD),
    "a hundred thousand lines": (spamd(b"", *[b"A"] * 100_000), TOO_MANY),
    "a hundred thousand lines and no end": (b"SPAMD/1.1 0 EX_OK\r\n" + b"A: b\r\n" * 100_000, TOO_MANY),
    "length too large": (spamd(length=b"500"), NOT_SPAMD),
    "length too small": (spamd(length=b"5"), NOT_SPAMD),
    "length negative": (spamd(length=b"-21"), NOT_SPAMD),
    "length no number": (spamd(length=b"many"), NOT_SPAMD),
    "length of 5000 digits": (spamd(length=b"9" * 5000), NOT_SPAMD),
    "refused": (
        b"SPAMD/1.0 76 Bad header line: (EOF during header)\r\n",
        r"it refused: EX_PROTOCOL \(76\) Bad header line: \(EOF during header\); is it a spamd\?",
    ),
    "busy": (
        spamd(b"", status=b"75 EX_TEMPFAIL", spam=None),
        r"it refused: EX_TEMPFAIL \(75\) EX_TEMPFAIL; it is busy",
    ),
    "timed out": (
        spamd(b"", status=b"79 Timeout: (30 second timeout while trying to CHECK)", spam=None),
        r"it refused: EX_TIMEOUT \(79\) Timeout: \(30 second timeout while trying to CHECK\); it took too long",
    ),
    "a status nobody knows": (
        spamd(b"", status=b"299 \x1b[2J" + b"x" * 500, spam=None),
        r"it refused: unknown status \(299\) \?\[2Jx{96}…",
    ),
    "a status of 4000 digits": (
        spamd(b"", status=b"9" * 4000 + b" x", spam=None),
        r"it refused: unknown status \(9{100}…\) x",
    ),
    "a status of 5000 digits": (spamd(b"", status=b"9" * 5000 + b" x", spam=None), NOT_SPAMD),
    "a status below zero": (spamd(b"", status=b"-1 x", spam=None), r"it refused: unknown status \(-1\) x"),
    "no verdict": (spamd(spam=None), NO_VERDICT),
    "perhaps": (spamd(spam=b"Maybe ; 7.5 / 5.0"), NOT_SPAMD),
    "verdict without points": (spamd(spam=b"True"), NOT_SPAMD),
    "two scores": (spamd(spam=b"True ; 7.5 / 5.0 / 5.0"), NOT_SPAMD),
    "verdict with a text": (spamd(spam=b"True ; many / 5.0"), NOT_SPAMD),
    "score NaN": (spamd(spam=b"True ; nan / 5.0"), NO_SCORE),
    "score NaN below the length of a word": (spamd(spam=b"False ; nan / 5"), NO_SCORE),
    "score infinite": (spamd(spam=b"True ; inf / 5.0"), NO_SCORE),
    "score 1e400": (spamd(spam=b"False ; 1e400 / 5.0"), NO_SCORE),
    "threshold NaN": (spamd(spam=b"False ; 1.0 / nan"), NO_SCORE),
    "a header of bytes": (spamd(b"", b"\xff\xfe: x"), "its answer cannot be read \\(UnicodeDecodeError\\)"),
    "a verdict of bytes": (spamd(spam=b"\xff ; 7.5 / 5.0"), NOT_SPAMD),
}
