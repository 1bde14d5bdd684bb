"""What an action hands to somebody else: forward, copy-to, pipe, reply and notify in the plan.

`forward` needs a decision without unknowns above it. An address that comes of a message must be exactly one; where it
is not, nothing is sent: `forward` becomes `keep`, `copy to` goes on without it. One message goes to so many addresses
at most (`set max-redirects`); where one more would be needed it is kept. Notes tell of each.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.engine.acts import keep, taken
from pyfilter.engine.holes import address, argument, line, paragraphs, sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyfilter.engine.evaluate import Run
    from pyfilter.engine.plan import Action

    Tuple = tuple[Any, ...]

__all__ = ["ACTS", "program"]


def _forward(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    instead = ("keep", action[2])
    if run.undecided(made):
        return keep(run, rule, instead, made)
    found, wrong = _addresses(run, action[1], made)
    if not wrong:
        wrong = _too_many(run, found)
    if wrong:
        run.plan.notes.append(f'kept instead of forwarded by rule "{made.rule}": {wrong}')
        made.verb = "keep"
        return keep(run, rule, instead, made)
    run.sent |= set(map(str.lower, found))
    made.arguments = tuple(found)
    run.add(made)
    return taken(run, rule, made, not action[2])


def _copy(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    found, wrong = _addresses(run, action[1], made)
    if not wrong:
        wrong = _too_many(run, found)
    if wrong:
        run.plan.notes.append(f'no copy is sent by rule "{made.rule}": {wrong}')
        return False
    run.sent |= set(map(str.lower, found))
    made.arguments = tuple(found)
    run.add(made)
    return False


def _addresses(run: Run, templates: Tuple, made: Action) -> tuple[list[str], str]:
    """The addresses, and what is wrong with one of them."""
    found: dict[str, str] = {}
    for template in templates:
        text, instead = address(template, run.case)
        if text is None:
            return [], f"{instead!r} is not one address"
        found.setdefault(text.lower(), text)
    return list(found.values()), ""


def _too_many(run: Run, found: list[str]) -> str:
    most: Any = run.plan.settings.get("max-redirects", 4)
    if len(run.sent | set(map(str.lower, found))) <= most:
        return ""
    return f"one message is sent to at most {most} addresses (`set max-redirects`)"


def _pipe(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.arguments = program(run, action[1])
    run.add(made)
    return taken(run, rule, made, not action[2])


def _notify(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    made.arguments = program(run, action[1])
    run.add(made)
    return False


def program(run: Run, templates: Tuple) -> tuple[str, ...]:
    """The program and its arguments, filled; notes tell what was taken away."""
    made = []
    for template in templates:
        text, note = argument(template, run.case)
        made.append(text)
        if note:
            run.plan.notes.append(note)
    return tuple(made)


def _reply(run: Run, rule: Tuple, action: Tuple, made: Action) -> bool:
    _, text, path, subject, every, _, _ = action
    if path is None:
        made.text = paragraphs(text, run.case, limits.REPLY_CHARACTERS)
    else:
        made.arguments = (path,)
    if subject is not None:
        made.subject = line(sentence(subject, run.case, limits.SUBJECT_CHARACTERS), limits.SUBJECT_CHARACTERS)
    made.every = every
    run.add(made)
    return False


ACTS: dict[str, Callable[[Run, Tuple, Tuple, Action], bool]] = {
    "forward": _forward,
    "copy-to": _copy,
    "pipe": _pipe,
    "reply": _reply,
    "notify": _notify,
}
