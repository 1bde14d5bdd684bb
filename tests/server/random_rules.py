"""Rules by chance: each field of the table with each relation that fits it, in each kind of group, with the actions
that decide or file.

In: words that stand in the messages which the rules will be asked about (``Words``), so that many of them match; a
number, by which the same rules come again. Out: the text of a rule file that checks: a rule that does not is left out.

Left to other rule files: what asks the world, what sends, and the clock but for what it says all day and all year.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pyfilter.language.compiling import compile_sources
from pyfilter.language.tree import Source
from pyfilter.language.vocabulary import FIELDS, FLAGS, RELATIONS, WORDS, field_kind, field_names

__all__ = ["Words", "checked", "quoted", "random_rules"]

# asked of the world, or by the clock: rule files of their own have them
LEFT_OUT = frozenset({"spam", "command", "duplicate", "now", "today", "time", "weekday", "age"})
# headers that mail has
HEADERS = (
    "X-Mailer",
    "Precedence",
    "Content-Type",
    "X-Cron-Env",
    "List-Post",
    "User-Agent",
    "References",
    "X-Odd:Name",
)
TYPES = ("text/plain", "image/png", "application/pdf", "text/x-patch", "message/rfc822")
RULES = 40
# the first that may take the message: one that asks for little would hide the rest
FIRST_END = 15


class Words(NamedTuple):
    """What stands in the messages: in plain letters, so that no rule file needs an escape."""

    addresses: list[str]
    domains: list[str]
    words: list[str]
    lists: list[str]
    ids: list[str]
    authorities: list[str]


def quoted(texts: Iterable[str]) -> str:
    return ", ".join(f'"{text}"' for text in texts)


def random_rules(words: Words, number: int) -> str:
    """A rule file."""
    made = _Made(words, random.Random(number), number)
    lines = [made.rule(place) for place in range(RULES)]
    return checked(f"list many = {quoted(made.rng.sample(words.addresses, 40))}\n", lines)


def checked(head: str, lines: list[str]) -> str:
    """Those of ``lines``, each a whole statement, that stand without an error."""
    above = head.count("\n")
    while True:
        compiled = compile_sources([Source("rules", head + "\n".join(lines))])
        if compiled.program is not None:
            return head + "\n".join(lines) + "\n"
        wrong = {problem.span.line - above - 1 for problem in compiled.diagnostics if problem.severity == "error"}
        assert wrong and min(wrong) >= 0, compiled.problem
        lines = [line for place, line in enumerate(lines) if place not in wrong]


class _Made:
    def __init__(self, words: Words, rng: random.Random, number: int) -> None:
        self.words = words
        self.rng = rng
        self.number = number
        self.fields = [name for name in field_names() if name.split(".")[0] not in LEFT_OUT]

    def rule(self, place: int) -> str:
        when = self.score() if self.rng.random() < 0.15 else self.condition(0)
        otherwise = "else " if place and self.rng.random() < 0.1 and not when.startswith("score") else ""
        return f'rule "{place}" {otherwise}{{ when {when}; {"; ".join(self.actions(place))} }}'

    def score(self) -> str:
        lines = "; ".join(f"{self.rng.choice((1, 2.5, 3, -2))} if {self.condition(1)}" for _ in range(4))
        return f"score {self.rng.choice(('>=', '>', '<', '<='))} 3 {{ {lines} }}"

    def condition(self, depth: int) -> str:
        kind = self.rng.random()
        if depth < 2 and kind < 0.3:
            word = self.rng.choice(("any", "all", "none", "at least 2 of"))
            return f"{word} {{ {'; '.join(self.condition(depth + 1) for _ in range(3))} }}"
        if depth < 2 and kind < 0.6:
            word = self.rng.choice((" and ", " or "))
            return f"({word.join(self.condition(depth + 1) for _ in range(2))})"
        return f"{'not ' if kind > 0.9 else ''}{self.test()}"

    def test(self) -> str:
        name = self.rng.choice(self.fields)
        kind = str(field_kind(name))
        relation = self.rng.choice([row.word for row in RELATIONS.values() if kind in row.kinds] or ["is"])
        field = {
            "header": f'header "{self.rng.choice(HEADERS)}"',
            "environment": "environment SASL_USERNAME",
        }.get(name, name)
        return f"{field} {self.related(relation, kind, name)}" if kind != "truth" else field

    def related(self, relation: str, kind: str, name: str) -> str:
        if relation in ("exists", "passes", "fails"):
            return relation
        if kind in WORDS:
            return f"is {self.rng.choice(WORDS[kind])}"
        if kind in NUMBERS:
            low, high = sorted(self.rng.sample(NUMBERS[kind], 2), key=NUMBERS[kind].index)
            if relation == "between":
                return f"between {low} and {high}"
            return f"{'is' if relation == 'is' else self.rng.choice(('<', '<=', '>', '>=', '=='))} {low}"
        return self.textual(relation, [self.value(name) for _ in range(self.rng.choice((1, 1, 3)))])

    def textual(self, relation: str, values: list[str]) -> str:
        exactly = self.rng.choice(("", "", "exactly "))
        if relation == "in":
            return self.rng.choice(("in many", "not in many", f"in {quoted(values)}"))
        if relation != "matches":
            return f"{relation} {exactly}{quoted(values)}"
        value = values[0]
        if self.rng.random() < 0.5:
            return f'matches {exactly}"*{value[1:-1] or value}*"'
        pattern = "".join(letter if letter.isalnum() else f"\\{letter}" for letter in value)
        return f"matches /{self.rng.choice(('^', '', '[a-z ]?'))}{pattern}/{self.rng.choice(('', 'i'))}"

    def value(self, name: str) -> str:
        base, _, part = (name, "", "") if name in FIELDS else name.partition(".")
        if base == "attachment" and part == "type":
            return self.rng.choice(TYPES)
        if base in ("message-id", "thread"):
            return self.rng.choice(self.words.ids)
        if base == "list-id" and not part:
            return self.rng.choice(self.words.lists)
        if part == "local":
            return self.rng.choice(self.words.addresses).partition("@")[0]
        if part == "domain":
            return self.rng.choice(self.words.domains)
        if part == "extension":
            return self.rng.choice(("lists", "Shop", "shop"))
        is_box = FIELDS[base].kind == "addresses" or base in ("sender", "recipient")
        if is_box and (part == "address" or self.rng.random() < 0.5):
            return self.rng.choice(self.words.addresses)
        return self.rng.choice(self.words.words)

    def actions(self, place: int) -> list[str]:
        folder = f"r{self.number}/{place}"
        flags = self.rng.sample(sorted(FLAGS), 2)
        choices: list[Callable[[], list[str]]] = [
            lambda: [f'file into "{folder}"'],
            lambda: [f'file into "{folder}" and continue'],
            lambda: [f"mark {flags[0]}", f'copy into "{folder}"'],
            lambda: [f"mark {flags[0]}, {flags[1]}", f'file into "{folder}"', f"unmark {flags[1]}"],
            lambda: [f"unmark {flags[0]}", f'copy into "{folder}"', f'log "{place} {{subject}}"'],
            lambda: [f'add header X-Rule "{place} {{from.domain}}"', f'copy into "{folder}"'],
            lambda: [f'set header Subject "[{place}] {{subject}}"'],
            lambda: ["remove header X-Mailer", "keep and continue"],
            lambda: [f'reject "no {{from.address}}, says {place}"'],
            lambda: [f'copy into "{folder}"', self.rng.choice(("stop", "keep", "discard", 'defer "later"'))],
        ]
        often = (9, 6, 6, 4, 4, 4, 3, 3, 1, 1) if place >= FIRST_END else (0, 6, 6, 0, 4, 4, 3, 3, 0, 0)
        return self.rng.choices(choices, often)[0]()


NUMBERS = {
    "bytes": ["0.1 kB", "0.7 kB", "1 kB", "2 kB", "3 KiB", "10 kB", "100 kB", "1 MB"],
    "count": ["0", "1", "2", "5", "12", "20", "1999", "2004", "2010"],
    "points": ["-1", "0", "2.5", "5", "10"],
    "moment": ["1999-12-31", "2003-05-01", "2005-01-01", "2010-01-01", "2016-06-30"],
}
