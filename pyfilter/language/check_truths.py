"""`duplicate within T` and `command "prog args" succeeds`: what is asked of the memory and of programs.

In: a test of the tree. Out: the test as the Program keeps it. `succeeds` and the bare command are one; `fails` and
`is no` deny it. The memory goes back limits.MEMORY_SECONDS: who asks for more is told.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.language import check_words
from pyfilter.language.check_numbers import Numbers
from pyfilter.language.check_programs import arguments
from pyfilter.language.check_report import Report, on_one_line
from pyfilter.language.check_texts import Lowered, Scope, Texts
from pyfilter.language.tree import CommandField, Test

__all__ = ["command", "within"]


def within(node: Test, excerpt: int, numbers: Numbers, report: Report) -> Lowered | None:
    """`duplicate within T`."""
    relation = node.relation
    assert relation is not None
    (value,) = relation.values
    seconds = numbers.number(value, "seconds", "within")
    if seconds is None:
        return None
    most = limits.MEMORY_SECONDS
    if not 0 < seconds <= most:
        label = f"the memory goes back {most // 86400} days" if seconds else "no time at all"
        help = f"write `duplicate within {most // 86400} days`, or less" if seconds else "write how long ago, `7 days`"
        report.add("E217", f"`{on_one_line(node.span.text)}` cannot be known", value.span, label, help)
        return None
    return "is", f"duplicate {round(seconds)}", (frozenset(("yes",)), ()), excerpt, False


def command(node: Test, scope: Scope, excerpt: int, texts: Texts, report: Report) -> Lowered | None:
    """A test of a program."""
    assert isinstance(node.subject, CommandField)
    relation = node.relation
    made = arguments(node.subject.arguments, scope, "command", texts)
    word = "succeeds" if relation is None else relation.word
    if word == "is":
        wanted = check_words.words(node, "command", "truth", excerpt, report)
        answers = frozenset(("yes",)) if wanted is None else wanted[2][0]
    elif word in ("succeeds", "fails"):
        wanted, answers = (), frozenset(("yes",) if word == "succeeds" else ("no",))
    else:
        wanted, answers = None, frozenset()
        assert relation is not None
        subject = on_one_line(node.subject.span.text)
        help = f"its exit status is asked: `{subject} succeeds`, `{subject} fails`"
        report.add("E214", f"`{relation.operator or word}` does not fit `command`", relation.span, "", help)
    if made is None or wanted is None:
        return None
    test = ("command", "command", made, excerpt)
    denied = ("not", test, True)
    if len(answers) > 1:
        return "or", test, denied
    return test if ("yes" in answers) is not (relation is not None and relation.negated) else denied
