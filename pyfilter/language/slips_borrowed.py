"""Slips that are whole phrases of another language: Sieve's tests and tags, calls of Python, Gmail's `has the words`.

They are tried before the rows that know single words, which would see half of such a phrase. Each gets the whole
condition back, also where its parts stand in another order here.
"""

from __future__ import annotations

import re

from pyfilter.language.slips import TEXT, Slip, Words
from pyfilter.language.slips_relation import FIELD

# Sieve's texts (RFC 5228, 2.4.2): one in quotes, or several in brackets
_TEXTS = rf"(?:{TEXT}|\[[^\]\n]*\])"
_TAG = r":(?P<tag>contains|is|matches|regex)\b"
# between two tests of Sieve; a comma before a quote joins texts
_BETWEEN = re.compile(r",\s*(?![\s\"])")
_SIGNS = {"before": "<", "after": ">", "since": ">=", "until": "<="}
# what a number of bytes is asked of
_COUNTED = {"attachments": "attachments", "attachment": "attachments", "body": "size", "message": "size"}


def _joined(words: Words) -> str:
    join = " or " if words["how"].lower() == "anyof" else " and "
    return f"({join.join(test.strip() for test in _BETWEEN.split(words['rest']))})"


def _relation(tag: str) -> str:
    return "matches" if tag.lower() == "regex" else tag.lower()


def _texts(written: str, tag: str = "") -> str:
    texts = re.findall(TEXT, written)
    return ", ".join(map(pattern, texts) if tag.lower() == "regex" else texts)


def _part(words: Words) -> str:
    part = {"domain": ".domain", "localpart": ".local", "all": ""}[words["part"].lower()]
    tag = words["tag"] or "is"
    return f"{words['name'].lower()}{part} {_relation(tag)} {_texts(words['texts'], tag)}"


def _headers(words: Words) -> str:
    names = re.findall(r"[\w-]+", words["names"])
    asked = f"{words['relation'].lower()} {_texts(words['texts'])}"
    if {name.lower() for name in names} == {"to", "cc"}:
        return f"to-or-cc {asked}"
    return "(" + " or ".join(f"header {name} {asked}" for name in names) + ")"


def _size(words: Words) -> str:
    sign = ">" if words["tag"].lower() == "over" else "<"
    unit = words["unit"].upper()
    return f"size {sign} {words['number']} {'kB' if unit in ('', 'K') else unit + 'B'}"


def pattern(text: str) -> str:
    """What stands in quotes, as a pattern between slashes; a doubled backslash was meant for the quotes."""
    return "/" + re.sub(r"(?<!\\)/", r"\/", text.strip("\"'").replace("\\\\", "\\")) + "/"


def _searched(words: Words) -> str:
    begin = "^" if words["call"] != "search" and not words["text"].startswith("^") else ""
    end = "$" if words["call"] == "fullmatch" else ""
    return f"{words['field']} matches {pattern(begin + words['text'] + end)}"


# fmt: off
SLIPS = (
    # ----------------------------------------------------------------------- Sieve
    Slip(
        "E141", "conditions are joined by `and` and `or`", before=r"(?<![\w.-])(?P<how>anyof|allof)", whole=True,
        here=r"\((?P<rest>[^#{}\n]*[^#{}\s])\)",
        write=_joined,
    ),
    Slip(
        "E131", "one field a condition", before=r"(?<![\w.-])header", whole=True,
        here=rf"\[(?P<names>[^\]\n,]+,[^\]\n]*)\][ \t]*:?(?P<relation>is|contains|matches)\b[ \t]*(?P<texts>{_TEXTS})",
        write=_headers,
    ),
    Slip(
        "E141", "a relation stands between the field and the text", before=r"(?<![\w.-])(?:header|address)",
        here=rf"{_TAG}[ \t]*\"(?P<name>[\w-]+)\"[ \t]*(?P<texts>{_TEXTS})", whole=True,
        write=lambda words: f"header {words['name']} {_relation(words['tag'])} "
        + _texts(words["texts"], words["tag"]),
    ),
    Slip(
        "E131", "a part of a field is written with a dot", before=r"(?<![\w.-])address", whole=True,
        here=rf":(?P<part>domain|localpart|all)[ \t]*(?::(?P<tag>\w+)[ \t]*)?\"(?P<name>[\w-]+)\"[ \t]*"
        rf"(?P<texts>{_TEXTS})",
        write=_part,
    ),
    Slip(
        "E129", "`:%(tag)s` is written with a sign", before=r"(?<![\w.-])size",
        here=r":(?P<tag>over|under)[ \t]*(?P<number>\d+)[ \t]*(?P<unit>[kKmMgG]?)[bB]?", whole=True, write=_size,
    ),
    Slip(
        "E141", "a relation has no `:`", before=rf"(?<![\w.-]){FIELD}", here=rf"{_TAG}[ \t]*(?P<texts>{_TEXTS})",
        whole=True, write=lambda words: f"{words['field']} {_relation(words['tag'])} "
        + _texts(words["texts"], words["tag"]),
    ),
    Slip(
        "E130", "`exists` stands behind the header", before=r"(?<![\w.-])not", whole=True, expected="header",
        here=r"exists[ \t]*\(?(?:header[ \t]+)?[\"']?(?P<name>[\w-]+)[\"']?\)?",
        write="header %(name)s does not exist",
    ),
    Slip(
        "E130", "`exists` stands behind the header", expected="header",
        here=r"exists[ \t]*\(?(?:header[ \t]+)?[\"']?(?P<name>[\w-]+)[\"']?\)?", write="header %(name)s exists",
    ),
    # ----------------------------------------------------------------------- Gmail
    Slip(
        "E131", "one field a condition", before=r"(?<![\w.-])(?:has|have)", whole=True,
        here=rf"(?:the[ \t]+)?words?[ \t]*:?[ \t]*(?P<text>{TEXT})",
        write="(subject contains %(text)s or body contains %(text)s)",
    ),
    Slip(
        "E131", "how large an attachment is, is a field", before=r"(?<![\w.-])(?:has|have|with)", whole=True,
        here=r"(?:an?[ \t]+)?attachments?[ \t]+(?:that[ \t]+is[ \t]+)?(?P<word>larger|bigger|over|smaller|under)"
        r"(?:[ \t]+than)?[ \t]*(?P<number>\d+)[ \t]*(?P<unit>[kKmMgG]?)[bB]?(?!\w)",
        write=lambda words: "attachment." + _size({**words, "tag": "over" if words["word"][0] in "lbo" else "under"}),
    ),
    Slip(
        "E129", "`%(word)s` is written with a sign", before=r"(?<![\w.-])(?:sent|received|arrived|delivered|dated)",
        here=r"(?:on[ \t]+)?(?P<word>before|after|since|until)[ \t]+(?P<day>[\w-]+)", whole=True,
        write=lambda words: f"date {_SIGNS[words['word'].lower()]} {words['day']}",
    ),
    Slip(
        "E130", "a mailing list has its `list-id`", before=r"(?<![\w.-])mailing", here=r"list(?!\w)", whole=True,
        write="list-id exists",
    ),
    Slip(
        "E129", "what is past is counted from `now`", whole=True,
        before=r"(?<![\w.-])(?P<number>\d+)[ \t]+(?P<unit>(?:second|minute|hour|day|week|month|year)s?)",
        here=r"ago(?!\w)", write="now - %(number)s %(unit)s",
    ),
    # ---------------------------------------------------------------------- Python
    Slip(
        "E121", "the field stands before the text", expected="header",
        here=rf"(?P<text>{TEXT})[ \t]+(?P<no>not[ \t]+)?in[ \t]+(?P<field>[\w-]+(?:\.(?!lower|casefold)[\w-]+)?)"
        r"(?:\.(?:lower|casefold)\(\))?",
        write=lambda words: f"{words['field']} {'does not contain' if words['no'] else 'contains'} {words['text']}",
    ),
    Slip(
        "E121", "one of several texts is enough anyway", before=r"(?<![\w.-])any", whole=True,
        here=r"\([ \t]*(?P<each>\w+)[ \t]+in[ \t]+(?P<field>[\w-]+)[\w.()]*[ \t]+for[ \t]+(?P=each)[ \t]+in[ \t]+"
        r"(?P<texts>\[[^\]\n]*\]|\([^)\n]*\))[ \t]*\)",
        write=lambda words: f"{words['field']} contains {_texts(words['texts'])}",
    ),
    Slip(
        "E128", "capitals do not count anyway", whole=True,
        before=r"(?<![\w.-])(?P<field>[\w-]+(?:\.[\w-]+)?)\.(?:lower|upper|casefold|strip)", here=r"\([ \t]*\)",
        write="%(field)s",
    ),
    Slip(
        "E121", "a pattern stands behind `matches`", before=r"(?<![\w.-])re\.(?P<call>search|match|fullmatch)",
        here=r"\([ \t]*r?(?P<quote>[\"'])(?P<text>[^\"'\n]*)(?P=quote)[ \t]*,[ \t]*(?P<field>[\w.-]+)[^)\n]*\)",
        whole=True, write=_searched,
    ),
    Slip(
        "E131", "`%(field)s` is counted without a call", before=r"(?<![\w.-])len",
        here=rf"\([ \t]*(?P<field>{'|'.join(_COUNTED)})[ \t]*\)", whole=True,
        write=lambda words: _COUNTED[words["field"].lower()],
    ),
    Slip(
        "E108", "a pattern stands between slashes", before=r"(?<![\w.-])match(?:es)?(?:[ \t]+exactly)?",
        here=r"r(?P<text>\"[^\"\n]*\"|'[^'\n]*')", write=lambda words: pattern(words["text"]),
    ),
    Slip(
        "E107", "no letter stands before a text", here=rf"(?P<letter>[fbru]{{1,2}})(?P<text>{TEXT})", expected="text",
        fresh=False, write="%(text)s",
    ),
)
# fmt: on
