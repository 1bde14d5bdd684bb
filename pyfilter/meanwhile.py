"""What becomes of mail while there are errors in the rules: `set broken-rules`.

In: what was loaded, the message, its envelope. Out: a Plan, never a bounce. Where mail is filed or kept, the problem
stands in its header (PROBLEM_HEADER) and in the log.

========= ===========================================================================================
last-good the last rules that checked decide (language/last_good.py); where there are none, as `inbox`
inbox     kept
defer     a temporary failure
========= ===========================================================================================

Of what the last good rules say only `file into`, `keep` and `mark` is done: their owner was at changing them. What else
files the message, takes it or hands it on (INSTEAD) becomes `keep`; what answers, tells, logs or changes the header is
left out. They may ask scanners and lists in files; programs they do not run, and what would depend on one is unknown.
"""

from __future__ import annotations

from pyfilter.agent import PROBLEM_HEADER, decide
from pyfilter.engine.plan import INBOX, Action, Plan
from pyfilter.engine.questions import Question, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.agent import Answer
    from pyfilter.language.loading import Loaded
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

__all__ = ["meanwhile", "unfiltered", "what_becomes_of_mail"]

# verbs that are done as they are
DONE = frozenset({"file", "keep", "mark", "unmark"})
# verbs in whose place the message is kept
INSTEAD = frozenset({"copy", "forward", "copy-to", "pipe", "discard", "reject", "defer"})
# kinds of questions for whose answer a program would run
PROGRAMS = frozenset({"command", "pass", "lister"})

BY_LAST_GOOD = "the last rules without errors decide; they file, keep and mark, and all else becomes keep"
KEPT = "mail is kept in the inbox"
WAITS = "mail waits in the queue of the mail server"


def meanwhile(loaded: Loaded, message: Message, envelope: Envelope, *, answer: Answer) -> Plan:
    """The Plan for one message while the rules do not check."""
    policy = loaded.settings["broken-rules"]
    if policy != "last-good" or loaded.last_good is None:
        plan = unfiltered(loaded.problem, loaded.settings)
        plan.envelope = envelope
        return plan

    def asked(question: Question, about: Message, between: Envelope, settings: dict[str, object]) -> object:
        if question.kind in PROGRAMS:
            return Unknown("no program is run while the rules have errors", asked=False)
        return answer(question, about, between, settings)

    return _restricted(decide(loaded.last_good, message, envelope, answer=asked), loaded.problem)


def unfiltered(problem: str, settings: dict[str, object]) -> Plan:
    """The Plan where no rules decide: the inbox, with the problem in a header; or, where the user asked for it
    (`set broken-rules = defer`), a temporary failure."""
    plan = Plan(settings)
    plan.notes.append(f"the rules do not check: {problem}")
    if settings["broken-rules"] == "defer":
        plan.outcome = "deferred"
        plan.actions.append(Action("defer", text=""))
        return plan
    plan.actions.append(Action("keep", folder=INBOX, edits=_problem(problem)))
    return plan


def what_becomes_of_mail(loaded: Loaded) -> str:
    """A sentence without a full stop, for people."""
    policy = loaded.settings["broken-rules"]
    if policy == "defer":
        return WAITS
    return BY_LAST_GOOD if policy == "last-good" and loaded.last_good is not None else KEPT


def _restricted(plan: Plan, problem: str) -> Plan:
    """``plan`` as far as it is done while the rules have errors."""
    left = dict.fromkeys(action.verb for action in plan.actions if action.verb in INSTEAD)
    actions = [action for action in plan.actions if action.verb in DONE]
    filing = [action for action in actions if action.folder is not None]
    if not filing or (left and all(action.folder != INBOX for action in filing)):
        kept = Action("keep", folder=INBOX, flags=_marks(actions), rule=plan.rule, line=plan.line, file=plan.file)
        actions.append(kept)
        filing.append(kept)
    for action in filing:
        action.edits = _problem(problem)
        action.base = None
    plan.actions = actions
    plan.outcome = "filed" if any(action.verb == "file" for action in filing) else "kept"
    notes = [f"the rules do not check: {problem}", "the last rules without errors decided"]
    notes += [f"kept instead of {verb}" for verb in left]
    plan.notes = [*notes, *plan.notes]
    return plan


def _marks(actions: list[Action]) -> str:
    """The flags that stand at the end."""
    flags: set[str] = set()
    for action in actions:
        if action.verb == "mark":
            flags.update(action.flags)
        elif action.verb == "unmark":
            flags.difference_update(action.flags)
    return "".join(sorted(flags))


def _problem(problem: str) -> tuple[tuple[str, str, str], ...]:
    return (("add", PROBLEM_HEADER, problem),)
