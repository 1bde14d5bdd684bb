"""What others say of a message: the spam scanner's verdict, and what was verified of the sender.

``read`` gives the values of the fields of JUDGED_FIELDS (fields.py). ``spam`` is "yes" or "no"; ``dkim``, ``spf`` and
``dmarc`` are words of RFC 8601, section 2.7, one for each result.

- ``spam`` is the verdict of the scanner that `scan` named last, else of `set spam.source`: a Question, or
  with `headers` what one's own servers wrote into the header.
- ``dkim`` is what `verify dkim` found, once it was done, else what stands in Authentication-Results.
- Headers are those of the message as it came, whatever the rules have written since. Of them only those count that a
  stranger cannot have written (message/trusted.py).
"""

from __future__ import annotations

from pyfilter.engine.fields import Unanswered
from pyfilter.engine.questions import Question
from pyfilter.message.verdict import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.engine.fields import Case
    from pyfilter.message.verdict import Verdict

__all__ = ["read", "scan", "scanner", "verify"]


def read(key: str, case: Case) -> list[str]:
    """The values of the field ``key``. Raises what ``Case.fact`` raises."""
    field, _, part = key.partition(".")
    if field == "spam":
        return _PARTS[part](_verdict(case))
    if field == "dkim" and case.verified:
        results: Any = case.fact(Question("dkim"))
        if part:
            return [domain for result, domain in results if result == "pass"]
        return [result for result, _ in results]
    from pyfilter.message import auth_results

    ids: Any = case.settings.get("trusted-authserv") or ()
    hops: Any = case.settings.get("trusted-hops", 1)
    found = auth_results.results(case.received, ids, hops, case.envelope.sender)
    return auth_results.domains(found) if part else auth_results.values(found, field)


def _verdict(case: Case) -> Verdict:
    """What the scanner says whose verdict counts now."""
    source = case.scanner or str(case.settings.get("spam.source", "spamd"))
    if source != "headers":
        answer: Any = case.fact(Question(source))
        told: Verdict = answer
        if told.skipped:
            case.notes[f"{source}: {told.skipped}"] = None
        case.verdict = told
        return told
    from pyfilter.message import spam_headers

    hops: Any = case.settings.get("trusted-hops", 1)
    found = spam_headers.verdict(case.received, hops)
    if found is None:
        why = "no spam scanner's header stands above the last Received line of your own servers"
        case.notes[why] = None
        raise Unanswered(why)
    return found


def scanner(named: str, case: Case) -> str:
    """The scanner that `scan` asks: the one it names, else that of `set spam.source`, else spamd."""
    source = named or str(case.settings.get("spam.source", "spamd"))
    return "spamd" if source == "headers" else source


def scan(named: str, case: Case) -> None:
    """Ask a scanner now: what `spam` means from here on. Raises what ``Case.fact`` raises."""
    case.scanner = scanner(named, case)
    case.forget("spam", *(f"spam.{part}" for part in _PARTS if part))
    _verdict(case)


def verify(case: Case) -> None:
    """Verify the DKIM signatures now: what `dkim` means from here on. Raises what ``Case.fact`` raises."""
    case.verified = True
    case.forget("dkim", "dkim.domain")
    case.fact(Question("dkim"))


# part of `spam` -> its values
_PARTS: dict[str, Callable[[Verdict], list[str]]] = {
    "": lambda verdict: ["yes" if verdict.spam else "no"],
    "score": lambda verdict: [number(verdict.score)],
    "threshold": lambda verdict: [] if verdict.threshold is None else [number(verdict.threshold)],
    "tests": lambda verdict: list(verdict.tests),
}
