"""The warning of rules that can never run is exact, where a condition asks `is`, `contains`, `starts with`, `ends
with`, `in` or `exists`, or several of them together: it is held against every short message there is.

For each pair of rules that chance makes, all values of up to five letters are tried, of fields with two values those of
up to three. Texts have at most two letters, so a pair that no such message tells apart none does: a longer value can be
cut to what its tests look at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from random import Random

from pyfilter.agent import decide
from pyfilter.language.compiling import Compiled, compile_sources
from pyfilter.language.tree import Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message

PAIRS = 1600
# so many of them must be true shadows, or the test says little
TRUE = 200

TEXTS = ("a", "b", "ab", "ba", "aa")
FIELDS = ("subject", "header X-A")
MEANING: dict[str, Callable[[str, str], bool]] = {
    "is": lambda value, text: value == text,
    "in": lambda value, text: value == text,
    "contains": lambda value, text: text in value,
    "starts with": lambda value, text: value.startswith(text),
    "ends with": lambda value, text: value.endswith(text),
}

Test = tuple[str, str, tuple[str, ...]]  # field, relation, texts

WORDS = ["".join(letters) for length in range(6) for letters in itertools.product("abc", repeat=length)]
ONE_VALUE: list[tuple[str, ...]] = [(), *((word,) for word in WORDS)]
TWO_VALUES = [*ONE_VALUE, *itertools.product([word for word in WORDS if len(word) <= 3], repeat=2)]


def condition(chance: Random) -> list[Test]:
    made = []
    for _ in range(chance.choice([1, 1, 2])):
        relation = chance.choice(["exists", *MEANING])
        texts = () if relation == "exists" else tuple(chance.sample(TEXTS, chance.choice([1, 1, 2])))
        made.append((chance.choice(FIELDS), relation, texts))
    return made


def written(tests: list[Test]) -> str:
    return " and ".join(
        f"{field} {relation} " + ", ".join(f'"{text}"' for text in texts) for field, relation, texts in tests
    )


def holds(tests: list[Test], field: str, values: tuple[str, ...]) -> bool:
    """Whether those of ``tests`` that look at ``field`` hold for its values."""
    return all(
        bool(values) if relation == "exists" else any(MEANING[relation](v, text) for v in values for text in texts)
        for asked, relation, texts in tests
        if asked == field
    )


def shaded(earlier: list[Test], later: list[Test]) -> bool:
    """Whether ``earlier`` holds for every message for which ``later`` does, and there is one."""
    for field in FIELDS:
        several = sum(asked == field for asked, _, _ in later) > 1
        met = [values for values in (TWO_VALUES if several else ONE_VALUE) if holds(later, field, values)]
        if not met or not all(holds(earlier, field, values) for values in met):
            return False
    return True


def compiled(earlier: list[Test], later: list[Test]) -> Compiled:
    rules = (("earlier", earlier), ("later", later))
    lines = [f'rule {name} {{ when {written(tests)}; file into "{name}" }}' for name, tests in rules]
    return compile_sources([Source("rules", "\n".join(lines))])


def test_the_warning_is_given_just_where_it_is_true() -> None:
    chance = Random(1)
    true = 0
    for _ in range(PAIRS):
        earlier, later = condition(chance), condition(chance)
        found = any(problem.code == "W301" for problem in compiled(earlier, later).diagnostics)
        assert found is shaded(earlier, later), f"{written(earlier)} | {written(later)}"
        true += found
    assert true >= TRUE


def test_the_warning_of_an_else_that_is_never_asked_is_as_exact() -> None:
    """What the rule before it does plays no part: what it matches does not come to `else`."""
    chance = Random(3)
    true = 0
    for _ in range(PAIRS // 2):
        earlier, later = condition(chance), condition(chance)
        chain = (
            f"rule earlier {{ when {written(earlier)}; mark read }}\nrule later else {{ when {written(later)}; keep }}"
        )
        found = any(problem.code == "W301" for problem in compile_sources([Source("rules", chain)]).diagnostics)
        assert found is shaded(earlier, later), chain
        true += found
    assert true >= TRUE // 4


def test_an_else_throws_no_shadow_behind_its_chain() -> None:
    """It takes less than it asks for."""
    text = (
        'rule a { when subject contains "a"; mark read }\n'
        'rule b else { when subject contains "b"; keep }\n'
        'rule c { when subject contains "bb"; keep }\n'
    )
    made = compile_sources([Source("rules", text)])
    assert made.program is not None
    assert made.diagnostics == []
    assert decide(made.program, Message.from_bytes(b"Subject: abb\n\n"), Envelope()).rule == "c"


def test_no_message_comes_to_a_rule_that_can_never_run() -> None:
    chance = Random(2)
    messages = [
        Message.from_bytes(
            "".join(f"Subject: {one}\n" for one in subjects).encode() + b"X-A: " + other.encode() + b"\n\n"
        )
        for subjects in [(), ("a",), ("ab",), ("b", "aab"), ("ba",), ("c", "aa")]
        for other in ("a", "ab", "bab")
    ]
    came = 0
    for _ in range(PAIRS // 4):
        made = compiled(condition(chance), condition(chance))
        assert made.program is not None
        rules = [decide(made.program, message, Envelope()).rule for message in messages]
        if any(problem.code == "W301" for problem in made.diagnostics):
            assert "later" not in rules
        came += rules.count("later")
    assert came, "the others come to the later rule"
