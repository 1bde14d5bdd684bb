"""P20: hostile values in every header and in the envelope, and every place that a rule can carry them to.

``VALUES`` are the values, ``HEADER`` says where in a message each of them stands, ``RULES`` carries them everywhere: a
folder, an mbox, an MH directory, the header, a reason, the log, the arguments and the environment of programs,
addresses to send to, a reply, the journal, the memory. All of them are delivered, each as it is and as an encoded word.

Nothing may be run by a shell, no file lie outside, no argument or line of a header be more, and no control character
come into the log, or onto a terminal.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from ..test_mda import PACKAGES, Account, Ended
from ..torture.record import record

VALUES = {
    "CR LF": b"a\r\nX-More: evil\r\n\r\nbody",
    "LF": b"a\nX-More: evil\n\nbody",
    "CR": b"a\rX-More: evil\r\rbody",
    "LF and a blank": b"a\n X-More: evil\n\t\n b",
    "other ends of a line": "a\x0bX-More: b\x0cX-More: c\x85X-More: d\u2028X-More: e\u2029X-More: f".encode(),
    "NUL": b"a\0b\0--evil",
    "control characters": bytes(set(range(1, 32)) - {10, 13}) + b"\x7f",
    "C1": "".join(map(chr, range(0x80, 0xA0))).encode(),
    "bidi": "\u202egpj.exe \u2066x\u2069 \u200f\u061c".encode(),
    "invisible": "a\u200b\u2060\ufeff\u00ad\U000e0041b".encode(),
    "an escape": b"\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m \x9b31m \x1bP1$r\x1b\\",
    "a shell": b"$(touch PWNED) `touch PWNED` ; touch PWNED | touch PWNED & touch PWNED",
    "quotes": b"'; touch PWNED; \" ; touch PWNED; \\",
    "a redirection": b">PWNED <PWNED >>PWNED",
    "IFS": b"${IFS}a${HOME}$PATH$(id)~*?[a-z]{a,b}!!",
    "a function": b"() { :;}; touch PWNED",
    "an option": b"-oQ/tmp/PWNED",
    "options": b"-X/tmp/PWNED -C/tmp/PWNED --rcfile=PWNED -bs",
    "two hyphens": b"--",
    "a path": b"../../PWNED",
    "a path from the root": b"/tmp/PWNED",
    "a path home": b"~/PWNED",
    "dots": b"..",
    "a path in characters that look alike": "\uff0e\uff0e\uff0fPWNED \u2024\u2024\u2215x".encode(),
    "modified UTF-7": b"&AC4ALg-&AC8-PWNED &- &Jjo",
    "mbox": b"mbox:/tmp/PWNED",
    "long": b"x" * 300,
    "long and wide": "\U0001f600".encode() * 300,
    "accents": ("e" + "\u0301" * 400).encode(),
    "overlong UTF-8": b"\xc0\xaf\xc0\xae\xe0\x80\xaf..\xf0\x80\x80\xaf",
    "half a character": b"\xed\xa0\x80\xed\xb0\x80 a\xff\xfe",
    "percents": b"%00%0a%0d%2e%2e%2f %s%s%n%n %(from)s {0}",
    "holes": b"{subject} {from.address} {sender}",
    "an address and more": b"a@x.example, evil@x.example",
    "an address with a command": b"<a@x.example> SIZE=1\r\nRCPT TO:<evil@x.example>",
    "a route": b"<@evil.example,@b:a@x.example>",
    "an address that is an option": b"-oQ/tmp/PWNED@x.example",
    "an address that is a file": b"/tmp/PWNED@x.example",
    "an address that is a program": b'"|touch PWNED"@x.example',
    "an From line": b"a\nFrom evil@x.example Tue Nov 24 04:38:40 2026\nX-More: b",
    "a lone dot": b".\r\n.\r\nQUIT",
    "JSON": b'","evil":"1\\u0000',
    "SQL": b"'); DROP TABLE delivered; --",
    "a line of the log": b"a 2026-11-24T00:00:00+0000 pyfilter[1]: forged",
    "nothing": b"",
}
HEADER = (
    b"Return-Path: <SENDER>\nDelivered-To: me+VALUE@y.example\nReceived: by y.example; now\n"
    b"From: VALUE <a%d@x.example>\nReply-To: VALUE\nTo: VALUE <me@y.example>\nSubject: VALUE\n"
    b"Message-ID: <VALUE@x>\nReferences: <VALUE@x>\nIn-Reply-To: VALUE\nX-Any: VALUE\n"
    b"Date: VALUE\nContent-Type: text/plain; name=VALUE\n\nbody\n"
)
RULES = r'''
set log = "~/log"
set sendmail = "~/bin/sendmail"
set from-address = "me@y.example"
let everything = "{subject} {from.name} {from.text} {to.text} {reply-to.text} {message-id} {sender} {recipient}"
rule "filed" {
    when not command "~/bin/command" "{subject}" "{reply-to.text}" "{message-id}" succeeds
    pass through "~/bin/pass" "{subject}" "{from.name}" "{to.text}"
    notify "~/bin/notify" "{subject}" "{sender}" "{recipient}"
    add header X-Copy "{everything}"
    set header X-Any "{reply-to.text} {subject}"
    log "{everything}"
    copy into "{subject}/{from.name}"
    copy into "A {reply-to.text} b"
    copy into mbox "~/Mail/{subject}.mbox"
    copy into mh "~/Mail/mh-{from.name}"
    copy to "{reply-to.text}"
    copy to "b@y.example"
    reply every 1 day subject "Re: {subject} {from.name}" """
Dear {from.name},

{subject} {reply-to.text}
--
me
"""
    file into "{recipient.extension}"
}
'''
PROGRAM = """#!/bin/sh
for word; do printf '%s\\0' "$word"; done >~/runs/NAME.$$
env -0 >~/runs/NAME.$$.environment
OUTPUT
exit STATUS
"""
# name -> what it does with its input, its exit status, how many arguments it gets
PROGRAMS = {
    "command": ("cat >/dev/null", 1, 3),
    "pass": ("exec cat", 0, 3),
    "notify": (":", 0, 3),
    "sendmail": ("cat >~/runs/NAME.$$.message", 0, 5),
}
VARIABLES = {
    "HOME", "PATH", "PWD", "SENDER", "RECIPIENT", "EXTENSION", "PYFILTER_FROM", "PYFILTER_SUBJECT", "PYFILTER_FOLDER",
    "LANG", "TZ", "USER", "LOGNAME", "_", "OLDPWD", "SHLVL",
}  # fmt: skip
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} pyfilter\[\d+\]: [^\n]*\n")
ADDED = [b"X-Any", b"X-Copy"]
REPLY = {
    b"From", b"To", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References", b"Auto-Submitted",
    b"Precedence", b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding",
}  # fmt: skip


def forms(value: bytes) -> list[bytes]:
    """As it is (line ends of its own folded as a sender would, or not at all), and as an encoded word."""
    word = b"=?utf-8?B?" + base64.b64encode(value) + b"?="
    return [value, word]


def messages(base: Path, sender: bytes = b"VALUE") -> list[tuple[bytes, str]]:
    """Each with the value itself, for the command line."""
    made = []
    for value in VALUES.values():
        told = value.replace(b"PWNED", b"PWNED-" + base.name.encode())
        for form in forms(told):
            text = told.decode("utf-8", "surrogateescape").replace("\0", "")
            header = HEADER.replace(b"SENDER", sender) % len(made)
            made.append((header.replace(b"VALUE", form), text))
    return made


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "home")
    for name in ("bin", "runs", "Maildir", "Mail"):
        (account.home / name).mkdir(mode=0o700)
    for name, (output, status, _) in PROGRAMS.items():
        text = PROGRAM.replace("OUTPUT", output).replace("NAME", name).replace("STATUS", str(status))
        if output.startswith("exec"):
            text = text.replace("\nexit 0", "")
        (account.home / "bin" / name).write_text(text)
        (account.home / "bin" / name).chmod(0o700)
    return account


def deliver(account: Account, rules: str, given: list[tuple[bytes, str]]) -> list[Ended]:
    """All of them by one process; of each the exit status and what it said."""
    account.rules(rules)
    told = account.home.parent / "given"
    told.write_text(json.dumps([[base64.b64encode(message).decode(), value] for message, value in given]))
    first = (
        "import base64, io, json, os\nresults = []\n"
        f"for written, value in json.load(open({str(told)!r})):\n"
        "    mda._read = lambda parent: base64.b64decode(written)\n"
        "    said, there = os.pipe()\n    before = os.dup(1)\n    os.dup2(there, 1)\n    os.close(there)\n"
        "    status = mda.main(['-f', value, '-d', f'me+{value}@y.example', '-a', value])\n"
        "    os.dup2(before, 1)\n    os.close(before)\n"
        "    results.append([status, base64.b64encode(os.read(said, 100000) if status else b'').decode()])\n"
        "    os.close(said)\n"
        f"json.dump(results, open({str(told)!r}, 'w'))\nsys.exit(0)\n"
    )
    done = subprocess.run(account.command(first=first), capture_output=True, env=account.environment, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return [Ended(status, base64.b64decode(said), b"") for status, said in json.loads(told.read_text())]


def harmful(text: str) -> set[str]:
    """Characters that a terminal or a reader of logs would obey."""
    turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return {
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in turning
    }


def names(header: bytes) -> list[bytes]:
    return [line.partition(b":")[0] for line in header.split(b"\n") if line[:1] not in (b" ", b"\t")]


def below(path: Path) -> set[str]:
    return {str(one.relative_to(path)) for one in path.rglob("*")}


def test_a_value_stays_a_value_wherever_a_rule_carries_it(account: Account, tmp_path: Path) -> None:
    given = messages(tmp_path, sender=b"ann@x.example")
    before = below(tmp_path) | {"given"}
    ended = deliver(account, RULES, given)
    assert {one.status for one in ended} == {0}, [list(VALUES)[n // 2] for n, one in enumerate(ended) if one.status]
    home = account.home

    # no file lies outside, no shell has made one
    made = below(tmp_path) - before
    assert {name.partition("/")[2].partition("/")[0] for name in made} <= {
        "Maildir", "Mail", "runs", "log", ".local", ".cache", ".pyfilterrc",
    }  # fmt: skip
    assert not list(Path("/tmp").glob(f"PWNED-{tmp_path.name}*"))
    folders = set((home / "Maildir").iterdir())
    assert all(path.name[0] == "." or path.name in ("tmp", "new", "cur", "subscriptions") for path in folders)
    assert {path.name for folder in folders if folder.name[0] == "." for path in folder.iterdir()} == {
        "tmp", "new", "cur", "maildirfolder",
    }  # fmt: skip
    assert all(name.isascii() and name.isprintable() for name in below(home / "Maildir"))
    assert not any(harmful(name) or name.count("/") > 1 for name in below(home / "Mail"))
    subscribed = (home / "Maildir/subscriptions").read_text("ascii")
    assert not harmful(subscribed.replace("\n", "").replace("\t", ""))

    # the programs: as many arguments as the rule gives them, and none that is an option
    for name, (_, _, count) in PROGRAMS.items():
        runs = [path for path in (home / "runs").glob(f"{name}.*") if path.suffix[1:].isdigit()]
        assert len(runs) >= len(given) // 2, name
        for run in runs:
            words = run.read_bytes().split(b"\0")[:-1]
            if name == "sendmail":
                assert words[:2] == [b"-i", b"-f"] and words[3] == b"--"
                assert len(words) == count and b"@" in words[4], words
                words = words[4:]
            assert len(words) == count or name == "sendmail", words
            assert not any(word.startswith(b"-") for word in words), words
            environment = Path(f"{run}.environment").read_bytes().split(b"\0")[:-1]
            assert {variable.partition(b"=")[0].decode() for variable in environment} <= VARIABLES
            assert not any(variable.partition(b"=")[2].startswith(b"() {") for variable in environment)

    # what was filed: the lines of the rules, and below them the message as it came
    originals = [message for message, _ in given]
    filed = [path.read_bytes() for path in (home / "Maildir").rglob("*") if path.parent.name == "new"]
    assert len(filed) >= 2 * len(given)
    for data in filed:
        _first, _second = data.split(b"\n")[:2]
        added = re.match(rb"(?:(?:X-Any|X-Copy):[^\n]*\n(?:[ \t][^\n]*\n)*)+", data)
        assert added, data[:200]
        assert sorted(names(added[0])[:-1]) == ADDED, added[0]
        assert not harmful(added[0].decode("utf-8").replace("\n ", " ").replace("\n", "")), added[0]
        rest = data[added.end() :]
        assert any(rest in (whole, without(whole)) for whole in originals), rest[:300]

    # what was sent
    sent = [path.read_bytes() for path in (home / "runs").glob("sendmail.*.message")]
    replies = [data for data in sent if b"\nAuto-Submitted: auto-replied\n" in data.partition(b"\n\n")[0]]
    assert replies
    for data in replies:
        header, _, _body = data.partition(b"\n\n")
        assert set(names(header)) <= REPLY and len(names(header)) == len(set(names(header))), header
        assert b"\r" not in header and b"\0" not in data

    # the log, the journal and the memory
    log = (home / "log").read_bytes().decode("utf-8")
    assert LINE.sub("", log) == ""
    assert len(log.splitlines()) == 2 * len(given)
    assert not harmful(log.replace("\n", ""))
    state = home / ".local/state/pyfilter"
    assert all(line.isascii() and line.decode().isprintable() for line in (state / "journal").read_bytes().splitlines())
    assert all(line.decode("ascii").isprintable() for line in (state / "replies").read_bytes().splitlines())
    record("P20", "pyfilter", "every field to every place", values=len(VALUES), runs=len(given), broken=0)


def without(message: bytes) -> bytes:
    """The message without its X-Any, which the rule sets anew."""
    header, end, body = message.partition(b"\n\n")
    return re.sub(rb"(?m)^X-Any:[^\n]*\n(?:[ \t][^\n]*\n)*", b"", header + b"\n") + end[1:] + body


def test_a_reason_is_one_line(account: Account, tmp_path: Path) -> None:
    given = messages(tmp_path)
    ended = deliver(account, 'rule "no" { reject "no: {subject} {from.name} {reply-to.text} {sender}" }\n', given)
    for one, name in zip(ended, [name for name in VALUES for _ in range(2)], strict=True):
        assert one.status == 77 and one.output.startswith(b"5.7.1 no:") and one.output.endswith(b"\n"), name
        assert not harmful(one.output[:-1].decode("utf-8")), name


def test_an_address_from_a_message_is_one_or_the_mail_is_kept(account: Account, tmp_path: Path) -> None:
    given = messages(tmp_path)
    rules = 'set sendmail = "~/bin/sendmail"\nrule "on" { forward to "{subject}" }\n'
    ended = deliver(account, rules, given)
    assert {one.status for one in ended} == {0}
    runs = [path for path in (account.home / "runs").glob("sendmail.*") if path.suffix[1:].isdigit()]
    kept = list((account.home / "Maildir/new").iterdir())
    assert len(runs) + len(kept) == len(given)
    for run in runs:
        words = run.read_bytes().split(b"\0")[:-1]
        assert len(words) == 5 and re.fullmatch(rb"[!-~]+@[!-~]+", words[4]) and words[4][:1] != b"-", words
        assert b"evil" not in words[4] and b"PWNED" not in words[4].rpartition(b"@")[2], words


@pytest.mark.parametrize("options", [("--explain",), ("--json", "--explain"), ()])
def test_a_terminal_is_told_nothing_that_it_obeys(account: Account, tmp_path: Path, options: tuple[str, ...]) -> None:
    account.rules(RULES)
    place = tmp_path / "mail"
    place.mkdir()
    for number, (message, _) in enumerate(messages(tmp_path)):
        (place / str(number)).write_bytes(message)
    script = (
        f"import sys\nsys.path[:0] = {PACKAGES!r}\nfrom pyfilter.cli.main import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", script, "test", "--fact", "command=no", *options, str(place)],
        capture_output=True,
        env=account.environment | {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    shown = done.stdout.decode("utf-8")
    assert shown.count("\n") > 10
    assert not harmful(shown.replace("\n", "")), harmful(shown)
    assert not harmful(done.stderr.decode("utf-8").replace("\n", ""))
    if "--json" in options:
        assert all(isinstance(json.loads(line), dict) for line in shown.splitlines())


def test_the_memory_keeps_no_text(account: Account, tmp_path: Path) -> None:
    given = messages(tmp_path)
    deliver(account, 'rule "d" { when duplicate; discard }\n', given)
    with sqlite3.connect(account.home / ".local/state/pyfilter/memory") as database:
        rows = database.execute("SELECT message FROM delivered").fetchall()
    database.close()
    assert rows and all(isinstance(message, bytes) and len(message) == 16 for (message,) in rows)
