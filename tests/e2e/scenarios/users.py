"""One `pyfilter serve` for many users behind a real Postfix: those of the system, and virtual ones."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..account import Account
from ..postfix import Postfix

Make = Callable[..., Account]
PRIVATE = Path("/var/spool/postfix/private")
RULES = 'rule "cron" { when subject contains "cron"; file into "Cron" }\n'


class Server:
    """``options`` of `pyfilter serve`, which ``user`` starts; the socket is Postfix's, and handed over."""

    def __init__(self, bin: Path, name: str, user: str, *options: str) -> None:
        self.path = PRIVATE / name
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        postfix = pwd.getpwnam("postfix")
        os.chown(self.path, postfix.pw_uid, postfix.pw_gid)
        self.path.chmod(0o600)
        self._socket.listen(100)
        entry = pwd.getpwnam(user)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.dup2(self._socket.fileno(), 3)
                os.initgroups(user, entry.pw_gid)
                os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
                os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
                os.chdir("/")
                environment = {"HOME": entry.pw_dir, "PATH": "/usr/bin:/bin", "LISTEN_FDS": "1"}
                environment["LISTEN_PID"] = str(os.getpid())
                os.execve(bin / "pyfilter", ["pyfilter", "serve", "--workers", "2", *options], environment)
            finally:
                os._exit(1)

    def stop(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        _, status = os.waitpid(self.pid, 0)
        self._socket.close()
        self.path.unlink()
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def system(postfix: Postfix, bin: Path) -> Iterator[Server]:
    subprocess.run(["useradd", "--system", "--no-create-home", "-s", "/usr/sbin/nologin", "pyfilter"], check=True)
    made = Server(bin, "pyfilter", "root", "--users", "system")
    postfix.configure({"mailbox_transport": "lmtp:unix:private/pyfilter"})
    postfix.reload()
    yield made
    assert made.stop() == 0
    subprocess.run(["userdel", "pyfilter"], check=True)
    postfix.configure({"mailbox_transport": ""})
    postfix.reload()


def letter(subject: str) -> bytes:
    return f"From: Ann <ann@friends.example>\nSubject: {subject}\nMessage-ID: <{subject}@x>\n\ntext\n".encode()


def test_each_user_of_the_system_has_the_mail(postfix: Postfix, system: Server, account: Make) -> None:
    users = [account(RULES), account(RULES)]
    name, domain = users[1].address.split("@")
    postfix.gone(postfix.send(letter("cron"), [users[0].address, f"{name}+extension@{domain}"]))
    for user in users:
        ((folder, (filed,)),) = user.folders().items()
        assert folder == "Cron"
        assert filed.path.stat().st_uid == user.uid
        assert filed.path.stat().st_mode & 0o777 == 0o600
    assert users[1].only().fields("Delivered-To") == [f"{name}+extension@{domain}"]


def test_who_is_no_user_hears_so_and_a_home_that_is_open_waits(postfix: Postfix, system: Server, account: Make) -> None:
    user = account(RULES)
    user.home.chmod(0o777)
    queue_id = postfix.send(letter("cron"), user.address)
    assert postfix.delivery(queue_id).verdict[:2] == ("deferred", "4.3.0")
    user.home.chmod(0o755)
    assert postfix.retry(queue_id).verdict == ("sent", "2.0.0", "250 2.0.0 delivered")
    postfix.gone(queue_id)
    assert user.places() == {"Cron": 1}
    queue_id = postfix.send(letter("root"), "root@example.com")
    status, code, text = postfix.delivery(queue_id).verdict
    assert (status, code) == ("deferred", "4.3.5")
    assert "451 4.3.5 root has no rules: mail for root needs an alias" in text
    postfix.drop_all()


def test_virtual_users(postfix: Postfix, account: Make, bin: Path) -> None:
    owner = account()
    users = owner.home / "users"
    users.write_text("".join(f"{name}@virtual.example:x:1:1::{owner.home}/mail/{name}\n" for name in ("ann", "bob")))
    os.chown(users, owner.uid, owner.gid)
    owner.directory("mail", 0o700)
    server = Server(bin, "pyfilter-virtual", owner.name, "--users", "virtual", "--map", str(users))
    changes = {"virtual_mailbox_domains": "virtual.example", "virtual_transport": "lmtp:unix:private/pyfilter-virtual"}
    postfix.configure(changes)
    postfix.reload()
    try:
        postfix.gone(postfix.send(letter("two"), ["ann@virtual.example", "BOB+x@virtual.example"]))
        for name in ("ann", "bob"):
            (filed,) = (owner.home / "mail" / name / "Maildir" / "new").iterdir()
            assert filed.stat().st_uid == owner.uid
        queue_id = postfix.send(letter("three"), "zoe@virtual.example")
        delivery = postfix.delivery(queue_id)
        while delivery.verdict[0] == "deferred":  # the map is younger than some seconds
            assert delivery.verdict[1] == "4.3.0"
            delivery = postfix.retry(queue_id)
        assert delivery.verdict[:2] == ("bounced", "5.1.1")
        postfix.drop_all()
    finally:
        assert server.stop() == 0
        postfix.configure(dict.fromkeys(changes, ""))
        postfix.reload()
