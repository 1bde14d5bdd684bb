"""One server for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .serving import Server

RULES = """\
rule "hello" { when subject contains "hello"; file into "Hello" }
rule "no" { when subject contains "no"; reject "no {subject}" }
rule "later" { when subject is "later"; defer "later" }
rule "box" { when recipient matches "me+{box}@*"; file into "{box}" }
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, RULES)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    assert made.process.stdout is not None
    made.process.stdout.close()
