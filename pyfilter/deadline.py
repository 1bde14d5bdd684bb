"""The time of one delivery: an alarm that ends it while the mail is not filed, and what is left behind that.

Postfix bounces mail at a deadline of its own, so SIGALRM ends a delivery before that, which defers the mail. Once a
copy is visible, such an end would bring the mail again. So the alarm goes through these states:

======= ==========================================================================================
begin   it comes in so many seconds; the first ``begin`` has the time of all, and no later one a longer
publish copies become visible: it comes when the time of all is over, as the launcher's does
filed   it comes no more; what is still to do (telling, remembering) keeps within ``left``
======= ==========================================================================================

A process that never began (library.py) has no alarm of ours, none of its own is touched, and its time is endless.

CPU is watched while a message is decided about, between ``watch`` and ``unwatch``, and only there. TooMuchWork comes
out of whatever runs then, and once more for each further second, should something have caught it: a message that
takes its time must not come back for days and bounce in the end, so the delivery keeps it. Code that does not return
to Python is ended by the launcher's limit (launcher/limits.c), which defers.

Sources: alarm(2), setitimer(2).
"""

from __future__ import annotations

import time
from _signal import (
    ITIMER_PROF,
    SIG_DFL,
    SIG_UNBLOCK,
    SIGALRM,
    SIGPROF,
    alarm,
    pthread_sigmask,
    setitimer,
    signal,
)

from pyfilter import limits

__all__ = ["TooMuchWork", "begin", "begin_anew", "filed", "left", "publish", "unwatch", "watch"]

# whether SIGALRM, and SIGPROF, do what they should in this process
_is_set = False
_is_ready = False
# whether TooMuchWork may come
_is_watched = False
# of the monotonic clock: when the time of all ends, and that of the last `begin`; 0 where there was none
_end = 0.0
_until = 0.0


class TooMuchWork(Exception):
    """Deciding about one message took more CPU than limits.DECISION_CPU_SECONDS; the text says so."""


def begin(seconds: int) -> None:
    """End this process in ``seconds``, whatever a caller made of SIGALRM."""
    global _end, _until, _is_set
    if not _is_set:
        signal(SIGALRM, SIG_DFL)
        pthread_sigmask(SIG_UNBLOCK, [SIGALRM])  # a caller may have left it blocked, and then it would end nothing
        _is_set = True
    now = time.monotonic()
    _end = _end or now + seconds
    _until = min(now + seconds, _end)
    alarm(max(1, int(_until - now)))


def begin_anew(seconds: int) -> None:
    """The time of all begins: of the next delivery of a process that stays."""
    global _end
    _end = 0.0
    begin(seconds)


def publish() -> None:
    """Copies become visible from here on: a short deadline of the user's must not come between two of them."""
    if _end:
        alarm(max(1, int(_end - time.monotonic())))


def filed() -> None:
    """All copies are where they should be: no alarm any more."""
    if _end:
        alarm(0)


def left() -> float:
    """Seconds until the deadline, or until limits.FAREWELL_SECONDS before the launcher's, whichever comes first."""
    if not _end:
        return float("inf")
    return min(_until, _end - limits.FAREWELL_SECONDS) - time.monotonic()


def watch() -> None:
    """From here on, raise TooMuchWork after limits.DECISION_CPU_SECONDS of CPU."""
    global _is_ready, _is_watched
    if not _is_ready:
        signal(SIGPROF, _too_much)
        pthread_sigmask(SIG_UNBLOCK, [SIGPROF])
        _is_ready = True
    _is_watched = True
    setitimer(ITIMER_PROF, limits.DECISION_CPU_SECONDS, 1)


def unwatch() -> None:
    """TooMuchWork comes no more."""
    global _is_watched
    _is_watched = False  # first of all: a signal may be on its way
    setitimer(ITIMER_PROF, 0)


def _too_much(number: int, frame: object) -> None:
    if _is_watched:
        raise TooMuchWork(f"the rules took over {limits.DECISION_CPU_SECONDS} seconds of CPU")
