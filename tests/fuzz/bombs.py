"""Bombs: what costs a careless reader the square of its length, and what reads it here (promises P9 and P10).

    python -m tests.fuzz.bombs [--memory] [PART OF A NAME]

prints for each row the CPU milliseconds at n, 2n and 4n bytes, best of three, and the two ratios. They stay below 2.5,
and the largest, 4n, below a second: 1 MiB of a header, which is all that is read of one, 10 MiB of a body. The exit
status is 1 where they do not. With ``--memory`` the bytes that the largest takes are printed, and its name.
tests/fuzz/test_linear.py counts steps instead of time, tests/torture/test_linear.py records these figures.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from pyfilter.language.patterns import glob, match_glob, regex, search_regex
from pyfilter.language.tree import Hole, Source, Span, Wild
from pyfilter.message import auth_results, body, bulk, copied, spam_headers, thread
from pyfilter.message.addresses import parse
from pyfilter.message.charsets import CODECS, text_in
from pyfilter.message.dates import moment
from pyfilter.message.editing import edited
from pyfilter.message.envelope import Envelope
from pyfilter.message.headers import Unreadable, scan
from pyfilter.message.message import Message
from pyfilter.message.parameters import parameters
from pyfilter.message.words import decode
from pyfilter.services.dkim import canonical_body

__all__ = [
    "BOMBS",
    "CODEC_BOMBS",
    "HIGHEST_RATIO",
    "MEGABYTE",
    "PATTERN_BOMBS",
    "SECONDS",
    "Bomb",
    "measured",
    "memory",
    "read",
]

MEGABYTE = 1 << 20
# of a header with its field's name: what is longer is not read
HEADER = MEGABYTE - 100
BODY = 10 * MEGABYTE
HTML_BYTES = 3_000_000
# fields at most, each as long as a header of so many allows
FIELDS = 2000
SECONDS = 1.0
HIGHEST_RATIO = 2.5
# below so many milliseconds a ratio says something of the clock, and of fresh memory, alone
MEASURABLE = 100
# a run as long as this is measured once: a millisecond more or less does not matter
LONG_SECONDS = 0.2


class Bomb(NamedTuple):
    """``do`` reads what ``make`` makes for a number of bytes; ``largest``: bytes of the largest run."""

    do: Callable[[bytes], object]
    make: Callable[[int], bytes]
    largest: int


def filled(piece: bytes, before: bytes = b"", behind: bytes = b"") -> Callable[[int], bytes]:
    """``piece`` repeated to a size."""
    return lambda size: before + piece * (size // len(piece)) + behind


def counted(piece: bytes, before: bytes = b"", behind: bytes = b"") -> Callable[[int], bytes]:
    """``piece`` with a number in it, as often as it has room."""
    return lambda size: before + b"".join(piece % number for number in range(size // (len(piece) + 3))) + behind


def fields(name: bytes, piece: bytes) -> Callable[[int], bytes]:
    """As many fields of one name as are read, each filled with ``piece``."""
    return lambda size: (
        (name + b": " + piece * (max(size // FIELDS - len(name) - 3, 1) // len(piece)) + b"\n") * (FIELDS - 1)
        + BELOW[1:]
    )


def whole(data: bytes) -> None:
    """Everything a rule can ask of a header."""
    message = Message.from_bytes(data)
    for ask in (
        message.all_values,
        lambda: message.mailboxes("from", "to", "cc"),
        message.list_ids,
        lambda: thread.ids(message),
        lambda: bulk.bulk(message, Envelope()),
        lambda: auth_results.results(message, ("mail.example.com",), 1),
        lambda: spam_headers.verdict(message, 1),
        lambda: copied.smuggles(message, None),
        lambda: Envelope.of_delivery(message, {}),
        lambda: edited(message, (("remove", "x-*", ""), ("add", "X-A", "b"))),
    ):
        try:
            ask()
        except Unreadable:
            continue


def text(data: bytes) -> None:
    """Everything a rule can ask of a body."""
    message = Message.from_bytes(data)
    body.texts(message)
    body.sources(message)
    body.attachments(message)


def results(data: bytes) -> None:
    auth_results.read(data, {b"mail.example.com"})


def date(data: bytes) -> None:
    moment(decode(data))


ID = b"mail.example.com"
HTML = b"Content-Type: text/html\n\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\n\n"
# without one of one's own servers' lines below them no verdict is believed, nor read
BELOW = b"\nReceived: x\n"
BASE64 = b"Content-Transfer-Encoding: base64\n\n"
QUOTED = b"Content-Transfer-Encoding: quoted-printable\n\n"

BOMBS: dict[str, Bomb] = {
    "header: folded lines": Bomb(scan, filled(b" x\n", b"Subject: a\n"), HEADER),
    "header: blank folds": Bomb(whole, filled(b" \n", b"Subject: a\n"), HEADER),
    "header: broken lines": Bomb(scan, filled(b"no field\nA: b\n", b"A: b\n"), 14_000),
    "header: one line": Bomb(whole, filled(b"x", b"Subject: "), HEADER),
    "header: no line end": Bomb(scan, filled(b"x"), BODY),
    "header: bare CR": Bomb(whole, filled(b"a: b\r"), HEADER),
    "header: fields": Bomb(whole, filled(b"To: a b <c@d>\n"), 25_000),
    "header: mbox lines": Bomb(whole, filled(b">From x\n", b"A: b\n"), 14_000),
    "header: quoted mbox lines": Bomb(scan, filled(b">", b"A: b\n", b"\n"), BODY),
    "header: past the limit": Bomb(whole, filled(b"Subject: x\n"), BODY),
    "header: spam lines to be removed": Bomb(whole, fields(b"X-Spam-Level", b"*"), HEADER),
    "unfold": Bomb(decode, filled(b"x\r\n\t"), MEGABYTE),
    "words: adjacent": Bomb(decode, filled(b"=?utf-8?Q?=C3?= "), 15_000),
    "words: of two sets in turns": Bomb(decode, filled(b"=?utf-7?Q?a?= =?hz?Q?b?= "), 11_000),
    "words: opened": Bomb(decode, filled(b"=?utf-8?Q?"), MEGABYTE),
    "words: opened, one close": Bomb(decode, filled(b"=?utf-8?Q?", behind=b"?="), MEGABYTE),
    "words: half": Bomb(decode, filled(b"=?"), MEGABYTE),
    "words: closes": Bomb(decode, filled(b"?="), MEGABYTE),
    "words: =?=?=": Bomb(decode, filled(b"=?a?q?=?"), MEGABYTE),
    "words: broken base64": Bomb(decode, filled(b"=?utf-8?B?A?= "), 14_000),
    "words: one long Q": Bomb(decode, filled(b"=41", b"=?utf-8?Q?", b"?="), MEGABYTE),
    "words: one long B": Bomb(decode, filled(b"QUJD", b"=?utf-8?B?", b"?="), MEGABYTE),
    "words: broken UTF-8": Bomb(decode, filled(b"\xc3"), MEGABYTE),
    "words: lone surrogates": Bomb(decode, filled(b"=?utf-16?B?2AA=?= "), 18_000),
    "words: in all fields": Bomb(whole, fields(b"Subject", b"=?utf-8?Q?a?= "), HEADER),
    "addresses: phrase": Bomb(parse, filled(b"a "), MEGABYTE),
    "addresses: one word": Bomb(parse, filled(b"a"), MEGABYTE),
    "addresses: angles": Bomb(parse, filled(b"<"), MEGABYTE),
    "addresses: empty angles": Bomb(parse, filled(b"<a>"), MEGABYTE),
    "addresses: after an angle": Bomb(parse, filled(b"a ", b"<a b> "), MEGABYTE),
    "addresses: quotes": Bomb(parse, filled(b'"a" '), MEGABYTE),
    "addresses: quotes, far escape": Bomb(parse, filled(b'"a" ', behind=b"\\"), MEGABYTE),
    "addresses: quotes and dots": Bomb(parse, filled(b'"a".'), MEGABYTE),
    "addresses: escapes": Bomb(parse, filled(b"\\\\", b'"'), MEGABYTE),
    "addresses: escaped quotes": Bomb(parse, filled(b'\\"', b'"'), MEGABYTE),
    "addresses: quotes unclosed": Bomb(parse, filled(b'\\" "'), MEGABYTE),
    "addresses: comments": Bomb(parse, filled(b"(a) "), MEGABYTE),
    "addresses: comments in names": Bomb(parse, filled(b"a (b) "), 120_000),
    "addresses: comments unclosed": Bomb(parse, filled(b"(a)("), 100),
    "addresses: commas": Bomb(parse, filled(b", "), MEGABYTE),
    "addresses: names": Bomb(parse, filled(b"a b, "), 24_000),
    "addresses: at signs": Bomb(parse, filled(b"@"), MEGABYTE),
    "addresses: at and dot": Bomb(parse, filled(b"@ . "), MEGABYTE),
    "addresses: literals": Bomb(parse, filled(b"a@["), MEGABYTE),
    "addresses: literals closed": Bomb(parse, filled(b"@[1]"), MEGABYTE),
    "addresses: colons": Bomb(parse, filled(b"a: "), MEGABYTE),
    "addresses: colons within": Bomb(parse, filled(b"a:", b"<"), MEGABYTE),
    "addresses: route": Bomb(parse, filled(b"@a,", b"<"), MEGABYTE),
    "addresses: list": Bomb(parse, filled(b"a b <c@d>, "), 54_000),
    "addresses: no commas between": Bomb(parse, filled(b"A <a@x> "), 39_000),
    "addresses: encoded words": Bomb(parse, filled(b"=?utf-8?Q?a?= <a@x>, "), 21_000),
    "addresses: in all fields": Bomb(whole, fields(b"To", b"a <b@c>, "), HEADER),
    "parameters: 20,000": Bomb(parameters, filled(b"; a*0*=b", b"x"), 8 * 20_000),
    "parameters: pieces": Bomb(parameters, counted(b"; a*%d*=%%41", b"x"), MEGABYTE),
    "parameters: names": Bomb(parameters, counted(b"; n%d=a", b"x"), MEGABYTE),
    "parameters: percent": Bomb(parameters, filled(b"%4", b"x; a*=utf-8''"), MEGABYTE),
    "parameters: apostrophes": Bomb(parameters, filled(b"'", b"x; a*="), MEGABYTE),
    "parameters: quotes": Bomb(parameters, filled(b'"a";'), MEGABYTE),
    "parameters: semicolons": Bomb(parameters, filled(b";"), MEGABYTE),
    "parameters: comments": Bomb(parameters, filled(b"(a)"), MEGABYTE),
    "parameters: stars": Bomb(parameters, filled(b"; a***", b"x"), MEGABYTE),
    "Received: lines": Bomb(whole, filled(b"Received: from a by b; Tue, 24 Nov 2026\n"), 40 * FIELDS),
    "Received: long ones": Bomb(whole, fields(b"Received", b"(a) "), HEADER),
    "List-Id: brackets": Bomb(whole, filled(b"<", b"List-Id: "), HEADER),
    "References: ids": Bomb(whole, counted(b" <%d@x>", b"References:"), HEADER),
    "References: brackets": Bomb(whole, filled(b"<", b"References: "), HEADER),
    "References: closing brackets": Bomb(whole, filled(b">", b"References: "), HEADER),
    "References: in all fields": Bomb(whole, fields(b"References", b"<a@b> "), HEADER),
    "Date: comments": Bomb(date, filled(b"(a)"), MEGABYTE),
    "Date: colons": Bomb(date, filled(b": "), MEGABYTE),
    "Authentication-Results: comments": Bomb(results, filled(b"(x)", ID + b"; a=b "), 64_000),
    "Authentication-Results: comments that open": Bomb(results, filled(b"(a) ", ID + b"; a=b ("), 64_000),
    "Authentication-Results: quotes": Bomb(results, filled(b' c.d="x"', ID + b"; a=b"), 64_000),
    "Authentication-Results: escapes": Bomb(results, filled(b'\\"', ID + b'; a=b c.d="'), 64_000),
    "Authentication-Results: results": Bomb(results, filled(b"; a=b", ID), 64_000),
    "Authentication-Results: properties": Bomb(results, counted(b" c.d%d=e", ID + b"; a=b"), 60_000),
    "Authentication-Results: fields": Bomb(
        whole, lambda size: (b"Authentication-Results: " + ID + b"; a=b\n") * (size // 46) + b"Received: x\n", 90_000
    ),
    "Authentication-Results: long ones": Bomb(whole, fields(b"Authentication-Results", b"(a) "), HEADER),
    "DKIM-Signature: tags": Bomb(whole, filled(b"i=a;", b"DKIM-Signature: "), HEADER),
    "DKIM-Signature: codes": Bomb(whole, filled(b"=3D", b"DKIM-Signature: i="), HEADER),
    "DKIM-Signature: folds": Bomb(whole, filled(b"\n ", b"DKIM-Signature: i=a"), HEADER),
    "DKIM: blanks of a body": Bomb(partial(canonical_body, relaxed=True), filled(b" "), BODY),
    "DKIM: lines of a body": Bomb(partial(canonical_body, relaxed=True), filled(b" \r\n"), BODY),
    "DKIM: a body of CR": Bomb(partial(canonical_body, relaxed=False), filled(b"\r"), BODY),
    "X-Spam-Status: tests": Bomb(whole, counted(b"A%d,", b"X-Spam-Status: Yes, tests=", BELOW), 60_000),
    "X-Spam-Status: words": Bomb(whole, filled(b"a=b ", b"X-Spam-Status: Yes, ", BELOW), 60_000),
    "X-Spamd-Result: symbols": Bomb(whole, counted(b"A%d(1);", b"X-Spamd-Result: F [1 / 2]; ", BELOW), 60_000),
    "MIME: boundaries": Bomb(text, filled(b"--b\n", MIXED), 40_000),
    "MIME: lines like boundaries": Bomb(text, filled(b"--x\n", MIXED + b"--b\n"), 4_000_000),
    "MIME: closings": Bomb(text, filled(b"--b--\n", MIXED), BODY),
    "MIME: a header of a part": Bomb(text, filled(b"X: y\n", MIXED + b"--b\n"), BODY),
    "MIME: a folded header": Bomb(text, filled(b" x\n", MIXED + b"--b\nX: y\n"), BODY),
    "MIME: a boundary of dashes": Bomb(text, filled(b"-", MIXED + b"--b\n\n"), BODY),
    "MIME: multiparts": Bomb(text, filled(MIXED + b"--b\n", b""), 4_000),
    "MIME: messages": Bomb(text, filled(b"Content-Type: message/rfc822\n\n"), 3_000),
    "MIME: parts": Bomb(text, filled(b"--b\n\nx\n", MIXED), 70_000),
    "MIME: parts of base64": Bomb(text, filled(b"--b\n" + BASE64 + b"eA\n", MIXED), 400_000),
    "text: words": Bomb(text, filled(b"x ", b"\n"), BODY),
    "text: one line": Bomb(text, filled(b"x", b"\n"), BODY),
    "text: lines": Bomb(text, filled(b"\n", b"\n"), BODY),
    "text: broken UTF-8": Bomb(text, filled(b"\xc3", b"\n"), BODY),
    "text: blanks of no width": Bomb(text, filled(b"\xe2\x80\x8b", b"\n"), BODY),
    "text: NUL": Bomb(text, filled(b"\0", b"\n"), BODY),
    "text: flowed": Bomb(text, filled(b"a \n", b"Content-Type: text/plain; format=flowed\n\n"), BODY),
    "text: quotes that flow": Bomb(text, filled(b"> \n", b"Content-Type: text/plain; format=flowed\n\n"), BODY),
    "text: one quote": Bomb(text, filled(b">", b"Content-Type: text/plain; format=flowed\n\n"), BODY),
    "base64": Bomb(text, filled(b"QUJD", BASE64), BODY),
    "base64: padding": Bomb(text, filled(b"=Q", BASE64), BODY),
    "base64: nothing of it": Bomb(text, filled(b"\n", BASE64), BODY),
    "quoted-printable: soft breaks": Bomb(text, filled(b"= \n", QUOTED), BODY),
    "quoted-printable: codes": Bomb(text, filled(b"=C3", QUOTED), BODY),
    "quoted-printable: equal signs": Bomb(text, filled(b"=", QUOTED), BODY),
    "quoted-printable: blanks": Bomb(text, filled(b" ", QUOTED, b"= "), BODY),
    "HTML: paragraphs": Bomb(text, filled(b"<p>a <b>c</b>\n", HTML), HTML_BYTES),
    "HTML: words": Bomb(text, filled(b"a ", HTML), HTML_BYTES),
    "HTML: brackets": Bomb(text, filled(b"<", HTML), HTML_BYTES),
    "HTML: brackets with letters": Bomb(text, filled(b"<a", HTML), HTML_BYTES),
    "HTML: closing tags": Bomb(text, filled(b"</a>", HTML), HTML_BYTES),
    "HTML: comments": Bomb(text, filled(b"<!--", HTML), HTML_BYTES),
    "HTML: comments closed": Bomb(text, filled(b"<!---->", HTML), HTML_BYTES),
    "HTML: references": Bomb(text, filled(b"&amp", HTML), HTML_BYTES),
    "HTML: ampersands": Bomb(text, filled(b"&", HTML), HTML_BYTES),
    "HTML: quotes": Bomb(text, filled(b'<a "', HTML), HTML_BYTES),
    "HTML: quotes in a tag": Bomb(text, filled(b'"', HTML + b"<a "), HTML_BYTES),
    "HTML: apostrophes and quotes": Bomb(text, filled(b"'\"", HTML + b"<a "), HTML_BYTES),
    "HTML: one attribute": Bomb(text, filled(b"x", HTML + b"<a b=", b">"), HTML_BYTES),
    "HTML: attributes": Bomb(text, counted(b" a%d", HTML + b"<a "), HTML_BYTES),
    "HTML: links": Bomb(text, filled(b"<a>", HTML), HTML_BYTES),
    "HTML: fonts": Bomb(text, filled(b"<b><i><u>", HTML), HTML_BYTES),
    "HTML: fonts across blocks": Bomb(text, filled(b"<b><p></b>", HTML), HTML_BYTES),
    "HTML: tables": Bomb(text, filled(b"<table>", HTML), HTML_BYTES),
    "HTML: rows": Bomb(text, filled(b"<tr><td>", HTML + b"<table>"), HTML_BYTES),
    "HTML: text in tables": Bomb(text, filled(b"x<tr>", HTML + b"<table>"), HTML_BYTES),
    "HTML: lists": Bomb(text, filled(b"<li>", HTML + b"<ul>"), HTML_BYTES),
    "HTML: options": Bomb(text, filled(b"<option>", HTML + b"<select>"), HTML_BYTES),
    "HTML: forms": Bomb(text, filled(b"<form></form>", HTML), HTML_BYTES),
    "HTML: templates": Bomb(text, filled(b"<template>", HTML), HTML_BYTES),
    "HTML: scripts": Bomb(text, filled(b"<script></script>", HTML), HTML_BYTES),
    "HTML: script open": Bomb(text, filled(b"<script><!--", HTML), HTML_BYTES),
    "HTML: pictures": Bomb(text, filled(b"<svg>", HTML), HTML_BYTES),
    "HTML: formulas": Bomb(text, filled(b"<math><mi>", HTML), HTML_BYTES),
    "HTML: headings": Bomb(text, filled(b"<h1>", HTML), HTML_BYTES),
    "HTML: buttons": Bomb(text, filled(b"<button>", HTML), HTML_BYTES),
    "HTML: ruby": Bomb(text, filled(b"<ruby><rt>", HTML), HTML_BYTES),
    "HTML: definitions": Bomb(text, filled(b"<dd><dt>", HTML), HTML_BYTES),
    "HTML: frames": Bomb(text, filled(b"<frameset>", HTML), HTML_BYTES),
    "HTML: NUL": Bomb(text, filled(b"\0", HTML), HTML_BYTES),
}  # fmt: skip

# every character set, with bytes it cannot read
CODEC_BOMBS = {
    f"{codec}: {byte!r}": Bomb(partial(text_in, codec), filled(byte), MEGABYTE // 4)
    for codec in CODECS
    for byte in (b"\xff", b"\x80", b"+", b"\x1b$", b"~{")
}

# patterns that make a backtracking matcher hang, and the texts that do: promise P10
_SPAN = Span(Source("x", "x"), 0, 1)
_STAR, _ONE, _HOLE = Wild(_SPAN, "*"), Wild(_SPAN, "?"), Hole(_SPAN, "h", None)


def searched(written: str) -> Callable[[bytes], object]:
    pattern, _, names = regex(written, "", False)
    return lambda data: search_regex(pattern, names, data.decode())


def matched(*parts: str | Wild | Hole) -> Callable[[bytes], object]:
    pattern = glob(parts, True)
    return lambda data: match_glob(pattern, data.decode())


PATTERN_BOMBS: dict[str, Bomb] = {
    "regex: (a+)+$": Bomb(searched("(a+)+$"), filled(b"a", behind=b"!"), MEGABYTE),
    "regex: ^(a+)+$": Bomb(searched("^(a+)+$"), filled(b"a", behind=b"!"), MEGABYTE),
    "regex: ^(a|aa)+$": Bomb(searched("^(a|aa)+$"), filled(b"a", behind=b"!"), MEGABYTE),
    "regex: ^(a|a?)+$": Bomb(searched("^(a|a?)+$"), filled(b"a", behind=b"!"), MEGABYTE),
    "regex: ^([a-zA-Z]+)*$": Bomb(searched("^([a-zA-Z]+)*$"), filled(b"a", behind=b"!"), MEGABYTE),
    "regex: (.*a){20}!": Bomb(searched("(.*a){20}!"), filled(b"a"), MEGABYTE),
    "regex: (x+x+)+y": Bomb(searched("(x+x+)+y"), filled(b"x"), MEGABYTE),
    r"regex: \s+$": Bomb(searched(r"\s+$"), filled(b" ", behind=b"x"), MEGABYTE),
    r"regex: ^\s*(\S+\s*)*$": Bomb(searched(r"^\s*(\S+\s*)*;$"), filled(b"a "), MEGABYTE),
    "regex: .*.*=.*": Bomb(searched(".*.*=.*"), filled(b"x"), MEGABYTE),
    "regex: ^(([a-z])+.)+[A-Z]([a-z])+$": Bomb(searched("^(([a-z])+.)+[0-9]([a-z])+$"), filled(b"a"), MEGABYTE),
    "regex: an address": Bomb(
        searched(
            r"^([a-z0-9])(([-.]|[_]+)?([a-z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$"
        ),
        filled(b"a", behind=b"!"),
        MEGABYTE,
    ),
    "regex: a host": Bomb(searched(r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]+$"), filled(b"a"), MEGABYTE),
    'regex: <a("[^"]*"|[^"])*>': Bomb(searched('<a("[^"]*"|[^"])*>'), filled(b'<a "'), MEGABYTE),
    "regex: (?P<n>(a*)*b)": Bomb(searched("(?P<n>(a*)*b)"), filled(b"a"), MEGABYTE),
    "regex: (?P<n>.*)(?P<m>.*)x$": Bomb(searched("(?P<n>.*)(?P<m>.*)x$"), filled(b"a", behind=b"x"), MEGABYTE),
    "regex: (a?){30}a{30}": Bomb(searched("^(a?){30}a{30}$"), filled(b"a"), MEGABYTE),
    "regex: [a-q][^u-z]{13}x": Bomb(searched("[a-q][^u-z]{13}x"), filled(b"abcdefgh"), MEGABYTE),
    r"regex: (\pL+)*\d": Bomb(searched(r"(\pL+)*\d"), filled("é".encode()), MEGABYTE),
    "glob: *a*a…*b": Bomb(matched(*(_STAR, "a") * 20, _STAR, "b"), filled(b"a"), MEGABYTE),
    "glob: a*a*…b": Bomb(matched(*("a", _STAR) * 20, "b"), filled(b"a"), MEGABYTE),
    "glob: *a?a*b": Bomb(matched(_STAR, "a", _ONE, "a", _STAR, "b"), filled(b"a"), MEGABYTE),
    "glob: *a??b*c": Bomb(matched(_STAR, "a", _ONE, _ONE, "b", _STAR, "c"), filled(b"a"), MEGABYTE),
    "glob: *a?a?a?a?b*": Bomb(matched(_STAR, *("a", _ONE) * 4, "b", _STAR), filled(b"a"), MEGABYTE),
    "glob: {h}a?{h}a?…x": Bomb(matched(*(_HOLE, "a", _ONE) * 5, _STAR, "x"), filled(b"a"), MEGABYTE),
    "glob: *?*?…": Bomb(matched(*(_STAR, _ONE) * 30), filled(b"a"), MEGABYTE),
    "glob: *aaaab*": Bomb(matched(_STAR, "a" * 30 + "b", _STAR), filled(b"a"), MEGABYTE),
    "glob: *baaaa*": Bomb(matched(_STAR, "b" + "a" * 30, _STAR), filled(b"a"), MEGABYTE),
}


def read(bomb: Bomb, data: bytes) -> None:
    try:
        bomb.do(data)
    except Unreadable:
        pass


def milliseconds(bomb: Bomb, size: int, times: int = 3) -> float:
    """CPU time of one run, the best of some."""
    data = bomb.make(size)
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        read(bomb, data)
        best = min(best, time.process_time() - start)
        if best > LONG_SECONDS:
            break
    return best * 1000


def measured(bomb: Bomb, rounds: int = 6) -> tuple[list[float], list[float]]:
    """Milliseconds at n, 2n and 4n; and the ratios, of those that can be measured. Where they are too high it is
    measured again: another process may have had the cache."""
    sizes = (bomb.largest // 4, bomb.largest // 2, bomb.largest)
    times = [float("inf")] * 3
    for _ in range(rounds):
        times = [min(before, milliseconds(bomb, size)) for before, size in zip(times, sizes, strict=True)]
        ratios = [later / earlier if earlier else 1.0 for earlier, later in pairwise(times) if later > MEASURABLE]
        if max(ratios, default=0) < HIGHEST_RATIO and times[-1] < SECONDS * 1000:
            break
    return times, ratios


def memory(bomb: Bomb) -> int:
    """Bytes that a process of its own takes at most to read the largest, beyond what it had with the message made."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            read(bomb, bomb.make(1000))  # what is imported and made once
            data = bomb.make(bomb.largest)
            with open("/proc/self/clear_refs", "w") as refs:
                refs.write("5")  # the peak is what it is now: proc(5)
            before = kilobytes("VmRSS")
            read(bomb, data)
            os.write(writing, b"%d" % (kilobytes("VmHWM") - before))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return int(said) << 10


def kilobytes(name: str) -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))


def main() -> int:
    """Prints the table."""
    arguments = sys.argv[1:]
    weighs = arguments[:1] == ["--memory"]
    wanted = "".join(arguments[weighs:])
    bombs = {name: bomb for name, bomb in (BOMBS | PATTERN_BOMBS | CODEC_BOMBS).items() if wanted in name}
    if weighs:
        for name, bomb in bombs.items():
            print(f"{memory(bomb)} {name}", flush=True)
        return 0
    bad = 0
    print(f"{'':40} {'n':>9} {'2n':>9} {'4n':>9}  ratios")
    for name, bomb in bombs.items():
        times, ratios = measured(bomb)
        slow = max(ratios, default=0) >= HIGHEST_RATIO or times[-1] > SECONDS * 1000
        bad += slow
        figures = "".join(f"{figure:10.2f}" for figure in times)
        print(f"{name:40}{figures}  {' '.join(f'{ratio:.2f}' for ratio in ratios)}{'  <' * slow}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
