"""A Program for a process that stays, and decides about many messages.

In: a Program. Out: the same one with its rules loaded, and in the place of each long table of texts that are looked for
inside a field an automaton (Aho and Corasick, 1975) that finds all of them in one pass over the value: 5000 texts cost
as much as 50. ``evaluate`` takes both and decides alike; making one of these takes some 20 ms for 5000 rules, so a
delivery that ends after one message has no use for it.

An automaton never gives up on a text, however large it is or the texts are; that of RE2's sets does, and answers then
that nothing matches.
"""

from __future__ import annotations

from marshal import loads

import ahocorasick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyfilter.language.program import Program

__all__ = ["warmed"]

# texts that are as quickly looked for one by one
FEW = 16


def warmed(program: Program) -> Program:
    """The Program, ready for many messages; not to be cached or compared with others."""
    index: Any = program["index"]
    rules: Any = program["rules"]
    part = {place: _automaton(texts) if len(texts) > FEW else texts for place, texts in index["part"].items()}
    return program | {"rules": tuple(map(loads, rules)), "index": index | {"part": part}}


def _automaton(texts: tuple[tuple[str, tuple[int, ...]], ...]) -> ahocorasick.Automaton:
    asked: dict[str, tuple[int, ...]] = {}
    for text, rules in texts:
        asked[text] = asked.get(text, ()) + rules
    automaton = ahocorasick.Automaton()
    for text, rules in asked.items():
        automaton.add_word(text, rules)
    automaton.make_automaton()
    return automaton
