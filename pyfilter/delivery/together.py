"""Deliveries that wait for the disk: one alone, or several that share the waiting.

In: *steps*, a generator that yields the descriptor of a file or directory wherever that must be on disk before it goes
on, and gives an outcome in the end. What the disk answers comes to it: an error is raised where it waits.

- Nothing else is shared. Each has the answer about its own descriptor, and goes on as if it was alone.
- A directory that several wait for is brought to disk once: all of their names stand in it.

Source: fsync(2).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import TypeVar

    Result = TypeVar("Result")
    Steps = Generator[int, None, Result]
    # the descriptors that could not be brought to disk, each with its error
    Failures = dict[int, OSError]

__all__ = ["Steps", "alone", "each", "together"]


def alone(steps: Steps[Result]) -> Result:
    """Run them to their end."""
    try:
        descriptor = next(steps)
        while True:
            try:
                os.fsync(descriptor)
            except BaseException as error:  # that of a signal, too, is the business of who waits
                descriptor = steps.throw(error)
            else:
                descriptor = next(steps)
    except StopIteration as end:
        result: Result = end.value
        return result


def together(all_steps: Sequence[Steps[Result]], sync: Callable[[list[int]], Failures]) -> list[Result]:
    """Run them side by side; their outcomes in the same order. ``sync`` brings descriptors to disk: ``each``, or what
    does the same in another way."""
    results: dict[int, Result] = {}
    waiting: dict[int, int] = {}
    failures: Failures = {}
    going = dict(enumerate(all_steps))
    while going:
        for number, steps in list(going.items()):
            error = failures.get(waiting.pop(number, -1))
            try:
                waiting[number] = next(steps) if error is None else steps.throw(error)
            except StopIteration as end:
                results[number] = end.value
                del going[number]
        failures = _shared(list(waiting.values()), sync)
    return [results[number] for number in range(len(all_steps))]


def _shared(descriptors: list[int], sync: Callable[[list[int]], Failures]) -> Failures:
    """Sync each file once, and tell everybody who waits for it."""
    by_file: dict[tuple[int, int], list[int]] = {}
    for descriptor in descriptors:
        found = os.fstat(descriptor)
        by_file.setdefault((found.st_dev, found.st_ino), []).append(descriptor)
    failures = sync([same[0] for same in by_file.values()])
    if failures:
        for same in by_file.values():
            if same[0] in failures:
                failures |= dict.fromkeys(same, failures[same[0]])
    return failures


def each(descriptors: list[int]) -> Failures:
    """One after the other."""
    failures = {}
    for descriptor in descriptors:
        try:
            os.fsync(descriptor)
        except OSError as error:
            failures[descriptor] = error
    return failures
