"""Slips between ``when`` and the actions: relations of other languages, fields in two words, ``unless``, ``&&``."""

from __future__ import annotations

from pyfilter.language.slips import ACTIONS, TEXT, Slip, Words
from pyfilter.language.slips_borrowed import pattern
from pyfilter.language.slips_relation import END, FIELD, VALUE, compared, valued

# the word of another language -> the relation of ours
_SYNONYMS = {
    "equals": "is", "equal": "is", "eq": "is", "are": "is", "was": "is", "=~": "matches", "~": "matches",
    "has": "contains", "have": "contains", "include": "contains", "includes": "contains", "containing": "contains",
    "contain": "contains", "like": "matches", "match": "matches", "matching": "matches", "regex": "matches",
    "begins": "starts with", "begin": "starts with", "beginning": "starts with", "startswith": "starts with",
    "beginswith": "starts with", "start": "starts with", "starting": "starts with",
    "endswith": "ends with", "end": "ends with", "ending": "ends with", "one": "in", "on": "is", "at": "is",
}  # fmt: skip

_MEASURES = {
    "older": "age >", "newer": "age <", "younger": "age <", "larger": "size >", "bigger": "size >",
    "greater": "size >", "over": "size >", "above": "size >", "more": "size >", "smaller": "size <", "less": "size <",
    "below": "size <", "under": "size <",
}  # fmt: skip
_UNITS = {"k": "kB", "kb": "kB", "m": "MB", "mb": "MB", "g": "GB", "gb": "GB", "d": "days", "w": "weeks", "y": "years"}


def _measured(words: Words) -> str:
    field, sign = _MEASURES[words["word"].lower()].split()
    asked = words["field"].lower()
    if asked and asked not in ("date", "age", "mail", "message", "is"):
        field = asked
    number, unit = words["number"] or "…", words["unit"]
    return f"{field} {sign} {number} {_UNITS.get(unit.lower(), unit)}".strip()


def _synonym(words: Words) -> str:
    relation = _SYNONYMS[words["word"].lower()]
    value = words["value"] if relation == "in" else valued(words["value"])
    if words["word"].lower() == "regex" and value.startswith('"'):
        value = pattern(value)
    if words["word"].lower() == "like":
        value = value.replace("%", "*")
    return f"{words['field']} {relation} {value or '…'}"


def _denied(words: Words) -> str:
    relation = words["relation"].lower()
    value = f" {words['value']}" if words["value"] else ""
    if relation in ("is", "in"):
        return f"{words['field']} " + ("is not" if relation == "is" else "not in") + value
    if relation == "is" and words.get("no"):
        return f"is not{value}"
    stem = {"starts": "start with", "ends": "end with", "matches": "match"}.get(relation, relation.rstrip("s"))
    return f"{words['field']} does not {stem}{value}"


def _absent(words: Words) -> str:
    field = words["field"]
    return f"{field} does not exist"


# fmt: off
SLIPS = (
    # --------------------------------------------------------- fields in two words
    Slip(
        "E131", "`envelope %(part)s` is one field", before=r"(?<![\w.-])envelope",
        here=r"(?P<part>recipient|sender|to|from|rcpt)" + END, whole=True,
        write=lambda words: "sender" if words["part"].lower() in ("sender", "from") else "recipient",
    ),
    Slip(
        "E130", "`has` is not a word of the language", before=r"(?<![\w.-])(?:has|have|with)(?:[ \t]+(?:an?|any))?",
        here=r"(?:an?[ \t]+|any[ \t]+)?(?P<field>[\w.-]+)", whole=True,
        write=lambda words: f"{words['field'].removesuffix('s') if words['field'] == 'attachments' else words['field']}"
        " exists",
    ),
    Slip(
        "E130", "`no` is not a word of the language", before=r"(?<![\w.-])(?:no|without)(?:[ \t]+(?:an?|any))?",
        here=r"(?P<field>(?:header[ \t]+)?[\w.-]+)", whole=True, write=_absent,
    ),
    Slip(
        "E130", "whether a field is there is asked with `exists`", before=rf"(?<![\w.-]){FIELD}",
        here=rf"(?:is[ \t]+)?(?P<word>missing|absent|empty|unset|null|none){END}", write=_absent,
    ),
    Slip(
        "E130", "whether a field is there is asked with `exists`", before=rf"(?<![\w.-]){FIELD}",
        here=rf"(?P<word>present|set|given|there){END}", write="%(field)s exists",
    ),
    Slip(
        "E131", "`%(word)s %(field)s` is one field", before=r"(?<![\w.-])(?P<word>message|mail)",
        here=rf"(?P<field>age|size|id|date){END}", whole=True,
        write=lambda words: "message-id" if words["field"].lower() == "id" else words["field"].lower(),
    ),
    # ------------------------------------------------------------------- measures
    Slip(
        "E131", "a part of a field is written with a dot", before=r"(?<![\w.-])(?P<field>[a-zA-Z][\w-]*)",
        here=rf"(?P<part>name|type|size|domain|address|local|extension|text|count|score|tests|threshold){END}",
        whole=True, write="%(field)s.%(part)s",
    ),
    Slip(
        "E129", "`%(word)s than` is written with a sign",
        before=r"(?:(?<![\w.-])(?P<field>(?!when\b|and\b|or\b|not\b)[\w.-]+)[ \t]+(?:is[ \t]+)?)?"
        rf"(?<![\w.-])(?P<word>{'|'.join(_MEASURES)})",
        here=r"than\b[ \t]*(?P<number>[\d.]*)[ \t]*(?P<unit>[A-Za-z]*)", whole=True, write=_measured,
    ),
    Slip(
        "E129", "`%(word)s` is written with a sign", before=r"(?<![\w.-])(?P<field>[\w.-]+)(?:[ \t]+is)?",
        here=rf"(?P<word>{'|'.join(_MEASURES)})[ \t]*(?:than\b)?[ \t]*(?P<number>[\d.]*)[ \t]*"
        rf"(?P<unit>[A-Za-z]*){END}",
        write=_measured,
    ),
    # ------------------------------------------------------------------ relations
    Slip(
        "E141", "`%(at)s` is not a relation", before=rf"(?<![\w.-]){FIELD}", here=rf"(?P<at>!=+|<>|/=)[ \t]*{VALUE}?",
        write=lambda words: f"{words['field']} is not {valued(words['value']) or '…'}",
    ),
    Slip(
        "E141", "`%(at)s` is not a relation", before=rf"(?<![\w.-]){FIELD}", here=rf"(?P<at>=~|~+|!~)[ \t]*{VALUE}?",
        write=lambda words: f"{words['field']} {'does not match' if words['at'][0] == '!' else 'matches'} "
        + (pattern(words["value"]) if words["value"][:1] in ("", '"') else words["value"]).replace("//", "/…/"),
    ),
    Slip(
        "E141", "`%(at)s` is written the other way round", before=rf"(?<![\w.-]){FIELD}", here=r"(?P<at>=[<>])",
        write=lambda words: words["at"][::-1],
    ),
    Slip(
        "E120", "`%(at)s` does not compare", before=rf"(?<![\w.-]){FIELD}", here=rf"(?P<at>=+|:=?)[ \t]*{VALUE}?",
        expected="is", write=compared,
    ),
    Slip(
        "E121", "a relation is missing", before=rf"(?<![\w.-]){FIELD}", here=rf"(?P<value>{TEXT})",
        expected="is", label="how does it compare?",
        write=lambda words: f"{words['field']} is {words['value']}",
        help="or `contains`, `starts with`, `ends with`, `matches`",
    ),
    Slip(
        "E121", "`does not` is followed by the plain word", before=r"(?<![\w.-])(?P<no>does[ \t]+not)", whole=True,
        here=rf"(?P<relation>contains|starts|ends|matches|exists|is|in){END}(?:[ \t]+with\b)?[ \t]*(?P<value>{TEXT})?",
        write=lambda words: _denied({**words, "field": ""}).strip(),
    ),
    Slip(
        "E121", "`not` stands elsewhere", before=rf"(?<![\w.-]){FIELD}[ \t]+not", whole=True,
        here=rf"(?P<at>(?P<relation>contains?|starts?|ends?|matches|match|is|exists?){END}(?:[ \t]+with\b)?)"
        rf"[ \t]*(?P<value>{TEXT})?",
        write=_denied,
    ),
    Slip(
        "E121", "a relation is missing", before=rf"(?<![\w.-]){FIELD}[ \t]+not", here=rf"(?P<value>{TEXT})",
        label="how does it compare?", write="%(field)s is not %(value)s",
        help="or `does not contain`, `does not start with`, `does not end with`",
    ),
    Slip(
        "E121", "`%(at)s` is not a word of the language", before=rf"(?<![\w.-]){FIELD}",
        here=rf"(?P<at>(?:doesn['’]?t|don['’]?t|isn['’]?t|hasn['’]?t|not)(?:[ \t]+(?P<relation>contains?|starts?|ends?"
        rf"|match(?:es)?|exists?|is|in){END}(?:[ \t]+with\b)?)?)[ \t]*(?P<value>{TEXT})?",
        expected="is",
        write=lambda words: _denied(words if words["relation"] else {**words, "relation": "is"}),
    ),
    Slip(
        "E121", "`%(at)s` is not a relation", before=rf"(?<![\w.-]){FIELD}",
        here=rf"(?P<at>(?P<word>{'|'.join(word for word in _SYNONYMS if word.isalpha())}){END}"
        rf"(?:[ \t]+(?:to|with|of|by)\b)?)[ \t]*{VALUE}?",
        expected="is", write=_synonym,
    ),
    Slip(
        "E121", "`%(word)s` wants `with`", before=rf"(?<![\w.-]){FIELD}[ \t]+(?P<word>starts|ends)",
        here=rf"(?P<value>{TEXT})?", expected="with",
        write=lambda words: f"{words['word']} with {words['value'] or '…'}",
    ),
    Slip(
        "E128", "capitals count when `exactly` says so",
        before=rf"(?P<relation>(?:starts[ \t]+|ends[ \t]+)?[a-z]+)[ \t]+(?P<value>{TEXT})",
        here=r"\(?(?:case[ \t-]*sensitive(?:ly)?|exactly|exact[ \t]*case|with[ \t]+case)\)?",
        write="%(relation)s exactly %(value)s",
    ),
    Slip(
        "E128", "capitals do not count anyway", before=TEXT,
        here=r"\(?(?:ignor(?:e|ing)[ \t-]*case|case[ \t-]*insensitive(?:ly)?|no[ \t-]*case|nocase)\)?",
        help="leave it out; `exactly` makes them count",
    ),
    # ------------------------------------------------------------ joining conditions
    Slip(
        "E134", "`%(word)s` is not a word of the language", fresh=False,
        here=r"(?P<at>(?P<word>unless|except(?:[ \t]+(?:if|when))?|but(?:[ \t]+not)?)(?![\w.-]))"
        r"[ \t]*(?P<rest>[^#{;}\n]*)",
        write=lambda words: f"and not {words['rest'].strip() or '…'}",
    ),
    Slip(
        "E141", "`%(at)s` is not a word of the language", here=r"(?P<at>&&?|\|\|?|!(?!=))", fresh=False,
        write=lambda words: {"&": "and", "|": "or", "!": "not"}[words["at"][0]],
    ),
    Slip(
        "E127", "`and` joins conditions; an action stands on a line of its own", whole=True,
        before=rf"(?<![\w.-])(?P<join>and|or|then)[ \t]+(?P<verb>{ACTIONS}|move|flag|save)",
        here=r"(?P<rest>[^#;}\n]*)",
        help=lambda words: f"leave out the `{words['join']}` and begin a new line: "
        f"`{words['verb']} {words['rest'].strip()}`",
    ),
    Slip(
        "E140", "`%(at)s` is not needed", fresh=False, expected="and",
        here=r"(?P<at>then\b|=>|->|:(?=[ \t]*(?:\{|#|$)))[ \t]*(?P<rest>[^#;}\n]*)",
        help="end the line there; the actions stand on lines of their own",
    ),
    Slip(
        "E105", "a condition stands within a rule", here=r"\{",
        before=r"(?<![\w.-])when[ \t]+(?P<rest>[^\n{}]*(?:\"|\bexists))",
        help='write `rule "…" {` and in it `when %(rest)s`',
    ),
    Slip(
        "E105", "the condition begins on the line of `when`", before=r"(?<![\w.-])(?P<word>when)",
        here=r"[ \t\r]*(?:#[^\n]*)?\Z", label="", whole=True,
        help="a line may break before `and` and `or`, and inside parentheses",
    ),
)
# fmt: on
