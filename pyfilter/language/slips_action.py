"""Slips behind the word of an action or a declaration: its arguments, and what is hung on behind it."""

from __future__ import annotations

import re

from pyfilter.language.slips import ACTIONS, FOLDER, TEXT, Slip, Words, foldered, inside, quoted


def _flags(words: Words) -> str:
    flags = [flag for flag in re.findall(r"[\w-]+", words["flags"]) if flag.lower() != "and"]
    return f"{words['verb']} {', '.join([*flags, words['more']])}"


def _one_a_line(words: Words) -> str:
    return f"write two lines: `{words['verb']} {words['first']}` and `{words['verb']} {words['second']}`"


def _above(words: Words) -> str:
    denied = "" if words["word"].lower() in ("if", "when") else "not "
    return f"write it above the actions: `when {denied}{words['rest'].strip() or '…'}`"


# fmt: off
SLIPS = (
    # ------------------------------------------------------------- noise and order
    Slip(
        "E123", "`%(verb)s` stands alone", before=r"(?<![\w.-])(?P<verb>keep|discard|stop|scan)",
        here=r"(?P<rest>(?!and\b|if\b|when\b|unless\b|except\b)[A-Za-z]+(?:[ \t]+[A-Za-z]+)*)(?=[ \t]*(?:[#;}]|$))",
        write="%(verb)s",
    ),
    Slip(
        "E123", "a copy goes on, a forward does not", before=rf"(?<![\w.-])forward[ \t]+to[ \t]+(?P<to>{TEXT})",
        here=r"(?:(?:and|but|with)[ \t]+)?(?:keep(?:ing)?|leave|store|continue)\b[^#;}\n]*(?<![ \t])",
        write="copy to %(to)s",
    ),
    Slip(
        "E123", "a copy goes on, a forward does not", whole=True,
        before=rf"(?<![\w.-])forward[ \t]+to[ \t]+(?P<to>{TEXT})[ \t]+and",
        here=r"(?:keep(?:ing)?|leave|store)\b[^#;}\n]*(?<![ \t])", write="copy to %(to)s",
    ),
    Slip(
        "E125", "what is not spam is kept", whole=True,
        before=r"(?<![\w.-])mark(?:[ \t]+(?:it|message|mail|this))?(?:[ \t]+as)?[ \t]+not", here=r"(?:spam|junk)\b",
        write="keep",
    ),
    Slip(
        "E125", "what is not spam is kept", before=r"(?<![\w.-])mark[ \t]+(?:it|message|mail|this)", whole=True,
        here=r"(?:as[ \t]+)?(?:not[ \t-]+(?:spam|junk)|ham)\b", write="keep",
    ),
    Slip(
        "E125", "`mark` is followed by the flag",
        before=r"(?<![\w.-])(?P<verb>(?:un)?mark)[ \t]+(?:message|mail|it|this|with)",
        here=r"(?:as[ \t]+)?(?P<flag>[A-Za-z]+)", whole=True, write="%(verb)s %(flag)s",
    ),
    Slip(
        "E123", "the text of a reply stands last", before=rf"(?<![\w.-])reply[ \t]+(?:[^\"\n]*)(?P<text>{TEXT})",
        here=rf"(?P<at>(?:every|subject)\b(?:[ \t]+(?:every|subject|\d+[ \t]+\w+|{TEXT}))*)",
        write="reply %(at)s %(text)s",
    ),
    Slip(
        "E123", "`reply` is followed by its text", before=r"(?<![\w.-])reply",
        here=rf"(?P<at>with|by|using)[ \t]*(?P<text>{TEXT})?",
        write=lambda words: f"reply {words['text'] or quoted('…')}",
    ),
    Slip(
        "E123", "`%(verb)s` is followed by its text", before=r"(?<![\w.-])(?P<verb>reject|defer|log)",
        here=rf"(?P<at>with|by|as|because|to)[ \t]*(?P<text>{TEXT})", write="%(verb)s %(text)s",
    ),
    Slip(
        "E123", "`%(verb)s` has no number: the mail server's is 550 or 451",
        before=r"(?<![\w.-])(?P<verb>reject|defer)",
        here=rf"(?P<at>\d[\d.]*)[ \t]*(?P<text>{TEXT})", write="%(verb)s %(text)s",
    ),
    Slip(
        "E126", "one folder an action",
        before=rf"(?<![\w.-])(?P<verb>(?:file|copy)[ \t]+into)[ \t]+(?P<first>{TEXT})(?:[ \t]+and)?",
        here=rf"(?:and\b|or\b|,)?[ \t]*(?P<second>{TEXT})", help=_one_a_line,
    ),
    Slip(
        "E134", "a condition stands above the actions", fresh=False, expected="end",
        before=rf"(?<![\w.-])(?:{ACTIONS})\b[^\n]*",
        here=r"(?P<at>(?P<word>unless|except(?:[ \t]+(?:if|when))?|if|when))(?![\w.-])[ \t]*(?P<rest>[^#;}\n]*)",
        help=_above,
    ),
    # ----------------------------------------------------------------------- flags
    Slip(
        "E126", "a comma is missing between the flags", fresh=False,
        before=r"(?<![\w.-])(?P<verb>(?:un)?mark(?:[ \t]+as)?)[ \t]+(?P<flags>[\w, \t-]*\w)",
        here=rf"(?P<at>(?:and[ \t]+)?(?P<more>(?!(?:continue|{ACTIONS})\b)[A-Za-z]+))(?![\w.-])", write=_flags,
    ),
    Slip(
        "E126", "a flag is a bare word", fresh=False, before=r"(?<![\w.-])(?P<verb>(?:un)?mark(?:[ \t]+as)?)",
        here=r"[\"'\\]+(?P<word>[A-Za-z]+)[\"']?", write=lambda words: f"{words['verb']} {words['word'].lower()}",
    ),
    Slip(
        "E125", "flags are marked", before=r"(?<![\w.-])(?:set|add)[ \t]+flags?", here=r"\W?(?P<flag>[A-Za-z]+)\W*",
        whole=True, write=lambda words: "mark " + {"seen": "read"}.get(words["flag"].lower(), words["flag"].lower()),
    ),
    # --------------------------------------------------------------------- headers
    Slip(
        "E126", "the header's name stands alone, its text in quotes behind it", whole=True,
        before=r"(?<![\w.-])(?P<verb>(?:add|set)[ \t]+header)[ \t]+\"(?P<name>[\w-]+):[ \t]*(?P<text>[^\"\n]*)\"",
        here=r"(?=[ \t]*(?:[#;}]|$))", write='%(verb)s %(name)s "%(text)s"',
    ),
    Slip(
        "E126", "the header's name stands alone, its text in quotes behind it",
        before=r"(?<![\w.-])(?P<verb>(?:add|set)[ \t]+header)[ \t]+(?P<name>[\w-]+)", whole=True,
        here=r":?[ \t]*\"?(?P<text>[^\"#;}\n]+)\"?", write='%(verb)s %(name)s "%(text)s"',
    ),
    Slip(
        "E123", "a header is set with `set header`",
        before=r"(?<![\w.-])set[ \t]+(?P<name>subject|from|to|cc|reply-to|x-[\w-]+)",
        here=rf"(?:to[ \t]+|=[ \t]*)?(?P<text>{TEXT})", whole=True,
        write=lambda words: f"set header {words['name'].title()} {words['text']}",
    ),
    # ----------------------------------------------------------- texts without quotes
    Slip(
        "E108", "a folder's name stands in quotes", before=r"(?<![\w.-])(?P<verb>file|copy)[ \t]+into",
        here=FOLDER, expected="text", write=lambda words: f"{words['verb']} into {foldered(words)}",
    ),
    Slip(
        "E108", "a text stands in quotes", before=r"(?<![\w.-])(?P<verb>reject|defer|log|notify)",
        here=r"(?P<at>(?![\"“”'])[^#;}\n\"]*\S)", write=lambda words: f"{words['verb']} {quoted(words['at'])}",
    ),
    Slip(
        "E108", "a program and its arguments stand in quotes",
        before=r"(?<![\w.-])(?P<verb>pipe[ \t]+to|pass[ \t]+through|notify|command)",
        here=r"(?P<at>(?![\"“”'])[^#;}\n\"]*[^#;}\n\"\s])",
        write=lambda words: f"{words['verb']} {quoted(words['at'])}",
    ),
    # -------------------------------------------------------------- what is hung on
    Slip(
        "E127", "`and` is followed by `continue` here; the next action stands on a line of its own",
        before=r"(?<![\w.-])(?P<join>and)", fresh=False, whole=True,
        here=rf"(?P<rest>(?:then[ \t]+)?(?P<verb>{ACTIONS}|move|save|flag|delete)\b[^#;}}\n]*)",
        help=lambda words: f"leave out the `and` and begin a new line: `{words['rest'].strip()}`",
    ),
    Slip(
        "E127", "a comma does not join actions", fresh=False,
        here=rf"(?P<at>,)[ \t]*(?P<rest>(?:{ACTIONS})\b[^#;}}\n]*)",
        help=lambda words: f"begin a new line: `{words['rest'].strip()}`",
    ),
    Slip(
        "E135", "`%(at)s` belongs to a rule of its own", fresh=False, before=r"\}",
        here=r"(?P<at>else(?:[ \t]+(?:if|when))?|elif|elsif|otherwise)(?![\w.-])[ \t]*(?P<rest>[^#{;:\n]*)",
        help=lambda words: 'end the line after the `}` and write `rule "…" else {` on the next' + inside(words),
    ),
    Slip(
        "E140", "`then` is not needed", fresh=True, here=r"(?P<at>then)(?![\w.-])",
        help="the actions stand below the condition, one a line",
    ),
    # ------------------------------------------------------------ heads, declarations
    Slip(
        "E105", "the rule's name is missing", before=r"(?<![\w.-])rule[ \t]+(?:when|if)", whole=True, expected="else",
        here=r"(?P<rest>[^{#\n]*)", help=lambda words: "write `rule \"…\" {` and on the next line "
        f"`when {words['rest'].strip() or '…'}`",
    ),
    Slip(
        "E105", "the condition stands within the rule", expected="else",
        before=rf"(?<![\w.-])(?P<head>rule[ \t]+(?:{TEXT}|[\w-]+))",
        here=r"(?P<at>(?:when|if)\b|\((?=[ \t]*\w))[ \t]*(?P<rest>[^{#\n]*)",
        help=lambda words: f"write `{words['head']} {{` and on the next line "
        f"`when {words['rest'].strip(' ()') or '…'}`",
    ),
    Slip(
        "E105", "`%(at)s` does not belong here", before=rf"(?<![\w.-])(?P<head>(?:rule|test)[ \t]+(?:{TEXT}|[\w-]+))",
        here=r"(?P<at>:|,|=|\(\))", write="%(head)s {", expected="{",
    ),
    Slip(
        "E105", "`%(at)s` does not belong here", before=r"(?<![\w.-])(?P<head>rule|test)",
        here=rf"(?P<at>[:=])[ \t]*(?P<name>{TEXT}|[\w-]+)", write="%(head)s %(name)s {",
    ),
    Slip(
        "E126", "a name of several words stands in quotes",
        before=r"(?<![\w.-])(?P<word>rule|test)[ \t]+(?P<first>[\w-]+)",
        here=r"(?P<rest>(?!else\b)\w[^{\n\"]*)", whole=True,
        write=lambda words: f"{words['word']} {quoted(words['first'] + ' ' + words['rest'].strip())} {{",
    ),
    Slip(
        "E147", "a file's name stands behind `from`", whole=True,
        before=r"(?<![\w.-])list[ \t]+(?P<name>[\w-]+)[ \t]*=",
        here=rf"(?:from[ \t]+)?(?:file|path)?[ \t]*\(?(?P<file>{TEXT})\)?", write="list %(name)s from %(file)s",
    ),
    Slip(
        "E147", "`=` is missing", before=r"(?<![\w.-])(?P<word>(?:set|list|let)[ \t]+[\w.-]+)",
        here=rf":?[ \t]*(?P<value>{TEXT}|[\w/~.-]+)",
        write=lambda words: f"{words['word']} = {words['value']}",
    ),
)
# fmt: on
