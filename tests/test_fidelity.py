"""P7: what is filed is, to the byte, what came (less the mbox line above it), for thousands of real messages.
Of a message that was scanned it is so but for the lines `X-Spam-…`.

Every file of ../shared/corpus/mail goes through the steps of a delivery: the same reading, deciding and
filing as ``mda.main``, with rules that look at many fields; then what lies in the Maildir is compared.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from pyfilter.agent import decide
from pyfilter.delivery.execute import execute
from pyfilter.engine.questions import Facts, Question
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import Program
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.headers import BOM
from pyfilter.message.message import Message
from pyfilter.message.verdict import Verdict
from pyfilter.status import DELIVERED

from .torture.record import record

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "mail"

RULES = """
set durable = none
list many = "@redhat.com", "@example.com", "linux-kernel@vger.kernel.org"
rule "lists" { when list-id matches "{list}.*"; file into "lists/{list}" }
rule "people" { when from in many or reply-to in many; mark flagged; file into "People" and continue }
rule "encoded" { when subject matches /[^ -~]/; copy into "Not ASCII" }
rule "big" { when size > 100 kB; file into "Big" }
rule "to me" {
    when to-or-cc.domain matches "{domain}" and not any-header contains "unsubscribe"
    file into "To/{domain}"
}
"""

OURS = [
    b"From: a@example.com\n\nlast line without an end",
    b"From: a@example.com\r\nSubject: CRLF\r\n\r\nbody\r\n",
    b"From: a@example.com\nSubject: \xff\xfe 8 bit \x00 NUL\n\n\x00\xff\r bare CR\n",
    b"From a@example.com Tue Nov 24 04:38:18 2026\nSubject: below an mbox line\n\n>From quoted\nFrom not\n",
    b"no header at all\n",
    b"\nbody at once\n",
    b"Subject: header only",
    b"Subject: folded\n into\n\tthree\n\n",
    b"",
]


def filed(home: Path) -> list[bytes]:
    return [path.read_bytes() for path in home.rglob("*") if path.parent.name in ("new", "cur")]


@pytest.fixture(scope="module")
def program() -> Program:
    compiled = compile_sources([Source("rules", RULES)])
    assert compiled.program is not None, compiled.problem
    return compiled.program


def deliver(program: Program, data: bytes, home: Path, facts: Facts | None = None) -> int:
    """Deliver; the number of folders it should lie in."""
    message = Message.from_bytes(data)
    plan = decide(program, message, Envelope.of_delivery(message, {}), facts)
    assert execute(plan, message, str(home)).status is DELIVERED
    return len(plan.filings())


def without_mbox_line(data: bytes) -> bytes:
    """An mbox line ends at the first LF; where bare CRs come before it, it is a message without line ends,
    and where a colon follows it is a field."""
    line, end, rest = data.partition(b"\n")
    mbox = line.startswith(b"From ") and end and b"\r" not in line.removesuffix(b"\r")
    return rest if mbox and not line[5:].lstrip().startswith(b":") else data


@pytest.fixture
def home(tmp_path: Path) -> Path:
    os.chmod(tmp_path, 0o700)
    return tmp_path


@pytest.mark.parametrize("data", OURS, ids=range(len(OURS)))
def test_odd_messages_are_filed_as_they_came(program: Program, data: bytes, home: Path) -> None:
    copies = deliver(program, data, home)
    assert filed(home) == [without_mbox_line(data)] * copies


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus, real mail, is not here")
def test_real_messages_are_filed_as_they_came(program: Program, home: Path) -> None:
    paths = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".tsv")
    assert len(paths) > 5000
    names: dict[str, Path] = {}
    expected: Counter[str] = Counter()
    for path in paths:
        data = path.read_bytes()
        digest = sha256(without_mbox_line(data)).hexdigest()
        if digest not in names:  # the same once more would be a mail server's retry
            names[digest] = path
            expected[digest] = deliver(program, data, home)
    found = Counter(sha256(data).hexdigest() for data in filed(home))
    assert [str(names[digest]) for digest in expected - found] == []  # not filed, or not as it came
    assert found.total() == expected.total()
    record("P7", "pyfilter", "real mail", messages=len(names), copies=found.total(), different=0)


# ----------------------------------------------------------------- scanned mail

VERDICT = Verdict("spamd", False, 1.5, 5.0, ("ALL_TRUSTED",))
LINES = b"X-Spam-Flag: NO\nX-Spam-Score: 1.5\nX-Spam-Status: No, score=1.5 required=5.0 tests=ALL_TRUSTED\n"
SPAM_FIELD = re.compile(rb"(?i)(?:\xef\xbb\xbf)?X-Spam-[^:\s]*[ \t]*:")


def taken_out(came: bytes, filed: bytes) -> list[bytes]:
    """The lines of ``came`` that ``filed`` lacks; what ``filed`` has more, or in another order, is an error."""
    lacking = []
    rest = filed.split(b"\n")
    lines = came.split(b"\n")
    at = 0
    for line in lines:
        if at < len(rest) and line == rest[at]:
            at += 1
        else:
            lacking.append(line)
    assert at == len(rest), f"{rest[at][:80]!r} did not come"
    return lacking


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus, real mail, is not here")
def test_of_real_messages_that_are_scanned_only_lines_of_verdicts_differ(home: Path) -> None:
    compiled = compile_sources([Source("rules", "set durable = none\nrule s { when spam is no; keep }")])
    assert compiled.program is not None
    facts: Facts = {Question("spamd"): VERDICT}
    removed = 0
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".tsv"):
        data = path.read_bytes()
        assert deliver(compiled.program, data, home, facts) == 1
        (filing,) = (home / "Maildir/new").iterdir()
        lies = filing.read_bytes()
        filing.unlink()
        if data.startswith(BOM):
            assert lies.startswith(BOM), path
            data, lies = data[len(BOM) :], lies[len(BOM) :]
        end = b"\n" if lies.startswith(LINES) else b"\r\n"
        lines = LINES.replace(b"\n", end)
        if not Message.from_bytes(data).fields and not without_mbox_line(data).startswith((b"\n", b"\r\n")):
            lines += end  # what was no header does not become one
        assert lies.startswith(lines), path
        lacking = taken_out(without_mbox_line(data), lies[len(lines) :])
        fields = [line for line in lacking if not line.startswith((b" ", b"\t"))]
        assert all(SPAM_FIELD.match(line) for line in fields if line), path
        assert bool(lacking) == bool(fields), path
        removed += len(fields)
    assert removed > 300
