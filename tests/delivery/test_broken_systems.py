"""Every call to the system fails, once, in every way: nothing is lost and nothing is half done.

The calls of one delivery are counted; then the delivery is made again and again, with one of
its calls failing. It fails in two ways: without having done anything, and after having done
what was asked (NFS and FUSE do that). Whatever the outcome, it must be true, and a retry without
faults must bring the mail.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pyfilter.delivery import execute, leftovers, maildir, making, subscriptions
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED

from .box import RAW, Box, make_plan

CALLS = frozenset(
    {"chmod", "close", "fchmod", "fstat", "fsync", "geteuid", "link", "listdir", "lstat", "mkdir"}
    | {"open", "read", "rename", "scandir", "stat", "sync", "unlink", "write"}
)
# what takes things away; where it fails, something may be left, and is left
TAKING_AWAY = frozenset({"unlink"})
# those that the code tells apart, and one that it does not; `make torture` takes all that a disk has
ERRORS = [errno.EIO, errno.ENOENT, errno.EEXIST, errno.EPERM]
if "TORTURE" in os.environ:
    ERRORS += [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ESTALE, errno.EXDEV]
    ERRORS += [errno.EINTR, errno.EFBIG, errno.ENOMEM, errno.EINVAL, errno.ENOTDIR, errno.ELOOP, errno.EMLINK]


class BrokenSystem:
    """The module ``os``, one of whose calls fails: the one numbered ``at``."""

    def __init__(self, at: int, error: int, done: bool, no_links: bool = False) -> None:
        self.at, self.error, self.done, self.no_links = at, error, done, no_links
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> object:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments: object, **named: object) -> object:
            self.calls.append(name)
            if len(self.calls) == self.at:
                if self.done:
                    real(*arguments, **named)
                raise OSError(self.error, os.strerror(self.error))
            if name == "link" and self.no_links:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            return real(*arguments, **named)

        return call

    @property
    def failed(self) -> str:
        """The call that failed; "" if there were not that many."""
        return self.calls[self.at - 1] if len(self.calls) >= self.at else ""


SCENARIOS = {
    "inbox": ((("keep", "INBOX", ""),), ["", ".Boss"], {}),
    "marked": ((("file", "Boss", "F"),), ["", ".Boss"], {}),
    "everything is missing": ((("file", "Boss", ""),), [], {}),
    "three folders, one to be made": (
        (("copy", "INBOX", "S"), ("copy", "Boss", ""), ("file", "New", "")),
        ["", ".Boss"],
        {},
    ),
    "durable = file": ((("copy", "INBOX", ""), ("file", "Boss", "")), ["", ".Boss"], {"durable": "file"}),
}


def deliver(box: Box, system: BrokenSystem, name: str) -> execute.Outcome:
    filings, _, settings = SCENARIOS[name]
    modules = (execute, leftovers, maildir, making, subscriptions)
    for module in modules:
        module.os = system  # type: ignore[attr-defined]
    one_in, execute.SWEEP_ONE_IN = execute.SWEEP_ONE_IN, 1  # left-overs are looked for, too
    try:
        return execute.execute(make_plan(*filings, **settings), Message.from_bytes(RAW), str(box.home))
    finally:
        execute.SWEEP_ONE_IN = one_in
        for module in modules:
            module.os = os  # type: ignore[attr-defined]


def wanted(name: str) -> dict[str, list[bytes]]:
    return {"." if folder == "INBOX" else f".{folder}": [RAW] for _, folder, _ in SCENARIOS[name][0]}


def check_one(home: Box, system: BrokenSystem, name: str) -> None:
    _, existing, _ = SCENARIOS[name]
    if existing:
        home.make(*existing)
    descriptors = len(os.listdir("/proc/self/fd"))
    outcome = deliver(home, system, name)
    story = f"{name}: {system.failed} failed with {errno.errorcode[system.error]}, done: {system.done}: {outcome}"
    seen = home.visible()
    if outcome.status is DELIVERED:
        assert seen == wanted(name), story
    else:
        assert outcome.status is DEFERRED, story
        assert outcome.detail, story
        assert seen == {}, story
    if system.failed not in TAKING_AWAY and not system.done:
        assert home.residue() == [], story
    if system.failed not in ("close", "open"):  # such an open gives no descriptor to close
        assert len(os.listdir("/proc/self/fd")) <= descriptors, story
    if outcome.status is DEFERRED:
        again = deliver(home, BrokenSystem(0, 0, False, system.no_links), name)
        assert again.status is DELIVERED, f"{story}, and then {again}"
        assert home.visible() == wanted(name), story


@pytest.mark.parametrize("no_links", [False, True], ids=["links", "no links"])
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_one_failing_call_loses_nothing(memory: Path, name: str, done: bool, no_links: bool) -> None:
    number = 0
    errors = ERRORS if "TORTURE" in os.environ or not no_links else ERRORS[:1]
    for error in errors:
        at = 0
        while True:
            at, number = at + 1, number + 1
            home = Box(memory / str(number))
            home.home.mkdir(mode=0o700)
            system = BrokenSystem(at, error, done, no_links)
            check_one(home, system, name)
            if not system.failed:
                break
    assert number > len(errors) * 10
