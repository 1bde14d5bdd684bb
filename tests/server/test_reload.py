"""Rules that change while mail comes: nothing fails, and each message is decided by one version of them, whole."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from .serving import QUEUED, Client, Server
from .test_serving import DELIVERED

CHANGES = 100


def version(number: int) -> str:
    """One whose parts say who they are: in a field above the message, in a flag, and in the folder."""
    return (
        "# a comment, so that no two versions have one length\n" * (number % 7)
        + f'rule "first" {{ when subject contains "x"; add header X-First "{number}" }}\n'
        + "".join(f'rule "r{n}" {{ when subject contains "nothing {n}"; keep }}\n' for n in range(20))
        + f'rule "last" {{ when subject contains "x"; add header X-Last "{number}"; file into "V{number}" }}\n'
    )


def put(path: Path, text: str) -> None:
    """As an editor does: another file in its place."""
    beside = path.with_name("new.rules")
    beside.write_text(text, "utf-8")
    beside.chmod(0o600)
    beside.rename(path)


def put_in_place(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("change", [put, put_in_place])
def test_rules_change_a_hundred_times_while_mail_comes(server: Server, change: object) -> None:
    assert callable(change)
    rules = server.home / ".pyfilterrc"
    change(rules, version(0))
    stopped = threading.Event()
    sent: list[int] = []
    failed: list[list[bytes]] = []

    def send(number: int) -> None:
        client = Client(server)
        while not stopped.is_set():
            text = QUEUED + b"Message-ID: <%d.%d@x>\r\nSubject: x\r\n\r\n" % (number, len(sent))
            replies = client.mail(text)
            sent.append(number)
            if replies != [DELIVERED]:
                failed.append(replies)
        client.close()

    senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for sender in senders:
        sender.start()
    before = 0
    for number in range(1, CHANGES + 1):
        change(rules, version(number))
        if number % 10 == 0:
            server.process.send_signal(signal.SIGHUP)
        while len(sent) < before + 4:  # some of each
            if not any(sender.is_alive() for sender in senders):
                break
        before = len(sent)
    stopped.set()
    for sender in senders:
        sender.join()
    assert failed == [], [line for line in server.log.splitlines() if "deferred" in line]
    filed = server.mail()
    assert sum(map(len, filed.values())) == len(sent) >= 4 * CHANGES
    for folder, messages in filed.items():
        number = folder.removeprefix(".V").encode()
        for text in messages:
            header = text.partition(b"\n\n")[0]
            if folder == "Maildir" or b"X-Pyfilter-Problem" in header:
                assert change is put_in_place, "half a file is what only that shows"
                continue
            assert b"X-First: %b\n" % number in header + b"\n", folder
            assert b"X-Last: %b\n" % number in header + b"\n", folder
    assert Client(server).mail(QUEUED + b"Subject: x\r\n\r\nthe last") == [DELIVERED]
    assert any(text.endswith(b"the last\n") for text in server.mail()[f".V{CHANGES}"])
