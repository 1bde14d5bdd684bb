"""What a rule decides is what Postfix is told: refuse, drop, copy, mark, postpone, and whose rules are asked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from ..account import Account, handed_over
from ..postfix import ALIASES, Postfix

Make = Callable[..., Account]
LETTER = b"From: Olga <olga@family.example>\nTo: you\nSubject: lunch\nMessage-ID: <1@family.example>\n\nAt noon.\n"


def deliver(postfix: Postfix, message: bytes, recipient: str, sender: str = "stranger@stranger.example") -> str:
    """Send it and see it through. Answers with the queue id."""
    queue_id = postfix.send(message, recipient, sender)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("sent", "2.0.0"), attempt
    postfix.gone(queue_id)
    return queue_id


def test_reject(postfix: Postfix, account: Make) -> None:
    """The sender learns the reason, and nothing of how it came about."""
    sender = account()
    refuser = account('rule "no lunch" {\n    when subject contains "lunch"\n    reject "I eat at home"\n}\n')

    queue_id = postfix.send(LETTER, refuser.address, sender.address)
    assert postfix.delivery(queue_id).verdict == ("bounced", "5.7.1", "I eat at home")
    bounce = postfix.wait_for_bounce(queue_id)
    assert postfix.delivery(bounce).status == "sent"
    postfix.gone(bounce)

    assert refuser.places() == {}
    assert sender.places() == {"INBOX": 1}
    notice = sender.only()
    assert notice.fields("Subject") == ["Undelivered Mail Returned to Sender"]
    assert b"\nStatus: 5.7.1\n" in notice.data
    assert b"\nDiagnostic-Code: x-unix; I eat at home\n" in notice.data
    before_the_letter = notice.data.partition(b"Content-Type: message/rfc822")[0].lower()
    for inner in (b"no lunch", b"pyfilter", b"/home", b"traceback", b"rule", b".py", b"usr"):
        assert inner not in before_the_letter


def test_reject_after_a_copy_keeps_the_copy(postfix: Postfix, account: Make) -> None:
    sender = account()
    refuser = account('rule "both" { copy into "Refused"; reject "no" }\n')
    queue_id = postfix.send(LETTER, refuser.address, sender.address)
    assert postfix.delivery(queue_id).verdict == ("bounced", "5.7.1", "no")
    postfix.gone(postfix.wait_for_bounce(queue_id))
    assert refuser.places() == {"Refused": 1}


def test_a_reason_is_the_whole_answer(postfix: Postfix, account: Make) -> None:
    """A reason that looks like a status, holds a path or is not ASCII changes nothing but itself."""
    sender = account()
    refuser = account('rule "odd" { reject "4.2.2 /var/log \\u2013 %s $(id) no" }\n'.replace("\\u2013", "–"))
    queue_id = postfix.send(LETTER, refuser.address, sender.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("bounced", "5.7.1")
    assert attempt.text.startswith("4.2.2 /var/log ")
    assert attempt.text.endswith(" %s $(id) no")
    postfix.gone(postfix.wait_for_bounce(queue_id))


def test_defer(postfix: Postfix, account: Make) -> None:
    """Postponed, with nothing of the rule in the text that a sender's server may see; then let in."""
    user = account('rule "later" { copy into "Seen"; defer "the reason is for the log" }\n')
    queue_id = postfix.send(LETTER, user.address)
    attempt = postfix.delivery(queue_id)
    assert (attempt.status, attempt.dsn) == ("deferred", "4.3.0")
    assert attempt.text == "delivery postponed"
    assert user.places() == {}, "a copy of a postponed message is visible: each attempt would make one more"

    user.write(".pyfilterrc", 'rule "now" { file into "Seen" }\n')
    assert postfix.retry(queue_id).status == "sent"
    postfix.gone(queue_id)
    assert user.places() == {"Seen": 1}


def test_discard(postfix: Postfix, account: Make) -> None:
    user = account('rule "no" { when subject is "lunch"; discard }  # on purpose\n')
    deliver(postfix, LETTER, user.address)
    assert user.places() == {}


def test_copies_and_marks(postfix: Postfix, account: Make) -> None:
    """One message, three folders; the flags stand in the names, in cur/, where a mail client reads them."""
    user = account(
        'rule "copy" { copy into "Archive/2026" }\n'
        'rule "family" { when from.domain is "family.example"; mark flagged, read; file into "Family" and continue }\n'
        'rule "eat" { when subject contains "lunch"; file into "Lunch" }\n'
    )
    queue_id = deliver(postfix, LETTER, user.address)
    folders = user.folders()
    assert {name: len(found) for name, found in folders.items()} == {"Archive/2026": 1, "Family": 1, "Lunch": 1}
    assert folders["Family"][0].flags == "FS"
    assert folders["Family"][0].path.parent.name == "cur"
    for found in folders.values():
        assert handed_over(
            found[0].data, LETTER, queue_id=queue_id, recipient=user.address, sender="stranger@stranger.example"
        )
        assert found[0].path.stat().st_uid == user.uid
        assert found[0].path.stat().st_mode & 0o077 == 0, "others can read the mail"


def test_a_user_without_rules(postfix: Postfix, account: Make) -> None:
    """Neither rules nor a Maildir: the Maildir is made, the mail is in it, and no problem is reported."""
    user = account()
    queue_id = deliver(postfix, LETTER, user.address)
    assert user.places() == {"INBOX": 1}
    assert handed_over(
        user.only().data, LETTER, queue_id=queue_id, recipient=user.address, sender="stranger@stranger.example"
    )
    assert user.only().path.parent == user.home / "Maildir/new"


def test_rules_for_everybody(postfix: Postfix, account: Make) -> None:
    """/etc/pyfilterrc is asked first, for every user; ~/.pyfilterrc follows."""
    everybody = Path("/etc/pyfilterrc")
    everybody.write_text('set maildir = "~/post"\nrule "viruses" { when subject is "virus"; file into "Quarantine" }\n')
    try:
        without = account(maildir="post")
        with_rules = account('rule "mine" { file into "Mine" }\n', maildir="post")
        for user in (without, with_rules):
            deliver(postfix, LETTER, user.address)
            deliver(postfix, b"Subject: virus\n\nX\n", user.address)
        assert without.places() == {"INBOX": 1, "Quarantine": 1}
        assert with_rules.places() == {"Mine": 1, "Quarantine": 1}
        assert not (without.home / "Maildir").exists()
    finally:
        everybody.unlink()


def test_forward_file(postfix: Postfix, account: Make, bin: Path) -> None:
    """A user's own ~/.forward calls the agent too, whatever the administrator has set."""
    user = account('rule "plus" { when recipient.extension matches "{box}"; file into "{box}" }\n')
    user.write(".forward", f'"|{bin}/pyfilter-deliver"\n')
    deliver(postfix, LETTER, user.address)
    deliver(postfix, LETTER, f"{user.name}+lists@example.com")
    assert user.places() == {"INBOX": 1, "lists": 1}


def test_mail_for_root_waits_for_an_alias(postfix: Postfix, account: Make) -> None:
    """Postfix runs the agent for root as nobody, who may not touch root's home: the mail is postponed, not
    lost, until the administrator says who reads it."""
    reader = account()
    before = sorted(Path("/root").glob("Maildir/*/*"))
    queue_id = postfix.send(LETTER, "root@example.com")
    assert postfix.delivery(queue_id).verdict == ("deferred", "4.3.0", "delivery postponed")
    assert sorted(Path("/root").glob("Maildir/*/*")) == before

    ALIASES.write_text(f"root {reader.name}\n")
    os.utime(ALIASES, (1, 1))
    postfix.reload()
    assert postfix.retry(queue_id).status == "sent"
    postfix.gone(queue_id)
    assert reader.places() == {"INBOX": 1}


def test_one_message_to_two_addresses_of_one_user(postfix: Postfix, account: Make) -> None:
    """Postfix calls the agent once for each; each copy knows its own address."""
    user = account('rule "plus" { when recipient.extension matches "{box}"; file into "{box}" }\n')
    queue_id = postfix.send(LETTER, [f"{user.name}+one@example.com", f"{user.name}+two@example.com"])
    assert [postfix.delivery(queue_id).status for _ in range(2)] == ["sent", "sent"]
    postfix.gone(queue_id)
    assert user.places() == {"one": 1, "two": 1}


def test_mail_sent_on_the_machine_itself(postfix: Postfix, account: Make) -> None:
    """sendmail(1), as cron calls it."""
    user = account('rule "cron jobs" { when header X-Cron-Env exists; file into "Cron" }\n')
    seen = len(postfix.log.lines)
    subprocess.run(
        ["sendmail", "-i", "-f", "root@example.com", user.address],
        input=b"Subject: Cron <root@mail> date\nX-Cron-Env: <HOME=/root>\n\n.\nTue\n",
        check=True,
    )
    queue_id = postfix.wait(postfix.PICKED_UP, after=seen)["queue_id"]
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)
    assert user.places() == {"Cron": 1}
    assert user.only().data.endswith(b"\n\n.\nTue\n")


def test_many_at_once(postfix: Postfix, account: Make) -> None:
    """Postfix runs several agents side by side for one user, here into folders that none of them finds made."""
    user = account('rule "even" { when subject contains "even"; file into "Even" }\nrule "odd" { file into "Odd" }\n')
    sent = {
        postfix.send(b"Subject: %s number %d\n\nx\n" % ([b"even", b"odd"][number % 2], number), user.address): number
        for number in range(30)
    }
    for queue_id in sent:
        assert postfix.delivery(queue_id).status == "sent"
        postfix.gone(queue_id)
    assert user.places() == {"Even": 15, "Odd": 15}
    subjects = [filed.fields("Subject")[0] for found in user.folders().values() for filed in found]
    assert sorted(int(subject.split()[-1]) for subject in subjects) == list(range(30))


def test_one_line_for_each_delivery(postfix: Postfix, account: Make) -> None:
    """Without a syslog the log is the user's own; a hostile message cannot write lines or control characters."""
    user = account('rule "family" { when from.domain is "family.example"; file into "Family" }\n')
    deliver(postfix, LETTER, user.address)
    hostile = b"From: x\x1b[2J <a@b>\nMessage-ID: <\x1b]0;x\x07\xe2\x80\xae>\nSubject: x\n\nx\n"
    deliver(postfix, hostile, user.address)

    lines = (user.home / ".local/state/pyfilter/log").read_text().splitlines()
    assert len(lines) == 2
    assert "<1@family.example>" in lines[0]
    assert "Family" in lines[0]
    assert '"family"' in lines[0]
    assert "INBOX" in lines[1]
    assert all(line.isprintable() for line in lines)
    assert "\u202e" not in lines[1]
