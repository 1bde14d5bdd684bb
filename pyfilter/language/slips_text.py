"""Slips in texts, dates and numbers, wherever they stand: quotes, commas, ``24.12.2026``."""

from __future__ import annotations

import re

from pyfilter.language.slips import TEXT, Slip, Words, quoted

TYPOGRAPHIC = "“”„‟«»″＂"
_SINGLE = "‘’‚‛‹›′"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def straightened(line: str) -> str:
    """A line with the quotation marks of the language."""
    return re.sub(f"[{TYPOGRAPHIC}{_SINGLE}]", '"', line).strip()


def _date(words: Words) -> str:
    month = words["month"].lower()
    number = _MONTHS.index(month[:3]) + 1 if month[:3] in _MONTHS else int(month)
    return f"{int(words['year']):04}-{number:02}-{int(words['day']):02}"


def _either_date(words: Words) -> str:
    """Where the day may stand first or the month, both; a day above 12 tells."""
    first, second = int(words["first"]), int(words["second"])
    month_first = _date({**words, "month": words["first"], "day": words["second"]})
    day_first = _date({**words, "month": words["second"], "day": words["first"]})
    if first == second or first > 12 or second > 12:
        return f"write `{day_first if first > 12 else month_first}`"
    return f"write `{month_first}`, or `{day_first}` if the day was written first"


def _time(words: Words) -> str:
    hour = int(words["hour"]) % 12 + (12 if words["half"].lower().startswith("p") else 0)
    return f"{hour}:{words['minute'] or '00'}"


# fmt: off
SLIPS = (
    Slip(
        "E149", "a comment begins with `#`", fresh=False,
        here=r"(?P<at>//+|/\*|--)[ \t]*(?P<rest>[^\n]*?)[ \t]*(?:\*/)?$",
        write="# %(rest)s",
    ),
    # -------------------------------------------------------------- dates, numbers
    Slip(
        "E132", "a date is written year-month-day", before=r"(?<![\w.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})",
        here=r"\.(?P<year>\d{4})", whole=True, write=_date,
    ),
    Slip(
        "E132", "a date is written year-month-day", before=r"(?<![\w.])(?P<first>\d{1,2})",
        here=r"/(?P<second>\d{1,2})/(?P<year>\d{4})", whole=True, help=_either_date,
    ),
    Slip(
        "E132", "a date is written year-month-day",
        before=rf"(?<![\w.])(?P<day>\d{{1,2}})\.?[ \t]+(?P<month>(?:{'|'.join(_MONTHS)})[a-z]*)",
        here=r"(?P<year>\d{4})", whole=True, write=_date,
    ),
    Slip(
        "E132", "a time is written in 24 hours", before=r"(?<![\w.])(?P<hour>\d{1,2}):(?P<minute>\d\d)",
        here=r"(?P<half>[ap]\.?m\b\.?)", whole=True, write=_time,
    ),
    Slip(
        "E132", "a number is written without marks between its digits", before=r"(?<![\w.])(?P<high>\d{1,3})",
        here=r"[,'’](?P<low>\d{3})(?!\d)", whole=True, write="%(high)s%(low)s",
    ),
    Slip(
        "E132", "`%(sign)s` stands between blanks", before=r"(?<![\w.-])(?P<base>now|today|date|time)",
        here=r"(?P<sign>[-+])(?P<rest>\d+[ \t]*[A-Za-z]*)", whole=True, write="%(base)s %(sign)s %(rest)s",
    ),
    # ----------------------------------------------------------------------- texts
    Slip(
        "E126", "a comma is missing between two texts", before=rf"(?P<first>{TEXT})", here=rf"(?P<second>{TEXT})",
        expected=",", write="%(first)s, %(second)s",
    ),
    Slip(
        "E144", "a hole stands inside a text", here=r"(?P<hole>\{[\w.-]+(?::[^}\n]*)?\})", expected="text",
        write=lambda words: quoted(words["hole"]),
    ),
    # a word where only a text can stand
    Slip(
        "E108", "an address stands in quotes", before=r"(?<![^\s(,])(?P<local>[\w.+-]+)", here=r"(?P<at>@[\w.*-]*)",
        whole=True, near=True, write=lambda words: quoted(words["local"] + words["at"]),
    ),
    Slip(
        "E108", "an address stands in quotes", here=r"(?P<word><?[\w.+*-]*@[\w.*-]*>?)", fresh=False,
        write=lambda words: quoted(words["word"].strip("<>")),
    ),
    Slip(
        "E101", "this pattern has no closing `/`", before=r"(?<![\w.-])match(?:es)?(?:[ \t]+exactly)?",
        here=r"(?P<at>/[^/\n]*)$",
        write=lambda words: words["at"].rstrip() + "/",
    ),
    Slip(
        "E108", "a pattern stands between slashes, or in quotes", before=r"(?<![\w.-])match(?:es)?(?:[ \t]+exactly)?",
        here=r"(?P<at>(?![\"“”'*])[^\s;}#]+)", write=lambda words: f"/{words['at'].replace('/', chr(92) + '/')}/",
    ),
    Slip(
        "E132", "how many?", before=r"(?<![\w.-])(?P<verb>every|within)",
        here=r"(?P<unit>second|minute|hour|day|week|month|year)s?",
        write="%(verb)s 1 %(unit)s",
    ),
    Slip(
        "E108", "one text after another, separated by commas", here=r"(?P<at>[\[(])[ \t]*(?P<rest>[^\])\n]*)[\])]?",
        expected="text",
        help=lambda words: f"write `{words['rest'].strip() or quoted('…')}`, without the brackets",
    ),
    Slip(
        "E108", "this stands in quotes", here=r"(?P<word>[^\s\"{};,#()][^\s{};,#]*)", expected="text", fresh=False,
        write=lambda words: quoted(words["word"]),
    ),
)
# fmt: on
