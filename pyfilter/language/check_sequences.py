"""`action` and `do`: sequences of actions with a name, put in where `do NAME` stands.

A sequence holds actions and nothing else; a condition belongs to the rules that use it. Its actions are judged at
each use, since what their texts insert depends on the rule: captures of the rule hold in them. What is wrong
with them in every rule is reported once, whether a rule uses them or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pyfilter import limits
from pyfilter.language.check_circles import in_order
from pyfilter.language.check_names import Names
from pyfilter.language.check_order import Order
from pyfilter.language.check_report import Report, first_word, nearest
from pyfilter.language.tree import Action, ActionDefinition, Broken, Define, Item, Let, ListDefinition, Rule, When, Word

__all__ = ["Sequences"]

# what a name stands for if it is no sequence -> how it is used
_OTHERS: dict[type, str] = {
    ListDefinition: "`{name}` is a list: write `in {name}` in a condition",
    Let: "`{name}` is a text: write `{{{name}}}` in a text",
    Define: "`{name}` is a condition: write `when {name}`",
}


class Sequences:
    def __init__(self, names: Names, report: Report) -> None:
        self.names = names
        self.report = report
        self._made: dict[str, tuple[Action, ...]] = {}
        self._inserted = 0

    def check(self, judge: Callable[[Action], object], misplaced: Callable[[Item, str], None]) -> None:
        """Judge all of them, used or not: ``judge`` their actions, ``misplaced`` what stands in no sequence."""
        defined = {name: found for name, found in self.names.defined.items() if isinstance(found, ActionDefinition)}
        made_of = {name: set(_done(node.body)) & defined.keys() for name, node in defined.items()}
        for name in in_order(made_of, lambda name: defined[name].name.span, self.report):
            node = defined[name]
            order = Order(self.report)
            made: list[Action] = []
            for statement, by in self.flat(node.body):
                if isinstance(statement, Action):
                    order.take(statement, by)
                    made.append(statement)
                    if by is None:
                        judge(statement)
                else:
                    self._foreign(name, statement, misplaced)
            if not node.body:
                self.report.add(
                    "E302",
                    f"action `{name}` does nothing",
                    node.name.span,
                    "no action in it",
                    'say what to do: `file into "Folder"`, or `keep` for the inbox',
                )
            if len(made) > limits.SEQUENCE_ACTIONS:
                self.report.add(
                    "E209",
                    f"action `{name}` grows too long",
                    node.name.span,
                    f"{len(made):,} actions",
                    f"with those it does by `do` it has at most {limits.SEQUENCE_ACTIONS}",
                )
                made = []
            self._made[name] = tuple(made)

    def flat(self, body: Iterable[Item], *, counted: bool = False) -> Iterator[tuple[Item, Action | None]]:
        """The statements, each `do` replaced by what it does, and the `do` that brought it in. ``counted``: they
        become a part of the Program, which has its limits."""
        for statement in body:
            if not (isinstance(statement, Action) and statement.verb == "do"):
                yield statement, None
                continue
            for action in self._named(statement, counted):
                yield action, statement

    def _named(self, node: Action, counted: bool) -> tuple[Action, ...]:
        word = node.arguments[0]
        assert isinstance(word, Word)
        if not isinstance(self.names.defined.get(word.name), ActionDefinition):
            self._unknown(word)
            return ()
        made = self._made.get(word.name, ())
        self._inserted += len(made) if counted else 0
        if counted and self._inserted > limits.DONE_ACTIONS:
            self.report.add(
                "E209",
                "actions do each other without measure",
                node.span,
                "",
                f"all that `do` inserts together is at most {limits.DONE_ACTIONS:,} actions",
            )
            return ()
        return made

    # ------------------------------------------------------------------ what is wrong

    def _unknown(self, word: Word) -> None:
        name = word.name
        if self.names.unread(name):
            return
        sequences = [known for known, found in self.names.defined.items() if isinstance(found, ActionDefinition)]
        other = self.names.defined.get(name)
        guess = nearest(name, sequences)
        if other is not None:
            help = _OTHERS[type(other)].format(name=name)
        elif guess:
            help = f"did you mean `do {guess}`?"
        else:
            help = f'define it: `action {name} {{ mark read; file into "Archive" }}`'
        self.report.add("E225", f"there is no action `{name}`", word.span, "nothing defines it", help)

    def _foreign(self, name: str, statement: Item, misplaced: Callable[[Item, str], None]) -> None:
        if isinstance(statement, Broken):
            return
        if isinstance(statement, When):
            self.report.add(
                "E309",
                "`when` stands inside a rule",
                first_word(statement.span, "when"),
                "inside an action here",
                f"write it in the rules that `do {name}`",
            )
        elif isinstance(statement, Rule):
            self.report.add(
                "E309",
                "a rule stands outside of actions",
                statement.head,
                "inside an action here",
                f"move it out, and write `do {name}` in the rule",
            )
        else:
            misplaced(statement, "inside an action here")


def _done(body: Iterable[Item]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, Action) and statement.verb == "do":
            word = statement.arguments[0]
            if isinstance(word, Word):
                yield word.name
