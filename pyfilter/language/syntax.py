"""Syntax errors in words: what is wrong, where, and the line to write instead.

In: a ``Trouble``, which is the place where reading stopped and what the
parser could have taken there. Out: one Diagnostic E1xx. First come quotes,
whose error often lands later than the slip, then the tables of slips.py, then
the words of the language that look alike, and last what could have stood
there, named as a person would ("a relation", "an action", "a folder name in
quotes"), never by its token.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches

from pyfilter.language.braces import stray
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.expected import expected
from pyfilter.language.slips import TEXT, Slip, filled
from pyfilter.language.slips_action import SLIPS as ACTION
from pyfilter.language.slips_borrowed import SLIPS as BORROWED
from pyfilter.language.slips_condition import SLIPS as CONDITION
from pyfilter.language.slips_relation import LATE
from pyfilter.language.slips_relation import SLIPS as RELATION
from pyfilter.language.slips_statement import SLIPS as STATEMENT
from pyfilter.language.slips_text import SLIPS as IN_TEXT
from pyfilter.language.slips_text import TYPOGRAPHIC, straightened
from pyfilter.language.tree import Span
from pyfilter.language.trouble import FAR, Trouble


def explain(trouble: Trouble) -> Diagnostic:
    return (
        _invisible(trouble)
        or _quotes(trouble)
        or _action_of_the_user(trouble)
        or _slip(trouble)
        or stray(trouble)
        or _alike(trouble)
        or _late_slip(trouble)
        or expected(trouble)
    )


def _invisible(trouble: Trouble) -> Diagnostic | None:
    sign = trouble.rest[:1]
    if not sign or unicodedata.category(sign)[0] not in "CZ" or sign in " \t":
        return None
    message = f"an invisible character: U+{ord(sign):04X}"
    return Diagnostic("E109", message, trouble.span(0, 1), "", "take it out; writing the line anew does it")


def _action_of_the_user(trouble: Trouble) -> Diagnostic | None:
    """An action's own name where `do NAME` is meant."""
    found = re.match(r"[\w-]+", trouble.rest) if trouble.fresh else None
    if not found or not re.search(rf"(?m)^[ \t]*action[ \t]+{re.escape(found[0])}[ \t]*{{?", trouble.source.text):
        return None
    name = found[0]
    message = f"`{name}` is an action of your own"
    return Diagnostic("E138", message, trouble.span(0, len(name)), "", f"write `do {name}`")


# -------------------------------------------------------------------- quotes


def _quotes(trouble: Trouble) -> Diagnostic | None:
    rest = trouble.rest
    if rest[:1] and rest[0] in TYPOGRAPHIC + "‘’‚‛‹›":
        end = max((place for place, sign in enumerate(rest) if sign in TYPOGRAPHIC + "‘’‚‛‹›"), default=0) + 1
        return Diagnostic(
            "E106", "typographic quotes are not the quotes of the language", trouble.span(0, end), "",
            f"write `{straightened(trouble.line)}`",
        )  # fmt: skip
    if rest.startswith('"""'):
        return unclosed_text(trouble.span(0, 3))
    if (rest.startswith('"') and not re.match(TEXT, rest)) or _odd_quotes(trouble):
        return _unclosed(trouble)
    single = re.match(r"'([^'\"\n]*)'|`([^`\"\n]*)`", rest)
    if single:
        word = single[1] or single[2] or ""
        return Diagnostic(
            "E107", "a text stands in double quotes", trouble.span(0, single.end()), "", f'write `"{word}"`'
        )
    return None


def unclosed_text(text: Span) -> Diagnostic:
    begin = Span(text.source, text.start, text.start + 3)
    help = 'write `"""` on a line of its own below it'
    return Diagnostic("E101", 'this text has no closing `"""`', begin, "begins here", help)


def _odd_quotes(trouble: Trouble) -> bool:
    """Whether the text read last on this line took the opening quote of the next one for its own closing quote."""
    if trouble.last_type != "STRING" or "\n" in trouble.source.text[trouble.last.end : trouble.offset]:
        return False
    behind = re.sub(TEXT, "", re.sub(r"#.*", "", trouble.source.text[trouble.last.end : trouble.offset] + trouble.rest))
    return behind.count('"') % 2 == 1


def _unclosed(trouble: Trouble) -> Diagnostic:
    begun = trouble.rest.startswith('"')
    span = trouble.span(0, len(_without_end(trouble.rest))) if begun else trouble.last
    written = span.text
    curly = next((sign for sign in written if sign in TYPOGRAPHIC), "")
    if curly:
        return Diagnostic(
            "E106", "typographic quotes are not the quotes of the language", span, f"ends with {curly}",
            f"write `{straightened(trouble.line)}`",
        )  # fmt: skip
    help = f'write `{written}"`' if begun else "close it where the text ends"
    if begun and written.endswith('\\"'):
        help = f'`\\"` is a quote inside the text, a backslash is `\\\\`: write `{written[:-2]}\\\\"`'
    return Diagnostic("E101", "this text has no closing quote", span, "", help)


def _without_end(rest: str) -> str:
    """An unclosed text up to where it most likely ends: before a ` {`, a `}` or a comment at the line's end."""
    return re.sub(r"[ \t]*(?:\{|\}|;|#.*)?[ \t]*$", "", rest) or rest


# --------------------------------------------------------------------- slips


def _slip(trouble: Trouble) -> Diagnostic | None:
    rows = (*RELATION, *CONDITION) if trouble.in_condition else ACTION
    return _first_that_fits(trouble, (*STATEMENT, *BORROWED, *rows, *IN_TEXT))


def _late_slip(trouble: Trouble) -> Diagnostic | None:
    return _first_that_fits(trouble, LATE) if trouble.in_condition else None


def _first_that_fits(trouble: Trouble, slips: tuple[Slip, ...]) -> Diagnostic | None:
    before = "" if trouble.fresh else trouble.statement.text
    rest = trouble.rest
    for slip in slips:
        if slip.fresh not in (None, trouble.fresh) or not trouble.may_stand(slip.expected):
            continue
        found = slip.fits(before[-FAR:], rest)
        if found:
            words, start, end = found
            words["block"] = trouble.block
            return Diagnostic(
                slip.code, filled(slip.message, words), trouble.span(start, end), filled(slip.label, words),
                _remedy(slip, words),
            )  # fmt: skip
    return None


def _remedy(slip: Slip, words: dict[str, str]) -> str:
    lines = [f"write `{filled(slip.write, words)}`"] if slip.write else []
    if slip.help:
        lines.append(filled(slip.help, words))
    return ";\n".join(lines)


# ------------------------------------------------------- words that look alike

_WORD = re.compile(r"[^\W\d_][\w-]*")


def _alike(trouble: Trouble) -> Diagnostic | None:
    found = _WORD.match(trouble.rest)
    if not found:
        return None
    word = found[0]
    words = sorted(trouble.words - {""})
    same = [known for known in words if known == word.lower()]
    close = same or get_close_matches(word.lower(), words, 1, 0.7)
    if not close:
        return None
    span = trouble.span(0, len(word))
    if same:
        message = f"the words of the language are written small: `{word}`"
        return Diagnostic("E118", message, span, "", f"write `{close[0]}`")
    message = f"`{word}` cannot stand here" if word in _KNOWN else f"`{word}` is not a word of the language"
    return Diagnostic("E118", message, span, "", f"did you mean `{close[0]}`?")


# words close to others that are words themselves
_KNOWN = frozenset(["contains", "starts", "ends", "matches", "exists", "contain", "start", "end", "match", "exist"])
