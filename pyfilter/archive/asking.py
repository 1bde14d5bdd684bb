"""Who answers the engine's questions in a replay: nobody outside, unless the caller wants that.

In: the Question of a message under way. Out: the world's answer (services/answers.py); for the kinds that ask
beyond this machine's files (answers.OUTSIDE):

- without ``scan``, or for programs ``run``, an Unknown that says so (UNASKED); no required service puts a message off
  for that;
- of the memory of deliveries, No: most of an archive was delivered once, and would be a duplicate of itself. Nor is a
  message that comes twice in one replay: what comes of a message must not depend on those before it;
- with ``scan`` what the scanner said of the same message before (services/verdicts.py), else what it says now. One that
  failed limits.SCANNER_FAILURES times in a row is asked no more.

``unasked`` and ``unanswered`` tell of the message that ``begin`` began: the kinds that were not asked, and why those
that were could not say.

The clock says now, for a whole replay, or the moment that is supposed (``now``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyfilter import limits
from pyfilter.engine.questions import Unknown
from pyfilter.message.verdict import Verdict
from pyfilter.services import answers

if TYPE_CHECKING:
    from pyfilter.engine.questions import Question
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message
    from pyfilter.services.clock import Shown
    from pyfilter.services.verdicts import Verdicts

__all__ = ["PROGRAMS", "SCANNERS", "UNASKED", "Asking"]

# kinds that answer with a Verdict
SCANNERS = frozenset({"spamd", "rspamd"})

# kind -> what is said in the place of its answer
UNASKED = {
    "spamd": "spamd was not asked: --scan asks it",
    "rspamd": "rspamd was not asked: --scan asks it",
    "dkim": "DKIM signatures were not verified: --scan does",
    "command": "no program was asked: --run-commands runs them",
    "pass": "nothing was passed through a program: --run-commands does",
    "lister": "no program was asked for a list: --run-commands does",
}

# kind that runs a program of the rules -> how that is named
PROGRAMS = {
    "command": "a program",
    "pass": "a program that changes the message",
    "lister": "a program that fills a list",
}


class Asking:
    """``scan``: may scanners and DNS be asked? ``run``: may programs be run? ``kept``: verdicts of earlier replays, and
    for later ones. ``now``: what the clock shows; None: the moment it is."""

    def __init__(
        self, *, scan: bool = False, run: bool = False, kept: Verdicts | None = None, now: Shown | None = None
    ) -> None:
        self.unasked: list[str] = []
        self.unanswered: list[str] = []
        self._scan = scan
        self._run = run
        self._kept = kept
        self._now = now
        self._failures = dict.fromkeys(SCANNERS, 0)  # in a row

    def begin(self) -> None:
        """What is asked from here on belongs to another message."""
        self.unasked, self.unanswered = [], []

    def answer(self, question: Question, message: Message, envelope: Envelope, settings: dict[str, object]) -> object:
        """What ``Rules.decide`` calls."""
        kind = question.kind
        if kind == "clock" and self._now is not None:
            return self._now
        if kind not in answers.OUTSIDE:
            return answers.answer(question, message, envelope, settings)
        if kind == "seen":
            return False
        if not (self._run if kind in PROGRAMS else self._scan):
            self.unasked.append(kind)
            return Unknown(UNASKED[kind], asked=False)
        found = (
            self._scanned(question, message, envelope, settings)
            if kind in SCANNERS
            else answers.answer(question, message, envelope, settings)
        )
        if isinstance(found, Unknown):
            self.unanswered.append(found.why)
        return found

    def _scanned(self, question: Question, message: Message, envelope: Envelope, settings: dict[str, object]) -> object:
        kind = question.kind
        most = settings[f"{kind}.max-size"]
        kept = self._kept
        # of a message that is too large today an earlier verdict says nothing: a delivery would not scan it
        if kept is not None and isinstance(most, int) and len(message.raw) <= most:
            earlier = kept.find(kind, message.raw, envelope, settings)
            if earlier is not None:
                return earlier
        if self._failures[kind] >= limits.SCANNER_FAILURES:
            return Unknown(f"{kind} is not asked any more: it failed {limits.SCANNER_FAILURES} times in a row")
        found = answers.answer(question, message, envelope, settings)
        if isinstance(found, Verdict):
            self._failures[kind] = 0
            if kept is not None:
                kept.keep(kind, message.raw, envelope, settings, found)
        else:
            self._failures[kind] += 1
        return found
