"""Which promises a Run of a sweep has broken, and how many did.

``CHECKS`` is the table: a figure of tables.py, and the Run that counts for it. ``broken`` tells of each Run that has
one of ``NEVER``; tests demand that it tells nothing. ``figures`` is a row of the page.

- **bounced**: an exit status that Postfix returns mail for, or words to a sender that are not ours.
- **lost**: status 0, and the message is not where the rules put it, nor whole in the inbox or where the deliverer turns
  to; a program that got it counts as its place.
- **unsure**: status 0, although the system said that contents or name could not be brought to disk.
- **partial**: a reader sees a part of it. An mbox, which has no other place to write to, is looked at after the retry.
- **twice**: copies in one place after the retry; **never**: not all there after it. **sent_twice**: a program or an
  address got it again.
- **window**: the mail will be tried again, and a copy is visible already.

``undurable`` reads the trace of a delivery: is everything on disk before it is visible, and its name before the end?
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from .deliverers import Ended
from .scenarios import FALLBACK, SCENARIOS
from .sweep import Run

__all__ = ["CHECKS", "NEVER", "broken", "figures", "refiled", "undurable"]

POSTPONED = b"4.3.0 delivery postponed\n"
REFUSED = b"5.7.1 no cron jobs here\n"
LONGEST_SECONDS = 5

# what each status may say to a sender
WORDS = {0: (b"",), 75: (POSTPONED, b""), 77: (REFUSED,)}

# the places that a reader looks after
FOLDERS = frozenset(place for scenario in SCENARIOS.values() for place in scenario.places) - {"mbox", "mh", "sent"}

# a call that brings mail to disk, or the last word on what was written; the list of subscriptions is no mail
TO_DISK = re.compile(
    r"(?:fsync|fdatasync)\(\d+<(?![^>]*subscriptions)[^>]*/(Maildir|Mail)/|close\(\d+<(?![^>]*subscriptions)[^>]*/tmp/\d"
)


def _bounced(run: Run) -> bool:
    return any(_bounces(end, run.scenario.status) for end in (run.ended, run.again) if end is not None)


def _bounces(end: Ended, wanted: int) -> bool:
    if end.status < 0:
        return bool(end.output)  # a dying C library may complain; the signal defers the mail all the same
    return end.status not in (0, 75, wanted) or end.output not in WORDS.get(end.status, (b"",)) or bool(end.complaints)


def _lost(run: Run) -> bool:
    if run.ended.status != 0:
        return False
    copies = run.seen.copies
    if copies["."] or copies[FALLBACK]:
        return False
    return not run.scenario.places or not all(copies[place] for place in run.scenario.places)


def _unsure(run: Run) -> bool:
    if run.fault.error == "EINTR" and "fsync(" in run.struck:  # the interpreter calls it again (PEP 475)
        return False
    return run.ended.status == 0 and bool(run.fault.error) and TO_DISK.search(run.struck) is not None


def _partial(run: Run) -> bool:
    return bool(run.finally_seen.partial or (run.seen.partial and "mbox" not in run.scenario.places))


def _twice(run: Run) -> bool:
    return any(count > 1 for place, count in run.finally_seen.copies.items() if place != "sent")


def _never(run: Run) -> bool:
    if run.again is None:
        return False
    copies = run.finally_seen.copies
    return run.again.status != run.scenario.status or not all(copies[place] for place in run.scenario.places)


CHECKS: Mapping[str, Callable[[Run], bool]] = {
    "delivered": lambda run: run.ended.status == 0,
    "deferred": lambda run: run.ended.fate == "deferred",
    "bounced": _bounced,
    "lost": _lost,
    "unsure": _unsure,
    "partial": _partial,
    "window": lambda run: run.ended.fate == "deferred" and any(run.seen.copies.values()),
    "twice": _twice,
    "sent_twice": lambda run: run.finally_seen.copies["sent"] > 1 or run.finally_seen.replies > 1,
    "never": _never,
    "hung": lambda run: run.seconds > LONGEST_SECONDS,
    "left": lambda run: run.finally_seen.left > 0,
}
NEVER = ("bounced", "lost", "unsure", "partial", "twice", "never", "hung")


def broken(runs: Iterable[Run], never: Iterable[str] = NEVER) -> list[str]:
    """One sentence for each run that broke a promise."""
    return [
        f"{', '.join(names)}: {run.scenario.name}, {run.point}, {run.fault}: {run}"
        for run in runs
        if (names := [name for name in never if CHECKS[name](run)])
    ]


def figures(runs: list[Run]) -> dict[str, int]:
    """How many runs, and how many of them count for each check."""
    counts = {name: sum(map(check, runs)) for name, check in CHECKS.items()}
    return {"calls": len({run.point for run in runs}), "runs": len(runs)} | counts


def refiled(runs: Iterable[Run]) -> int:
    """How many retries have made a copy in a Maildir again, the first one having been taken away by a reader."""
    return sum(
        run.reader == "takes it away"
        and any(run.finally_seen.copies[place] for place in FOLDERS & {*run.scenario.places})
        for run in runs
    )


def undurable(trace: Iterable[str]) -> list[str]:
    """What the trace of a delivery (strace -y) leaves to the kernel's good will."""
    dirty: set[str] = set()  # files with contents that are not on disk
    names: set[str] = set()  # directories with a name that is not
    found = []
    for line in trace:
        call = re.sub(r"^\d+ +", "", line)
        if " = -1 " in call:
            continue
        if match := re.match(r"write\(\d+<([^>]*/(?:Maildir/(?:.*/)?tmp|Mail)/[^>]*(?<!\.lock))>", call):
            dirty.add(match[1])
        elif match := re.match(r"f(?:data)?sync\(\d+<([^>]*)>", call):
            dirty.discard(match[1])
            names.discard(match[1])
        elif match := re.match(
            r'(?:linkat|renameat)\(\d+<([^>]*)>, "([^"]*)", \d+<([^>]*)>, "(?:(new|cur)/)?([^"]*)"', call
        ):
            source = f"{match[1]}/{match[2]}"
            if match[4] or match[5].isdigit():
                names.add(f"{match[3]}/{match[4]}" if match[4] else match[3])
                if source in dirty:
                    found.append(f"{source} is visible before its contents are on disk")
    found += [f"{path}: its contents are not on disk at the end" for path in sorted(dirty)]
    found += [f"{path}: its new name is not on disk at the end" for path in sorted(names)]
    return found
