"""Virtual users: one Unix user, many homes, each with its own rules, lists and memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter.server.rulebook import Shelf

from .serving import QUEUED, Client, Server
from .test_serving import DELIVERED

RULES = """\
rule "told" { when subject is "tell"; notify "~/tell"; file into "Told" }
list friends from "friends.txt"
rule "twice" { when duplicate; file into "Twice" }
rule "friend" { when from in friends; file into "Friends" }
rule "asked" { when subject is "ask"; when command "/usr/bin/test -e here" succeeds; file into "Asked" }
rule "mine" { file into "NAME" }
"""
USERS = ("ann", "bob", "carl")


class Virtual(Server):
    """A server with a map, and a home for each of USERS."""

    def __init__(self, directory: Path) -> None:
        self.base = directory / "mail"
        self.base.mkdir(mode=0o700)
        self.map = directory / "users"
        for name in USERS:
            self.user(name)
        self.write_map(*USERS)
        super().__init__(directory, "", "--users", "virtual", "--map", str(self.map))

    def write_map(self, *names: str) -> None:
        beside = self.map.with_name("users.new")
        beside.write_text("".join(f"{name}@y.example:x:1:1::{self.base}/{name}\n" for name in names))
        beside.rename(self.map)

    def user(self, name: str, rules: str = RULES) -> Path:
        home = self.base / name
        home.mkdir(mode=0o700, exist_ok=True)
        (home / ".pyfilterrc").write_text(rules.replace("NAME", name.title()))
        program = home / "tell"
        program.write_text('#!/bin/sh\necho "$HOME" >>"${0%/*}/told"\n')
        program.chmod(0o700)
        (home / "friends.txt").write_text(f"{name}.friend@x.example\n")
        return home

    def of(self, name: str) -> dict[str, int]:
        """Folder -> messages."""
        there: dict[str, int] = {}
        for path in (self.base / name).glob("Maildir/**/new/*"):
            folder = path.parent.parent.name
            there[folder] = there.get(folder, 0) + 1
        return there


@pytest.fixture
def virtual(tmp_path: Path) -> Iterator[Virtual]:
    made = Virtual(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    assert made.process.stdout is not None
    made.process.stdout.close()


def letter(number: int, sender: str = "x@x.example", subject: str = "x") -> bytes:
    return QUEUED + f"From: {sender}\r\nMessage-ID: <{number}@x>\r\nSubject: {subject}\r\n\r\n".encode()


def test_each_user_has_the_mail_by_the_rules_in_the_home(virtual: Virtual) -> None:
    client = Client(virtual)
    assert client.mail(letter(1), "ann@y.example", "BOB+x@y.example", "ann+y@y.example") == [DELIVERED] * 3
    assert virtual.of("ann") == {".Ann": 2}
    assert virtual.of("bob") == {".Bob": 1}
    assert virtual.of("carl") == {}
    (filed,) = (virtual.base / "bob").glob("Maildir/.Bob/new/*")
    assert filed.read_bytes().startswith(b"Return-Path: <ann@x.example>\nDelivered-To: BOB+x@y.example\n")


def test_lists_memory_and_programs_are_those_of_the_home(virtual: Virtual) -> None:
    """Each worker has served each of them before the last round."""
    (virtual.base / "carl" / "here").touch()
    clients = [Client(virtual) for _ in range(2)]
    for number in range(12):
        for name in USERS:
            text = letter(number, f"{name}.friend@x.example")
            assert clients[number % 2].mail(text, f"{name}@y.example") == [DELIVERED]
    for name in USERS:
        assert virtual.of(name) == {".Friends": 12}
    for name in USERS:
        assert clients[0].mail(letter(100, "bob.friend@x.example"), f"{name}@y.example") == [DELIVERED]
        assert clients[1].mail(letter(101, subject="ask"), f"{name}@y.example") == [DELIVERED]
    assert virtual.of("ann") == {".Friends": 12, ".Ann": 2}
    assert virtual.of("bob") == {".Friends": 13, ".Bob": 1}
    assert virtual.of("carl") == {".Friends": 12, ".Carl": 1, ".Asked": 1}
    again = letter(101, subject="ask").replace(b"by y", b"by another")
    assert clients[0].mail(again, "ann@y.example") == [DELIVERED]
    assert virtual.of("ann") == {".Friends": 12, ".Ann": 2, ".Twice": 1}


def test_programs_are_run_at_home_also_where_several_messages_are_delivered_together(virtual: Virtual) -> None:
    clients = {name: [Client(virtual) for _ in range(8)] for name in USERS}
    text = letter(1, subject="tell")
    for name in USERS:
        for client in clients[name]:
            client.begin(f"{name}@y.example")
    for number in range(8):
        for name in USERS:
            clients[name][number].send(text + b"%d\r\n.\r\n" % number)
    for name in USERS:
        assert [client.reply() for client in clients[name]] == [DELIVERED] * 8
        home = virtual.base / name
        assert (home / "told").read_text() == f"{home}\n" * 8


def test_who_is_not_in_the_map_is_refused_at_the_address(virtual: Virtual) -> None:
    client = Client(virtual)
    client.say(b"MAIL FROM:<a@x.example>\r\n")
    while (said := client.say(b"RCPT TO:<zoe@y.example>\r\n")).startswith(b"451 "):
        assert said == b"451 4.3.0 no such user here yet; try again\r\n"  # the map is some seconds old
        time.sleep(0.1)
    assert said == b"550 5.1.1 no such user here\r\n"
    assert client.say(b"RCPT TO:<ann@y.example>\r\n") == b"250 2.1.5 recipient ok\r\n"


def test_a_user_who_is_added_gets_a_home_with_the_first_message(virtual: Virtual) -> None:
    virtual.write_map(*USERS, "zoe")
    assert Client(virtual).mail(letter(1), "zoe@y.example") == [DELIVERED]
    assert virtual.of("zoe") == {"Maildir": 1}
    assert (virtual.base / "zoe").stat().st_mode & 0o777 == 0o700


def test_a_home_that_is_not_the_servers_makes_its_mail_wait_and_nobody_elses(virtual: Virtual) -> None:
    (virtual.base / "bob").chmod(0o777)
    replies = Client(virtual).mail(letter(1), "ann@y.example", "bob@y.example", "carl@y.example")
    assert replies == [DELIVERED, b"451 4.3.0 delivery postponed\r\n", DELIVERED]


def test_a_large_message_goes_to_each(virtual: Virtual) -> None:
    body = b"\r\n".join([b"x" * 998] * 200)
    assert Client(virtual).mail(letter(1) + body, *(f"{name}@y.example" for name in USERS)) == [DELIVERED] * 3
    for name in USERS:
        (filed,) = (virtual.base / name).glob(f"Maildir/.{name.title()}/new/*")
        assert filed.read_bytes().endswith(b"\n\n" + body.replace(b"\r", b"") + b"\n")


def test_a_map_and_virtual_users_go_together() -> None:
    from click.testing import CliRunner

    from pyfilter.cli.serve import command

    for arguments in (["--users", "virtual"], ["--map", "x"]):
        ended = CliRunner().invoke(command, arguments)
        assert ended.exit_code == 2
        assert "`--users virtual` and `--map FILE` go together" in ended.output
    ended = CliRunner().invoke(command, ["--users", "virtual", "--map", "/no/such"])
    assert ended.output == "pyfilter serve: /no/such: No such file or directory\n"


def test_a_shelf_keeps_the_rules_that_were_asked_for_last(tmp_path: Path) -> None:
    shelf = Shelf(most=2)
    homes = [tmp_path / name for name in USERS]
    for home in homes:
        home.mkdir(mode=0o700)
        (home / ".pyfilterrc").write_text('rule "x" { keep }\n')
    first, second = shelf.of(str(homes[0])), shelf.of(str(homes[1]))
    assert shelf.of(str(homes[0])) is first
    shelf.of(str(homes[2]))
    assert shelf.of(str(homes[0])) is first
    assert shelf.of(str(homes[1])) is not second


def test_a_shelf_has_so_many_bytes(tmp_path: Path) -> None:
    shelf = Shelf(most_bytes=300)
    homes = [tmp_path / name for name in USERS]
    books = []
    for home in homes:
        home.mkdir(mode=0o700)
        (home / ".pyfilterrc").write_text('rule "x" { keep }\n' + "# a comment\n" * 12)
        while shelf.of(str(home)).read().seen is None:  # younger than its stamp tells
            time.sleep(0.01)
        books.append(shelf.of(str(home)))
        assert books[-1].size == 162
    assert shelf.of(str(homes[2])) is books[2]
    assert shelf.of(str(homes[1])) is books[1]
    assert shelf.of(str(homes[0])) is not books[0]
