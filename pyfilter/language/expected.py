"""What could have stood where reading stopped, named as a person would: "a relation", "a folder name in quotes"."""

from __future__ import annotations

import re

from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.recovery import STATEMENT
from pyfilter.language.slips import TEXT
from pyfilter.language.tree import Span
from pyfilter.language.trouble import Trouble

# characters of a word that are repeated
_LONG = 40

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


def expected(trouble: Trouble) -> Diagnostic:
    what, example = _named(trouble)
    help = f"write it like `{example}`" if example else ""
    if not trouble.rest.strip() or trouble.rest.lstrip().startswith("#"):
        last = trouble.last.text.split("\n", 1)[0]
        span = Span(trouble.source, trouble.last.start, trouble.last.start + len(last))
        return Diagnostic("E105", f"{what} is missing after `{_shown(last)}`", span, "the line ends here", help)
    word = _shown(trouble.rest)
    span = trouble.span(0, len(word))
    if word == "`":
        message = "a backquote is not a quote of the language"
        return Diagnostic("E107", message, span, "", 'a text stands in double quotes: `"Boss"`')
    if not _PRINTABLE.match(word):
        message = f"a character that is not of the language: U+{ord(word[0]):04X}"
        return Diagnostic("E109", message, trouble.span(0, 1), "", "take it out")
    if "_NL" in trouble.expected and not trouble.fresh:
        if STATEMENT.match(trouble.rest):
            message = f"`{word}` stands on the line of something else"
            return Diagnostic("E116", message, span, "", "begin a new line there, or write `;` before it")
        label = f"the {'condition' if trouble.in_condition else 'line'} could end before this"
        return Diagnostic("E105", f"`{word}` cannot stand here", span, label)
    return Diagnostic("E105", f"`{word}` cannot stand here", span, f"{what} is expected", help)


def _named(trouble: Trouble) -> tuple[str, str]:
    if trouble.last_type in _BEHIND and not trouble.fresh and "_NL" not in trouble.expected:
        begun = (trouble.statement.text.split(None, 1) or [""])[0]
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
