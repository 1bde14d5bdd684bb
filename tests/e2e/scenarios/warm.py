"""mailbox_command with a server of the user's beside it: a real Postfix calls the launcher, which hands the mail over.

Who delivered shows in the log: a clerk of the server is one process for many messages, an interpreter one for each.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..account import Account, handed_over
from ..postfix import Postfix

Make = Callable[..., Account]
RULES = """\
rule "cron" { when subject contains "cron"; file into "Cron" }
rule "box" { when recipient matches "*+{box}@*"; file into "{box}" }
rule "no" { when subject contains "casino"; reject "no casinos" }
rule "later" { when subject contains "later"; defer "later" }
rule "ask" { when subject contains "ask" and command "~/program" succeeds; file into "Asked" }
"""
PROGRAM = '#!/bin/sh\ncd "$HOME" || exit 1\ntouch began\nwhile [ ! -e go ]; do sleep 0.05; done\n'


class Server:
    """`pyfilter serve` of one user."""

    def __init__(self, user: Account, bin: Path) -> None:
        self.user = user
        self._bin = bin
        self.socket = user.home / ".local/state/pyfilter/socket"
        self.pid = 0

    def start(self) -> None:
        user = self.user
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                os.setgroups([])
                os.setresgid(user.gid, user.gid, user.gid)
                os.setresuid(user.uid, user.uid, user.uid)
                os.chdir("/")
                environment = {"HOME": str(user.home), "PATH": "/usr/bin:/bin"}
                os.execve(self._bin / "pyfilter", ["pyfilter", "serve", "--workers", "1"], environment)
            finally:
                os._exit(1)
        while len(self.clerks()) < 2:
            time.sleep(0.01)

    def stop(self, number: int = signal.SIGTERM) -> int:
        if not self.pid:
            return 0
        os.kill(self.pid, number)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def clerks(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(child) for child in children if b".clerk " in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.fixture
def server(postfix: Postfix, account: Make, bin: Path) -> Iterator[Server]:
    user = account(RULES)
    user.write("program", PROGRAM, 0o755)
    made = Server(user, bin)
    made.start()
    yield made
    (user.home / "go").touch()
    made.stop()


@pytest.fixture
def user(server: Server) -> Account:
    return server.user


def letter(subject: str) -> bytes:
    return (
        f"From: Ann <ann@friends.example>\nSubject: {subject}\nMessage-ID: <{subject.split()[0]}@x>\n\n"
        "From here\nlast\n"
    ).encode()


def who_delivered(user: Account, message_id: str) -> list[int]:
    """Process ids, in their order."""
    log = (user.home / ".local/state/pyfilter/log").read_text()
    return [int(process) for process in re.findall(rf"pyfilter\[(\d+)\]: <{message_id}@x> from", log)]


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def test_mail_is_filed_by_the_server_as_it_came(postfix: Postfix, server: Server, user: Account) -> None:
    message = letter("cron job")
    queue_id = postfix.send(message, user.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("sent", "2.0.0")
    ((folder, (filed,)),) = user.folders().items()
    assert folder == "Cron"
    assert handed_over(
        filed.data, message, queue_id=queue_id, recipient=user.address, sender="stranger@stranger.example"
    )
    (process,) = who_delivered(user, "cron")
    assert process in server.clerks()
    postfix.gone(queue_id)


def test_each_address_has_its_extension(postfix: Postfix, server: Server, user: Account) -> None:
    name, domain = user.address.split("@")
    postfix.gone(postfix.send(letter("two"), [f"{name}+Ok@{domain}", f"{name}+other@{domain}"]))
    assert user.places() == {"Ok": 1, "other": 1}


def test_a_refusal_goes_back_to_the_sender_and_what_waits_waits(
    postfix: Postfix, server: Server, user: Account
) -> None:
    queue_id = postfix.send(letter("casino"), user.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn, attempt.text) == ("bounced", "5.7.1", "no casinos")
    postfix.wait_for_bounce(queue_id)
    queue_id = postfix.send(letter("later"), user.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn, attempt.text) == ("deferred", "4.3.0", "delivery postponed")
    assert user.folders() == {}
    postfix.drop_all()


def test_without_the_server_an_interpreter_delivers(postfix: Postfix, server: Server, user: Account) -> None:
    clerks = server.clerks()
    assert server.stop() == 0
    assert not server.socket.exists()
    postfix.gone(postfix.send(letter("cron one"), user.address))
    server.start()
    clerks += server.clerks()
    server.stop(signal.SIGKILL)  # its socket stays
    assert server.socket.exists()
    postfix.gone(postfix.send(letter("box two"), user.address))
    assert user.places() == {"Cron": 1, "INBOX": 1}
    assert not {*who_delivered(user, "cron"), *who_delivered(user, "box")} & set(clerks)


def test_a_clerk_that_is_killed_in_the_midst_costs_nothing(postfix: Postfix, server: Server, user: Account) -> None:
    queue_id = postfix.send(letter("ask"), user.address)
    wait_for(user.home / "began")
    for clerk in server.clerks():
        os.kill(clerk, signal.SIGKILL)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn, attempt.text) == ("deferred", "4.3.0", "delivery postponed")
    assert user.folders() == {}
    (user.home / "go").touch()
    assert postfix.retry(queue_id).status == "sent"
    postfix.gone(queue_id)
    assert user.places() == {"Asked": 1}


def test_a_server_that_is_killed_in_the_midst_costs_nothing(postfix: Postfix, server: Server, user: Account) -> None:
    """Its clerk ends what it is at."""
    queue_id = postfix.send(letter("ask"), user.address)
    wait_for(user.home / "began")
    server.stop(signal.SIGKILL)
    (user.home / "go").touch()
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)
    assert user.places() == {"Asked": 1}


def test_all_are_killed_while_mail_streams_in(postfix: Postfix, server: Server, user: Account) -> None:
    """In the end every message is there, once: none was filed by two, or twice."""
    queued = []
    for number in range(60):
        queued.append(postfix.send(letter(f"m{number}"), user.address))
        if number % 12 == 5:
            for clerk in server.clerks():
                os.kill(clerk, signal.SIGKILL)
        if number % 12 == 11:
            server.stop(signal.SIGKILL)
            server.start()
    for queue_id in queued:
        first = postfix.delivery(queue_id)
        if first.status != "sent":
            assert first.dsn == "4.3.0"
            assert postfix.retry(queue_id).status == "sent"
        postfix.gone(queue_id)
    filed = [message.fields("Message-ID")[0] for message in user.folders()["INBOX"]]
    assert sorted(filed) == sorted(f"<m{number}@x>" for number in range(60))
