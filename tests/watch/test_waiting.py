"""Which message comes next, and when what was put off comes again."""

from __future__ import annotations

from pyfilter import limits
from pyfilter.watch.waiting import Waiting

HERE, THERE = b"/here", b"/there"


def taken(waiting: Waiting, now: float = 0.0) -> list[tuple[bytes, bytes]]:
    found = []
    while (message := waiting.next(now)) is not None:
        found.append(message)
    return found


def test_they_come_in_the_order_they_were_seen_and_each_once() -> None:
    waiting = Waiting()
    waiting.see(HERE, b"2.x")
    waiting.see_all(HERE, [b"3.x", b"2.x", b"1.x"])
    waiting.see(THERE, b"2.x")
    waiting.see(HERE, b"2.x,U=5")
    assert taken(waiting) == [(HERE, b"2.x"), (HERE, b"1.x"), (HERE, b"3.x"), (THERE, b"2.x")]
    waiting.see(HERE, b"2.x")
    assert taken(waiting) == [], "what is being filed is not to be filed again"


def test_what_begins_with_a_dot_is_no_message() -> None:
    waiting = Waiting()
    waiting.see_all(HERE, [b".nfs0001", b".1.x"])
    assert taken(waiting) == []


def test_what_stays_is_not_asked_about_until_it_has_gone() -> None:
    waiting = Waiting()
    waiting.stay(HERE, [b"1.x"])
    waiting.see_all(HERE, [b"1.x,U=5", b"2.x", b"3.x"])
    assert taken(waiting) == [(HERE, b"2.x"), (HERE, b"3.x")]
    waiting.settle(HERE, b"2.x", "kept", 0.0)
    waiting.settle(HERE, b"3.x", "left", 0.0)
    waiting.see_all(HERE, [b"1.x", b"2.x", b"3.x"])
    assert taken(waiting) == []
    assert waiting.left == 1
    waiting.see_all(THERE, [])
    waiting.see_all(HERE, [])
    waiting.see_all(HERE, [b"2.x"])
    assert taken(waiting) == [(HERE, b"2.x")]


def test_what_is_put_off_comes_again_later_and_later_behind_what_is_new() -> None:
    waiting = Waiting()
    waiting.see(HERE, b"1.x")
    now, pauses = 0.0, []
    for _ in range(9):
        assert waiting.next(now) == (HERE, b"1.x")
        waiting.settle(HERE, b"1.x", "deferred", now)
        assert waiting.later == 1
        pauses.append(waiting.due - now)
        waiting.see_all(HERE, [b"1.x"])
        assert waiting.next(waiting.due - 0.1) is None
        now = waiting.due
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert limits.WATCH_AGAIN_MOST_SECONDS == 900
    waiting.see(HERE, b"2.x")
    assert taken(waiting, now) == [(HERE, b"2.x"), (HERE, b"1.x")]
    waiting.settle(HERE, b"1.x", "filed", now)
    assert (waiting.later, waiting.due, len(waiting)) == (0, float("inf"), 0)


def test_what_was_filed_or_is_gone_may_come_again() -> None:
    waiting = Waiting()
    for word in ("filed", "gone"):
        waiting.see(HERE, b"1.x")
        assert taken(waiting) == [(HERE, b"1.x")]
        waiting.settle(HERE, b"1.x", word, 0.0)
    assert waiting.left == 0
