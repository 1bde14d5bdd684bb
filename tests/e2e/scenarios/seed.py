"""The example of the first page, through a real Postfix and a real spamd: each message in its folder, byte for byte
but for the lines of a verdict.

The agent is a parameter: with procmail and the `.procmailrc` beside the rules the same messages must land in
the same folders. procmail's filter is spamc, which asks the same spamd and rewrites what it scanned.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..account import Account, handed_over
from ..postfix import Postfix
from ..spamd import Spamd, without_verdict

SEED = Path(__file__).parents[3] / "examples/seed"
ROWS = [line.split("\t") for line in (SEED / "messages.tsv").read_text().splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def user(postfix: Postfix, spamd: Spamd, agent: str) -> Account:
    """The user of the example: both rule files, and for procmail what it needs around it."""
    user = Account("user", maildir=".maildir")
    for name in (".pyfilterrc", ".procmailrc"):
        user.write(name, (SEED / name).read_text())
    if agent == "procmail":
        # it does not make its Maildir; spamassassin(1) asks the DNS, which is not there, spamc(1) the same spamd
        user.directory(".maildir")
        Path("/etc/procmailrc").write_text("LOCKSLEEP=1\n")
        Path("/usr/bin/spamassassin").unlink(missing_ok=True)
        Path("/usr/bin/spamassassin").symlink_to("/usr/bin/spamc")
    return user


@pytest.mark.parametrize(("name", "sender", "recipient", "folder"), ROWS, ids=[row[0] for row in ROWS])
def test_each_message_in_its_folder(
    postfix: Postfix,
    user: Account,
    agent: str,
    mailbox_command: str,
    name: str,
    sender: str,
    recipient: str,
    folder: str,
) -> None:
    if agent == "procmail" and recipient != user.address:
        folder = "INBOX"  # the rule for plus addresses is new: the .procmailrc has none
    message = (SEED / "messages" / name).read_bytes()
    before = user.places()

    queue_id = postfix.send(message, recipient, sender)
    assert postfix.delivery(queue_id).verdict == ("sent", "2.0.0", f"delivered to command: {mailbox_command}")
    postfix.gone(queue_id)

    assert user.places() == {**before, folder: before.get(folder, 0) + 1}
    newest = max(user.folders()[folder], key=lambda filed: filed.path.stat().st_mtime_ns)
    if agent != "procmail" or folder.startswith("Cron"):
        data, sent = without_verdict(newest.data), without_verdict(message)
        assert handed_over(data, sent, queue_id=queue_id, recipient=recipient, sender=sender)
    assert (b"\nX-Spam-Status: " in b"\n" + newest.data) is not folder.startswith("Cron"), (
        "scanned if no rule took it before"
    )
    assert newest.flags == ""
    assert postfix.queue() == {}


def test_all_folders_and_nothing_else(user: Account, agent: str) -> None:
    expected = {"INBOX": 5, "Cron": 1, "Cron/DenyHosts": 2, "spam": 1, "shop": 1}
    if agent == "procmail":
        expected = {"INBOX": 6, "Cron": 1, "Cron/DenyHosts": 2, "spam": 1}
    assert user.places() == expected
    assert user.unfinished() == []
    assert not Path("/tmp/owned").exists(), "a command inside a message was run"
