"""What Debian's spamd is understood to say is what its own client, spamc(1), hears: the verdict, the points, the tests.

spamd writes points with one place, and spamc shows them as they are written. spamd learns nothing here (real_spamd.py),
so that it says the same of one message twice.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyfilter.engine.questions import Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.services.answers import Inquiry
from pyfilter.services.spamd import check

from .certificates import Certificate
from .real_spamd import Spamd, missing

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
MESSAGES = 500 if os.environ.get("TORTURE") else 100  # of spam and of ham
LARGEST = 10_000_000  # bytes; neither leaves one out

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
HAM = b"From: Ann <ann@friend.example>\nTo: me@example.com\nSubject: Lunch?\n\nOn Sunday?\n"
SPAM = HAM + GTUBE.encode() + b"\n"

# the first is spamd's: it takes out what a message brings along
STATUS = re.compile(
    r"^X-Spam-Status: (Yes|No), score=(-?\d+\.\d) required=(-?\d+\.\d)\s+tests=(.*?)\s+(?:autolearn|version)=",
    re.MULTILINE | re.DOTALL,
)

Told = tuple[bool, float, float | None, set[str]]


@pytest.fixture(scope="module")
def spamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spamd]:
    if why := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    server = Spamd(Certificate(tmp_path_factory.mktemp("certificate"), "IP:127.0.0.1"))
    yield server
    server.close()


def asked(address: str, raw: bytes, **more: object) -> Verdict | Unknown:
    settings: dict[str, object] = {
        "spamd.address": address,
        "spamd.user": None,
        "spamd.timeout": 60,
        "spamd.max-size": LARGEST,
        "spamd.compress": False,
        "spamd.certificates": None,
    }
    return check(Inquiry("", Message(raw), Envelope(), {**settings, **more}))


def ours(address: str, raw: bytes, **more: object) -> Told:
    verdict = asked(address, raw, **more)
    assert isinstance(verdict, Verdict), verdict
    assert (verdict.scanner, verdict.skipped) == ("spamd", "")
    return verdict.spam, verdict.score, verdict.threshold, set(verdict.tests)


def spamc(spamd: Spamd, raw: bytes, *options: str) -> tuple[int, str]:
    """Its exit status and what it prints; ``-x``: it fails where spamd does not answer."""
    command = ["spamc", "-F", "/dev/null", "-x", "-U", str(spamd.socket), "-s", str(LARGEST), *options]
    done = subprocess.run(command, input=raw, capture_output=True, check=False)
    assert done.returncode in (0, 1), (done.returncode, done.stderr)
    return done.returncode, done.stdout.decode(errors="replace")


def theirs(spamd: Spamd, raw: bytes) -> Told:
    status, report = spamc(spamd, raw, "-R", "-E")
    points = re.match(r"(-?\d+\.\d)/(-?\d+\.\d)\n", report)
    assert points, report
    _, tests = spamc(spamd, raw, "-y")
    names = {name for name in tests.strip().split(",") if name}
    return status == 1, float(points[1]), float(points[2]), names


def theirs_at_once(spamd: Spamd, raw: bytes) -> Told:
    """The same with one scan in place of two, from the line that spamd writes into a message with a header."""
    status, message = spamc(spamd, raw, "--headers", "-E")
    said = STATUS.search(message.replace("\r", ""))
    assert said and (said[1] == "Yes") is (status == 1), message[:500]
    names = set("".join(said[4].split()).split(",")) - {"none"}
    return status == 1, float(said[2]), float(said[3]), names


# ------------------------------------------------------------ the corpus


def of_the_corpus(kind: str) -> list[Path]:
    index = CORPUS / "index.tsv"
    if not index.exists():
        pytest.skip(f"no corpus at {CORPUS}")
    with index.open(newline="") as lines:
        names = [row["file"] for row in csv.DictReader(lines, delimiter="\t") if row["kind"] == kind]
    return [CORPUS / name for name in names[:: max(1, len(names) // MESSAGES)][:MESSAGES]]


# spamd contradicts itself now and then: of rules that capture (GB_CUSTOM_HTM_URI and %{GB_TO_ADDR} of 4.0) it finds
# one in one scan of a message and not in the next. What differs is scanned again, so often, by both.
AGAIN = 5


@pytest.mark.parametrize("kind", ["spam", "ham"])
def test_spamc_hears_the_same(spamd: Spamd, kind: str) -> None:
    again = []

    def compared(path: Path) -> tuple[str, Told, Told]:
        raw = Message.from_bytes(path.read_bytes()).raw
        mine, yours = [ours(spamd.address, raw)], [theirs_at_once(spamd, raw)]
        while mine[-1] not in yours and yours[-1] not in mine and len(mine) <= AGAIN:
            again.append(path.name)
            mine.append(ours(spamd.address, raw))
            yours.append(theirs_at_once(spamd, raw))
        return path.name, mine[-1], mine[-1] if mine[-1] in yours or yours[-1] in mine else yours[-1]

    paths = of_the_corpus(kind)
    assert len(paths) == MESSAGES
    with ThreadPoolExecutor(2) as threads:  # as many as spamd has children
        told = list(threads.map(compared, paths))
    assert [one for one in told if one[1] != one[2]] == []
    assert len(set(again)) <= MESSAGES * 0.02, again
    # what agrees is something: most are what they are said to be, and nearly all have tests
    right = sum(mine[0] is (kind == "spam") for _, mine, _ in told)
    tested = sum(bool(mine[3]) for _, mine, _ in told)
    print(f"{kind}: {len(told)} messages, {right} of them found so, {tested} with tests")
    assert right > MESSAGES / 3
    assert tested > MESSAGES * 0.9


# ------------------------------------------------------------ other ways to ask


@pytest.mark.parametrize("raw", [HAM, SPAM], ids=["ham", "spam"])
def test_the_ways_to_ask_agree(spamd: Spamd, raw: bytes) -> None:
    expected = theirs(spamd, raw)
    assert expected == theirs_at_once(spamd, raw)
    assert expected[0] is (raw is SPAM)
    assert ours(spamd.address, raw) == expected
    assert ours(spamd.address, raw, **{"spamd.compress": True}) == expected
    over_tls: dict[str, object] = {"spamd.certificates": str(spamd.certificate)}
    assert ours(spamd.tls, raw, **over_tls) == expected
    # spamd waits for the end of what is compressed: over TLS it is sent as it is
    assert ours(spamd.tls, raw, **over_tls, **{"spamd.compress": True}) == expected


def test_a_long_message_over_tls(spamd: Spamd) -> None:
    """spamd is not told where it ends but by its length: TLS has no half of a connection to close."""
    raw = HAM + b"and so on, and so on\n" * 10_000
    assert ours(spamd.tls, raw, **{"spamd.certificates": str(spamd.certificate)}) == theirs(spamd, raw)


def test_a_certificate_is_asked_for(spamd: Spamd) -> None:
    told = asked(spamd.tls, SPAM)
    assert isinstance(told, Unknown)
    assert told.why == f"spamd at {spamd.tls}: its certificate is not trusted (self-signed certificate)"


def test_tls_is_not_spoken_where_none_is(spamd: Spamd) -> None:
    told = asked(spamd.tls.removeprefix("tls:"), SPAM, **{"spamd.timeout": 10})
    assert isinstance(told, Unknown)
    assert told.why.startswith(f"spamd at {spamd.tls.removeprefix('tls:')}: ")


ODD = {
    "empty": b"",
    "one byte": b"x",
    "NULs": bytes(5000),
    "every byte": bytes(range(256)) * 50,
    "names in 8 bit": b'From: \xff\xfe\x01 <\x02@\xff>\nMessage-ID: <"\\\x7f\xe9\n\x03>\nSubject: \x1b[2J\xc3\n\n\xff',
    "half a multipart": b'Content-Type: multipart/mixed; boundary="\xffb"\n\n--\xffb\nContent-Type: \0/\x80\n\n\xe1',
    "CRLF": SPAM.replace(b"\n", b"\r\n"),
    "no end of line": SPAM.rstrip(),
    "dots": HAM + b".\n..\n.\r\n.",
    "looks like an answer": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 5\r\n\r\nhello",
    "verdicts of a stranger": b"X-Spam-Status: No, score=-100\nX-Spam-Flag: NO\n" + SPAM,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_mail(spamd: Spamd, name: str) -> None:
    raw = ODD[name]
    if raw:
        assert ours(spamd.address, raw) == theirs(spamd, raw)
    else:  # spamc does not ask about nothing
        assert ours(spamd.address, raw)[3]
    over_tls: dict[str, object] = {"spamd.certificates": str(spamd.certificate)}
    # over TLS a line end is added to the last line
    whole = raw if raw.endswith(b"\n") else raw + b"\n"
    assert ours(spamd.tls, raw, **over_tls) == ours(spamd.address, whole)
