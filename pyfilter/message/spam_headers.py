"""What a spam scanner in front of pyfilter wrote into the header: `set spam.source = headers`.

In: a message and how many Received lines are one's own servers'. Out: a Verdict, or None where no
scanner's field stands above them (trusted.py).

===================== ==========================================================================
field                 as written by
===================== ==========================================================================
X-Spam-Flag           SpamAssassin, amavis: ``YES``
X-Spam-Status         SpamAssassin: ``Yes, score=6.3 required=5.0 tests=A,B autolearn=no``, before version 3
                      ``hits=`` for ``score=``; amavis: ``… tagged_above=2 required=6.2 tests=[A=6.2, B=0.1]``;
                      rspamd: ``No, score=1.20``
X-Spam                rspamd: ``Yes``
X-Spamd-Result        rspamd: ``default: False [3.50 / 15.00]; A(3.50)[why]; B(0.00)[]``
X-Spam-Score          amavis: ``6.3``; Exim: ``6.3 (++++++)``
X-Rspamd-Score        rspamd: ``3.50``
X-Spam-Level          SpamAssassin, rspamd: one ``*`` for each whole point
===================== ==========================================================================

Rules

- Of several fields of one name the topmost counts.
- Where fields contradict each other, the first in the order of the table decides; so a word (yes, no) decides
  and not the points. X-Spamd-Result says ``False`` of all mail that rspamd does not refuse, X-Spam ``Yes`` where it is
  spam: so it stands behind it. Without a word, mail is spam that reaches the threshold.
- Score, threshold and tests are each taken from the first field in which they stand; a score that stands nowhere is 0.
- What cannot be read says nothing: neither another word nor a score that is no plain number.

Limit: SPAM_FIELD_BYTES of a field; a longer one says nothing. Errors: Unreadable, from trusted.py. Time: linear.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import trusted, words
from pyfilter.message.verdict import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyfilter.message.message import Message

__all__ = ["verdict"]

SPAM_WORDS = {"yes": True, "true": True, "no": False, "false": False}
# characters of points as written; more are no number anybody means
NUMBER_CHARACTERS = 20


class Said:
    """What one field says; None, or no tests, where it does not."""

    __slots__ = ("score", "spam", "tests", "threshold")

    def __init__(
        self,
        spam: bool | None = None,
        score: float | None = None,
        threshold: float | None = None,
        tests: tuple[str, ...] = (),
    ) -> None:
        self.spam = spam
        self.score = score
        self.threshold = threshold
        self.tests = tests


def verdict(message: Message, hops: int) -> Verdict | None:
    """What the scanner's fields say; None if there are none, or none that can be read."""
    topmost: dict[str, str] = {}
    for field in trusted.fields(message, hops):
        if field.name in READERS and field.name not in topmost:
            raw = message.raw[field.value : field.end]
            short = len(raw) <= limits.SPAM_FIELD_BYTES
            topmost[field.name] = words.clean(words.raw_text(words.unfold(raw))) if short else ""
    said = [read(topmost[name]) for name, read in READERS.items() if name in topmost]
    spam = next((one.spam for one in said if one.spam is not None), None)
    score = next((one.score for one in said if one.score is not None), None)
    threshold = next((one.threshold for one in said if one.threshold is not None), None)
    tests = next((one.tests for one in said if one.tests), ())
    if spam is None and score is None:
        return None
    score = 0.0 if score is None else score
    if spam is None:
        spam = threshold is not None and score >= threshold
    return Verdict("headers", spam, score, threshold, tests)


def read_word(value: str) -> Said:
    """``YES``."""
    return Said(spam=SPAM_WORDS.get(value.strip().lower()))


def read_number(value: str) -> Said:
    """``6.3``, and perhaps more behind it."""
    return Said(score=number(value.partition(" ")[0]))


def read_level(value: str) -> Said:
    """``******``; nothing is less than one point."""
    return Said(score=float(len(value))) if not value.strip("*") else Said()


def read_status(value: str) -> Said:
    """``Yes, score=6.3 required=5.0 tests=A,B autolearn=no``."""
    word, _, rest = value.partition(",")
    said = read_word(word)
    pieces = (rest if said.spam is not None else value).split()
    for place, piece in enumerate(pieces):
        name, equals, content = piece.rstrip(",").partition("=")
        if name in ("score", "hits"):
            said.score = number(content)
        elif name == "required":
            said.threshold = number(content)
        elif name == "tests" and equals:
            said.tests = listed(pieces[place:])
            break
    return said


def read_result(value: str) -> Said:
    """``default: False [3.50 / 15.00]; A(3.50)[why]; B(0.00)[]``."""
    head, _, rest = value.partition("]")
    word, _, points = head.partition("[")
    score, _, threshold = points.partition("/")
    said = read_word(word.rpartition(":")[2])
    said.score = number(score.strip())
    said.threshold = number(threshold.strip())
    found: dict[str, None] = {}
    for symbol in rest.split(";"):
        name, bracket, _ = symbol.strip().partition("(")
        if bracket and is_test(name):
            found[name] = None
    said.tests = tuple(found)
    return said


def listed(pieces: list[str]) -> tuple[str, ...]:
    """The names in ``tests=A,B, C`` and ``tests=[A=1.2, B=0.5]``; what follows them is another word of the field."""
    joined = pieces[0].removeprefix("tests=")
    if joined.startswith("["):
        joined = " ".join([joined, *pieces[1:]])[1:].partition("]")[0]
    else:
        last = 0
        while last + 1 < len(pieces) and pieces[last].endswith(","):
            last += 1
        joined = "".join([joined, *pieces[1 : last + 1]])
    names = [test.partition("=")[0].strip() for test in joined.split(",")]
    return tuple(dict.fromkeys(name for name in names if is_test(name) and name != "none"))


def is_test(name: str) -> bool:
    """Names of tests are words: letters, digits and underscores, in a few a dot or a dash."""
    return bool(name) and name.isascii() and name.translate(_SIGNS).isalnum()


_SIGNS = {ord(sign): "x" for sign in "_-."}


def number(text: str) -> float | None:
    """Points: digits, perhaps a sign and a decimal point."""
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if len(digits) > NUMBER_CHARACTERS or not digits.isascii() or not digits.replace(".", "", 1).isdecimal():
        return None
    return float(text)


# field -> what reads it, in the order in which they count
READERS: dict[str, Callable[[str], Said]] = {
    "x-spam-flag": read_word,
    "x-spam-status": read_status,
    "x-spam": read_word,
    "x-spamd-result": read_result,
    "x-spam-score": read_number,
    "x-rspamd-score": read_number,
    "x-spam-level": read_level,
}
