"""P7: what is filed is, to the byte, what came (less the mbox line above it), for thousands of real messages.

Every file of ../shared/corpus/mail goes through the steps of a delivery: the same reading, deciding and
filing as ``mda.main``, with rules that look at many fields; then what lies in the Maildir is compared.
"""

from __future__ import annotations

import os
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from pyfilter.agent import decide
from pyfilter.delivery.execute import execute
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import Program
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.status import DELIVERED

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


def deliver(program: Program, data: bytes, home: Path) -> int:
    """Deliver; the number of folders it should lie in."""
    message = Message.from_bytes(data)
    plan = decide(program, message, Envelope.of_delivery(message, {}))
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
        names[digest] = path
        expected[digest] += deliver(program, data, home)
    found = Counter(sha256(data).hexdigest() for data in filed(home))
    assert [str(names[digest]) for digest in expected - found] == []  # not filed, or not as it came
    assert found.total() == expected.total()
