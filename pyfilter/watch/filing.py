"""One message of a watched Maildir, from its file to the log: what a delivery does (delivering.py), and then the file
is taken away, or stays.

In: the Maildir, the name seen in its new/, the home, the rules. Out: a Result.

- The file is there until every copy is durable. A kill in between leaves both, and the next attempt finds the copies
  by the journal (delivery/journal.py), as with a mail server's retry.
- Within the Maildir of `set maildir` (in place) mail may stay where it lies (standing.py), which is marked (marks.py).
  What pyfilter filed itself, and what somebody has put back there, stays, too, and no rule is asked.
- Flags that its name has it keeps: mbsync brings them along.
- The envelope is what the message itself says above its first Received (message/envelope.py).

========= ===================================================================
filed     done, and not here any more
kept      done, and here
gone      somebody has read it, or taken it away
deferred  not done; again later
left      not to be done: it cannot be read, or could not be taken away
========= ===================================================================

Raises what nobody foresaw: the message waits.
"""

from __future__ import annotations

import os
import time

from pyfilter import deadline, delivering, limits, log
from pyfilter.delivery.execute import execute
from pyfilter.delivery.failures import Refused, explain
from pyfilter.engine.plan import FILING, Plan
from pyfilter.language.files import check_home
from pyfilter.language.loading import Loaded
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.server.rulebook import Rulebook
from pyfilter.status import DEFERRED, DELIVERED, Outcome
from pyfilter.watch import names
from pyfilter.watch.marks import FILE, FILED, KEPT, Marks, digest_of
from pyfilter.watch.original import Gone, Original, Unread
from pyfilter.watch.standing import Standing, inbox_of, standing, without_reject

__all__ = ["RESULTS", "Result", "file"]

RESULTS = ("filed", "kept", "gone", "deferred", "left")

# answered, flagged, draft, passed on, seen: maildir(5)
KEPT_FLAGS = frozenset("RFDPS")


class Result:
    """``word``: one of RESULTS; ``why``: of what was left, or could not be read, one sentence."""

    __slots__ = ("why", "word")

    def __init__(self, word: str, why: str = "") -> None:
        self.word = word
        self.why = why


def file(maildir: bytes, name: bytes, home: str, rulebook: Rulebook) -> Result:
    """File the message that was seen as ``name`` in the new/ of ``maildir``, a real path."""
    started = time.monotonic()
    deadline.begin_anew(limits.DEADLINE_SECONDS)
    try:
        check_home(home)
        loaded = rulebook.read()
        in_place = _is_in_place(maildir, inbox_of(loaded.settings, home))
        if in_place and names.is_own(name):
            return Result("kept")
        with Original(maildir, name) as original:
            return _filed(original, maildir, name, home, loaded, in_place, started)
    except Gone:
        return Result("gone")
    except Unread as error:
        return Result("left", str(error))
    except (OSError, Refused) as error:
        log.write(f"{DEFERRED.word}: {os.fsdecode(maildir + b'/new/' + name)}: {explain(error)}", home)
        return Result("deferred")
    finally:
        deadline.filed()


def _is_in_place(maildir: bytes, inbox: bytes) -> bool:
    return maildir == inbox or maildir.startswith(inbox + b"/")


def _filed(
    original: Original, maildir: bytes, name: bytes, home: str, loaded: Loaded, in_place: bool, started: float
) -> Result:
    setting = str(loaded.settings["log"] or "")
    if not original.can_be_removed():
        return Result("left", "files cannot be taken away from here")
    message = Message.from_bytes(original.raw)
    unique = names.key(name)
    digest = digest_of(message)
    if in_place or os.path.lexists(os.path.join(home, FILE)):
        with Marks(home) as marks:
            became = marks.became(maildir, unique)
            if became == KEPT:
                return Result("kept")
            if became == FILED:
                return _removed(original)
            if in_place and marks.was_here(maildir, digest):
                marks.mark(maildir, unique, digest, KEPT)
                log.write(f"{delivering.identity(message)}: left where it lies: it was here before", home, setting)
                return Result("kept")
    deadline.begin(max(1, int(float(str(loaded.settings["deadline"])) - (time.monotonic() - started))))
    plan = delivering.plan_of(message, Envelope.of_archive(message), loaded)
    without_reject(plan)
    _keep_flags(plan, names.flags(name))
    stand = standing(plan, maildir, home) if in_place else Standing(False, "", plan, [])
    plan.notes += stand.notes
    outcome = Outcome(DELIVERED) if stand.rest is None else execute(stand.rest, message, home, maildir + b"/" + unique)
    result = Result("deferred")
    if outcome.status is DELIVERED:
        result = _settled(original, stand, maildir, unique, digest, home, in_place, plan.notes)
    delivering.tell(plan, message, outcome, loaded, home, started)
    return result


def _keep_flags(plan: Plan, letters: str) -> None:
    """What was flagged on the server is flagged in its folder; a mark for deletion is not for what is filed."""
    own = set(letters) & KEPT_FLAGS
    for action in plan.actions:
        if own and action.verb in FILING:
            action.flags = "".join(sorted({*action.flags, *own}))


def _settled(
    original: Original,
    stand: Standing,
    maildir: bytes,
    unique: bytes,
    digest: bytes,
    home: str,
    in_place: bool,
    notes: list[str],
) -> Result:
    """What becomes of the file, now that all else is done."""
    if in_place:
        with Marks(home) as marks:
            notes += filter(None, [marks.mark(maildir, unique, digest, KEPT if stand.stays else FILED)])
    if stand.stays:
        if stand.flags and not original.flag(stand.flags):
            notes.append("it had gone before it got its flags")
        return Result("kept")
    result = _removed(original)
    if result.word == "gone":
        notes.append("its file had gone meanwhile")
    elif result.word == "left" and not in_place:
        with Marks(home) as marks:
            notes += filter(None, [marks.mark(maildir, unique, digest, FILED)])
    return result


def _removed(original: Original) -> Result:
    try:
        return Result("filed") if original.remove() else Result("gone")
    except OSError as error:
        return Result("left", f"it is filed, but cannot be taken away: {error.strerror}")
