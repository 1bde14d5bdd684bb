"""What pyfilter files, a mail client finds: folders in both layouts, through Postfix and a real Dovecot.

The client sees each folder where the rules name it, subscribed, with the message byte for byte, its flags, and the
size that stands in the file's name. The server finds nothing wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from ..account import Account
from ..dovecot import Dovecot
from ..postfix import Postfix

Make = Callable[..., Account]
RULES = """\
set layout = {layout}

rule "flags" {{
    when subject contains "urgent"
    mark flagged
    mark read
}}
rule "cron" {{
    when subject contains "cron"
    copy into "Cron"
    file into "Cron/DenyHosts"
}}
rule "names" {{
    when subject contains "names"
    copy into "Zprávy/Žluťoučký kůň"
    copy into "台北/日本語 😀"
    file into "R&D/a-b, c"
}}
rule "holes" {{
    when recipient.extension exists
    file into "{{recipient.extension}}/{{recipient.extension}}"
}}
"""
LETTER = """\
From: Žofie <zofie@family.example>
To: you
Subject: {subject}
Message-ID: <{subject}@family.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Příliš žluťoučký kůň.
.
From here on

"""
LAYOUTS = ["maildir++", "fs"]


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    server = Dovecot()
    yield server
    server.stop()


@pytest.fixture(params=LAYOUTS)
def user(request: pytest.FixtureRequest, account: Make, dovecot: Dovecot) -> Account:
    """A user of pyfilter whose mail Dovecot serves in the same layout."""
    made = account(RULES.format(layout=request.param))
    dovecot.add(made, request.param)
    return made


def deliver(postfix: Postfix, recipient: str, subject: str) -> bytes:
    """Send a letter; how it ends when it is filed."""
    letter = LETTER.format(subject=subject).encode()
    queue_id = postfix.send(letter, recipient)
    assert postfix.delivery(queue_id).verdict[0] == "sent"
    postfix.gone(queue_id)
    return letter


def sizes(user: Account, letter: bytes) -> set[tuple[int, int, int]]:
    """(bytes in the file, S, W) of each file that holds the letter."""
    found = set()
    for path in [*user.maildir.rglob("new/*"), *user.maildir.rglob("cur/*")]:
        if path.is_file() and path.read_bytes().endswith(letter):
            size, with_crlf = re.findall(r",[SW]=(\d+)", path.name)
            found.add((path.stat().st_size, int(size), int(with_crlf)))
    return found


def test_a_folder_and_one_in_it(postfix: Postfix, user: Account, dovecot: Dovecot) -> None:
    letter = deliver(postfix, user.address, "cron")
    with dovecot.client(user) as client:
        assert client.folders() == {"INBOX", "Cron", "Cron/DenyHosts"}
        assert client.subscribed() == {"Cron", "Cron/DenyHosts"}
        for folder in ("Cron", "Cron/DenyHosts"):
            (seen,) = client.messages(folder)
            assert seen.data.replace(b"\r\n", b"\n").endswith(letter)
            assert seen.flags == set()
            in_file = len(seen.data.replace(b"\r\n", b"\n"))
            assert seen.size == len(seen.data)
            assert sizes(user, letter) == {(in_file, in_file, seen.size)}
        assert client.messages("INBOX") == []
    assert dovecot.complaints() == []


def test_names_in_any_script(postfix: Postfix, user: Account, dovecot: Dovecot) -> None:
    folders = {"Zprávy/Žluťoučký kůň", "台北/日本語 😀", "R&D/a-b, c"}
    letter = deliver(postfix, user.address, "names")
    with dovecot.client(user) as client:
        assert client.folders() == {"INBOX", *folders}
        assert client.subscribed() == folders
        for folder in sorted(folders):
            (seen,) = client.messages(folder)
            assert seen.data.replace(b"\r\n", b"\n").endswith(letter)
    assert dovecot.complaints() == []


def test_flags(postfix: Postfix, user: Account, dovecot: Dovecot) -> None:
    deliver(postfix, user.address, "urgent")
    deliver(postfix, user.address, "urgent cron")
    with dovecot.client(user) as client:
        for folder in ("INBOX", "Cron", "Cron/DenyHosts"):
            (seen,) = client.messages(folder)
            assert seen.flags == {"\\Flagged", "\\Seen"}
    assert dovecot.complaints() == []


def test_a_folder_that_the_client_made(postfix: Postfix, user: Account, dovecot: Dovecot) -> None:
    """It is no second one, whoever looked at it before; that nobody subscribed to it is the client's wish."""
    with dovecot.client(user) as client:
        for folder in ("Cron/DenyHosts", "Zprávy/Žluťoučký kůň", "R&D/a-b, c"):
            client.make(folder)
        assert client.messages("Cron/DenyHosts") == []
        deliver(postfix, user.address, "cron")
        deliver(postfix, user.address, "names")
        assert [len(client.messages(folder)) for folder in ("Cron", "Cron/DenyHosts", "R&D/a-b, c")] == [1, 1, 1]
        assert client.subscribed() == {"Cron", "台北/日本語 😀"}
    assert dovecot.complaints() == []


@pytest.mark.parametrize("stranger", ["new", "tmp", "inbox", "subscriptions", "dovecot.index", "dovecot-uidlist"])
def test_whatever_a_stranger_names_the_folder(postfix: Postfix, user: Account, dovecot: Dovecot, stranger: str) -> None:
    """It can be opened, and the inbox, too, before and afterwards."""
    deliver(postfix, user.address, "first")
    letter = deliver(postfix, user.address.replace("@", f"+{stranger}@"), "second")
    with dovecot.client(user) as client:
        (folder,) = client.folders() - {"INBOX"}
        assert [seen.data.replace(b"\r\n", b"\n").endswith(letter) for seen in client.messages(folder)] == [True]
        assert len(client.messages("INBOX")) == 1
        assert client.subscribed() == {folder}
    assert dovecot.complaints() == []


def test_a_list_of_subscriptions_that_is_old(postfix: Postfix, user: Account, dovecot: Dovecot) -> None:
    """It keeps its format, in which the layout's separator stands."""
    deliver(postfix, user.address, "first")
    user.write("Maildir/subscriptions", "Old\n")
    deliver(postfix, user.address, "cron")
    assert (user.maildir / "subscriptions").read_text().startswith("Old\nCron\nCron")
    with dovecot.client(user) as client:
        assert client.subscribed() == {"Old", "Cron", "Cron/DenyHosts"}
    assert dovecot.complaints() == []
