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
from dataclasses import dataclass
from difflib import get_close_matches

from pyfilter.language.diagnostics import Diagnostic, Note
from pyfilter.language.recovery import STATEMENT as NEW
from pyfilter.language.slips import TEXT, Slip, filled
from pyfilter.language.slips_action import SLIPS as ACTION
from pyfilter.language.slips_condition import SLIPS as CONDITION
from pyfilter.language.slips_relation import LATE
from pyfilter.language.slips_relation import SLIPS as RELATION
from pyfilter.language.slips_statement import SLIPS as STATEMENT
from pyfilter.language.slips_text import SLIPS as IN_TEXT
from pyfilter.language.slips_text import TYPOGRAPHIC, straightened
from pyfilter.language.tree import Source, Span

# characters of a line that are looked at; of a word that are repeated
_FAR = 400
_LONG = 40


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where reading stopped.

    ``last``: what was read last, of the grammar's type ``last_type``; ``statement``: from the beginning of
    the statement to the error; ``fresh``: the error is its first word; ``expected``: the grammar's types that
    could stand here, ``words`` the words of the language among them; ``block``: what is open around it.
    """

    source: Source
    offset: int
    last_type: str
    last: Span
    statement: Span
    fresh: bool
    expected: frozenset[str]
    words: frozenset[str]
    block: str

    @property
    def rest(self) -> str:
        """The rest of the line, as far as anybody would read."""
        line = self.source.text[self.offset : self.offset + _FAR]
        return line.split("\n", 1)[0].rstrip("\r")

    @property
    def line(self) -> str:
        return self.source.line(self.source.place(self.offset)[0])

    def span(self, start: int, end: int) -> Span:
        begin = min(self.offset + start, len(self.source.text))
        return Span(self.source, begin, min(max(self.offset + end, begin), len(self.source.text)))

    @property
    def in_condition(self) -> bool:
        begun = self.statement.text.split(None, 1)
        return not self.fresh and begun[:1] in (["when"], ["given"], ["define"])

    def may_stand(self, what: str) -> bool:
        match what:
            case "":
                return True
            case "text":
                return "STRING" in self.expected
            case ",":
                return "COMMA" in self.expected
            case "{":
                return "LBRACE" in self.expected
            case "end":
                return "_NL" in self.expected
            case _:
                return what in self.words


def explain(trouble: Trouble) -> Diagnostic:
    return (
        _invisible(trouble)
        or _quotes(trouble)
        or _action_of_the_user(trouble)
        or _slip(trouble)
        or _braces(trouble)
        or _alike(trouble)
        or _late_slip(trouble)
        or _expected(trouble)
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
        return Diagnostic(
            "E101", 'this text has no closing `"""`', trouble.span(0, 3), "begins here",
            'write `"""` on a line of its own below it',
        )  # fmt: skip
    if (rest.startswith('"') and not re.match(TEXT, rest)) or _odd_quotes(trouble):
        return _unclosed(trouble)
    single = re.match(r"'([^'\"\n]*)'|`([^`\"\n]*)`", rest)
    if single:
        word = single[1] or single[2] or ""
        return Diagnostic(
            "E107", "a text stands in double quotes", trouble.span(0, single.end()), "", f'write `"{word}"`'
        )
    return None


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
    return _first_that_fits(trouble, (*STATEMENT, *rows, *IN_TEXT))


def _late_slip(trouble: Trouble) -> Diagnostic | None:
    return _first_that_fits(trouble, LATE) if trouble.in_condition else None


def _first_that_fits(trouble: Trouble, slips: tuple[Slip, ...]) -> Diagnostic | None:
    before = "" if trouble.fresh else trouble.statement.text
    rest = trouble.rest
    for slip in slips:
        if slip.fresh not in (None, trouble.fresh) or not trouble.may_stand(slip.expected):
            continue
        found = slip.fits(before[-_FAR:], rest)
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


# -------------------------------------------------------------------- braces


def _braces(trouble: Trouble) -> Diagnostic | None:
    sign = trouble.rest[:1]
    if sign == "}" and not trouble.block:
        return Diagnostic(
            "E103", "a `}` that closes nothing", trouble.span(0, 1), "", "take it out, or look for a `}` too many above"
        )
    if sign == ")" and trouble.block != "paren":
        return Diagnostic("E115", "a `)` that closes nothing", trouble.span(0, 1), "", "take it out")
    return None


def missing_close(source: Source, kind: str, head: int, start: int, before: int) -> Diagnostic:
    """The ``{`` or ``(`` at ``start`` is still open at ``before``."""
    opened = Span(source, head, start + 1)
    first_line = source.text.find("\n", head, start)
    if first_line >= 0:
        opened = Span(source, head, first_line)
    sign = ")" if kind == "paren" else "}"
    if before >= len(source.text):
        where = "at the end of the file"
        notes: tuple[Note, ...] = ()
    else:
        end = source.text.find("\n", before)
        where = f"above line {source.place(before)[0]}"
        notes = (Note(Span(source, before, end if end >= 0 else len(source.text)), f"the `{sign}` is missing above"),)
    return Diagnostic(
        "E115" if kind == "paren" else "E102", f"{_CALLED.get(kind, 'this')} has no closing `{sign}`", opened,
        "begins here", "write `)` where it ends" if kind == "paren" else f"write `{sign}` {where}", notes,
    )  # fmt: skip


_CALLED = {
    "rule": "this rule",
    "test": "this test",
    "action": "this action",
    "list": "this list",
    "group": "this group",
    "paren": "this parenthesis",
}


def missing_open(source: Source, head: int, before: int) -> Diagnostic:
    end = head + len(source.text[head:before].split("\n", 1)[0].split("#", 1)[0].rstrip())
    written = source.text[head:end]
    return Diagnostic("E104", "the `{` is missing", Span(source, head, end), "", f"write `{written} {{`")


def too_deep(span: Span, what: str, limit: int) -> Diagnostic:
    return Diagnostic("E114", f"{what} nested more than {limit} deep", span, "", _FLATTER[what])


_FLATTER = {
    "rules": "write the inner rules beside each other",
    "conditions": "name a part of it: `define NAME as …`",
}


def too_many(span: Span) -> Diagnostic:
    message = "too many problems; the rest of the file was not read"
    return Diagnostic("E117", message, span, "", "mend those above first")


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


# --------------------------------------------------- what could have stood here

# the word read last, and what stands behind it: what it is called, an example
_BEHIND = {
    "INTO": ("a folder name in quotes", 'file into "Lists"'),
    "TO": ("an address in quotes", 'forward to "me@example.org"'),
    "TO pipe": ("a program in quotes", 'pipe to "prog"'),
    "MARK": ("a flag", "mark read"),
    "UNMARK": ("a flag", "unmark read"),
    "AS mark": ("a flag", "mark as read"),
    "AS unmark": ("a flag", "unmark as read"),
    "COMMA mark": ("a flag", "mark read, flagged"),
    "COMMA unmark": ("a flag", "unmark read, flagged"),
    "COMMA": ("a text in quotes", ""),
    "EQUAL": ("a text in quotes", ""),
    "EQUAL set": ("a value", 'set maildir = "~/Maildir"'),
    "AS": ("what it stands for", 'define friends as from.domain is "example.org"'),
    "RULE": ("the rule's name", 'rule "lists" {'),
    "TEST": ("the test's name in quotes", 'test "cron mail goes to Cron" {'),
    "LIST": ("the list's name", 'list family = "olga@example.org"'),
    "LET": ("a name", 'let me = "me@example.org"'),
    "SET": ("a setting", 'set maildir = "~/Maildir"'),
    "DEFINE": ("a name", 'define friends as from.domain is "example.org"'),
    "ACTION": ("a name", "action keep-aside {"),
    "DO": ("the name of an action", "do keep-aside"),
    "INCLUDE": ("a file name in quotes", 'include "lists.rules"'),
    "IN": ("the name of a list", "from in family"),
    "HEADER": ("the name of a header", "header X-Spam-Flag exists"),
    "ENVIRONMENT": ("the name of a variable", "environment USER exists"),
    "COMMAND": ("a program in quotes", 'command "prog" succeeds'),
    "MATCHES": ("a text in quotes or a /pattern/", 'subject matches "*[list]*"'),
    "MATCH": ("a text in quotes or a /pattern/", 'subject does not match "*[list]*"'),
    "COMPARE": ("a number, a size, a date or a field", "size > 10 MB"),
    "WITHIN": ("a time", "duplicate within 7 days"),
    "EVERY": ("a time", "every 7 days"),
    "BETWEEN": ("two dates or times", "time between 22:00 and 6:00"),
    "LOG": ("a text in quotes", 'log "seen"'),
    "THROUGH": ("a program in quotes", 'pass through "prog"'),
    "NOTIFY": ("a program in quotes", 'notify "prog"'),
    "MESSAGE": ("a message in quotes", 'message """'),
    "EXPECT": ("an action", 'expect file into "Cron"'),
    "BY": ("the name of a rule in quotes", 'by "cron jobs"'),
    "SUBJECT": ("a text in quotes", 'subject "Away"'),
    "MBOX": ("a file name in quotes", 'file into mbox "~/archive.mbox"'),
    "MH": ("a directory in quotes", 'file into mh "~/Mail/lists"'),
    "DOES": ("`not` and a relation", 'subject does not contain "x"'),
    "ADD": ("`header`", 'add header X-Seen "yes"'),
    "REMOVE": ("`header`", "remove header X-Seen"),
    "SHIFT": ("a time", "now + 2 days"),
    "NUMBER": ("a unit", "10 MB"),
}  # fmt: skip

# what the grammar could have taken, in order: a type that tells, what it is called, an example
_COULD = (
    ("WHEN", "an action, a condition or a rule", ""),
    ("GIVEN", "`message`, `given` or `expect`", ""),
    ("HEADER", "a condition", 'from is "boss@corp.example"'),
    ("IS", "a relation", 'from is "boss@corp.example"'),
    ("LBRACE", "`{`", ""),
    ("STRING", "a text in quotes", ""),
    ("EQUAL", "`=`", ""),
    ("RPAR", "`)`", ""),
    ("WORD", "a name", ""),
    ("NUMBER", "a number", ""),
    ("EXISTS", "a relation", 'from is "boss@corp.example"'),
)


def _expected(trouble: Trouble) -> Diagnostic:
    what, example = _named(trouble)
    help = f"write it like `{example}`" if example else ""
    if not trouble.rest.strip() or trouble.rest.lstrip().startswith("#"):
        last = trouble.last.text.split("\n", 1)[0]
        span = Span(trouble.source, trouble.last.start, trouble.last.start + len(last))
        return Diagnostic("E105", f"{what} is missing after `{last}`", span, "the line ends here", help)
    word = _shown(trouble.rest)
    span = trouble.span(0, len(word))
    if not _PRINTABLE.match(word):
        message = f"a character that is not of the language: U+{ord(word[0]):04X}"
        return Diagnostic("E109", message, trouble.span(0, 1), "", "take it out")
    if "_NL" in trouble.expected and not trouble.fresh:
        if NEW.match(trouble.rest):
            message = f"`{word}` stands on the line of something else"
            return Diagnostic("E116", message, span, "", "begin a new line there, or write `;` before it")
        label = f"the {'condition' if trouble.in_condition else 'line'} could end before this"
        return Diagnostic("E105", f"`{word}` cannot stand here", span, label)
    return Diagnostic("E105", f"`{word}` cannot stand here", span, f"{what} is expected", help)


def _named(trouble: Trouble) -> tuple[str, str]:
    if trouble.last_type in _BEHIND and not trouble.fresh and "_NL" not in trouble.expected:
        begun = trouble.statement.text.split(None, 1)[0]
        return _BEHIND.get(f"{trouble.last_type} {begun}") or _BEHIND[trouble.last_type]
    if trouble.fresh and not trouble.block:
        return "a rule, a test or a setting", ""
    known = next(((name, example) for type, name, example in _COULD if type in trouble.expected), None)
    words = sorted(trouble.words - {""})
    return known or (f"`{words[0]}`" if words else "something else", "")


_PRINTABLE = re.compile(r"[!-~\w]")
_SHOWN = re.compile(rf"{TEXT}|[\w.-]+|\S")


def _shown(rest: str) -> str:
    found = _SHOWN.search(rest)
    word = found[0] if found else rest
    return word if len(word) <= _LONG else word[:_LONG]


# ------------------------------------------------------------ other languages

_PROCMAIL = re.compile(r":0[\w ]*(?:$|[:\n#])|\s*[A-Z_]+=")
_RECIPE = re.compile(r"^[ \t]*:0", re.MULTILINE)
_SIEVE = re.compile(r"require[ \t\n]*[\[\"]")
_BLANK = re.compile(r"\ufeff?(?:[ \t\r\n]*(?:#[^\n]*|/\*.*?\*/))*[ \t\r\n]*", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*[ \t]*=[^\n]*\n")


def other_language(source: Source) -> Diagnostic | None:
    """procmail's or Sieve's language: one error for the whole file."""
    text = source.text
    position = 0
    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        assigned = _ASSIGNMENT.match(text, position)
        if not assigned:
            break
        position = assigned.end()
    end = text.find("\n", position)
    line = Span(source, position, end if end >= 0 else len(text))
    if _SIEVE.match(text, position):
        return _foreign(line, "Sieve")
    if text.startswith(":0", position):
        return _foreign(line, "procmail")
    return None


def _foreign(line: Span, name: str) -> Diagnostic:
    return Diagnostic(
        "E100", f"this looks like {name}", line, "",
        "pyfilter has rules of its own; a later version translates such a file with `pyfilter import`.\n"
        'A rule looks like this: `rule "lists" { when list-id exists; file into "Lists" }`',
    )  # fmt: skip
