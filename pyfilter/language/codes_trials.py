"""The codes of `test` blocks. See ``codes.py``."""

from __future__ import annotations

__all__ = ["CODES_TRIALS"]

CODES_TRIALS: dict[str, tuple[str, str]] = {
    "E501": (
        "test fails",
        """\
A `test` block says what must happen to a message, and something else does. The help shows what decided it: of the rule
that was expected, and of the one that took the message, what each saw. Either the rules or the test are wrong.
`pyfilter test --explain` shows every rule that was asked.""",
    ),
    "E502": (
        "test without its message",
        'A test holds one message, written out between `"""` and `"""`: its header, an empty line, its text.',
    ),
    "E503": (
        "test that expects nothing",
        'Without `expect` a test can never fail: `expect file into "Cron" by "cron jobs"`, `expect not discard`.',
    ),
    "E504": (
        "given that states no answer",
        """\
`given` says what others would answer: the spam scanner, whoever verified the sender, the memory, a program, the clock,
the mail server. So it states one answer: `given spam`, `given not duplicate`, `given spam.score is 7`,
`given today is 2026-12-25`, `given recipient is "me+x@y.example"`. What stands in the message is written into the
message of the test.""",
    ),
    "E505": ("unknown rule in a test", "`by` names a rule of these files, as it stands behind `rule`."),
    "E506": (
        "expectation that says nothing",
        """\
`expect` names what becomes of the mail, written out: folders without holes, and the actions themselves in the place of
`do NAME`.""",
    ),
    "W502": ("two tests with one name", "What fails is told by its name: give each test one of its own."),
}
