"""The server as a mail server sees it: real sockets, real workers, real files."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyfilter import limits

from .serving import PACKAGES, QUEUED, Client, Server

DELIVERED = b"250 2.0.0 delivered\r\n"


def test_a_message_is_filed_with_the_lines_of_a_delivery(server: Server) -> None:
    client = Client(server)
    assert client.mail(QUEUED + b"Subject: hello\r\n\r\n..\r\nhi") == [DELIVERED]
    assert server.mail() == {
        ".Hello": [
            b"Return-Path: <ann@x.example>\nDelivered-To: me@y.example\n"
            + QUEUED.replace(b"\r", b"")
            + b"Subject: hello\n\n.\nhi\n"
        ]
    }
    assert 'filed Hello by rule "hello"' in server.log
    assert client.say(b"QUIT\r\n") == b"221 2.0.0 goodbye\r\n"
    assert client.reply() == b""


def test_each_recipient_has_a_reply_and_an_envelope_of_its_own(server: Server) -> None:
    client = Client(server)
    replies = client.mail(QUEUED + b"Subject: x\r\n\r\n", "me+a@y.example", "me@y.example", "me+b@y.example")
    assert replies == [DELIVERED] * 3
    assert sorted(server.mail()) == [".a", ".b", "Maildir"]


def test_reject_and_defer_are_what_the_rules_say(server: Server) -> None:
    client = Client(server)
    assert client.mail(QUEUED + b"Subject: no\r\n\r\n") == [b"550 5.7.1 no no\r\n"]
    assert client.mail(QUEUED + b"Subject: later\r\n\r\n") == [b"451 4.3.0 delivery postponed\r\n"]
    assert server.mail() == {}


def test_rules_that_change_hold_for_the_next_message(server: Server) -> None:
    client = Client(server)
    assert client.mail(QUEUED + b"Subject: hello\r\n\r\n1") == [DELIVERED]
    server.rules('rule "other" { file into "Other" }\n')
    assert client.mail(QUEUED + b"Subject: hello\r\n\r\n2") == [DELIVERED]
    assert sorted(server.mail()) == [".Hello", ".Other"]
    server.rules("nonsense\n")
    assert client.mail(QUEUED + b"Subject: hello\r\n\r\n3") == [DELIVERED]
    ((folder, text),) = [
        (folder, text) for folder, all_ in server.mail().items() for text in all_ if b"3\n" in text[-3:]
    ]
    assert b"X-Pyfilter-Problem: " in text, folder


def test_a_large_message_goes_beside_the_packet(server: Server) -> None:
    client = Client(server)
    line = b"x" * 998
    body = b"\r\n".join([line] * 3000)
    assert client.mail(QUEUED + b"Subject: hello\r\n\r\n" + body) == [DELIVERED]
    assert server.mail()[".Hello"][0].endswith(b"\n\n" + body.replace(b"\r\n", b"\n") + b"\n")


def test_a_retry_after_a_lost_reply_gets_its_reply_and_files_nothing(server: Server) -> None:
    client = Client(server)
    text = QUEUED + b"Subject: hello\r\n\r\n"
    client.begin("me@y.example")
    client.send(text + b"\r\n.\r\n")
    while not server.mail():
        time.sleep(0.01)
    client.close()
    assert Client(server).mail(text) == [DELIVERED]
    assert [len(mail) for mail in server.mail().values()] == [1]


def test_a_worker_that_dies_defers_and_another_goes_on(server: Server) -> None:
    server.rules('rule "wait" { when subject is "wait"; when command "/bin/sleep 30" succeeds; keep }\n')
    client = Client(server)
    client.begin("me@y.example")
    client.send(QUEUED + b"Subject: wait\r\n\r\n.\r\n")
    while not (asking := [worker for worker in server.workers() if _children(worker)]):
        time.sleep(0.01)
    (worker,) = asking
    (sleeper,) = _children(worker)
    os.kill(worker, signal.SIGKILL)
    assert client.reply() == b"451 4.3.0 delivery postponed\r\n"
    os.kill(sleeper, signal.SIGKILL)
    for number in range(4):
        assert client.mail(QUEUED + b"Subject: %d\r\n\r\n" % number) == [DELIVERED]
    assert "a worker ended in the midst of a delivery" in server.log
    while len(server.workers()) < 2:
        time.sleep(0.01)


def _children(pid: int) -> list[int]:
    try:
        return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def test_it_ends_what_it_is_at_and_answers_before_it_ends(server: Server, tmp_path: Path) -> None:
    go = tmp_path / "go"
    program = tmp_path / "wait"
    program.write_text(f"#!/bin/sh\nuntil [ -e {go} ]; do sleep 0.05; done\n")
    program.chmod(0o755)
    server.rules(f'rule "wait" {{ when command "{program}" succeeds; file into "Waited" }}\n')
    idle = Client(server)
    client = Client(server)
    client.begin("me@y.example")
    client.send(QUEUED + b"Subject: wait\r\n\r\n.\r\n")
    while not any(map(_children, server.workers())):
        time.sleep(0.01)
    server.process.send_signal(signal.SIGTERM)
    assert idle.reply() == b"421 4.3.2 the server is going down; try again\r\n"
    go.touch()
    assert client.reply() == DELIVERED
    assert client.reply() == b"421 4.3.2 the server is going down; try again\r\n"
    assert server.process.wait(30) == 0
    assert list(server.mail()) == [".Waited"]
    assert not server.path.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once_and_leaves_nobody(server: Server, number: int) -> None:
    while len(workers := server.workers()) < 2:
        time.sleep(0.01)
    assert server.stop(number) == 0
    while any(os.path.exists(f"/proc/{worker}") for worker in workers):
        time.sleep(0.01)


def test_a_hangup_ends_nothing(server: Server) -> None:
    server.process.send_signal(signal.SIGHUP)
    assert Client(server).mail(QUEUED + b"Subject: hello\r\n\r\n") == [DELIVERED]


def test_the_socket_is_for_the_user_and_the_group(server: Server) -> None:
    assert server.path.stat().st_mode & 0o777 == 0o660


def test_a_socket_that_a_dead_server_left_is_taken_and_a_living_ones_is_not(server: Server) -> None:
    refused = _serve(server, f"unix:{server.path}")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"pyfilter serve: another server listens at {server.path}\n"
    server.process.kill()
    server.process.wait()
    assert server.path.exists()
    server.start()
    assert Client(server).mail(QUEUED + b"Subject: hello\r\n\r\n") == [DELIVERED]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("unix:/no/such/place", "cannot listen at /no/such/place: No such file or directory"),
        ("mail.example", "'mail.example' is no address: unix:PATH or HOST:PORT"),
        ("127.0.0.1:70000", "'127.0.0.1:70000' is no address: unix:PATH or HOST:PORT"),
    ],
)
def test_where_it_cannot_listen_it_says_so(server: Server, address: str, said: str) -> None:
    refused = _serve(server, address)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"pyfilter serve: {said}")
    assert refused.stderr.count("\n") == 1


def test_what_is_no_socket_is_left_alone(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_text("mail")
    assert _serve(server, f"unix:{path}").returncode == 2
    assert path.read_text() == "mail"


def _serve(server: Server, address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyfilter", "serve", "--lmtp", address],
        env={"HOME": str(server.home), "PYTHONPATH": PACKAGES, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_fifty_clients_at_once_get_what_they_sent(server: Server) -> None:
    clients = [Client(server) for _ in range(50)]
    for number, client in enumerate(clients):
        client.begin("me@y.example")
        client.send(QUEUED + b"Subject: hello %d\r\n\r\n.\r\n" % number)
    assert [client.reply() for client in clients] == [DELIVERED] * 50
    subjects = {text.partition(b"Subject: ")[2].split(b"\n")[0] for text in server.mail()[".Hello"]}
    assert subjects == {b"hello %d" % number for number in range(50)}


def test_a_client_that_goes_away_in_the_midst_leaves_nothing(server: Server) -> None:
    client = Client(server)
    client.begin("me@y.example")
    client.send(QUEUED + b"Subject: hello\r\n\r\nhalf of i")
    client.close()
    assert Client(server).mail(QUEUED + b"Subject: hello\r\n\r\nwhole") == [DELIVERED]
    assert len(server.mail()[".Hello"]) == 1


def test_a_client_that_closes_its_side_hears_the_reply(server: Server) -> None:
    client = Client(server)
    client.begin("me@y.example")
    client.send(QUEUED + b"Subject: hello\r\n\r\n.\r\n")
    client._socket.shutdown(socket.SHUT_WR)
    assert client.reply() == DELIVERED
    assert client.reply() == b"", "and the connection ends"


def test_what_no_worker_has_begun_is_put_off_when_it_ends(server: Server, tmp_path: Path) -> None:
    go = tmp_path / "go"
    program = tmp_path / "wait"
    program.write_text(f"#!/bin/sh\nuntil [ -e {go} ]; do sleep 0.05; done\n")
    program.chmod(0o755)
    server.rules(f'rule "wait" {{ when command "{program}" succeeds; file into "Waited" }}\n')
    clients = [Client(server) for _ in range(3)]  # and two workers
    for number, client in enumerate(clients):
        client.begin("me@y.example")
        client.send(QUEUED + b"Subject: wait %d\r\n\r\n.\r\n" % number)
    while sum(bool(_children(worker)) for worker in server.workers()) < 2:
        time.sleep(0.01)
    server.process.send_signal(signal.SIGTERM)
    assert clients[2].reply() == b"451 4.3.0 delivery postponed\r\n"
    go.touch()
    assert [client.reply() for client in clients[:2]] == [DELIVERED] * 2
    assert server.process.wait(30) == 0
    assert len(server.mail()[".Waited"]) == 2


def test_a_worker_has_so_much_memory(server: Server) -> None:
    assert Client(server).mail(QUEUED + b"Subject: hello\r\n\r\n") == [DELIVERED]  # one is at work by now
    bounds = [Path(f"/proc/{worker}/limits").read_text() for worker in server.workers()]
    assert any("Max address space         1073741824 " in text for text in bounds)


def test_as_many_recipients_and_as_long_reasons_as_there_may_be(server: Server) -> None:
    """They fit into one packet to a worker, and back."""
    server.rules('rule "no" { reject "' + "ž" * limits.REASON_CHARACTERS + '" }\n')
    recipients = [
        f"{number:03}{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example" for number in range(limits.LMTP_RECIPIENTS)
    ]
    replies = Client(server).mail(QUEUED + b"Subject: x\r\n\r\n" + b"x" * 60000, *recipients)
    assert len(replies) == limits.LMTP_RECIPIENTS
    assert all(reply.startswith(b"550 5.7.1 ") for reply in replies)
