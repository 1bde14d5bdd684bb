"""Bringing files to disk for several deliveries at once.

``Disk().sync`` takes descriptors and gives the errors of those that failed, as delivery/together.py wants it. Where
there are a few, one syncfs(2) may do for all of them what an fsync(2) does for each: the disk is asked once. But syncfs
writes whatever else waits on that file system, too, which may be much and none of ours. So it is only used while it
pays: where it takes longer than the fsyncs would have taken, these do it for a while.

After an error of syncfs, each file is asked for its own. syncfs tells a descriptor of the errors since it was opened,
or asked last: so it is always asked by the same one, which is older than what is to be synced.

Sources: syncfs(2), fsync(2). Before Linux 5.8 syncfs told no error of writing: there it is not used.
"""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Callable

from pyfilter.delivery.together import each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.together import Failures

__all__ = ["Disk"]

# of fewer, each is asked for
FEW = 3
# seconds without syncfs after one that took too long
PAUSE = 5.0
# how much one measurement counts in the mean
WEIGHT = 0.2


class Disk:
    """``syncfs``: takes a descriptor, raises OSError; None where there is none that can be believed."""

    def __init__(self, syncfs: Callable[[int], None] | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._syncfs = syncfs
        self._clock = clock
        self._one = 0.0  # seconds that one fsync takes; 0 while nobody knows
        self._not_before = 0.0
        self._askers: dict[int, int] = {}  # a descriptor on each device

    def sync(self, descriptors: list[int]) -> Failures:
        """The errors, by descriptor."""
        started = self._clock()
        syncfs = self._syncfs
        if syncfs is None or len(descriptors) < FEW or not self._one or started < self._not_before:
            failures = each(descriptors)
            if descriptors and not failures:
                self._note((self._clock() - started) / len(descriptors))
            return failures
        try:
            for asker in {self._asker(descriptor) for descriptor in descriptors}:
                syncfs(asker)
        except OSError:
            return each(descriptors)
        finished = self._clock()
        if finished - started > self._one * len(descriptors):
            self._not_before = finished + PAUSE
        return {}

    def _asker(self, descriptor: int) -> int:
        device = os.fstat(descriptor).st_dev
        if device not in self._askers:
            self._askers[device] = os.dup(descriptor)
        return self._askers[device]

    def _note(self, seconds: float) -> None:
        self._one += (seconds - self._one) * (WEIGHT if self._one else 1)


def syncfs() -> Callable[[int], None] | None:
    """That of this system."""
    if tuple(map(int, platform.release().split("-")[0].split(".")[:2])) < (5, 8):
        return None
    try:
        function = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None

    def call(descriptor: int) -> None:
        if function(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return call
