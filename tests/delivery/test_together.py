"""Deliveries that share the waiting for the disk: each hears of its own file, and nothing else is shared."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfilter.delivery.execute import steps
from pyfilter.delivery.together import alone, each, together
from pyfilter.engine.plan import Action
from pyfilter.message.message import Message
from pyfilter.status import DEFERRED, DELIVERED, Outcome

from .box import Box, make_plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.together import Failures, Steps

RAW = b"Received: by y\nFrom: a@x\nSubject: %d\n\nhello\n"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[int]]:
    found = [os.open(tmp_path / str(number), os.O_CREAT | os.O_RDWR) for number in range(3)]
    yield found
    for file in found:
        os.close(file)


def waits(*descriptors: int) -> Steps[list[str]]:
    """Waits for each, and says how it went."""
    said = []
    for descriptor in descriptors:
        try:
            yield descriptor
            said.append("on disk")
        except OSError as error:
            said.append(errno.errorcode[error.errno or 0])
    return said


def test_one_alone_waits_for_each(files: list[int]) -> None:
    assert alone(waits(*files)) == ["on disk"] * 3
    assert alone(waits()) == []


def test_one_alone_hears_what_went_wrong(files: list[int]) -> None:
    closed = os.dup(files[0])
    os.close(closed)
    assert alone(waits(files[0], closed, files[1])) == ["on disk", "EBADF", "on disk"]


def test_they_go_side_by_side_and_each_hears_of_its_own(files: list[int]) -> None:
    asked: list[list[int]] = []

    def sync(descriptors: list[int]) -> Failures:
        asked.append(descriptors)
        return {files[1]: OSError(errno.EIO, "x")} if files[1] in descriptors else {}

    said = together([waits(files[0], files[2]), waits(), waits(files[1])], sync)
    assert said == [["on disk", "on disk"], [], ["EIO"]]
    assert asked == [[files[0], files[1]], [files[2]], []][: len(asked)]


def test_what_several_wait_for_is_asked_for_once_and_told_to_all(tmp_path: Path) -> None:
    same = [os.open(tmp_path, os.O_RDONLY) for _ in range(3)]
    asked: list[list[int]] = []

    def sync(descriptors: list[int]) -> Failures:
        asked.append(descriptors)
        return dict.fromkeys(descriptors, OSError(errno.ENOSPC, "x"))

    assert together([waits(one) for one in same], sync) == [["ENOSPC"]] * 3
    assert asked[0] == same[:1]
    for one in same:
        os.close(one)


def test_each_tells_which_one_failed(files: list[int]) -> None:
    closed = os.dup(files[0])
    os.close(closed)
    failures = each([files[0], closed])
    assert list(failures) == [closed]


def filed(box: Box, number: int, folder: str = "Lists") -> Steps[Outcome]:
    return steps(make_plan(("file", folder, "")), Message.from_bytes(RAW % number), str(box.home))


def test_no_copy_is_visible_before_all_are_on_disk(box: Box) -> None:
    seen: list[int] = []

    def sync(descriptors: list[int]) -> Failures:
        seen.append(len(box.visible().get(".Lists", [])))
        return each(descriptors)

    outcomes = together([filed(box, number) for number in range(5)], sync)
    assert [outcome.status for outcome in outcomes] == [DELIVERED] * 5
    assert seen[:2] == [0, 5], "visible between the two waits, not before the first"
    assert len(box.visible()[".Lists"]) == 5 and not box.residue()


def test_one_whose_file_is_not_on_disk_is_taken_back_and_no_other(box: Box) -> None:
    rounds = []

    def sync(descriptors: list[int]) -> Failures:
        rounds.append(descriptors)
        failures = each(descriptors)
        if len(rounds) == 1:
            failures[descriptors[1]] = OSError(errno.EIO, os.strerror(errno.EIO))
        return failures

    outcomes = together([filed(box, number) for number in range(3)], sync)
    assert [outcome.status for outcome in outcomes] == [DELIVERED, DEFERRED, DELIVERED]
    assert "Input/output error" in outcomes[1].detail
    assert len(box.visible()[".Lists"]) == 2 and not box.residue()


def test_a_directory_that_is_not_on_disk_takes_back_all_in_it(box: Box) -> None:
    rounds = []

    def sync(descriptors: list[int]) -> Failures:
        rounds.append(descriptors)
        if len(rounds) == 2:
            return dict.fromkeys(descriptors, OSError(errno.EIO, os.strerror(errno.EIO)))
        return each(descriptors)

    outcomes = together([filed(box, 0), filed(box, 1), filed(box, 2, "Other")], sync)
    assert [outcome.status for outcome in outcomes] == [DEFERRED] * 3
    assert not box.visible() and not box.residue()


def test_who_locks_something_does_not_wait(box: Box) -> None:
    """Two that append to one mbox would wait for each other."""
    both = [
        steps(make_plan(("file", f"mbox:{box.home}/old.mbox", "")), Message.from_bytes(RAW % number), str(box.home))
        for number in range(2)
    ]
    assert [outcome.status for outcome in together(both, each)] == [DELIVERED, DELIVERED]
    assert (box.home / "old.mbox").read_bytes().count(b"\nSubject: ") == 2


def test_one_that_is_dropped_takes_its_copy_back(box: Box) -> None:
    delivery = filed(box, 0)
    next(delivery)
    assert box.residue()
    delivery.close()
    assert not box.residue() and not box.visible()


def test_telling_and_sending_are_done_without_a_stop(box: Box) -> None:
    plan = make_plan(("file", "Lists", ""))
    plan.actions.append(Action("notify", arguments=("/bin/true",), rule="r"))
    delivery = steps(plan, Message.from_bytes(RAW % 0), str(box.home))
    with pytest.raises(StopIteration) as end:
        next(delivery)
    assert end.value.value.status is DELIVERED
