"""The ways from procmail to pyfilter that the manual shows: a copy beside procmail, and user by user."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from ..account import Account
from ..postfix import Postfix

Make = Callable[..., Account]
LETTER = b"From: Olga <olga@family.example>\nTo: you\nSubject: lunch\nMessage-ID: <1@family.example>\n\nAt noon.\n"
MANUAL = Path(__file__).parents[3] / "docs"
PROCMAILRC = "MAILDIR=$HOME/Maildir\nDEFAULT=$MAILDIR/\n\n{beside}\n:0\n* ^Subject: lunch\n.Procmail/\n"
RULES = 'rule "lunch" {\n    when subject is "lunch"\n    file into "Pyfilter"\n}\n'


def shown(document: str, *, contains: str) -> str:
    """The one block of a document in which this stands."""
    blocks = re.findall(r"^```\n(.*?)^```$", (MANUAL / document).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if contains in block]
    return str(block)


def deliver(postfix: Postfix, recipient: str) -> None:
    queue_id = postfix.send(LETTER, recipient)
    assert postfix.delivery(queue_id).verdict[0] == "sent"
    postfix.gone(queue_id)


def test_a_copy_beside_procmail(postfix: Postfix, account: Make, bin: Path, mailbox_command: str) -> None:
    """procmail files as before; pyfilter, by rules of its own, files a copy into a Maildir of its own."""
    user = account()
    beside = shown("procmail.md", contains=":0 cwr").replace("/opt/pyfilter/bin", str(bin))
    user.write(".procmailrc", PROCMAILRC.format(beside=beside))
    user.write("try.rules", shown("procmail.md", contains="Maildir.try") + RULES)
    for part in ("", "/new", "/cur", "/tmp"):
        user.directory(f"Maildir{part}")
    postfix.use('procmail -a "$EXTENSION"')
    try:
        deliver(postfix, user.address)
    finally:
        postfix.use(mailbox_command)
    assert user.places() == {"Procmail": 1}
    user.maildir = user.home / "Maildir.try"
    assert user.places() == {"Pyfilter": 1}
    assert user.only().data.endswith(LETTER)


def test_user_by_user(postfix: Postfix, account: Make, bin: Path, mailbox_command: str) -> None:
    """`mailbox_command_maps` names those who have pyfilter already; all others keep procmail."""
    ready, later = account(RULES), account()
    later.write(".procmailrc", PROCMAILRC.format(beside=""))
    for part in ("", "/new", "/cur", "/tmp"):
        later.directory(f"Maildir{part}")
    ((name, path),) = re.findall(r"'(\w+) = (?:texthash:)(\S+)'", shown("postfix.md", contains="mailbox_command_maps"))
    table = shown("postfix.md", contains="olga ").replace("/opt/pyfilter/bin", str(bin)).replace("olga", ready.name)
    Path(path).write_text(table)
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    postfix.configure({name: f"texthash:{path}"})
    postfix.use('procmail -a "$EXTENSION"')
    try:
        deliver(postfix, ready.address)
        deliver(postfix, later.address)
    finally:
        postfix.configure({name: ""})
        postfix.use(mailbox_command)
    assert ready.places() == {"Pyfilter": 1}
    assert later.places() == {"Procmail": 1}
