"""`pyfilter serve` behind a real Postfix: its lmtp(8) speaks with a socket that is handed over as systemd does it."""

from __future__ import annotations

import os
import pwd
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..account import Account
from ..postfix import Postfix

Make = Callable[..., Account]
SOCKET = Path("/var/spool/postfix/private/pyfilter")
RULES = """\
rule "cron" { when subject contains "cron"; file into "Cron" }
rule "box" { when recipient matches "*+{box}@*"; file into "{box}" }
rule "no" { when subject contains "casino"; reject "no casinos" }
rule "later" { when subject contains "later"; defer "later" }
"""


class Server:
    """One user's server. The socket belongs to Postfix, the process to the user."""

    def __init__(self, user: Account, bin: Path) -> None:
        self.user = user
        self._bin = bin
        self.pid = 0
        self._socket = socket.socket(socket.AF_UNIX)
        SOCKET.unlink(missing_ok=True)
        self._socket.bind(str(SOCKET))
        postfix = pwd.getpwnam("postfix")
        os.chown(SOCKET, postfix.pw_uid, postfix.pw_gid)
        SOCKET.chmod(0o600)
        self._socket.listen(100)

    def start(self) -> None:
        user = self.user
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.dup2(self._socket.fileno(), 3)
                os.setgroups([])
                os.setresgid(user.gid, user.gid, user.gid)
                os.setresuid(user.uid, user.uid, user.uid)
                os.chdir("/")
                environment = {"HOME": str(user.home), "PATH": "/usr/bin:/bin", "LISTEN_FDS": "1"}
                environment["LISTEN_PID"] = str(os.getpid())
                os.execve(self._bin / "pyfilter", ["pyfilter", "serve", "--workers", "2"], environment)
            finally:
                os._exit(1)

    def stop(self, number: int = signal.SIGTERM) -> int:
        if not self.pid:
            return 0
        os.kill(self.pid, number)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        self.stop()
        self._socket.close()
        SOCKET.unlink(missing_ok=True)


@pytest.fixture
def server(postfix: Postfix, account: Make, bin: Path) -> Iterator[Server]:
    made = Server(account(RULES), bin)
    made.start()
    postfix.configure({"mailbox_transport": "lmtp:unix:private/pyfilter"})
    postfix.reload()
    yield made
    made.close()
    postfix.configure({"mailbox_transport": ""})
    postfix.reload()


@pytest.fixture
def user(server: Server) -> Account:
    return server.user


def letter(subject: str) -> bytes:
    return (
        f"From: Ann <ann@friends.example>\nSubject: {subject}\nMessage-ID: <{subject.split()[0]}@x>\n\n"
        ".\n..\nFrom here\nlast\n"
    ).encode()


def test_mail_is_filed_as_by_the_command(postfix: Postfix, server: Server, user: Account) -> None:
    queue_id = postfix.send(letter("cron job"), user.address)
    assert postfix.delivery(queue_id).verdict == ("sent", "2.0.0", "250 2.0.0 delivered")
    ((folder, (filed,)),) = user.folders().items()
    assert folder == "Cron"
    assert filed.data.endswith(b"\n\n.\n..\nFrom here\nlast\n")
    assert filed.fields("Return-Path") == ["<stranger@stranger.example>"]
    assert filed.fields("Delivered-To") == [user.address]
    assert b"\r" not in filed.data
    postfix.gone(queue_id)


def test_each_address_has_its_extension(postfix: Postfix, server: Server, user: Account) -> None:
    name, domain = user.address.split("@")
    postfix.gone(postfix.send(letter("two"), [f"{name}+Ok@{domain}", f"{name}+other@{domain}"]))
    assert user.places() == {"Ok": 1, "other": 1}


def test_a_refusal_goes_back_to_the_sender(postfix: Postfix, server: Server, user: Account) -> None:
    queue_id = postfix.send(letter("casino"), user.address)
    status, code, text = postfix.delivery(queue_id).verdict
    assert (status, code) == ("bounced", "5.7.1")
    assert "550 5.7.1 no casinos" in text
    postfix.wait_for_bounce(queue_id)
    assert user.folders() == {}
    postfix.drop_all()


def test_mail_waits_while_there_is_no_server_and_none_comes_twice(
    postfix: Postfix, server: Server, user: Account
) -> None:
    queue_id = postfix.send(letter("later"), user.address)
    assert postfix.delivery(queue_id).verdict[:2] == ("deferred", "4.3.0")
    user.write(".pyfilterrc", RULES.replace("defer", "log"))
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    server.start()
    assert postfix.retry(queue_id).verdict == ("sent", "2.0.0", "250 2.0.0 delivered")
    postfix.gone(queue_id)
    assert user.places() == {"INBOX": 1}


def test_it_ends_when_it_is_told_to(postfix: Postfix, server: Server, user: Account) -> None:
    postfix.gone(postfix.send(letter("cron"), user.address))
    assert server.stop() == 0
    assert SOCKET.exists(), "it belongs to whoever handed it over"
