"""Fields whose values are words of the language: `spam` (yes, no), `dkim`, `spf`, `dmarc` (pass, fail …).

In: a test whose relation fits such a field. Out: the test as the Program keeps it; a bare field asks for the first
of its words.
"""

from __future__ import annotations

from pyfilter.language.check_report import Report, backquoted, nearest, on_one_line
from pyfilter.language.check_texts import Lowered
from pyfilter.language.tree import Point, Regex, Test, Text, Value
from pyfilter.language.vocabulary import WORDS

__all__ = ["words"]

# what people write for a word
_HABITS = {
    "true": "yes", "1": "yes", "spam": "yes", "junk": "yes", "positive": "yes", "false": "no", "0": "no", "ham": "no",
    "clean": "no", "negative": "no", "passed": "pass", "passes": "pass", "ok": "pass", "valid": "pass", "good": "pass",
    "failed": "fail", "fails": "fail", "hardfail": "fail", "invalid": "fail", "bad": "fail", "missing": "none",
    "unsigned": "none", "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday",
    "thur": "thursday", "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday",
    "weekend": "saturday, sunday",
}  # fmt: skip


def words(node: Test, key: str, kind: str, excerpt: int, report: Report) -> Lowered | None:
    relation = node.relation
    known = WORDS[kind]
    if relation is None or relation.word == "passes":
        return "is", key, (frozenset(known[:1]), ()), excerpt, False
    if relation.word in ("fails", "exists"):
        return relation.word, key, None, excerpt
    if relation.exactly:
        report.add("E214", "words of the language have no capitals", relation.span, "", "leave out `exactly`")
        return None
    found = [_word(node, value, kind, report) for value in relation.values]
    wanted = frozenset(word for word in found if word is not None)
    return ("is", key, (wanted, ()), excerpt, False) if None not in found else None


def _word(node: Test, value: Value | Regex, kind: str, report: Report) -> str | None:
    known = WORDS[kind]
    bare = isinstance(value, Point) and value.kind == "field" and value.shift is None
    written = value.plain if isinstance(value, Text) else value.span.text
    if bare and written in known:
        return written
    plain = written.strip().casefold()
    subject = on_one_line(node.subject.span.text)
    meant = plain if plain in known else _HABITS.get(plain)
    if (meant or "").partition(",")[0] not in known:
        meant = nearest(plain, known)
    help = f"write `{subject} is {meant}`" if meant else f"the words are {backquoted(known)}"
    label = "in quotes stand words of your own" if isinstance(value, Text) and plain in known else ""
    report.add("E223", f"`{subject}` cannot be this", value.span, label, help)
    return None
