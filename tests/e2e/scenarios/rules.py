"""Whatever is wrong with a user's rules, the mail is filed or waits: never bounced, never lost, never twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ..account import Account, Filed
from ..postfix import Postfix
from ..repair import LETTER, POSTPONED, RULES, filed_once, let_in

Make = Callable[..., Account]

NOTICE = "Your mail rules have errors"


def problem_mail(user: Account) -> Filed:
    """The one message beside the notice that tells of the errors; both lie in the inbox."""
    assert user.places() == {"INBOX": 2}
    (notice,) = [filed for filed in user.folders()["INBOX"] if filed.fields("Subject") == [NOTICE]]
    assert notice.fields("Auto-Submitted") == ["auto-generated"]
    (filed,) = [filed for filed in user.folders()["INBOX"] if filed.path != notice.path]
    return filed


def test_rules_that_do_not_check(postfix: Postfix, account: Make) -> None:
    """The inbox, with the problem on the message; after the repair the next mail goes where it should."""
    user = account(RULES.replace("file into", "fiel into"))
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)

    filed = problem_mail(user)
    (problem,) = filed.fields("X-Pyfilter-Problem")
    assert "pyfilterrc" in problem
    assert filed.data.endswith(b"\n" + LETTER), "the message itself was changed"
    for message in user.folders()["INBOX"]:
        message.path.unlink()

    user.write(".pyfilterrc", RULES)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id)
    assert user.only().fields("X-Pyfilter-Problem") == []


def test_rules_that_do_not_check_any_more(postfix: Postfix, account: Make) -> None:
    """The last ones that did file the mail meanwhile; the notice comes once for two messages."""
    user = account(RULES)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id)

    user.write(".pyfilterrc", RULES.replace("file into", "fiel into"))
    for _ in range(2):
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).status == "sent"
        postfix.gone(queue_id)
    assert user.places() == {"Letters": 3, "INBOX": 1}
    problems = [filed.fields("X-Pyfilter-Problem") for filed in user.folders()["Letters"]]
    assert sorted(map(len, problems)) == [0, 1, 1]
    (notice,) = user.folders()["INBOX"]
    assert notice.fields("Subject") == [NOTICE]
    assert user.unfinished() == []


NONSENSE = {
    "NUL": "\0",
    "no UTF-8": "\udcff\udcfe",
    "procmail": ":0\n* ^Subject\nspam/\n",
    "braces": "{" * 5000,
    "an open quote": 'set maildir = "',
    "one word": "rule " * 3000,
    "an evil folder": 'rule "x" { file into "../../../etc" }\n',
}


@pytest.mark.parametrize("text", NONSENSE.values(), ids=NONSENSE)
def test_rules_that_are_nonsense(postfix: Postfix, account: Make, text: str) -> None:
    user = account()
    user.write(".pyfilterrc", "")
    user.rule_file.write_bytes(text.encode(errors="surrogateescape"))
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)
    assert len(problem_mail(user).fields("X-Pyfilter-Problem")) == 1


def test_rules_that_are_too_large(postfix: Postfix, account: Make) -> None:
    """More than limits.RULES_BYTES is a problem like any other: the inbox, and a header that names it."""
    user = account("# a comment of some length\n" * 50_000)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    postfix.gone(queue_id)
    (problem,) = problem_mail(user).fields("X-Pyfilter-Problem")
    assert "error[E312]: the rule file is larger" in problem  # its first line; the field is folded


def test_rules_that_are_empty(postfix: Postfix, account: Make) -> None:
    user = account("")
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id, folder="INBOX")


@pytest.mark.parametrize("mode", [0o666, 0o646], ids=oct)
def test_rules_that_others_may_write(postfix: Postfix, account: Make, mode: int) -> None:
    user = account()
    user.write(".pyfilterrc", RULES, mode)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED
    assert user.places() == {}

    user.rule_file.chmod(0o644)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


@pytest.mark.parametrize("mode", [0o777, 0o757], ids=oct)
def test_a_home_that_others_may_write(postfix: Postfix, account: Make, mode: int) -> None:
    """They could put other rules in the place of the user's."""
    user = account(RULES)
    user.home.chmod(mode)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    user.home.chmod(0o755)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_rules_of_somebody_else(postfix: Postfix, account: Make) -> None:
    user, other = account(RULES), account()
    os.chown(user.rule_file, other.uid, other.gid)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    os.chown(user.rule_file, user.uid, user.gid)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_rules_that_cannot_be_read(postfix: Postfix, account: Make) -> None:
    """Not readable is not absent: the mail waits, for the rules may want it elsewhere."""
    user = account(RULES)
    os.chown(user.rule_file, 0, 0)
    user.rule_file.chmod(0o600)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    os.chown(user.rule_file, user.uid, user.gid)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_rules_that_the_group_or_root_keeps(postfix: Postfix, account: Make) -> None:
    """A mode of 0664 in the user's own group is a common umask; root may keep a user's rules."""
    user = account()
    user.write(".pyfilterrc", RULES, 0o664)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id)
    user.only().path.unlink()

    user.rule_file.chmod(0o644)
    os.chown(user.rule_file, 0, 0)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id)


def test_rules_behind_a_link(postfix: Postfix, account: Make) -> None:
    """As people keep their dotfiles; a link that leads nowhere is no absent file."""
    user = account()
    user.write("dotfiles/pyfilterrc", RULES)
    user.rule_file.symlink_to("dotfiles/pyfilterrc")
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).status == "sent"
    filed_once(postfix, user, queue_id)


def test_a_fifo_for_rules(postfix: Postfix, account: Make) -> None:
    """It does not wait for a writer until Postfix's limit is over, which would bounce."""
    user = account()
    os.mkfifo(user.rule_file, 0o600)
    os.chown(user.rule_file, user.uid, user.gid)
    queue_id = postfix.send(LETTER, user.address)
    assert postfix.delivery(queue_id).verdict == POSTPONED

    user.rule_file.unlink()
    user.write(".pyfilterrc", RULES)
    let_in(postfix, queue_id)
    filed_once(postfix, user, queue_id)


def test_rules_for_everybody_that_others_may_write(postfix: Postfix, account: Make) -> None:
    everybody = Path("/etc/pyfilterrc")
    everybody.write_text(RULES)
    everybody.chmod(0o666)
    user = account()
    try:
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).verdict == POSTPONED
        everybody.chmod(0o644)
        let_in(postfix, queue_id)
        filed_once(postfix, user, queue_id)
    finally:
        everybody.unlink()


@pytest.mark.parametrize("trouble", ["a file", "root's", "writable by others"])
def test_a_cache_that_cannot_be_used(postfix: Postfix, account: Make, trouble: str) -> None:
    """The compiled program is a convenience: without it the rules are compiled for each mail."""
    user = account(RULES)
    cache = user.home / ".cache"
    if trouble == "a file":
        user.write(".cache", "not a directory\n")
    else:
        cache.mkdir()
        if trouble == "writable by others":
            os.chown(cache, user.uid, user.gid)
            cache.chmod(0o777)
            user.directory(".cache/pyfilter").chmod(0o777)
    for _ in range(2):
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).status == "sent"
        filed_once(postfix, user, queue_id)
        user.only().path.unlink()


def test_a_cache_that_is_damaged(postfix: Postfix, account: Make) -> None:
    """Every file in it is cut, overwritten and replaced by one of somebody else; each mail is filed all the same."""
    user, other = account(RULES), account('rule "evil" { file into "Evil" }\n')

    def deliver() -> None:
        queue_id = postfix.send(LETTER, user.address)
        assert postfix.delivery(queue_id).status == "sent"
        filed_once(postfix, user, queue_id)
        user.only().path.unlink()

    deliver()
    postfix.gone(postfix.send(LETTER, other.address))
    programs = [path for path in (user.home / ".cache/pyfilter").iterdir() if path.is_file()]
    assert programs, "there is no cache"
    others = [path for path in (other.home / ".cache/pyfilter").iterdir() if path.is_file()]
    for program in programs:
        whole = program.read_bytes()
        for damaged in (b"", whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1]), bytes(len(whole))):
            program.write_bytes(damaged)
            deliver()
        program.unlink(missing_ok=True)
        shutil.copy(others[0], program)  # as root, so it is root's
        deliver()
