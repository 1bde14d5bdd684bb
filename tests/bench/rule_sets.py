"""The same rules in the language of each contender.

A ``Rule`` is a field, how its text is looked for, the text, and the folder. ``SETS`` names the sets that are measured;
``text(rules, language)`` is the rule file. Each contender says it in its own plainest words: what `contains` means is a
literal in a pattern where a language has only patterns. Folders are those of a Maildir++: ``.r12`` in ``~/Maildir``.

Of a set of n rules the last fifty, or fewer, are live (corpus.py has mail for them), and those in front never hold: a
server that asks one rule after the other asks all of them.

``folder(rules, letter)`` is where a message belongs; all contenders must agree with it.

Sources: procmailrc(5); maildropfilter(7); fdm.conf(5); RFC 5228, draft-murchison-sieve-regex.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .corpus import LIVE, Letter

__all__ = ["LANGUAGES", "SETS", "Rule", "folder", "text"]

INBOX = "INBOX"
# the numbers of rules that never hold begin here
IDLE = 100_000


class Rule(NamedTuple):
    """``how``: exists, begins, contains or regex. ``wanted`` is what it looks for, ``kind`` the letters of corpus.py
    that it is for, ``folder`` the name of the folder."""

    field: str
    how: str
    wanted: str
    kind: str
    folder: str


EVERYDAY = (
    Rule("X-Cron-Env", "exists", "", "cron", "Cron"),
    Rule("Subject", "begins", "DenyHosts Report", "denyhosts", "DenyHosts"),
    Rule("X-Spam-Status", "begins", "Yes", "spam", "spam"),
    Rule("From", "contains", "@family.example", "friend", "Friends"),
)


def _contains(number: int) -> Rule:
    kind = str(number)
    match number % 3:
        case 0:
            field, wanted = "List-Id", f"list-{number}.lists.example"
        case 1:
            field, wanted = "From", f"alerts-{number}@"
        case _:
            field, wanted = "Subject", f"[project-{number}]"
    return Rule(field, "contains", wanted, kind, f"r{number % IDLE % LIVE}")


def _regex(number: int) -> Rule:
    kind = str(number)
    match number % 3:
        case 0:
            field, wanted = "List-Id", rf"<list-{number}\.(lists|groups)\.example>"
        case 1:
            field, wanted = "From", rf"alerts-{number}@([a-z0-9-]+\.)*vendor{number}\.example"
        case _:
            field, wanted = "Subject", rf"\[project-{number}\] build [0-9]+ (failed|passed)"
    return Rule(field, "regex", wanted, kind, f"r{number % IDLE % LIVE}")


def _many(count: int, make: Callable[[int], Rule], live: int = LIVE) -> tuple[Rule, ...]:
    idle = [make(IDLE + number) for number in range(count - live)]
    return (*idle, *(make(number) for number in range(1, live + 1)))


SETS: dict[str, tuple[Rule, ...]] = {
    "4": EVERYDAY,
    "5": _many(5, _contains, 5),
    "50": _many(50, _contains),
    "1000": _many(1000, _contains),
    "1000 regex": _many(1000, _regex),
    "5000": _many(5000, _contains, 5),
}


def folder(rules: tuple[Rule, ...], letter: Letter) -> str:
    """The name of the folder, or INBOX."""
    return next((rule.folder for rule in rules if rule.kind == letter.kind), INBOX)


def text(rules: tuple[Rule, ...], language: str, home: Path) -> str:
    """The rule file; what names a place in it names it below ``home``."""
    return LANGUAGES[language](rules).replace("@HOME@", str(home))


def _escaped(wanted: str, special: str) -> str:
    return "".join(f"\\{letter}" if letter in special else letter for letter in wanted)


def _pattern(rule: Rule, special: str = ".[]()*+?^$|\\") -> str:
    """What follows ``Field:`` in a language that searches the lines of the header."""
    if rule.how == "regex":
        return f".*{rule.wanted}"
    return {"exists": "", "begins": " *", "contains": ".*"}[rule.how] + _escaped(rule.wanted, special)


def _pyfilter(rules: tuple[Rule, ...]) -> str:
    fields = {"From": "from", "Subject": "subject", "List-Id": "list-id"}
    lines = []
    for number, rule in enumerate(rules):
        field = fields.get(rule.field, f"header {rule.field}")
        match rule.how:
            case "exists":
                condition = f"{field} exists"
            case "begins":
                condition = f'{field} starts with "{rule.wanted}"'
            case "contains":
                condition = f'{field} contains "{rule.wanted}"'
            case _:
                # list-id is what stands inside the brackets; the pattern has them
                field = {"List-Id": "list-id.text"}.get(rule.field, field)
                condition = f"{field} matches /{rule.wanted}/"
        lines.append(f'rule "{number}" {{ when {condition}; file into "{rule.folder}" }}\n')
    return "".join(lines)


def _sieve(rules: tuple[Rule, ...]) -> str:
    lines = ['require ["fileinto", "regex"];\n']
    for rule in rules:
        wanted = rule.wanted.replace("\\", "\\\\")
        match rule.how:
            case "exists":
                test = f'exists "{rule.field}"'
            case "begins":
                test = f'header :matches "{rule.field}" "{wanted}*"'
            case "contains":
                test = f'header :contains "{rule.field}" "{wanted}"'
            case _:
                test = f'header :regex "{rule.field}" "{wanted}"'
        lines.append(f'if {test} {{ fileinto "{rule.folder}"; stop; }}\n')
    return "".join(lines)


def _procmail(rules: tuple[Rule, ...]) -> str:
    head = "MAILDIR=@HOME@/Maildir\nDEFAULT=@HOME@/Maildir/\nORGMAIL=@HOME@/Maildir/\nLOGFILE=/dev/null\n"
    return head + "".join(f":0\n* ^{rule.field}:{_pattern(rule)}\n.{rule.folder}/\n" for rule in rules)


def _maildrop(rules: tuple[Rule, ...]) -> str:
    lines = [
        f"if (/^{rule.field}:{_pattern(rule).replace('@', chr(92) + '@').replace('<', chr(92) + '<')}/)\n"
        f'{{\n  to "@HOME@/Maildir/.{rule.folder}"\n}}\n'
        for rule in rules
    ]
    return 'DEFAULT="@HOME@/Maildir"\n' + "".join(lines) + 'to "@HOME@/Maildir"\n'


def _fdm(rules: tuple[Rule, ...]) -> str:
    head = (
        'set no-received\nset allow-multiple\naccount "stdin" disabled stdin\naction "inbox" maildir "@HOME@/Maildir"\n'
    )
    lines = [
        'match "^{}:{}" in headers action maildir "@HOME@/Maildir/.{}"\n'.format(
            rule.field, _pattern(rule).replace("\\", "\\\\"), rule.folder
        )
        for rule in rules
    ]
    return head + "".join(lines) + 'match all action "inbox"\n'


LANGUAGES = {"pyfilter": _pyfilter, "sieve": _sieve, "procmail": _procmail, "maildrop": _maildrop, "fdm": _fdm}
