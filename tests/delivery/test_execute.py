"""Carrying out a plan: everything, or nothing."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable

import pytest

from pyfilter import limits
from pyfilter.delivery import leftovers, maildir
from pyfilter.delivery.execute import execute
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED, REJECTED

from .box import RAW, Box, make_plan

UNIQUE = re.compile(r"\d+\.M\d{1,6}P\d+Q\d+\.[^/:]+,S=\d+,W=\d+")


# --- what a plan says is done ---------------------------------------------


def test_a_kept_message_lies_in_new_byte_for_byte(box: Box, message: Message) -> None:
    outcome = execute(make_plan(("keep", "INBOX", ""), outcome="kept"), message, str(box.home))
    assert (outcome.status, outcome.reason, outcome.detail) == (DELIVERED, "delivered", "")
    assert box.visible() == {".": [RAW]}
    [name] = box.names("new")
    assert UNIQUE.fullmatch(name)
    assert name.endswith(f",S={len(RAW)},W={len(RAW) + 4}")  # four line ends
    assert box.residue() == []


def test_a_marked_message_lies_in_cur_with_its_flags(box: Box, message: Message) -> None:
    assert execute(make_plan(("file", "Boss", "FS")), message, str(box.home)).status is DELIVERED
    [name] = box.names(".Boss/cur")
    assert name.endswith(":2,FS")
    assert UNIQUE.fullmatch(name.removesuffix(":2,FS"))
    assert box.names(".Boss/new") == []


def test_every_folder_gets_its_copy_with_its_flags(box: Box, message: Message) -> None:
    plan = make_plan(("copy", "INBOX", ""), ("file", "Cron/DenyHosts", "S"), ("file", "Zprávy", ""))
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert box.visible() == {".": [RAW], ".Cron.DenyHosts": [RAW], ".Zpr&AOE-vy": [RAW]}
    assert box.names(".Cron.DenyHosts/cur")[0].endswith(":2,S")
    assert box.residue() == []


def test_further_copies_are_links_to_the_first(box: Box, message: Message) -> None:
    execute(make_plan(("copy", "A", ""), ("file", "B", "")), message, str(box.home))
    [one], [other] = box.names(".A/new"), box.names(".B/new")
    assert one != other
    assert os.path.samefile(box.path / ".A/new" / one, box.path / ".B/new" / other)


def test_filing_twice_into_one_folder_is_one_delivery(box: Box, message: Message) -> None:
    assert execute(make_plan(("copy", "A", "S"), ("file", "A", "F")), message, str(box.home)).status is DELIVERED
    [name] = box.names(".A/cur")
    assert name.endswith(":2,FS")


def test_two_names_of_one_folder_are_one_delivery(box: Box, message: Message) -> None:
    assert (
        execute(make_plan(("copy", "Inbox", "S"), ("keep", "INBOX", "F")), message, str(box.home)).status is DELIVERED
    )
    [name] = box.names("cur")
    assert name.endswith(":2,FS")
    assert box.visible() == {".": [RAW]}


@pytest.mark.parametrize("flags", ["/../../x", "S:", "\0", "ž"])
def test_flags_that_are_no_letters_are_refused(box: Box, message: Message, flags: str) -> None:
    plan = make_plan(("file", "A", ""))
    plan.actions[0].flags = flags
    outcome = execute(plan, message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail.startswith("the flags ") and outcome.detail.endswith(" for 'A' are not letters")
    assert os.listdir(box.home) == []


def test_a_discarded_message_is_nowhere_and_delivered(box: Box, message: Message) -> None:
    assert execute(make_plan(("discard", None, ""), outcome="discarded"), message, str(box.home)).status is DELIVERED
    assert os.listdir(box.home) == []


def test_a_copy_made_before_a_discard_is_filed(box: Box, message: Message) -> None:
    plan = make_plan(("copy", "A", ""), ("discard", None, ""), outcome="discarded")
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert box.visible() == {".A": [RAW]}


def test_a_reject_gives_its_reason(box: Box, message: Message) -> None:
    plan = make_plan(("reject", None, ""), outcome="rejected")
    plan.actions[-1].text = "no such\r\n250 ok \x1b[0m list"
    outcome = execute(plan, message, str(box.home))
    assert outcome.status is REJECTED
    assert outcome.reply() == "5.7.1 no such 250 ok [0m list"
    assert os.listdir(box.home) == []


def test_a_reason_is_no_longer_than_a_reply_can_be(box: Box, message: Message) -> None:
    plan = make_plan(("reject", None, ""), outcome="rejected")
    plan.actions[-1].text = "x" * 5000
    assert execute(plan, message, str(box.home)).reason == "x" * limits.REASON_CHARACTERS


def test_a_reject_keeps_the_copy_made_before_it(box: Box, message: Message) -> None:
    plan = make_plan(("copy", "A", ""), ("reject", None, ""), outcome="rejected")
    plan.actions[-1].text = "no"
    assert execute(plan, message, str(box.home)).status is REJECTED
    assert box.visible() == {".A": [RAW]}


def test_a_reject_waits_until_the_copy_before_it_can_be_made(box: Box, message: Message) -> None:
    plan = make_plan(("copy", "A", ""), ("reject", None, ""), outcome="rejected")
    box.make("")
    (box.path / ".A").write_text("in the way")
    assert execute(plan, message, str(box.home)).status is DEFERRED
    assert box.visible() == {}


def test_a_defer_touches_nothing_and_tells_the_sender_nothing(box: Box, message: Message) -> None:
    plan = make_plan(("copy", "A", ""), ("defer", None, ""), outcome="deferred")
    plan.actions[-1].text = "the secret reason"
    outcome = execute(plan, message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.reply() == "4.3.0 delivery postponed"
    assert outcome.detail == "by rule 'r': the secret reason"
    assert os.listdir(box.home) == []


def test_lines_of_the_plan_stand_above_the_message(box: Box) -> None:
    plan = make_plan(("keep", "INBOX", ""))
    plan.actions[0].edits = (("add", "X-Pyfilter-Problem", "rules do not check"), ("add", "X-Two", "2"))
    raw = b"Subject: x\r\n\r\ntext\r\n"
    execute(plan, Message.from_bytes(raw), str(box.home))
    assert box.visible() == {".": [b"X-Pyfilter-Problem: rules do not check\r\nX-Two: 2\r\n" + raw]}


ODD_MESSAGES = [
    b"",
    b"\n",
    b"\0",
    b"no line end",
    b"\r\n\r\n",
    b"a\rb\rc",
    b"\xff" * 3,
    b"x: y\n\n" + b"\0\n" * 200_000,
]


@pytest.mark.parametrize("raw", ODD_MESSAGES, ids=range(len(ODD_MESSAGES)))
def test_odd_messages_are_filed_byte_for_byte(box: Box, raw: bytes) -> None:
    assert execute(make_plan(("file", "A", "")), Message.from_bytes(raw), str(box.home)).status is DELIVERED
    assert box.visible() == {".A": [raw]}
    [name] = box.names(".A/new")
    crlf = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert name.endswith(f",S={len(raw)},W={len(crlf)}")


# --- plans that contradict themselves lose nothing ------------------------


@pytest.mark.parametrize(
    ("outcome", "detail"),
    [
        ("filed", "the plan says filed and names no folder"),
        ("kept", "the plan says kept and names no folder"),
        ("discarded", "the plan says discarded and has no such action"),
        ("rejected", "the plan says rejected and has no such action"),
        ("forwarded", "the plan says forwarded and has no such action"),
    ],
)
def test_a_plan_that_does_nothing_by_mistake_is_deferred(box: Box, message: Message, outcome: str, detail: str) -> None:
    got = execute(make_plan(outcome=outcome), message, str(box.home))
    assert (got.status, got.detail) == (DEFERRED, detail)


def test_a_plan_without_a_setting_is_deferred(box: Box, message: Message) -> None:
    plan = make_plan(("keep", "INBOX", ""))
    del plan.settings["durable"]
    got = execute(plan, message, str(box.home))
    assert (got.status, got.detail) == (DEFERRED, "KeyError: 'durable'")
    plan.settings["durable"] = "perhaps"
    got = execute(plan, message, str(box.home))
    assert (got.status, got.detail) == (DEFERRED, "`set durable = perhaps` means nothing; full, file, none do")


# --- folders --------------------------------------------------------------


def modes(box: Box) -> dict[str, str]:
    return {
        str(path.relative_to(box.home)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in sorted(box.home.rglob("*"))
        if path.parent.name != "new"
    }


MADE = {
    "Maildir": "0o700",
    "Maildir/.Cron.DenyHosts": "0o700",
    "Maildir/.Cron.DenyHosts/cur": "0o700",
    "Maildir/.Cron.DenyHosts/maildirfolder": "0o600",
    "Maildir/.Cron.DenyHosts/new": "0o700",
    "Maildir/.Cron.DenyHosts/tmp": "0o700",
    "Maildir/cur": "0o700",
    "Maildir/new": "0o700",
    "Maildir/subscriptions": "0o600",
    "Maildir/tmp": "0o700",
}


@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o277, 0o777])
def test_a_missing_folder_is_made_whatever_the_umask(box: Box, message: Message, umask: int) -> None:
    before = os.umask(umask)
    try:
        outcome = execute(make_plan(("copy", "INBOX", ""), ("file", "Cron/DenyHosts", "")), message, str(box.home))
    finally:
        os.umask(before)
    assert outcome.status is DELIVERED
    assert modes(box) == MADE
    [name] = box.names("new")
    assert stat.S_IMODE((box.path / "new" / name).stat().st_mode) == 0o600


def test_the_inbox_is_made_even_where_folders_are_not(box: Box, message: Message) -> None:
    plan = make_plan(("keep", "INBOX", ""), create_folders=False, maildir="~/mail/boxes/olga")
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert len(os.listdir(box.home / "mail/boxes/olga/new")) == 1
    assert not (box.home / "mail/boxes/olga/maildirfolder").exists()


def test_where_no_folder_may_be_made_a_missing_one_is_the_inbox(box: Box, message: Message) -> None:
    """To defer would let a stranger's `user+whatever` come back for five days and then bounce."""
    box.make("")
    plan = make_plan(("file", "Cron", ""), ("keep", "INBOX", "S"), create_folders=False)
    outcome = execute(plan, message, str(box.home))
    assert outcome.status is DELIVERED
    assert outcome.detail == "there is no folder 'Cron', and `create-folders = no`: the inbox instead"
    assert box.visible() == {".": [RAW]}
    assert sorted(os.listdir(box.path)) == ["cur", "new", "tmp"]


def test_a_folder_of_a_missing_maildir_comes_with_the_maildir(box: Box, message: Message) -> None:
    assert execute(make_plan(("file", "Cron/DenyHosts", "")), message, str(box.home)).status is DELIVERED
    assert modes(box) == MADE


@pytest.mark.parametrize("missing", ["cur", "new", "tmp"])
def test_a_folder_that_lacks_a_part_is_completed(box: Box, message: Message, missing: str) -> None:
    box.make("", ".Cron")
    (box.path / ".Cron" / missing).rmdir()
    plan = make_plan(("file", "Cron", "S" if missing == "cur" else ""), create_folders=False)
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert box.visible() == {".Cron": [RAW]}


def test_the_maildir_may_be_absolute_and_end_in_slashes(box: Box, message: Message) -> None:
    plan = make_plan(("keep", "INBOX", ""), maildir=f"{box.home}/elsewhere//")
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert len(os.listdir(box.home / "elsewhere/new")) == 1


def test_the_home_itself_can_be_the_maildir(box: Box, message: Message) -> None:
    assert execute(make_plan(("keep", "INBOX", ""), maildir="~"), message, str(box.home)).status is DELIVERED
    assert len(os.listdir(box.home / "new")) == 1


@pytest.mark.parametrize("setting", ["", "Maildir", "./Maildir", "~olga/Maildir", "~/Mail\0dir"])
def test_a_maildir_that_is_no_absolute_path_is_deferred(box: Box, message: Message, setting: str) -> None:
    outcome = execute(make_plan(("keep", "INBOX", ""), maildir=setting), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail == f"`set maildir = {setting!r}` with home {str(box.home)!r} is no absolute path"


def test_a_folder_that_leaves_the_maildir_is_deferred_before_anything_is_written(box: Box, message: Message) -> None:
    outcome = execute(make_plan(("copy", "INBOX", ""), ("file", "../x", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail == "the folder '../x' has the component \"..\""
    assert os.listdir(box.home) == []


# --- homes ----------------------------------------------------------------


def test_a_missing_home_is_not_made(box: Box, message: Message) -> None:
    home = f"{box.home}/nobody"
    outcome = execute(make_plan(("keep", "INBOX", "")), message, home)
    assert outcome.status is DEFERRED
    assert outcome.detail == f"home {home} does not exist: make it, or correct the user's entry"
    assert os.listdir(box.home) == []


def test_a_home_that_others_can_write_is_refused(box: Box, message: Message) -> None:
    box.home.chmod(0o777)
    outcome = execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail == f"home {box.home} is writable by others (mode 0777): chmod go-w {box.home}"
    assert os.listdir(box.home) == []


def test_a_home_that_is_a_file_is_refused(box: Box, message: Message) -> None:
    (box.home / "file").touch()
    outcome = execute(make_plan(("keep", "INBOX", "")), message, f"{box.home}/file")
    assert (outcome.status, outcome.detail) == (DEFERRED, f"home {box.home}/file is not a directory")


@pytest.mark.parametrize("home", ["", "relative", "\0", "x" * 5000])
def test_homes_that_are_none_are_deferred(message: Message, home: str) -> None:
    assert execute(make_plan(("keep", "INBOX", "")), message, home).status is DEFERRED


@pytest.mark.usefixtures("root")
def test_a_home_of_another_user_is_refused(box: Box, message: Message) -> None:
    os.chown(box.home, 12345, 12345)
    outcome = execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail == f"home {box.home} belongs to uid 12345, not to the running user (uid 0)"


def test_a_folder_may_be_a_link_to_a_directory_of_ones_own(box: Box, message: Message) -> None:
    box.make("")
    (box.home / "elsewhere").mkdir()
    (box.path / ".Cron").symlink_to(box.home / "elsewhere")
    assert execute(make_plan(("file", "Cron", "")), message, str(box.home)).status is DELIVERED
    assert len(os.listdir(box.home / "elsewhere/new")) == 1


@pytest.mark.usefixtures("root")
def test_a_folder_that_is_a_link_to_anothers_directory_is_refused(box: Box, message: Message) -> None:
    box.make("")
    other = box.home / "other"
    for part in ("cur", "new", "tmp"):
        (other / part).mkdir(parents=True)
    os.chown(other, 12345, 12345)
    (box.path / ".Cron").symlink_to(other)
    outcome = execute(make_plan(("file", "Cron", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail == (
        f"{box.path}/.Cron: belongs to uid 12345, not to uid 0 (EPERM); "
        "the directories must belong to the user, with mode 0700"
    )
    assert os.listdir(other / "new") == os.listdir(other / "tmp") == []


# --- something else stands there: an error at once, never a wait ----------


def a_fifo(path: str) -> None:
    os.mkfifo(path)


def a_file(path: str) -> None:
    with open(path, "w"):
        pass


def a_dangling_link(path: str) -> None:
    os.symlink("/nonexistent/anywhere", path)


def a_link_to_itself(path: str) -> None:
    os.symlink(os.path.basename(path), path)


def a_link_to_a_device(path: str) -> None:
    os.symlink("/dev/full", path)


@pytest.mark.parametrize("thing", [a_fifo, a_file, a_dangling_link, a_link_to_itself, a_link_to_a_device])
@pytest.mark.parametrize("where", ["", ".Cron", ".Cron/new", ".Cron/tmp"])
def test_what_is_no_directory_defers_at_once(
    box: Box, message: Message, thing: Callable[[str], None], where: str
) -> None:
    if where:
        box.make("")
    if "/" in where:
        (box.path / ".Cron").mkdir()
    thing(str(box.path / where))
    outcome = execute(make_plan(("copy", "INBOX", ""), ("file", "Cron", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail.startswith(str(box.path))
    assert box.visible() == {}
    assert box.residue() == []
    assert os.listdir(box.home) in (["Maildir"], [])


@pytest.mark.parametrize("thing", [a_fifo, a_file, a_dangling_link, a_link_to_itself, a_link_to_a_device])
@pytest.mark.parametrize("name", ["subscriptions", "subscriptions.lock"])
def test_what_stands_for_the_subscriptions_costs_only_the_subscription(
    box: Box, message: Message, thing: Callable[[str], None], name: str
) -> None:
    box.make("")
    thing(str(box.path / name))
    outcome = execute(make_plan(("file", "Cron", "")), message, str(box.home))
    assert outcome.status is DELIVERED
    assert box.visible() == {".Cron": [RAW]}
    assert box.residue() == []


# --- names ----------------------------------------------------------------


def test_the_host_of_a_name_has_no_slash_colon_or_comma(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maildir.os, "uname", lambda: os.uname_result(("Linux", "a/b:c,d", "", "", "")))
    assert b".a\\057b\\072c\\054d,S=1" in maildir.unique_name(b",S=1")


def test_a_machine_without_a_name_is_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maildir.os, "uname", lambda: os.uname_result(("Linux", "", "", "", "")))
    assert maildir.unique_name(b",S=1").endswith(b".localhost,S=1")


def test_ten_thousand_names_are_ten_thousand() -> None:
    assert len({maildir.unique_name(b"") for _ in range(10_000)}) == 10_000


def no_links(*_: object, **where: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_name_that_is_taken_costs_another_name_and_no_message(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Two containers with one host name and one process id may meet in a microsecond."""
    box.make("")
    if not links:
        monkeypatch.setattr(maildir.os, "link", no_links)
    (box.path / "tmp" / "one").write_bytes(b"theirs in tmp")
    (box.path / "new" / "two").write_bytes(b"theirs in new")
    names = iter([b"one", b"two", b"three"])
    monkeypatch.setattr(maildir, "unique_name", lambda size: next(names))
    assert execute(make_plan(("keep", "INBOX", "")), message, str(box.home)).status is DELIVERED
    assert (box.path / "tmp" / "one").read_bytes() == b"theirs in tmp"
    assert (box.path / "new" / "two").read_bytes() == b"theirs in new"
    assert (box.path / "new" / "three").read_bytes() == RAW
    assert box.names("tmp") == ["one"]


@pytest.mark.parametrize("place", ["tmp", "new"])
def test_names_that_are_all_taken_defer(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    box.make("")
    (box.path / place / "one").write_bytes(b"theirs")
    monkeypatch.setattr(maildir, "unique_name", lambda size: b"one")
    outcome = execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    assert outcome.status is DEFERRED
    assert "(EEXIST)" in outcome.detail
    assert (box.path / place / "one").read_bytes() == b"theirs"
    assert box.names("tmp") + box.names("new") == ["one"]


# --- left-overs -----------------------------------------------------------


def old(path: os.PathLike[str], hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def test_left_overs_are_swept_after_36_hours(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.make("")
    for name in ("stale", "fresh", "folder"):
        path = box.path / "tmp" / name
        path.mkdir() if name == "folder" else path.touch()
    (box.path / "tmp/link").symlink_to(box.path / "tmp/stale")
    now = time.time()
    monkeypatch.setattr(leftovers.time, "time", lambda: now + 37 * 3600)  # a ctime cannot be set
    os.utime(box.path / "tmp/fresh", (now + 3600 * 2, now))
    assert leftovers.sweep(os.fsencode(box.path)) == 1
    assert box.names("tmp") == ["folder", "fresh", "link"]


def test_a_file_restored_with_an_old_date_is_not_stale(box: Box) -> None:
    box.make("")
    path = box.path / "tmp/restored"
    path.touch()
    old(path, 1000)  # its ctime is now
    assert leftovers.sweep(os.fsencode(box.path)) == 0
    assert path.exists()


def test_a_sweep_is_bounded_and_its_failure_is_none(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.make("")
    for number in range(30):
        (box.path / "tmp" / str(number)).touch()
    now = time.time()
    monkeypatch.setattr(leftovers.time, "time", lambda: now + 37 * 3600)
    monkeypatch.setattr(leftovers, "SWEEP_ENTRIES", 10)
    assert leftovers.sweep(os.fsencode(box.path)) == 10
    assert leftovers.sweep(b"/nonexistent") == 0


def test_one_delivery_in_64_sweeps_before_it_writes(
    box: Box, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.make("")
    swept: list[bytes] = []
    monkeypatch.setattr(leftovers, "sweep", lambda path: swept.append(path))
    monkeypatch.setattr(time, "time_ns", lambda: 64_000)
    execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    assert swept == [os.fsencode(box.path)]
    monkeypatch.setattr(time, "time_ns", lambda: 65_000)
    execute(make_plan(("keep", "INBOX", "")), message, str(box.home))
    assert swept == [os.fsencode(box.path)]


def test_what_a_program_made_of_the_message_is_filed_with_its_edits_and_links(box: Box, message: Message) -> None:
    plan = make_plan(("copy", "A", ""), ("copy", "B", ""), ("copy", "C", ""), ("file", "D", ""))
    made = b"Subject: made\n\nanew\n"
    for action in plan.actions[1:]:
        action.base = made
    plan.actions[3].edits = (("add", "X-Seen", "yes"),)
    assert execute(plan, message, str(box.home)).status is DELIVERED
    assert box.visible() == {".A": [RAW], ".B": [made], ".C": [made], ".D": [b"X-Seen: yes\n" + made]}
    [one], [other] = box.names(".B/new"), box.names(".C/new")
    assert os.path.samefile(box.path / ".B/new" / one, box.path / ".C/new" / other)


@pytest.mark.parametrize("place", ["", "new", "tmp"])
def test_a_folder_that_everybody_can_write_gets_no_mail(box: Box, message: Message, place: str) -> None:
    """They could take it out again."""
    box.make("")
    os.chmod(box.path / place, 0o777)
    outcome = execute(make_plan(("keep", "INBOX", ""), outcome="kept"), message, str(box.home))
    assert outcome.status is DEFERRED
    assert outcome.detail.startswith(f"{box.path / place}: can be written by everybody (EPERM); ")
    assert (box.visible(), box.residue()) == ({}, [])
    os.chmod(box.path / place, 0o1777)  # but where they can take nothing out
    assert execute(make_plan(("keep", "INBOX", ""), outcome="kept"), message, str(box.home)).status is DELIVERED
