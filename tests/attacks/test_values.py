"""Known attacks by what a message says: a shell, an expansion, an option, a format, a line, a folder's name.

The cases stand in docs/known-attacks.md.
"""

from __future__ import annotations

import pytest

from ..delivery.programs import Recorder
from ..launcher.conftest import POSTPONED, Installation
from ..test_mda import Account, Ended

DELIVERED = Ended(0, b"", b"")
QUEUED = b"Delivered-To: me@y.example\nReceived: from x by y; now\n"
SHELLSHOCK = "() { :;}; touch pwned"


def paths(account: Account) -> set[str]:
    """What lies in the home and beside it, but for what pyfilter and the recording program keep."""
    base = account.home.parent
    found = [path.relative_to(base) for path in base.rglob("*")]
    return {str(path) for path in found if not {".cache", ".local", "program-runs"} & set(path.parts)}


def message_in(account: Account) -> bytes:
    ((message,),) = account.mail().values()
    return message


# ---------------------------------------------------------------- programs and shells


@pytest.mark.parametrize("verb", ["notify", "pipe to", "pass through", "when command"])
def test_a_value_that_looks_like_a_function_of_a_shell(account: Account, program: Recorder, verb: str) -> None:
    succeeds = " succeeds; keep" if verb.startswith("when") else ""
    account.rules(f'rule "x" {{ {verb} "{program.path}" "{{subject}}"{succeeds} }}\n')
    given = ("-f", f"{SHELLSHOCK}@x.example", "-d", f"{SHELLSHOCK}+{SHELLSHOCK}@y.example")
    header = f"Received: x\nFrom: {SHELLSHOCK} <a@x.example>\nSubject: {SHELLSHOCK}\n\n".encode()
    assert account.deliver(*given, message=header, EXTENSION=SHELLSHOCK, LOGNAME=SHELLSHOCK) == DELIVERED
    ((words, _),) = program.runs
    assert words == [SHELLSHOCK]
    values = program.environment().values()
    assert any("() {" in value for value in values), "nothing of the attack came to the program"
    assert [value for value in values if value.startswith("() {")] == []


@pytest.mark.parametrize(
    "sender", ['"red`touch pwned`team"', '"$(touch pwned)"', "a`touch${IFS}pwned`", '"a;touch pwned"']
)
def test_a_sender_that_is_a_command(account: Account, program: Recorder, sender: str) -> None:
    account.rules(
        f'set sendmail = "{program.path}"\n'
        f'rule "x" {{ notify "{program.path}" "{{sender}}"; copy to "b@y.example"; keep }}\n'
    )
    before = paths(account)
    head = f"Return-Path: <{sender}@x.example>\n".encode()
    assert account.deliver(message=head + QUEUED + b"\n").status == 0
    assert "pwned" not in "".join(paths(account) - before)
    (sent, _), (told, _) = program.runs
    assert sent[:3] == ["-i", "-f", f"{sender}@x.example"]
    assert told == [f"{sender}@x.example"]


def test_one_field_that_would_be_several_arguments(account: Account, program: Recorder) -> None:
    """`rm $to`, with a To of two words."""
    account.rules(f'rule "x" {{ pipe to "{program.path}" "{{to.text}}" "{{subject}}" "{{from.name}}" }}\n')
    value = 'a@x /etc/passwd * "b c" \'d'
    header = f"To: {value}\nSubject: --rcfile=/tmp/x -rf\nFrom: -oQ/tmp -X/tmp/x <a@x.example>\n\n".encode()
    assert account.deliver(message=QUEUED + header) == DELIVERED
    ((words, _),) = program.runs
    assert words == [value, "rcfile=/tmp/x -rf", "oQ/tmp -X/tmp/x"]


@pytest.mark.parametrize("address", ["-X/tmp/log@x.example", "--@x.example", "a@x.example,b@x.example", "a@x -bs"])
def test_an_address_that_would_be_an_option_of_sendmail(account: Account, program: Recorder, address: str) -> None:
    account.rules(f'set sendmail = "{program.path}"\nrule "x" {{ forward to "{{subject}}" }}\n')
    message = QUEUED + f"Subject: {address}\n\n".encode()
    assert account.deliver(message=message) == DELIVERED
    assert program.runs == []
    assert message_in(account) == message


def test_a_line_with_a_lone_dot(account: Account, program: Recorder) -> None:
    """The end of a message, and commands for a mail server behind it: none of it ends anything."""
    account.rules(f'set sendmail = "{program.path}"\nrule "x" {{ copy to "b@y.example"; keep }}\n')
    message = QUEUED + b"Subject: a\n\none\n.\ntwo\r\n.\r\nMAIL FROM:<b@x>\r\nthree\r.\rfour\n.\r\r\n..\n"
    assert account.deliver(message=message) == DELIVERED
    ((words, given),) = program.runs
    assert words == ["-i", "-f", "<>", "--", "b@y.example"]
    assert given == b"X-Pyfilter-Loop: me@y.example\n" + message
    assert message_in(account) == message


# --------------------------------------------------------------------- texts

EXPANSIONS = "{from.address} {subject} ${run{/bin/touch pwned}} $(touch pwned) \\{now} %(from)s"


def test_a_value_that_is_a_text_of_the_rule_language(account: Account) -> None:
    """What fills a hole is not looked at for holes again."""
    account.rules(
        'set log = "~/log"\nlet again = "<{subject}>"\n'
        'rule "x" { add header X-Copy "{again}"; log "{again}"; file into "{subject}" }\n'
    )
    before = paths(account)
    header = f"From: secret@x.example\nSubject: {EXPANSIONS}\n\n".encode()
    assert account.deliver(message=QUEUED + header) == DELIVERED
    ((folder, (message,)),) = account.mail().items()
    assert message.replace(b"\n ", b" ").startswith(f"X-Copy: <{EXPANSIONS}>\n".encode())
    assert folder.startswith(".{from_address} {subject} ${run{bintouch pwned}} $(touch pwned)")
    assert f": <{EXPANSIONS}> (" in (account.home / "log").read_text()
    assert "pwned" not in "".join(path for path in paths(account) - before if "{run{" not in path)


def test_a_reason_that_is_a_text_of_the_rule_language(account: Account) -> None:
    account.rules('rule "x" { reject "{subject}" }\n')
    header = f"From: secret@x.example\nSubject: {EXPANSIONS}\n\n".encode()
    assert account.deliver(message=QUEUED + header) == Ended(77, f"5.7.1 {EXPANSIONS}\n".encode(), b"")


FORMATS = "%s%s%n%n%99999999d {0} {0.__class__} \\n"


def test_a_value_that_is_a_format_of_the_log(account: Account) -> None:
    account.rules('set log = "~/log"\nrule "x" { log "{subject}"; keep }\n')
    header = f"From: {FORMATS} <a@x.example>\nSubject: {FORMATS}\x1b]0;x\x07\nMessage-ID: <{FORMATS}@x>\n\n".encode()
    assert account.deliver(message=QUEUED + header) == DELIVERED
    noted, delivered = (account.home / "log").read_text().splitlines()
    assert FORMATS in noted and FORMATS.split()[0] in delivered and f"from {FORMATS} <a@x.example>: " in delivered
    assert "\x1b" not in noted + delivered


def test_a_log_line_that_is_too_long_and_one_that_would_be_two(account: Account) -> None:
    account.rules('set log = "~/log"\nrule "x" { log "{subject} {from.name}"; keep }\n')
    name = b"=?utf-8?Q?a=0A2026_pyfilter[1]:_forged=E2=80=AE=E2=80=A8?= =?utf-8?Q?" + b"%s" * 30_000 + b"?="
    header = b"From: " + name + b" <a@x.example>\nSubject: " + b"%s" * 30_000 + b"\n\n"
    assert account.deliver(message=QUEUED + header) == DELIVERED
    lines = (account.home / "log").read_text().splitlines()
    assert len(lines) == 2
    assert all(" pyfilter[" in line and len(line) < 1000 and line.isprintable() for line in lines)
    assert "\u202e" not in "".join(lines)


def test_a_format_in_what_the_launcher_logs(installation: Installation) -> None:
    installation.python("cat >/dev/null; printf '%%s%%n%%n%%99999d' >&2; exit 1")
    assert installation.run("-a", "%n%s") == (75, POSTPONED, b"")
    assert "%s%n%n%99999d" in installation.log[0]
    assert installation.run("%n%s%n") == (75, POSTPONED, b"")
    assert "unknown argument '%n%s%n'" in installation.log[0]


NEWLINES = "=?utf-8?Q?a=0D=0ABcc:_spy@x.example=0D=0A=0D=0Abody=00?= =?utf-8?B?Cgp4?= =?utf-16?B?AA0ACgB4?="


def test_a_value_that_would_be_a_header_line_more(account: Account, program: Recorder) -> None:
    account.rules(
        f'set sendmail = "{program.path}"\nset from-address = "me@y.example"\n'
        'rule "x" { add header X-Copy "{subject}"; set header Subject "[x] {from.name}"; '
        'reply subject "Away: {subject}" "Dear {from.name}"; keep }\n'
    )
    head = f"From: {NEWLINES} <a@x.example>\nTo: me@y.example\nSubject: {NEWLINES}\n\nhello\n".encode()
    assert account.deliver(message=b"Return-Path: <a@x.example>\n" + QUEUED + head) == DELIVERED
    ((_, reply),) = program.runs
    for message, body in ((message_in(account), b"hello\n"), (reply, b"Dear a Bcc: spy@x.example body")):
        header, _, rest = message.partition(b"\n\n")
        names = [line.partition(b":")[0].lower() for line in header.split(b"\n") if line[:1] not in (b" ", b"\t")]
        assert b"bcc" not in names
        assert all(name.replace(b"-", b"").isalnum() for name in names), names
        assert rest.startswith(body)
        assert b"\r" not in header and b"\0" not in header


# ------------------------------------------------------------------- headers and folders


def test_headers_that_rules_change_again_and_again(account: Account) -> None:
    account.rules(
        'rule "x" {\n'
        '    remove header "X-Advert*"; add header X-Advert "a"; add header X-Advert "b"; set header X-Advert "c"\n'
        '    copy into "A"\n}\n'
        'rule "y" {\n'
        '    remove header X-Advert; set header Subject "{subject}!"; set header Subject "{subject}?"\n'
        '    remove header "Subject*"; add header Subject "{from.name}"\n'
        '    file into "B"\n}\n'
    )
    advert = b"X-Advert: a\n\tfolded\n \nx-advert-more:\nX-ADVERT : spaced\n"
    kept = b"From: me <a@x.example>\nX-Adver: stays\n"
    message = QUEUED + b"Subject: s\n" + advert * 400 + kept + advert * 200 + b"\nX-Advert: body\n"
    assert account.deliver(message=message) == DELIVERED
    body = b"\nX-Advert: body\n"
    assert account.mail() == {
        ".A": [b"X-Advert: c\n" + QUEUED + b"Subject: s\n" + kept + body],
        ".B": [b"Subject: me\n" + QUEUED + kept + body],
    }


NAMES = [
    "../../evil", "/etc/evil", "..", ".", "", "a/../../evil", "~/evil", "~root/evil", "mbox:/tmp/evil", "mh:~/evil",
    "INBOX/../evil", "a\0b", "new", "cur", "tmp", "user/other", "..\u2024/evil", "\uff0e\uff0e/evil", "&AC4ALg-/evil",
    "evil/" * 100, "\u202e..", "=?utf-8?Q?=2E=2E=2Fevil?=",
]  # fmt: skip


@pytest.mark.parametrize("place", ["maildir++", "fs", "mbox"])
def test_a_folder_named_by_a_stranger_lies_in_the_maildir(account: Account, place: str) -> None:
    target = 'mbox "~/Maildir/boxes/{subject}.mbox"' if place == "mbox" else '"{subject}"'
    layout = "set layout = fs\n" if place == "fs" else ""
    account.rules(f'{layout}rule "x" {{ file into {target} }}\n')
    before = paths(account)
    first = (
        f"for name in {NAMES!r}:\n"
        "    data = b'Received: x\\nSubject: ' + name.encode() + b'\\n\\n' + str(name).encode()\n"
        "    mda._read = lambda parent, data=data: data\n"
        "    assert mda.main([]) == 0, name\n"
    )
    assert account.deliver(first=first) == DELIVERED
    made = paths(account) - before
    assert {path.split("/")[1] for path in made} == {"Maildir"}
    outside = [path for path in made if "evil" in path and ".." in path.split("/")]
    assert outside == []
    filed = [path for path in made if place == "mbox" or path.split("/")[-2] in ("new", "cur")]
    assert len(filed) >= (len(NAMES) if place != "mbox" else 1)
