"""What a spam scanner said of a message, and the header lines that say it.

A Verdict is plain data: services make it, the engine reads it, a saved case holds it.
"""

from __future__ import annotations

__all__ = ["REMOVED", "Verdict", "number"]

# what is taken out of a message before the lines of a verdict are put above it: a stranger may have written them
REMOVED = "x-spam-*"

# characters of the list of tests in X-Spam-Status; the longest real one is some 900
TESTS_CHARACTERS = 4000
# characters of names that stand on one line of it
LINE = 70


class Verdict:
    """``scanner``: who says it ("spamd", "rspamd", "headers"). ``spam``: the verdict.
    ``score``, ``threshold``: points; threshold None where the scanner named none.
    ``tests``: names of the tests that hit, as the scanner spells them.
    ``skipped``: empty, or why the scanner did not look: then the verdict is "not spam" for want of
    a better one, and no header says so.
    """

    __slots__ = ("scanner", "score", "skipped", "spam", "tests", "threshold")

    def __init__(
        self,
        scanner: str,
        spam: bool,
        score: float,
        threshold: float | None = None,
        tests: tuple[str, ...] = (),
        skipped: str = "",
    ) -> None:
        self.scanner = scanner
        self.spam = spam
        self.score = score
        self.threshold = threshold
        self.tests = tests
        self.skipped = skipped

    def __repr__(self) -> str:
        return f"Verdict({self.scanner!r}, {self.spam}, {self.score}, {self.threshold}, {self.tests}, {self.skipped!r})"

    def headers(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of the lines that tell it, in SpamAssassin's style (Mail::SpamAssassin::Conf,
        add_header); none where the scanner did not look."""
        if self.skipped:
            return ()
        word = "Yes" if self.spam else "No"
        required = "" if self.threshold is None else f" required={number(self.threshold)}"
        return (
            ("X-Spam-Flag", word.upper()),
            ("X-Spam-Score", number(self.score)),
            ("X-Spam-Status", f"{word}, score={number(self.score)}{required} tests={_listed(self.tests) or 'none'}"),
        )

    def as_data(self) -> dict[str, object]:
        return {
            "scanner": self.scanner,
            "spam": self.spam,
            "score": self.score,
            "threshold": self.threshold,
            "tests": list(self.tests),
            "skipped": self.skipped,
        }


def _listed(tests: tuple[str, ...]) -> str:
    """The names, joined by commas; behind some a blank, where a long line may be folded."""
    listed = ""
    line = 0
    for test in tests:
        if len(listed) + len(test) > TESTS_CHARACTERS:
            break
        if listed:
            listed += ","
            if line + len(test) > LINE:
                listed += " "
                line = 0
        listed += test
        line += len(test) + 1
    return listed


def number(points: float) -> str:
    """Points as scanners write them: two places at most, one at least."""
    return str(round(points, 2) + 0.0)
