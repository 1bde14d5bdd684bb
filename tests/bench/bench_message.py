"""Reading a message takes time linear in its size, whatever it holds (promise P9).

    python tests/bench/bench_message.py

Each row is one kind of bomb, made at n, 2n and 4n; the figures are CPU milliseconds (best of
three) and the two ratios, which stay below 2.5. Not a test: a busy machine cannot fail the build.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

from pyfilter.message.addresses import parse
from pyfilter.message.charsets import CODECS, text_in
from pyfilter.message.headers import Unreadable, scan
from pyfilter.message.message import Message
from pyfilter.message.parameters import parameters
from pyfilter.message.words import decode

MEGABYTE = 1 << 20


def filled(piece: bytes, size: int, before: bytes = b"") -> bytes:
    """``piece`` repeated to ``size`` bytes."""
    return before + piece * (size // len(piece))


def whole(data: bytes) -> None:
    """Everything a rule can ask of a header."""
    message = Message.from_bytes(data)
    message.all_values()
    message.mailboxes("from", "to", "cc")
    message.list_ids()


# name: what is done, the bytes for a size, the size of the largest run
ROWS: dict[str, tuple[Callable[[bytes], object], Callable[[int], bytes], int]] = {
    "header: folded lines": (scan, lambda size: filled(b" x\n", size, b"Subject: a\n"), MEGABYTE),
    "header: broken lines": (scan, lambda size: filled(b"no field\nA: b\n", size, b"A: b\n"), 14_000),
    "header: one line": (whole, lambda size: filled(b"x", size, b"Subject: "), MEGABYTE - 100),
    "header: no line end": (scan, lambda size: b"x" * size, 10 * MEGABYTE),
    "header: bare CR": (whole, lambda size: filled(b"a: b\r", size), MEGABYTE),
    "header: fields": (whole, lambda size: filled(b"To: a b <c@d>\n", size), 25_000),
    "unfold": (decode, lambda size: filled(b"x\r\n\t", size), MEGABYTE),
    "words: adjacent": (decode, lambda size: filled(b"=?utf-8?Q?=C3?= ", size), 15_000),
    "words: opened": (decode, lambda size: filled(b"=?utf-8?Q?", size), MEGABYTE),
    "words: opened, one close": (decode, lambda size: filled(b"=?utf-8?Q?", size) + b"?=", MEGABYTE),
    "words: half": (decode, lambda size: filled(b"=?", size), MEGABYTE),
    "words: closes": (decode, lambda size: filled(b"?=", size), MEGABYTE),
    "words: =?=?=": (decode, lambda size: filled(b"=?a?q?=?", size), MEGABYTE),
    "words: one long Q": (decode, lambda size: b"=?utf-8?Q?" + b"=41" * (size // 3) + b"?=", MEGABYTE),
    "words: one long B": (decode, lambda size: b"=?utf-8?B?" + b"QUJD" * (size // 4) + b"?=", MEGABYTE),
    "words: broken UTF-8": (decode, lambda size: filled(b"\xc3", size), MEGABYTE),
    "addresses: phrase": (parse, lambda size: filled(b"a ", size), MEGABYTE),
    "addresses: angles": (parse, lambda size: filled(b"<", size), MEGABYTE),
    "addresses: empty angles": (parse, lambda size: filled(b"<a>", size), MEGABYTE),
    "addresses: after an angle": (parse, lambda size: filled(b"a ", size, b"<a b> "), MEGABYTE),
    "addresses: quotes": (parse, lambda size: filled(b'"a" ', size), MEGABYTE),
    "addresses: quotes, far escape": (parse, lambda size: filled(b'"a" ', size) + b"\\", MEGABYTE),
    "addresses: escapes": (parse, lambda size: filled(b"\\\\", size, b'"'), MEGABYTE),
    "addresses: escaped quotes": (parse, lambda size: filled(b'\\"', size, b'"'), MEGABYTE),
    "addresses: quotes unclosed": (parse, lambda size: filled(b'\\" "', size), MEGABYTE),
    "addresses: comments": (parse, lambda size: filled(b"(a) ", size), MEGABYTE),
    "addresses: comments unclosed": (parse, lambda size: filled(b"(a)(", size), 100),
    "addresses: commas": (parse, lambda size: filled(b", ", size), MEGABYTE),
    "addresses: names": (parse, lambda size: filled(b"a b, ", size), 24_000),
    "addresses: at signs": (parse, lambda size: filled(b"@", size), MEGABYTE),
    "addresses: at and dot": (parse, lambda size: filled(b"@ . ", size), MEGABYTE),
    "addresses: literals": (parse, lambda size: filled(b"a@[", size), MEGABYTE),
    "addresses: colons": (parse, lambda size: filled(b"a: ", size), MEGABYTE),
    "addresses: route": (parse, lambda size: filled(b"@a,", size, b"<"), MEGABYTE),
    "addresses: list": (parse, lambda size: filled(b"a b <c@d>, ", size), 54_000),
    "parameters: 20,000": (parameters, lambda size: filled(b"; a*0*=b", size, b"x"), 8 * 20_000),
    "parameters: pieces": (
        parameters,
        lambda size: b"x" + b"".join(b"; a*%d*=%%41" % number for number in range(size // 12)),
        MEGABYTE,
    ),
    "parameters: names": (
        parameters,
        lambda size: b"x" + b"".join(b"; n%d=a" % number for number in range(size // 10)),
        MEGABYTE,
    ),
    "parameters: percent": (parameters, lambda size: filled(b"%4", size, b"x; a*=utf-8''"), MEGABYTE),
    "parameters: quotes": (parameters, lambda size: filled(b'"a";', size), MEGABYTE),
    "parameters: semicolons": (parameters, lambda size: filled(b";", size), MEGABYTE),
}
# every character set, with bytes it cannot read
for codec in CODECS:
    for byte in (b"\xff", b"\x80", b"+", b"\x1b$", b"~{"):
        ROWS[f"{codec}: {byte!r}"] = (partial(text_in, codec), partial(filled, byte), MEGABYTE // 4)


def milliseconds(do: Callable[[bytes], object], data: bytes) -> float:
    """CPU time of one run, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        try:
            do(data)
        except Unreadable:
            pass
        best = min(best, time.process_time() - start)
    return best * 1000


def main() -> int:
    """Prints the table; 1 if a ratio is too high where the time can be measured at all."""
    bad = 0
    print(f"{'':40} {'n':>9} {'2n':>9} {'4n':>9}  ratios")
    for name, (do, make, size) in ROWS.items():
        times = [milliseconds(do, make(part)) for part in (size // 4, size // 2, size)]
        ratios = [later / max(earlier, 1e-6) for earlier, later in pairwise(times)]
        slow = times[2] > 20 and max(ratios) >= 2.5
        bad += slow
        figures = "".join(f"{figure:10.2f}" for figure in times)
        print(f"{name:40}{figures}  {ratios[0]:.2f} {ratios[1]:.2f}{'  <' * slow}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
