"""The decision: Program + Message + Envelope + facts -> Plan, or a Question.

Pure: no I/O, no clock, no randomness; the same input gives the same Plan forever.

Rules are asked in order. The first rule whose actions take the message ends the filtering, once all
its actions are done; what no rule takes is kept in the inbox (the implicit keep). Conditions
have three values (Kleene): a test that could not be decided is unknown, a rule matches only on true.
An `else` rule is asked only if none of the rules it follows matched, and none of them is unknown.
`discard`, `forward` and `reject` need a decision without unknowns above them: otherwise the message is kept.

Without a trace only the rules are loaded and asked that can match (the Program's index); with one
every rule is asked. Both give the same plan. A Program may be one that is made ready for many messages (warm.py).
"""

from __future__ import annotations

from marshal import loads

from pyfilter.engine.acts import ACTS
from pyfilter.engine.fields import UNDECIDED, Asked, Case, PutOff
from pyfilter.engine.plan import FILING, INBOX, SENDING, TELLING, Action, Plan
from pyfilter.engine.questions import Facts, Question
from pyfilter.engine.relations import holds
from pyfilter.message.message import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyfilter.engine.trace import Step
    from pyfilter.language.program import Program
    from pyfilter.message.editing import Edits
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Message

    Tuple = tuple[Any, ...]

__all__ = ["Run", "candidates", "evaluate"]

# what is not done with a message that comes again
UNDONE = FILING | SENDING | TELLING


def evaluate(
    program: Program, message: Message, envelope: Envelope, facts: Facts, *, trace: bool = False
) -> Plan | Question:
    """Decide what happens to ``message``.

    Returns the Plan; or the Question whose answer is needed first: put it among ``facts`` and call
    again. With ``trace`` the plan says of each rule asked what decided it.
    """
    settings: Any = program["settings"]
    run = Run(program, Case(message, envelope, facts, settings), trace)
    try:
        run.rules()
    except Asked as asked:
        return asked.question
    except PutOff as reason:
        return run.put_off(str(reason))
    return run.finish()


class Run:
    """One evaluation under way."""

    def __init__(self, program: Program, case: Case, trace: bool) -> None:
        self.program: Any = program
        self.case = case
        self.plan = Plan(case.settings)
        self.flags = ""  # what `mark` has set so far
        self.unmarked: list[Action] = []  # what the rule under way files; its marks come when the rule ends
        self.cancelled = False  # is the implicit keep cancelled?
        self.unknown: list[str] = []  # rules above whose condition could not be decided
        self.changes: Edits = ()  # what rules have done to the header so far
        self.base: bytes | None = None  # what `pass through` made of the message
        self.passes = 0  # how often it was asked
        self.sent: set[str] = set()  # addresses that a copy is sent to
        self.owner: Tuple = ()  # the rule that last took the message
        self.final = False  # has an action ended the filtering, with others of its rule still to come?
        self.excerpts: tuple[tuple[int, str], ...] = ()
        self.steps: list[Step] | None = None
        if trace:
            excerpts: Any = program["excerpts"]
            self.excerpts = loads(excerpts)
            self.steps = self.plan.trace = []

    # ---------------------------------------------------------------- rules

    def rules(self) -> None:
        rules: tuple[bytes | Tuple, ...] = self.program["rules"]
        above: dict[int, tuple[str, bool | None]] = {}
        numbers: Any = self.asked(0)
        while numbers:
            message = self.case.message
            for number in numbers:
                rule = rules[number]
                if self.rule(loads(rule) if isinstance(rule, bytes) else rule, 0, number, above):
                    return
                if self.case.message is not message:  # others can match now
                    break
            numbers = self.asked(number + 1) if self.case.message is not message else ()

    def asked(self, first: int) -> list[int] | range:
        """The numbers of the rules to ask, from ``first`` on."""
        if self.steps is not None:
            return range(first, len(self.program["rules"]))
        return [number for number in candidates(self.program, self.case) if number >= first]

    def rule(self, rule: Tuple, depth: int, place: int, above: dict[int, tuple[str, bool | None]]) -> bool:
        """Ask one rule and do its actions. True: the filtering ends.

        ``place``: its number among the rules beside it; ``above``: {place: (name, verdict)} of those that matched
        or could not be decided. One that was not asked, or is no candidate, did not match."""
        name, number, file, condition, body, chain = rule
        for before in range(place - chain, place):
            if before in above:
                self.passed(rule, depth, *above[before])
                return False
        around = self.case.captures
        self.case.captures = dict(around)
        try:
            verdict = True if condition is None else self.judge(condition)
            if self.steps is not None:
                self.step(rule, depth, verdict)
            if verdict is not False:
                above[place] = name, verdict
            if verdict is not True:
                if verdict is None:
                    self.unknown.append(name)
                    self.plan.notes.append(
                        f'rule "{name}" ({self.file(file)}:{number}) could not be decided and was passed over'
                    )
                return False
            return self.statements(rule, body, depth)
        finally:
            self.case.captures = around

    def statements(self, rule: Tuple, body: Tuple, depth: int) -> bool:
        around, self.unmarked = self.unmarked, []
        ended = False
        above: dict[int, tuple[str, bool | None]] = {}
        for place, statement in enumerate(body):
            if statement[0] == "rule":
                if self.rule(statement[1], depth + 1, place, above):
                    ended = True
                    break  # the inner rule took the message
            elif self.act(rule, statement):
                ended = True
        # what a rule files carries the marks and the header that stand when the rule ends
        edits = self.edits() if self.unmarked else ()
        for action in self.unmarked:
            if action.verb in FILING:
                action.flags = self.flags
            action.edits = edits
            action.base = self.base
        self.unmarked = around
        return ended

    def edits(self) -> Edits:
        """What stands to be changed in the header: a scanner's verdict in the place of lines that say one, then what
        rules have done to it."""
        if self.case.verdict is None or self.case.verdict.skipped:
            return self.changes
        from pyfilter.message.verdict import REMOVED

        told = [("add", name, value) for name, value in self.case.verdict.headers()]
        return ("remove", REMOVED, ""), *told, *self.changes

    def file(self, number: int) -> str:
        name: str = self.program["files"][number]
        return name

    def step(self, rule: Tuple, depth: int, verdict: bool | None) -> None:
        from pyfilter.engine.trace import Step, reasons

        assert self.steps is not None
        captures = self.case.captures
        self.case.captures = dict(captures)  # looking again must not change what the decision captured
        why = [] if rule[3] is None else reasons(rule[3], self.judge, self.case, self.program, self.excerpts)
        self.case.captures = captures
        self.steps.append(Step(rule[0], self.file(rule[2]), rule[1], depth, verdict, why))

    def passed(self, rule: Tuple, depth: int, before: str, verdict: bool | None) -> None:
        """Note of an `else` rule that the rule ``before`` it is why it is not asked."""
        if self.steps is None:
            return
        from pyfilter.engine.trace import Step

        because = f'rule "{before}" {"matched" if verdict else "could not be decided"}'
        self.steps.append(Step(rule[0], self.file(rule[2]), rule[1], depth, False, [], because))

    # ----------------------------------------------------------- conditions

    def judge(self, condition: Tuple) -> bool | None:
        """True, False, or None for unknown (Kleene's strong logic)."""
        kind = condition[0]
        if kind == "and":
            verdict: bool | None = True
            for operand in condition[1:]:
                found = self.judge(operand)
                if found is False:
                    return False
                if found is None:
                    verdict = None
            return verdict
        if kind == "or":
            verdict = False
            for operand in condition[1:]:
                found = self.judge(operand)
                if found is True:
                    return True
                if found is None:
                    verdict = None
            return verdict
        if kind == "not":
            found = self.judge(condition[1])
            return None if found is None else not found
        if kind == "at-least":
            found_all = [self.judge(operand) for operand in condition[2:]]
            if found_all.count(True) >= condition[1]:
                return True
            return None if found_all.count(True) + found_all.count(None) >= condition[1] else False
        if kind == "score":
            from pyfilter.engine.scores import judged

            return judged(condition, self.judge).verdict
        try:
            return holds(self.case, self.program, condition)
        except UNDECIDED:
            return None

    # -------------------------------------------------------------- actions

    def act(self, rule: Tuple, action: Tuple) -> bool:
        """Put one action into the plan. True: it ends the filtering."""
        made = Action(action[0], rule=rule[0], line=action[-2], file=self.file(action[-1]))
        return ACTS[action[0]](self, rule, action, made)

    def add(self, made: Action) -> None:
        """Put ``made`` among the plan's actions."""
        self.plan.actions.append(made)
        if made.verb in FILING or made.verb in SENDING:
            self.unmarked.append(made)

    def undecided(self, made: Action) -> bool:
        """Whether ``made``, which needs certainty, must not be done; then it becomes `keep`, and a note says why."""
        if not self.unknown:
            return False
        above = ", ".join(f'"{rule}"' for rule in self.unknown)
        self.plan.notes.append(
            f'kept instead of {made.verb} by rule "{made.rule}": above it {above} could not be decided, '
            f"and {made.verb} needs certainty"
        )
        made.verb = "keep"
        return True

    def finish(self) -> Plan:
        plan = self.plan
        if not self.cancelled:
            plan.actions.append(Action("keep", folder=INBOX, flags=self.flags, edits=self.edits(), base=self.base))
            plan.outcome = "kept"
        if plan.outcome == "deferred":  # nothing is done with a message that comes again
            plan.actions = [action for action in plan.actions if action.verb not in UNDONE]
        plan.notes += self.case.notes
        plan.verdict = self.case.verdict
        return plan

    def put_off(self, reason: str) -> Plan:
        """The Plan where a service that is required could not answer: the message comes again."""
        plan = self.plan
        plan.outcome, plan.rule, plan.line, plan.file = "deferred", None, 0, ""
        plan.actions = [Action("defer", text=reason)]
        return plan


def candidates(program: Program, case: Case) -> list[int]:
    """The numbers of the top-level rules that can match, in order (index: language/program.py)."""
    index: Any = program["index"]
    numbers = set(index["always"])
    for (key, form), table in index["exact"].items():
        try:
            for value in case.formed(key, form):
                numbers.update(table.get(value, ()))
        except Unreadable:
            for rules in table.values():
                numbers.update(rules)
    for (key, form), texts in index["part"].items():
        try:
            # one text for all values: a false hit only means that a rule is asked in vain
            value = "\n".join(case.formed(key, form))
        except Unreadable:
            for _, rules in texts if isinstance(texts, tuple) else texts.items():
                numbers.update(rules)
            continue
        if isinstance(texts, tuple):
            found = [rules for text, rules in texts if text in value]
        else:
            found = [rules for _, rules in texts.iter(value)]
        for rules in found:
            numbers.update(rules)
    return sorted(numbers)
