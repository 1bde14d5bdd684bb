"""Known attacks by addresses: one address that reads like another's, one that breaks the reader, replies without end.

The cases stand in docs/known-attacks.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..delivery.programs import Recorder
from ..test_mda import Account, Ended

DELIVERED = Ended(0, b"", b"")
QUEUED = b"Received: from x by y; now\n"
ONE_AFTER_THE_OTHER = (
    "import ast\n"
    "with open({path!r}) as file: values = ast.literal_eval(file.read())\n"
    "for value in values:\n"
    "    data = b'Received: x\\nFrom: ' + value + b'\\n\\n'\n"
    "    mda._read = lambda parent, data=data: data\n"
    "    assert mda.main([]) == 0, value\n"
)


def delivered(account: Account, *values: bytes) -> dict[str, list[bytes]]:
    """Folder -> the values of From of what lies in it."""
    path = account.home.parent / "values"
    path.write_text(repr(values))
    assert account.deliver(first=ONE_AFTER_THE_OTHER.format(path=str(path))) == DELIVERED
    return {
        folder: sorted(message.split(b"From: ", 1)[1][:-2] for message in messages)
        for folder, messages in account.mail().items()
    }


# ----------------------------------------------------------------- who wrote it

BOSS = """
list bosses = "boss@corp.example", "@corp.example"
rule "boss" {
    when any {
        from is "boss@corp.example"; from in bosses; from.address is "boss@corp.example"
        from.domain is "corp.example"; from matches "*@corp.example"; from ends with "corp.example"
    }
    file into "Boss"
}
rule "stranger" { when from.address is "x@evil.example" and from.count is 1; file into "Stranger" }
"""
DISGUISES = [
    b"boss@corp.example <x@evil.example>",
    b'"boss@corp.example" <x@evil.example>',
    b"'boss@corp.example' <x@evil.example>",
    b'"boss@corp.example, " <x@evil.example>',
    b'boss@corp.example"<x@evil.example>',
    b"(boss@corp.example) x@evil.example",
    b"x@evil.example (boss@corp.example)",
    b"x@evil.example (<boss@corp.example>)",
    b"<@corp.example:x@evil.example>",
    b"=?utf-8?Q?boss=40corp.example?= <x@evil.example>",
    b"=?utf-8?Q?boss=40corp.example=2C?= x@evil.example",
    b"=?utf-8?Q?=3Cboss=40corp.example=3E?= <x@evil.example>",
    b"=?utf-7?Q?boss+AEA-corp.example?= <x@evil.example>",
]


def test_a_name_that_reads_like_an_address(account: Account) -> None:
    account.rules(BOSS)
    assert delivered(account, *DISGUISES) == {".Stranger": sorted(DISGUISES)}


def test_an_address_with_two_at_signs(account: Account, program: Recorder) -> None:
    """The last one counts, as it does for a mail server; nothing is cut out of it and taken for an address."""
    account.rules(
        f'set sendmail = "{program.path}"\n'
        'rule "cut" { when from.domain is "evil.example" or from.address is "x@evil.example"; file into "Cut" }\n'
        'rule "send" { when from exists; copy to "{from.address}"; keep }\n'
    )
    values = (
        b"x@evil.example@corp.example", b"<x@evil.example@corp.example>", b"a <x@evil.example@corp.example>",
        b"x@evil.example @corp.example", b'"x@evil.example"@corp.example',
    )  # fmt: skip
    assert delivered(account, *values) == {"Maildir": sorted(values)}
    assert [words[-1] for words, _ in program.runs] == ['"x@evil.example"@corp.example'] * len(values)


TORN = [
    b'"', b'"\\', b"<moo@example.com,", b"<moo@example.com\\", b'<moo@"example.com', b"(", b"(" * 40, b"a@b(\\",
    b"=?utf-8?Q?", b"=?utf-8?B?=", b"a" * 70_000, b"a@" + b"b." * 30_000, b" \n" * 3 + b"\t\\", b"\\" * 9999,
    b'"' + b'\\"' * 9999, b"a:" * 9999 + b"<a@b", b"<" * 9999, b"@" * 9999, b"\0" * 999, b"\xff<\xfe@\xfd",
]  # fmt: skip


def test_an_address_that_ends_in_its_midst(account: Account, program: Recorder) -> None:
    """Every part of it is asked for, and an answer is tried: each message lies where it should, as it came."""
    account.rules(
        f'set sendmail = "{program.path}"\nset from-address = "me@y.example"\n'
        'rule "x" {\n'
        '    when not (from.name is "-" or from.address is "-" or from.text is "-" or from.extension is "-")\n'
        '    add header X-Copy "{from.name} {from.address}"; remove header X-Copy\n'
        '    reply "{from.name}"; file into "Asked"\n}\n'
    )
    found = delivered(account, *TORN)
    assert found == {".Asked": sorted(TORN)}


# -------------------------------------------------------------------- answers


def answering(base: Path, name: str, own: str) -> tuple[Account, Recorder]:
    (base / name).mkdir()
    account = Account(base / name / "home")
    program = Recorder(base / name, account.home)
    account.rules(
        f'set sendmail = "{program.path}"\nset from-address = "{own}"\nset log = "~/log"\n'
        f'rule "away" {{ reply subject "Away" "I am away."; keep }}\n'
    )
    return account, program


def test_two_vacations_that_answer_each_other(tmp_path: Path) -> None:
    """What one of them sends gets no answer of the other, whatever envelope a server gives it on the way."""
    ann, anns = answering(tmp_path, "ann", "ann@x.example")
    bob, bobs = answering(tmp_path, "bob", "bob@y.example")
    letter = b"Received: x\nFrom: bob@y.example\nTo: ann@x.example\nSubject: hi\nMessage-ID: <1@y>\n\nhi\n"
    ann.deliver("-f", "bob@y.example", "-d", "ann@x.example", message=letter)
    ((words, reply),) = anns.runs
    assert words == ["-i", "-f", "<>", "--", "bob@y.example"]
    for sender in ("", "ann@x.example"):
        assert bob.deliver("-f", sender, "-d", "bob@y.example", message=b"Received: z\n" + reply).status == 0
    assert bobs.runs == []
    said = [line for line in (bob.home / "log").read_text().splitlines() if "no reply by rule" in line]
    assert len(said) == 2


@pytest.mark.parametrize("line", [b"Auto-Submitted: auto-replied", b"Precedence: bulk", b"List-Id: <l.x.example>"])
def test_mail_of_machines_gets_no_answer(tmp_path: Path, line: bytes) -> None:
    ann, anns = answering(tmp_path, "ann", "ann@x.example")
    letter = b"Received: x\n" + line + b"\nFrom: bob@y.example\nTo: ann@x.example\n\nhi\n"
    assert ann.deliver("-f", "bob@y.example", "-d", "ann@x.example", message=letter) == DELIVERED
    assert anns.runs == []


def test_a_stranger_who_writes_a_hundred_times_gets_one_answer(tmp_path: Path) -> None:
    ann, anns = answering(tmp_path, "ann", "ann@x.example")
    first = (
        "for number in range(100):\n"
        "    data = b'Received: x\\nFrom: bob@y.example\\nTo: ann@x.example\\nMessage-ID: <%d@y>\\n\\n' % number\n"
        "    mda._read = lambda parent, data=data: data\n"
        "    assert mda.main(['-f', 'bob@y.example', '-d', 'ann@x.example']) == 0\n"
    )
    assert ann.deliver(first=first) == DELIVERED
    assert len(ann.mail()["Maildir"]) == 101
    assert len(anns.runs) == 1
