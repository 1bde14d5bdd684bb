"""Who answers which Question: one row a kind; the module is imported when it is first asked."""

from __future__ import annotations

from pyfilter.engine.questions import Question

__all__ = ["SERVICES", "answer"]

# kind -> (module, function); the function takes the question's argument, returns the answer or None
# for unknown, and never raises. What went wrong it says in `problems`.
SERVICES = {
    "list": ("pyfilter.services.lists", "read"),
}


def answer(question: Question, problems: list[str]) -> object:
    """The world's answer to ``question``; None where it is unknown, and then a sentence in ``problems``."""
    module, function = SERVICES[question.kind]
    __import__(module)
    from sys import modules

    return getattr(modules[module], function)(question.argument, problems)
