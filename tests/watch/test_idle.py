"""Dovecot has a client that waits for new mail, and moves what comes to cur/ at once: rules decide all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import RULES
from .dovecot import NOBODY, Dovecot
from .watched import PACKAGES, Watched, letter, until

AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def own(path: Path) -> None:
    for directory, _, files in os.walk(path):
        for name in (directory, *(os.path.join(directory, file) for file in files)):
            os.chown(name, NOBODY, NOBODY)


def test_what_a_client_that_waits_has_noticed_is_filed(dovecot: Dovecot) -> None:
    asked = [*AS_NOBODY, sys.executable, "-c", "import pyfilter, watchdog"]
    if subprocess.run(asked, env={"PYTHONPATH": PACKAGES}, capture_output=True, check=False).returncode:
        pytest.skip("nobody, as whom Dovecot runs here, can neither run this Python nor read this checkout")
    watched = Watched(dovecot.directory, RULES, "Maildir", home="mail", before=AS_NOBODY)
    own(watched.home)
    watched.start()
    try:
        client = dovecot.client()
        client.select("INBOX")
        client.send(client._new_tag() + b" IDLE\r\n")  # type: ignore[attr-defined]
        assert client.readline() == b"+ idling\r\n"
        sent: dict[str, list[bytes]] = {".Hello": [], "Maildir": []}
        for number in range(30):
            folder, subject = (".Hello", f"hello {number}") if number % 2 else ("Maildir", f"other {number}")
            data = letter(subject)
            sent[folder].append(data)
            path = watched.bring(data)
            until(lambda: not path.exists())  # noqa: B023
        until(lambda: watched.log.count(" by no rule") + watched.log.count(' by rule "hello"') == 30)
        assert {folder: sorted(mail) for folder, mail in watched.mail().items()} == {
            folder: sorted(mail) for folder, mail in sent.items()
        }
        assert watched.left() == []
        client.shutdown()
    finally:
        watched.end()
