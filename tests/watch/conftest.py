"""A home, its rules, and a Maildir that is watched by a process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .dovecot import Dovecot, missing
from .watched import Watched

RULES = """\
rule "hello" { when subject contains "hello"; file into "Hello" }
rule "gone" { when subject is "gone"; discard # on purpose
}
rule "later" { when subject is "later"; defer "later" }
rule "seen" { when subject is "seen"; mark read, flagged; keep }
rule "no" { when subject is "no"; reject "no" }
"""


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Watched]:
    """What is watched is no part of the user's Maildir."""
    made = Watched(tmp_path, RULES, "inbound")
    yield made
    made.end()


@pytest.fixture
def in_place(tmp_path: Path) -> Iterator[Watched]:
    """What is watched is the user's Maildir."""
    made = Watched(tmp_path, RULES, "Maildir")
    yield made
    made.end()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A mail server, and the programs that fetch from it."""
    if text := missing("mbsync", "getmail", "setpriv"):
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    made = Dovecot()
    yield made
    made.close()
