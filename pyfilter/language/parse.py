"""A rule file's text to its tree, and every syntax error in one run.

In: a ``Source``. Out: a ``File`` and the diagnostics E1xx. Never raises,
whatever the text. Where something could not be read a ``Broken`` node stands
in the tree (with the name it would have defined, if that could be seen), so
that the checker neither misses the name nor judges the rule around it.

Who reports what
----------------
Here, because it does not parse: a missing or stray quote, brace, parenthesis;
typographic and single quotes; texts without quotes where only a text can
stand; escapes and braces in texts; any unknown word where a statement begins
(``delete``, ``move to``, ``flag seen``, ``star``, ``continue``, ``unless``,
``filter through``, ``condition X {``, the bare name of an action); two fields
in a row (``attachment name``, ``no subject``, ``list-id missing``, ``older
than``, ``envelope recipient``, ``has attachment``); ``from = "x"``, ``from
"x"``, ``!=``, ``&&``; ``contains "x" case sensitive``; ``} else {``; ``mark
read flagged``; ``and`` before an action; ``24.12.2026``; ``score +2 when``;
two statements on one line (``file into "x" stop``); nesting past the limits.

In the checker, because it does parse:
``from == "x"``             Relation compare, a Text as value
``rcpt``, ``envelope.to``, ``filename``, ``X-Cron-Env exists``
                            Field of an unknown name
``subject is Hello``        Point(kind="field") of an unknown field as value
``in family or friends``    Chain: the second operand is Test(Field("friends"), None)
``weekday is saturday or sunday``  the same with Field("sunday")
``size > 10M``, ``time > 6 pm``    Quantity with an unknown unit
``time > 18.00``            Number 18.0 compared with a time
``stop`` on the line after a final verb; ``starts with "[{p}]"``; ``{year}``;
a star after ``is``; unknown flags; mixed ``and``/``or``; ``when`` below an
action; ``when`` or an action outside a rule; a declaration inside a rule; a
date or time that does not exist (``2026-02-30``, ``25:00``); flags of a regex;
``else`` that follows no rule; a test without ``message`` or ``expect``.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.language import braces, build, foreign
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.reader import Reader
from pyfilter.language.tree import File, Source, Span


def parse(source: Source, reader: Reader | None = None) -> tuple[File, list[Diagnostic]]:
    """``reader``: one of the source that has read nothing yet, for who wants to know what it read."""
    other = foreign.other_language(source)
    if other:
        return File(source, ()), [other]
    reader = reader or Reader(source)
    branch = reader.run()
    in_texts: list[Diagnostic] = []
    items = build.items(source, branch, in_texts)
    problems = reader.problems + [problem for problem in in_texts if not _inside(problem.span, reader.lost)]
    problems.sort(key=lambda problem: problem.span.start)
    if len(problems) > limits.PROBLEMS:
        problems[limits.PROBLEMS :] = [braces.too_many(problems[limits.PROBLEMS].span)]
    return File(source, items), problems


def _inside(span: Span, others: list[Span]) -> bool:
    return any(other.start < span.start < other.end for other in others)
