"""`test` blocks: is there a message, does each `given` say one answer, can what is expected ever happen?

In: a ``TestBlock`` of the tree. Out: the Trial that can be run, None where something was reported.

A `given` states the answer of somebody outside: the scanner's (`given spam`, `given spam.score is 7`), of whoever
verifies (`given dkim passes`), of the memory (`given duplicate`), of a program (`given command "x" succeeds`), of the
clock (`given today is 2026-12-25`) or of the mail server (`given recipient is "me+x@y.example"`). What stands in the
message is written into the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyfilter.language.check_actions import Actions
from pyfilter.language.check_defines import defined_by
from pyfilter.language.check_given_times import CLOCK, HELP, stated
from pyfilter.language.check_report import Report, nearest, on_one_line
from pyfilter.language.check_tests import Tests
from pyfilter.language.check_texts import Lowered, Scope, Texts
from pyfilter.language.diagnostics import Note
from pyfilter.language.guards import asks
from pyfilter.language.tree import (
    Chain,
    Condition,
    Expect,
    Field,
    Not,
    Paren,
    Span,
    Test,
    TestBlock,
    Text,
)
from pyfilter.language.trials import Expected, Stated, Trial
from pyfilter.language.vocabulary import NUMERIC, WORDS, field_kind

__all__ = ["Trials"]

INBOX = "INBOX"
# fields that the mail server says, and which a `given` may state
_ENVELOPE = ("sender", "recipient")
# fields that come of the Date header
_OF_DATE = ("date", "age")
# rules that are named where none did what was expected
_SHOWN = 3
# verbs that are expected by the word alone, or with a text that is compared where there is one
_PLAIN = ("keep", "discard", "reject", "defer", "reply")


class Trials:
    """``rules``: all of the program, as lowered."""

    def __init__(self, rules: list[Lowered], tests: Tests, actions: Actions, texts: Texts, report: Report) -> None:
        self.tests = tests
        self.actions = actions
        self.texts = texts
        self.report = report
        self._named: dict[str, Span] = {}
        self._deeds: dict[str, list[Lowered]] = {}  # rule -> its actions
        for rule in rules:
            self._note(rule)

    def trial(self, node: TestBlock) -> Trial | None:
        """The block as it is run."""

        head = node.head
        before = self._named.setdefault(node.name, head)
        if before is not head:
            help = "give it a name of its own: what fails is told by its name"
            notes = [Note(before, "first here")]
            self.report.add("W502", f'two tests are called "{node.name}"', head, "the same name again", help, notes)
        if not node.messages and not node.broken:
            help = 'write `message """`, the message with its header, and `"""` on lines of their own'
            self.report.add("E502", f'test "{node.name}" has no message', head, "", help)
        for text in node.messages[1:]:
            help = "write a test of its own for the other"
            self.report.add("E502", f'test "{node.name}" has two messages', _first_line(text.span), "", help)
        if not node.expects and not node.broken:
            help = 'say what must happen: `expect keep`, `expect file into "Cron" by "cron jobs"`'
            self.report.add("E503", f'test "{node.name}" expects nothing', head, "it can never fail", help)
        given = _Given()
        whole = [self._given(item.condition, given) for item in node.givens]
        expected = [self._expected(item) for item in node.expects]
        made = [one for one in expected if one is not None]
        if len(node.messages) != 1 or node.broken or not all(whole) or not made or len(made) < len(expected):
            return None
        return Trial(
            node.name,
            head,
            node.messages[0].plain.encode(),
            given.values,
            given.commands,
            given.envelope.get("sender"),
            given.envelope.get("recipient"),
            tuple(made),
            given.clock if given.clock != Stated() else None,
        )

    def _note(self, rule: Lowered) -> None:
        deeds = self._deeds.setdefault(rule[0], [])
        for statement in rule[4]:
            if statement[0] == "rule":
                self._note(statement[1])
            else:
                deeds.append(statement)

    # ------------------------------------------------------------------ given

    def _given(self, node: Condition, given: _Given, denied: bool = False) -> bool:
        """Put what ``node`` states into ``given``. False: something was reported."""
        if isinstance(node, Paren):
            return self._given(node.operand, given, denied)
        if isinstance(node, Not):
            return self._given(node.operand, given, not denied)
        if isinstance(node, Chain) and not denied and {word.name.lower() for word in node.operators} == {"and"}:
            whole = [self._given(operand, given) for operand in node.operands]
            return all(whole)
        if not isinstance(node, Test):
            return self._no_answer(node, "it leaves open which of them")
        if defined_by(node, self.tests.names):
            return self._no_answer(node, "a condition of yours", "write the answer itself: `given spam`")
        lowered, _ = self.tests.test(node, Scope())
        if lowered is None:
            return False
        if lowered[0] == "not":
            lowered, denied = lowered[1], not denied
        if isinstance(node.subject, Field) and node.subject.name.partition(".")[0] in CLOCK:
            return self._clock(node, lowered, denied, given)
        key = node.subject.name if isinstance(node.subject, Field) else str(lowered[1])
        if lowered[0] == "command":
            return self._command(node, lowered[2], denied, given)
        values = self._stated(node, key, lowered, denied)
        if values is None:
            return False
        given.add(key, values)
        return True

    def _clock(self, node: Test, lowered: Lowered, denied: bool, given: _Given) -> bool:
        """Put what is said of the clock into ``given``."""
        found = "it leaves open which moment" if denied else stated(node, lowered, given.clock)
        if isinstance(found, str):
            return self._no_answer(node, found, HELP)
        given.clock = found
        return True

    def _command(self, node: Test, arguments: tuple[object, ...], denied: bool, given: _Given) -> bool:
        """Put what is said of a program into ``given``."""
        words = [word for word in arguments if isinstance(word, str)]
        if len(words) < len(arguments):
            return self._no_answer(node, "what comes from a message is not known here", "write out the argument")
        given.commands["\0".join(words)] = not denied
        return True

    def _stated(self, node: Test, key: str, lowered: Lowered, denied: bool) -> tuple[str, ...] | None:
        """The values that ``node`` says the field has."""
        kind = field_kind(key.partition(" ")[0])
        header = "Date" if key.partition(".")[0] in _OF_DATE else key
        word = node.relation.word if node.relation is not None else ""
        if isinstance(node.subject, Field) and kind is not None and not _outside(key):
            self._no_answer(node, "it stands in the message", f"write it into the message of this test: `{header}`")
            return None
        if kind == "truth":
            (answer,) = lowered[2][0]
            return (WORDS["truth"][(answer == "yes") == denied],)
        if denied:
            self._no_answer(node, "it leaves open what there is instead")
            return None
        if word == "fails":
            return ("fail",)
        if word in ("", "is", "passes") and kind in WORDS:
            return tuple(sorted(lowered[2][0]))
        if kind in NUMERIC and lowered[0] == "compare" and lowered[2][0] == "==" and not isinstance(lowered[2][1], str):
            return (f"{lowered[2][1]:g}",)
        if word == "is" and node.relation is not None and not lowered[2][1]:
            return tuple(value.plain for value in node.relation.values if isinstance(value, Text))
        self._no_answer(node, "it leaves open which value there is")
        return None

    def _no_answer(self, node: Condition, label: str, help: str = "") -> bool:
        help = help or "`given` states one answer: `given spam`, `given not spam`, `given spam.score is 7`"
        self.report.add("E504", f"`given {on_one_line(node.span.text)}` states no answer", node.span, label, help)
        return False

    # ------------------------------------------------------------------ expect

    def _expected(self, node: Expect) -> Expected | None:
        by = self._by(node)
        made = self._what(node)
        if made is None or (node.by is not None and by is None):
            return None
        verb, more = made
        doers = (by,) if by is not None else tuple(self._doers(verb, more))[:_SHOWN]
        return Expected(node.span, verb, node.negated, by, doers, **more)

    def _doers(self, verb: str, more: dict[str, Any]) -> Iterator[str]:
        """The rules that have such an action."""
        for name, deeds in self._deeds.items():
            if any(deed[0] == verb and (verb not in _MORE or _MORE[verb](deed) == more) for deed in deeds):
                yield name

    def _by(self, node: Expect) -> str | None:
        if node.by is None:
            return None
        name = node.by.plain
        if name in self._deeds:
            return name
        meant = nearest(name, self._deeds)
        help = f'did you mean "{meant}"?' if meant else "write the name as it stands behind `rule`"
        self.report.add("E505", f'there is no rule "{name}"', node.by.span, "", help)
        return None

    def _what(self, node: Expect) -> tuple[str, dict[str, Any]] | None:
        action = node.action
        if action.verb in ("stop", "do"):
            help = 'write what becomes of the mail: `expect keep`, `expect file into "Cron"`'
            self.report.add("E506", f"`{action.verb}` says nothing about the mail", action.span, "", help)
            return None
        if action.verb in _PLAIN:
            texts = [text for text in action.arguments if isinstance(text, Text)]
            text = self.texts.literal(texts[-1], "what is expected") if texts else None
            return None if texts and text is None else (action.verb, {"text": text})
        lowered = self.actions.action(action, Scope(), 0)
        if lowered is None:
            return None
        more = _MORE[lowered[0]](lowered)
        if any(_holes(value) for value in more.values()):
            help = "write it out as it comes of this message"
            self.report.add("E506", "what is expected has no holes", action.span, "", help)
            return None
        return ("keep", {}) if more.get("folder") == INBOX and lowered[0] == "file" else (lowered[0], more)


class _Given:
    """What is given so far."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[str, ...]] = {}
        self.commands: dict[str, bool] = {}
        self.envelope: dict[str, str] = {}
        self.clock = Stated()

    def add(self, key: str, values: tuple[str, ...]) -> None:
        if key in _ENVELOPE:
            self.envelope[key] = values[0]
        else:
            self.values[key] = values


def _outside(key: str) -> bool:
    """Whether somebody else than the message says what the field is."""
    return key in (*_ENVELOPE, "spf", "dmarc") or (asks(key) and key.partition(".")[0] not in _OF_DATE)


def _first_line(span: Span) -> Span:
    return Span(span.source, span.start, span.start + len(span.text.partition("\n")[0]))


# verb of a lowered action -> what of it is compared
_MORE: dict[str, Callable[[Lowered], dict[str, Any]]] = {
    "file": lambda lowered: {"folder": _folder(*lowered[1:3])},
    "copy": lambda lowered: {"folder": _folder(*lowered[1:3])},
    "forward": lambda lowered: {"arguments": lowered[1]},
    "copy-to": lambda lowered: {"arguments": lowered[1]},
    "pipe": lambda lowered: {"arguments": lowered[1]},
    "pass": lambda lowered: {"arguments": lowered[1]},
    "notify": lambda lowered: {"arguments": lowered[1]},
    "mark": lambda lowered: {"flags": lowered[1]},
    "unmark": lambda lowered: {"flags": lowered[1]},
    "add-header": lambda lowered: {"header": lowered[1].lower(), "text": lowered[2]},
    "set-header": lambda lowered: {"header": lowered[1].lower(), "text": lowered[2]},
    "remove-header": lambda lowered: {"header": lowered[1].lower()},
    "log": lambda lowered: {"text": lowered[1]},
    "scan": lambda lowered: {},
    "verify": lambda lowered: {},
}


def _folder(kind: str, place: object) -> object:
    """As Action.folder; a place with holes as it is."""
    if kind == "inbox":
        return INBOX
    return place if kind == "folder" or not isinstance(place, str) else f"{kind}:{place}"


def _holes(value: object) -> bool:
    """Whether a template, or one of several, has holes."""
    return isinstance(value, tuple) and any(isinstance(part, tuple) for part in value)
