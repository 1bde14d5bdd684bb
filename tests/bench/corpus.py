"""The mail that every contender gets: made, not collected, and the same on every machine.

``typical(count)`` is mail as a server sees it on a working day: 20 to 45 header fields with signatures, 7 kB on
average, text and HTML. Of a hundred messages ten belong to the four everyday rules of rule_sets.py, thirty to one of
its fifty live ones, and the others to no rule. What a rule decides by is ASCII and stands in one line, so that all
languages see the same. ``large(size)`` is one message with an attachment.

Lines end with LF. A message says its number in its Message-ID, and nowhere the words that file it, save where a rule
looks.
"""

from __future__ import annotations

import base64
import random
import re
from typing import NamedTuple

__all__ = ["Letter", "large", "number_of", "typical"]

SEED = 20261124
LIVE = 50
# bytes of a typical message: the median, how far they spread, the ends
MEDIAN_BYTES, SPREAD, LEAST_BYTES, MOST_BYTES = 6300, 0.5, 3500, 40_000

WORDS = """
about after again all and are before build but by can change come could day did do each even file find first for
from get give go good had has have he her here him his house how if in into is it just know later like line list
long look made mail make man many may me meeting might more most much must my need never new no not now of off
old on one only or other our out over own page part people place please point release review same see server she
should small so some still such table take than that the their them then there these they thing think this time
to tomorrow two up update use very want was way we week well went were what when where which while who will with
word work would year you your größer Žižkov café naïve
""".split()  # noqa: SIM905 - words of a text
HOSTS = ("mx1.post.example", "relay.shop.example", "out7.news.example", "smtp.corp.example", "mta3.lists.example")
PEOPLE = ("Ann Archer", "Bert Baker", "Clara Cook", "Jan Novák", "Søren Holm", "Mail Robot", "The Shop", "Dora Dean")
EXTRAS = ("X-Mailer", "X-Received", "X-Entity-ID", "Feedback-ID", "User-Agent", "X-Report-Abuse", "X-Gm-Message-State")
NUMBER = re.compile(rb"^Message-ID: <(\d+)\.bench@", re.MULTILINE)


class Letter(NamedTuple):
    """A message, and what it is: "" for one that no rule looks for, "cron", "denyhosts", "spam", "friend", or the
    number of the live rule that it is for."""

    number: int
    kind: str
    data: bytes


def number_of(data: bytes) -> int | None:
    """Which message this is."""
    found = NUMBER.search(data)
    return int(found[1]) if found else None


def typical(count: int, first: int = 1) -> list[Letter]:
    """``count`` messages, numbered from ``first``; each number is the same message every time."""
    return [_letter(number) for number in range(first, first + count)]


def large(size: int, number: int = 1) -> Letter:
    """A message of about ``size`` bytes, most of them an attachment."""
    chance = random.Random(f"{SEED} large {size} {number}")
    boundary = "=_bench_large"
    top = "".join(_fields(chance, number, "", "multipart/mixed", boundary))
    letter = _text(chance, 1500)
    raw = base64.encodebytes(chance.randbytes(max(0, size - len(top) - 2000) * 3 // 4 * 76 // 77)).decode()
    body = (
        f"--{boundary}\nContent-Type: text/plain; charset=utf-8\n\n{letter}\n"
        f"--{boundary}\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
        f'Content-Disposition: attachment; filename="data.bin"\n\n{raw}--{boundary}--\n'
    )
    return Letter(number, "", (top + "\n" + body).encode())


def _letter(number: int) -> Letter:
    chance = random.Random(f"{SEED} {number}")
    kind = _kind(chance, number)
    wanted = int(min(MOST_BYTES, max(LEAST_BYTES, MEDIAN_BYTES * chance.lognormvariate(0, SPREAD))))
    is_html = chance.random() < 0.4
    boundary = "=_bench_part"
    content = ("multipart/alternative", boundary) if is_html else ("text/plain; charset=utf-8", "")
    top = "".join(_fields(chance, number, kind, *content))
    room = max(400, wanted - len(top.encode()))
    if is_html:
        plain, rich = _text(chance, room * 2 // 5), _text(chance, room * 2 // 5).replace("\n", "<br>\n")
        body = (
            f"--{boundary}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{plain}\n"
            f"--{boundary}\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
            f"<html><body><p>{rich}</p></body></html>\n--{boundary}--\n"
        )
    else:
        body = _text(chance, room)
    return Letter(number, kind, (top + "\n" + body).encode())


def _kind(chance: random.Random, number: int) -> str:
    turn = number % 100
    if turn < 10:
        return ("cron", "denyhosts", "spam", "spam", "friend")[turn % 5]
    return str(chance.randint(1, LIVE)) if turn < 40 else ""


def _fields(chance: random.Random, number: int, kind: str, content: str, boundary: str) -> list[str]:
    """The header, field by field."""
    domain = chance.choice(HOSTS)
    author, address = chance.choice(PEOPLE), f"{_letters(chance, 6)}@{domain}"
    subject = " ".join(chance.choices(WORDS, k=chance.randint(3, 8)))
    list_id = f"<{_letters(chance, 8)}.groups.example>" if chance.random() < 0.2 else ""
    more: list[tuple[str, str]] = []
    match kind:
        case "cron":
            author, address, subject = "Cron Daemon", f"root@{domain}", "Cron <root> run-parts /etc/cron.daily"
            more = [("X-Cron-Env", "<SHELL=/bin/sh>"), ("X-Cron-Env", "<HOME=/root>")]
        case "denyhosts":
            subject = f"DenyHosts Report from {domain}"
        case "friend":
            address = f"{_letters(chance, 5)}@family.example"
        case "" | "spam":
            pass
        case live:
            match int(live) % 3:
                case 0:
                    list_id = f"A list <list-{live}.lists.example>"
                case 1:
                    author, address = "Alerts", f"alerts-{live}@mon{chance.randint(1, 9)}.vendor{live}.example"
                case _:
                    subject = f"[project-{live}] build {chance.randint(1, 9999)} failed"
    fields = [("Received", _hop(chance)) for _ in range(chance.randint(2, 5))]
    fields += [("DKIM-Signature", _signature(chance)) for _ in range(chance.randint(1, 2))]
    fields.append(("Authentication-Results", f"{domain};\n\tdkim=pass header.d={domain};\n\tspf=pass; dmarc=pass"))
    if chance.random() < 0.4:
        fields += [("ARC-Seal", _signature(chance)), ("ARC-Message-Signature", _signature(chance))]
    fields += [("From", f"{_shown(author)} <{address}>"), ("To", "ann@bench.example"), ("Subject", _shown(subject))]
    fields += [("Date", _date(chance)), ("Message-ID", f"<{number}.bench@{domain}>")]
    if chance.random() < 0.5:
        answered = [f"<{_letters(chance, 20)}@{domain}>" for _ in range(chance.randint(1, 5))]
        fields += [("In-Reply-To", answered[-1]), ("References", "\n\t".join(answered))]
    if list_id:
        fields += [("List-Id", list_id), ("List-Unsubscribe", f"<https://{domain}/u/{_letters(chance, 30)}>")]
        fields.append(("Precedence", "list"))
    score = chance.uniform(6, 20) if kind == "spam" else chance.uniform(-4, 4)
    verdict = "Yes" if kind == "spam" else "No"
    fields.append(("X-Spam-Status", f"{verdict}, score={score:.1f} required=5.0 tests=DKIM_VALID,\n\tHTML_MESSAGE"))
    fields += [
        (chance.choice(EXTRAS), " ".join(_letters(chance, chance.randint(4, 20)) for _ in range(chance.randint(1, 6))))
        for _ in range(chance.randint(4, 18))
    ]
    fields += [*more, ("MIME-Version", "1.0")]
    fields.append(("Content-Type", f'{content}; boundary="{boundary}"' if boundary else content))
    return [f"{name}: {value}\n" for name, value in fields]


def _shown(text: str) -> str:
    """As it stands in a header: an encoded word where it is not ASCII (RFC 2047)."""
    return text if text.isascii() else f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


def _hop(chance: random.Random) -> str:
    one, other = chance.sample(HOSTS, 2)
    number, letters = chance.randint(1, 254), _letters(chance, 11)
    return f"from {one} ({one} [192.0.2.{number}])\n\tby {other} with ESMTPS id {letters};\n\t{_date(chance)}"


def _signature(chance: random.Random) -> str:
    text = base64.b64encode(chance.randbytes(192)).decode()
    lines = "\n\t".join(text[start : start + 70] for start in range(0, len(text), 70))
    domain = chance.choice(HOSTS)
    return f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain};\n\ts=key1; h=from:to:subject:date;\n\tb={lines}"


def _date(chance: random.Random) -> str:
    return f"{chance.randint(1, 24)} Nov 2026 {chance.randint(0, 23):02}:{chance.randint(0, 59):02}:07 +0000"


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=count))


def _text(chance: random.Random, size: int) -> str:
    """Lines of words, about ``size`` bytes."""
    lines, left = [], size
    while left > 0:
        line = " ".join(chance.choices(WORDS, k=12))
        lines.append(line)
        left -= len(line.encode()) + 1
    return "\n".join(lines) + "\n"
