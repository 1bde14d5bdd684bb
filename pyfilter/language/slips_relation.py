"""Slips about what is compared with what: several fields, ranges, ``in list``, ``any of``, calls and brackets."""

from __future__ import annotations

import re

from pyfilter.language.slips import ACTIONS, TEXT, Slip, Words, quoted

# a field or `header NAME`, never a word that stands between fields
FIELD = (
    r"(?P<field>header[ \t]+(?:" + TEXT + r"|[\w-]+)"
    r"|(?!(?:is|in|not|and|or|when|given|as|if|contains|matches|exactly|with|between|does|has|no)(?![\w.-]))[\w.-]+)"
)
VALUE = rf"(?P<value>{TEXT}|/[^/\n]+/[a-z]*|[^\s;{{}}()#]+)"
END = r"(?![\w.-])"

_RELATIONS = "is|contains|starts[ \t]+with|ends[ \t]+with|matches"
_YES = {"yes": "", "true": "", "on": "", "1": "", "no": "not ", "false": "not ", "off": "not ", "0": "not "}
_VERDICTS = ("spam", "bulk", "dkim", "spf", "dmarc", "duplicate")
_CALLS = {
    "contains": "contains", "has": "contains", "includes": "contains", "is": "is", "equals": "is",
    "startswith": "starts with", "endswith": "ends with", "matches": "matches", "match": "matches",
}  # fmt: skip
_SINCE = {"since": ">=", "from": ">=", "after": ">", "before": "<", "until": "<=", "till": "<=", "by": "<="}
_NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}


def valued(value: str) -> str:
    """A value as it is written behind a relation: a text in quotes, numbers and patterns as they are."""
    return value if re.match(r'["/\d]|\Z', value) else quoted(value)


def compared(words: Words) -> str:
    value = words["value"]
    if words["field"] in _VERDICTS and value.lower() in _YES:
        return _YES[value.lower()] + words["field"]
    return f"{words['field']} is {valued(value) or '…'}"


def _each(words: Words) -> str:
    rest = words["rest"].strip()
    return f"({words['field']} {rest} or {words['other']} {rest})"


def _texts(words: Words) -> str:
    texts = ", ".join(re.findall(TEXT, words["rest"])) or words["rest"].strip(" ()[]")
    if words["how"].lower() == "all":
        return f"write one condition for each text: `{words['relation']} {texts.split(', ')[0]}`, joined by `and`"
    return f"write `{words['relation']} {texts}`"


def _call(words: Words) -> str:
    return f"{words['field']} {_CALLS[words['call'].lower()]} {words['value'] or '…'}"


# fmt: off
SLIPS = (
    # --------------------------------------------------------------- programs and points
    Slip(
        "E121", "a program succeeds or fails", here=rf"succeed{END}", whole=True,
        before=rf"(?<![\w.-])(?P<command>command(?:[ \t]+{TEXT})+)[ \t]+does[ \t]+not",
        write="%(command)s fails",
    ),
    Slip(
        "E139", "points stand before `if`", before=r"(?:[{;\n])[ \t]*(?P<points>[-+]?\d+(?:\.\d+)?)",
        here=rf"(?P<at>when|for|on){END}(?P<rest>[^#;}}\n]*)",
        write=lambda words: f"{words['points']} if {words['rest'].strip() or '…'}",
    ),
    # --------------------------------------------------------------- several fields
    Slip(
        "E131", "one field a condition", before=rf"(?<![\w.-]){FIELD}",
        here=rf"(?P<at>[,/][ \t]*(?P<other>[A-Za-z][\w.-]*))[ \t]+(?P<rest>(?:{_RELATIONS}|in){END}[^#;}}\n]*)",
        whole=True, write=_each, help="`to-or-cc` asks To and Cc",
    ),
    Slip(
        "E131", "a header is named without brackets", before=r"(?<![\w.-])header",
        here=r"[\[(][ \t]*[\"']?(?P<name>[\w-]+):?[\"']?[ \t]*[\])]", whole=True, write="header %(name)s",
    ),
    Slip(
        "E121", "a relation is written between blanks", whole=True,
        before=rf"(?<![\w.-])(?P<field>[\w-]+(?:\.[\w-]+)?)\.(?P<call>{'|'.join(_CALLS)})",
        here=rf"\([ \t]*(?P<value>{TEXT})?[^)\n]*\)?", write=_call,
    ),
    Slip(
        "E131", "a field is a bare word", here=r"\$\{?(?P<name>[\w-]+)\}?", expected="header",
        write=lambda words: words["name"].lower().replace("_", "-"),
    ),
    Slip(
        "E144", "a hole stands inside a text", here=r"\{(?P<name>[\w.-]+)\}", expected="header", write="%(name)s",
    ),
    Slip(
        "E127", "conditions are joined by `and`, or stand on lines of their own with `when`", whole=True,
        before=r",[ \t]*(?P<field>(?:header[ \t]+)?[\w.-]+)",
        here=r"(?P<rest>(?:is|in|contains|starts|ends|matches|exists|does|not)\b[^#;}\n]*[^#;}\s])",
        write="and %(field)s %(rest)s",
    ),
    # ------------------------------------------------------------------- in, any of
    Slip(
        "E121", "`in` is followed by the list's name",
        before=rf"(?<![\w.-]){FIELD}[ \t]+(?P<no>not[ \t]+)?in[ \t]+(?:the[ \t]+)?list",
        here=r"(?P<name>[\w-]+)", whole=True, write="%(field)s %(no)sin %(name)s",
    ),
    Slip(
        "E121", "`is` is not needed before `in`", before=rf"(?<![\w.-]){FIELD}[ \t]+is",
        here=rf"(?P<no>not[ \t]+)?in{END}[ \t]*(?:(?:the[ \t]+)?list[ \t]+)?(?P<name>[\w-]*|[\[(\"][^#;}}\n]*)",
        whole=True,
        write=lambda words: f"{words['field']} {'not ' if words['no'] else ''}in {words['name'].strip(' []()') or '…'}",
    ),
    Slip(
        "E121", "several texts are separated by commas", whole=True,
        before=rf"(?<![\w.-])(?P<relation>{_RELATIONS})[ \t]+(?P<how>any|one|all|either)(?:[ \t]+of)?",
        here=r"(?:of\b)?[ \t]*(?P<rest>[\[(]?[ \t]*[\"\w][^#;}\n]*)", help=_texts,
    ),
    Slip(
        "E121", "a time stands behind `within`", before=r"(?<![\w.-])(?P<field>duplicate|age)[ \t]+in",
        here=r"(?:the[ \t]+last[ \t]+)?(?P<number>\d+)[ \t]*(?P<unit>[a-z]+)", whole=True,
        write="%(field)s within %(number)s %(unit)s",
    ),
    Slip(
        "E143", "`of` stands behind `at least 2` alone", before=r"(?<![\w.-])(?P<kind>any|all|none)",
        here=r"of\b[ \t]*\{?",
        write="%(kind)s {", whole=True,
    ),
    Slip(
        "E143", "at least how many?", before=r"(?<![\w.-])at[ \t]+least", here=rf"(?P<number>{'|'.join(_NUMBERS)})\b",
        whole=True, write=lambda words: f"at least {_NUMBERS[words['number'].lower()]} of {{",
    ),
    Slip(
        "E143", "`of` is missing", before=r"(?<![\w.-])at[ \t]+least[ \t]+(?P<number>\d+)", here=r"\{|\(|\w+",
        whole=True, write="at least %(number)s of {",
    ),
    Slip(
        "E143", "what `%(kind)s` holds stands between `{` and `}`", before=r"(?<![\w.-])(?P<kind>any|all|none)",
        here=r"\(?(?P<rest>[^#;{}()\n]*[^#;{}()\s])\)?",
        write=lambda words: f"{words['kind']} {{ {'; '.join(re.split(r'[ ]*,[ ]*', words['rest'].strip()))} }}",
    ),
    # ----------------------------------------------------------------------- ranges
    Slip(
        "E121", "both ends of a range stand behind `between`",
        before=rf"(?<![\w.-]){FIELD}[ \t]*>=?[ \t]*(?P<low>[\w:.-]+(?:[ \t]+[A-Za-z]+)?)",
        here=r"<=?[ \t]*(?P<high>[\w:.-]+(?:[ \t]+[A-Za-z]+)?)", whole=True,
        write="%(field)s between %(low)s and %(high)s",
    ),
    Slip(
        "E121", "`and` stands between the two ends",
        before=r"(?<![\w.-])between[ \t]+(?P<low>[\w:.-]+)[ \t]+-[ \t]+(?P<hour>\d+)",
        here=r"(?P<minute>:\d\d)", whole=True, write="between %(low)s and %(hour)s%(minute)s",
    ),
    Slip(
        "E121", "`and` stands between the two ends",
        before=r"(?<![\w.-])between[ \t]+(?P<low>[\w:.-]+(?:[ \t]+[A-Za-z]+)?)",
        here=r"(?:to|till|until|-+|\.\.+|–|,)[ \t]*(?P<high>[\w:.-]*(?:[ \t]+[A-Za-z]+)?)", whole=True,
        write=lambda words: f"between {words['low']} and {words['high'] or '…'}",
    ),
    Slip(
        "E121", "both ends of a range stand behind `between`",
        before=r"(?<![\w.-])(?P<field>date|time|today|now|age|size)",
        here=r"from[ \t]+(?P<low>[\w:.-]+)[ \t]*(?:to|till|until|-|–)[ \t]*(?P<high>[\w:.-]+)",
        write="%(field)s between %(low)s and %(high)s",
    ),
    Slip(
        "E129", "`%(word)s` is written with a sign", before=r"(?<![\w.-])(?P<field>date|time|today|now)(?:[ \t]+is)?",
        here=rf"(?P<word>{'|'.join(_SINCE)}){END}[ \t]*(?P<value>[\w:.-]*)",
        write=lambda words: f"{words['field']} {_SINCE[words['word'].lower()]} {words['value'] or '…'}",
    ),
    # ------------------------------------------------------------------------ texts
    Slip(
        "E121", "`and` joins whole conditions",
        before=rf"(?<![\w.-]){FIELD}[ \t]+(?P<relation>{_RELATIONS})[ \t]+(?P<first>{TEXT})[ \t]+and",
        here=rf"(?P<second>{TEXT})", write="%(field)s %(relation)s %(first)s and %(field)s %(relation)s %(second)s",
        help="or, where one is enough, `%(first)s or %(second)s`",
    ),
    Slip(
        "E121", "a pattern stands behind `matches`", before=rf"(?<![\w.-]){FIELD}[ \t]+(?:is|contains|equals|in)",
        here=r"(?P<pattern>/[^/\n]+/[a-z]*)", write="%(field)s matches %(pattern)s", whole=True,
    ),
    Slip(
        "E121", "each condition names its field",
        before=rf"(?<![\w.-]){FIELD}[ \t]+(?:does[ \t]+)?(?:not[ \t]+)?(?:{_RELATIONS}|in)(?:[ \t]+not)?[ \t]+{TEXT}"
        r"[ \t]+(?:and|or)",
        here=r"(?P<rest>(?:is|in|contains|starts|ends|matches|does|not[ \t]+in)\b[^#;}\n]*[^#;}\s])",
        write="%(field)s %(rest)s",
    ),
    Slip(
        "E121", "`is` stands behind a field", before=r"(?<![\w.-])(?:when|and|or|not|\()",
        here=rf"is{END}[ \t]+(?P<field>[\w.-]+)",
        write="%(field)s",
    ),
    Slip(
        "E121", "a relation is missing", before=rf"(?<![\w.-]){FIELD}", here=r"(?P<value><?[\w.+*-]*@[\w.*-]+>?)",
        expected="is",
        write=lambda words: f"{words['field']} is {quoted(words['value'].strip('<>'))}",
    ),
)

# where no word of the language looks like what was written
LATE = (
    Slip(
        "E121", "a relation is missing", before=rf"(?<![\w.-]){FIELD}",
        here=rf"(?P<value>(?!(?:{ACTIONS}|else|then|rule|when)\b)[\w+-]+){END}(?=[ \t]*(?:[#;{{}})]|$|and\b|or\b))",
        expected="is", label="how does it compare?", write=compared,
        help="or `contains`, `starts with`, `ends with`, `matches`",
    ),
)
# fmt: on
