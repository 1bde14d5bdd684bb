"""Hostile mail by the thousand: whatever the bytes, message/ keeps its promises (promise P8).

    python tests/fuzz/fuzz_message.py [--seconds 60] [--rounds N] [--seed N]

Takes sample messages, changes them at random (cuts, repeats, splices, odd bytes, pieces of syntax)
and asks everything a rule can ask. What must hold: nothing is raised but Unreadable; the line and the message
are what came; the fields tile the header; every text is one line without control characters; every
address is printable; one message takes less than a second of CPU. The first input that breaks a
promise is printed as Python bytes, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from pyfilter.message.addresses import parse
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message, Unreadable
from pyfilter.message.parameters import parameters

# what Postfix hands over, and two that nobody should send
SAMPLES = [
    b"""From anna@example.org  Tue Nov 24 10:00:00 2026
Return-Path: <anna@example.org>
X-Original-To: jane@example.com
Delivered-To: jane+lists@example.com
Received: from mx.example.org
	by mail.example.com; Tue, 24 Nov 2026
From: =?utf-8?Q?Anna_M=C3=BCller?= <anna@example.org>
To: Jane <jane@example.com>, "Doe, Pat" <pat@example.com>
Subject: =?utf-8?B?R3LDvMOfZQ==?=
 =?utf-8?Q?_from_the_sea?=
List-Id: "A list" <a.lists.example.org>
Message-ID: <1@example.org>

Hello
""",
    b"""From: root@example.org (Cron Daemon)
X-Cron-Env: <SHELL=/bin/sh>
Content-Type: multipart/mixed;
 boundary="=_x"; name*0*=iso-8859-1'de'J%F6; name*1="rg.pdf"

--=_x
""".replace(b"\n", b"\r\n"),
    b"""\xef\xbb\xbfSubject : =?iso-2022-jp?B?GyRCJCIbKEI=?= =?gb2312?Q?=C4=E3?= J\xf6rg
>From x
broken line
Cc: Team: a@x, B (b (c)) <b@[192.0.2.1]>;, <@r:c@x>, "q\\""@x; d@x e@x
Bcc: =?utf-7?Q?+2AA-?= <root>
--b
""",
    *(path.read_bytes() for path in sorted(Path(__file__).parents[2].glob("examples/*/messages/*"))),
]

PIECES = [
    b"\n", b"\r\n", b"\r", b"\n ", b"\n\t", b"\n\n", b"\0", b"\x1b$B", b"\x7f", b"\x80", b"\xff", b"\xc3\xa9",
    b"\xe2\x80\xa8", b":", b";", b",", b"<", b">", b"(", b")", b'"', b"\\", b"@", b"[", b"]", b".", b"+", b" ",
    b"\t", b"?", b"=", b"*", b"%", b"=?utf-8?Q?", b"=?utf-8?B?", b"=?utf-16?B?", b"=?hz?Q?", b"=?x?q?", b"?=", b"=?",
    b"?==?", b"=0A", b"=00", b"=ED=A0=80", b"From ", b">From ", b"From: ", b"To: ", b"Received: ", b"Return-Path: ",
    b"Delivered-To: ", b"List-Id: ", b"mailto:", b"; filename*0*=", b"; filename*=utf-8''", b"%00", b"%0D%0A",
]  # fmt: skip

ADDRESSES = ("from", "to", "cc", "bcc", "reply-to", "return-path", "delivered-to")
LINE_BREAKERS = frozenset(chr(code) for code in (*range(32), *range(127, 160), 0x2028, 0x2029))
CPU_SECONDS = 1.0
# mostly few; rarely more than a limit allows
REPEATS = (*[2] * 60, *[60] * 20, 1100, 6000)


class Broken(Exception):
    """A promise was not kept."""


def hold(promise: bool, what: str) -> None:
    if not promise:
        raise Broken(what)


def one_line(text: str) -> bool:
    text.encode()
    return LINE_BREAKERS.isdisjoint(text)


def examine(data: bytes) -> None:
    """Asks everything of one message; raises whatever is wrong."""
    start = time.process_time()
    message = Message.from_bytes(data)
    hold(message.from_line + message.raw == data, "the message is not what came")
    at = 0
    for field in message.fields:
        hold(field.start == at and field.start <= field.value <= field.end, "the fields do not tile the header")
        at = field.end
    hold(at == message.header.end, "the header does not end behind its last field")
    texts = [message.message_id]
    for field in message.fields:
        value = message.raw[field.value : field.end]
        try:
            texts += message.values(field.name)
            main, found = parameters(value)
            texts += [main, *found, *found.values()]
            for box in parse(value):
                texts += [box.name, box.address, box.text, box.extension or ""]
                hold(not box.address or box.address.isprintable(), "an address cannot be printed")
        except Unreadable:
            continue
    for ask in (message.all_values, message.list_ids, lambda: [box.text for box in message.mailboxes(*ADDRESSES)]):
        try:
            texts += ask()
        except Unreadable:
            continue
    odd = data[:200].decode("utf-8", "surrogateescape")
    for envelope in (
        Envelope.of_delivery(message, {"SENDER": odd, "RECIPIENT": odd, "EXTENSION": odd, "DOMAIN": odd, "USER": odd}),
        Envelope.of_archive(message, sender=odd, recipient=odd, extension=odd),
    ):
        texts += [envelope.sender or "", envelope.recipient or "", *envelope.environment.values()]
        if envelope.recipient_box:
            texts.append(envelope.recipient_box.extension or "")
    for text in texts:
        hold(one_line(text), f"not one clean line: {text!r}")
    hold(time.process_time() - start < CPU_SECONDS, "too slow")


def change(chance: random.Random, data: bytes) -> bytes:
    """One random change."""
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 2, 5, 20, 100)))
    return chance.choice(
        (
            lambda: data[:at] + data[end:],
            lambda: data[:at] + chance.choice(PIECES) + data[at:],
            lambda: data[:at] + chance.choice(PIECES) + data[end:],
            lambda: data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :],
            lambda: data[:at] + data[at:end] * chance.choice((2, 3, 50)) + data[end:],
            lambda: data[:at] + chance.choice(PIECES) * chance.choice(REPEATS) + data[at:],
            lambda: data[:at] + chance.choice(SAMPLES)[chance.randrange(400) :],
        )
    )()


def main(arguments: list[str] | None = None) -> int:
    """Runs until the time or the rounds are over."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=0, help="stop after so many messages, whatever the time")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    options = parser.parse_args(arguments)
    seed = options.seed or random.randrange(1, 1 << 32)
    chance = random.Random(seed)
    end = time.monotonic() + options.seconds
    rounds = 0
    while rounds < options.rounds if options.rounds else time.monotonic() < end:
        data = chance.choice(SAMPLES)
        for _ in range(chance.choice((1, 2, 4, 10, 30))):
            data = change(chance, data)[:200_000]
        try:
            examine(data)
        except Exception as problem:
            print(f"seed {seed}, message {rounds + 1}: {type(problem).__name__}: {problem}\n{data!r}")
            return 1
        rounds += 1
    print(f"seed {seed}: {rounds} messages, all promises kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
