"""The time of one delivery: an alarm that ends it while the mail is not filed, and what is left behind that.

Postfix bounces mail at a deadline of its own, so SIGALRM ends a delivery before that, which defers the mail. Once a
copy is visible, such an end would bring the mail again. So the alarm goes through these states:

======= ==========================================================================================
begin   it comes in so many seconds
publish copies become visible: it comes limits.DEADLINE_SECONDS after the first ``begin``, as the launcher's does
filed   it comes no more; what is still to do (telling, remembering) keeps within ``left``
======= ==========================================================================================

A process that never began (library.py) has no alarm of ours, none of its own is touched, and its time is endless.

Source: alarm(2).
"""

from __future__ import annotations

import time

from pyfilter import limits

__all__ = ["begin", "filed", "left", "publish"]

# of the monotonic clock: the first `begin`, and when the last one ends; 0 where there was none
_began = 0.0
_until = 0.0


def begin(seconds: int) -> None:
    """End this process in ``seconds``, whatever a caller made of SIGALRM."""
    global _began, _until
    from _signal import SIG_DFL, SIG_UNBLOCK, SIGALRM, alarm, pthread_sigmask, signal

    signal(SIGALRM, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, [SIGALRM])  # a caller may have left it blocked, and then it would end nothing
    alarm(seconds)
    now = time.monotonic()
    _began = _began or now
    _until = now + seconds


def publish() -> None:
    """Copies become visible from here on: a short deadline of the user's must not come between two of them."""
    if _began:
        from _signal import alarm

        alarm(max(1, int(_began + limits.DEADLINE_SECONDS - time.monotonic())))


def filed() -> None:
    """All copies are where they should be: no alarm any more."""
    if _began:
        from _signal import alarm

        alarm(0)


def left() -> float:
    """Seconds until the deadline, or until limits.FAREWELL_SECONDS before the launcher's, whichever comes first."""
    if not _began:
        return float("inf")
    return min(_until, _began + limits.DEADLINE_SECONDS - limits.FAREWELL_SECONDS) - time.monotonic()
