"""The rule language's reference, docs/language.md, made from the vocabulary table.

``python -m pyfilter.language.reference > docs/language.md`` writes it anew; a
test holds that the file says what the table says, and that its examples are
rules of this version.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from pyfilter.language.vocabulary import (
    ACTIONS,
    CONDITION_WORDS,
    FIELDS,
    FLAGS,
    PARTS,
    RELATIONS,
    SETTINGS,
    STATEMENTS,
    UNITS,
)
from pyfilter.language.vocabulary_rows import SettingRow

__all__ = ["reference"]

_OPENING = """\
# The rule language

*Made from the vocabulary table, `pyfilter/language/vocabulary.py`, by
`python -m pyfilter.language.reference > docs/language.md`. Do not edit by hand.*

One lexical rule carries it all: **words of the language are bare, yours are quoted, a pattern is what follows
`matches`, a hole is `{name}`.** Rules are asked in order; the first whose actions take the message ends the
filtering, once all its actions are done. What no rule takes is kept in the inbox.

```
set maildir = "~/Maildir"

list family = "olga@family.example", "@cousins.example"
let lists = "lists"

rule "boss" {                                  # a comment
    when from is "boss@corp.example"
    mark flagged
    file into "Boss"
}

rule "mailing lists" {
    when list-id matches "{list}.lists.example.org"
    rule "announcements" {                     # asked only inside the outer rule
        when subject starts with "[announce]"
        mark read
        file into "{lists}/announce"
    }
    file into "{lists}/{list}"
}

rule "big" {
    when size > 10 MB
     and not (from in family or to-or-cc.count is 1)
    file into "Big"
}
```

`;` and the end of a line separate alike. A line that begins with `and` or `or` continues the one before; a line may
also break behind `,`, `and`, `or` and `(`. In quotes `\\"`, `\\\\`, `\\{`, `\\}`, `\\*` and `\\?` stand for the
character itself. A text between `\"""` and `\"""` may have several lines.

The rules stand in `~/.pyfilterrc`, or in `~/.config/pyfilter/rules` where that file is missing; `/etc/pyfilterrc` is
asked first. `pyfilter check` says whether they are right, `pyfilter test` what they do with a message.

## The order of rules

Rules are asked from top to bottom. Where the condition of a rule holds, its actions are done in the order in which they
stand; a rule inside it stands among them like an action, and is asked when its turn comes.

- `file into`, `keep`, `discard`, `reject` and `defer` take the message: the rest of the rule is still done, then no
  further rule is asked, nor what stands behind it in a rule around it. `and continue` behind `file into`, `keep` or
  `discard` lets the filtering go on.
- `copy into`, `mark`, `scan`, `verify` and `log` do their work and go on. `stop` ends the filtering at once.
- What no rule takes is kept in the inbox, with the flags that were set on the way; also after a `copy into`.
- A message is filed once into each folder, whatever the number of rules that name it.
- A rule without `when` takes every message that comes to it, so it stands last.
"""

_LIST_FILES = """\
`list blocked from "blocked.txt"` reads the list from a file beside the rule file, one entry a line, `#` begins a
comment. It is read when a rule asks for it, so a change counts at once. `list family from command "addresses"
every 1 hour` runs a program, whose lines are the entries for so long (an hour, where no time is written; a minute at
least). A file that is away and a program that fails are no empty list: what they said at the last delivery counts, and
the log says so; where that is not known, neither `in` nor `not in` holds. Lists and texts hold in the whole file, also
above their line; a name means one thing.

`define` names a condition, which stands for itself: `when work and not spam`. What it captures holds in the rule that
uses it. `action` names actions, and `do` does them as if they stood there: what the rule captured holds in them. The
trace of `pyfilter test` shows the tests and actions inside, with their own lines.

An `else` rule stands directly behind another rule. It is asked only if that one did not match, and, where that is an
`else` rule itself, none of those it follows. If it could not be known whether one of them matches, it is not asked.

`include` stands at the left margin, and what the other file holds stands in its place, settings included. A path
starts at the file that includes it. A file is read once, at most 64 of them and 8 deep; each must belong to you or to
root, and nobody else may be able to write it. `test` blocks of a file that comes with pyfilter are not run with yours.
"""

_RELATIONS = """\
Several texts, separated by `,` or `or`, mean any of them. `is not`, `not in`, `does not contain`, `does not exist` and
so on say the same as `not` in front. Letters are compared without regard to case unless `exactly` stands behind the
relation: `subject contains exactly "URGENT"`. A field with several values holds if any of them does, and `not` denies
that: `to is not "me@work.example"` holds if none of the addresses is it.

A field that the message does not have holds nothing, so `from is "a@b.example"` does not hold and `not` of it does.

### Points

`score` adds the points of the lines that hold, which is how to weigh what alone decides nothing:

```
rule "offers" {
    when score >= 5 {
        3   if subject contains "offer"
        2.5 if from.domain ends with ".example"
        -10 if from.domain is "family.example"
    }
    file into "Offers"
}
```

Behind `score` stands `<`, `<=`, `>`, `>=` or `==`. The lines are asked in order, and no further once the rest can
change nothing. What a line captures may be unset behind the score.

### Programs, duplicates, bulk mail

`command "prog arguments" succeeds` runs a program as `pipe to` does, without a shell, with the message on its standard
input. The exit status 0 is yes, any other no; that it cannot be run, or takes more than 30 seconds, is unknown. `fails`
denies it. It is run once for a message, however many rules ask; `pyfilter test` runs it only with `--run-commands`.

`duplicate` holds if a message with the same Message-ID was delivered to the same recipient in the last 7 days;
`duplicate within 30 days` looks further, up to 366 days. A message without an id is known by its text. Deliveries are
remembered only where a rule asks, in `~/.local/state/pyfilter/memory`; mail that was rejected or discarded is not.

`bulk` is what no person wrote to one person: `pyfilter test` says by which sign. `thread contains "<id>"` looks at the
ids of the message and of those it answers.

### What becomes of the unknown

A test that cannot be decided is neither true nor false: the list's file cannot be read, the spam scanner does not
answer, or the header is past a limit (1 MiB, 2,000 fields). Then neither `in` nor `not in` holds, neither `spam` nor
`not spam`. `and` with something false is false, `or` with something
true is true, all else is unknown, and **a rule whose condition is unknown does not match**: the message goes on to
the next one. `discard` and `reject` below such a rule keep the message in the inbox instead, for the rule that could
not be decided might have wanted it. `pyfilter test` shows what was unknown, and a delivery's line in the log says it.
"""

_HOLES = """\
## Holes

`{name}` in a text is filled by what a pattern above it captured, by a `let`, or by a field: `{from.domain}`. Behind
`matches` it is the other way round: there a hole captures. In a `/…/` the group is named, `(?P<name>…)`. Of a field
with several values the first that matches fills the captures; a capture keeps its capitals, though matching ignores
them. It takes no more than it must: of `ports.lists.example` the pattern `"{list}.*"` captures `ports`. A hole that
some messages would leave unset is an error when the rules are checked.

### How holes are cleaned

What comes out of a message was chosen by a stranger, so it is cleaned for the place it is put into:

- In a folder's name it is one part of the name, or a piece of one: `/`, control characters and characters that turn the
  direction of writing go, blanks, dots and `~` in front go, every other `.` becomes `_`, too long a text is cut.
- In a reason, a header, a reply or a line of the log it stays on the line: white space of any kind is one blank,
  control characters go.
- An address must come out as exactly one: else `forward to` keeps the message, and `copy to` sends nothing.
- In the path of an mbox or an MH directory it is a piece of one name, as in a folder's.
- Of a program it is one whole argument, a text of its own behind the program's: `"notify-send Mail" "{subject}"`.
  Dashes in front go, so that it is no option.
- A folder's name that comes out empty, wholly or between two `/`, means the inbox.

`pyfilter test` says what was changed.

## Folders

A folder is named as a mail client shows it, `"Cron/DenyHosts"`; `inbox` is the inbox. A dot cannot stand in a name,
since it separates the parts on disk; `".Cron.DenyHosts/"`, as procmail writes it, is understood. Folders that are
missing are made.

`mbox "~/archive/{from.domain}.mbox"` is a file in the mbox format, `mh "~/Mail/old"` an MH directory; each is a path
from `/` or `~/` on. `"mbox:~/old.mbox"` means the same.

## Programs

What stands behind `pipe to`, `pass through`, `notify` and `command` is split into words when the rules are checked, by
the quotes and backslashes of a shell, and run without one: `|`, `>`, `;`, `$HOME` and `*` are errors. The first word is
the program: its path from `/` or `~/` on, or a name that is looked for in /usr/local/bin, /usr/bin and /bin. Each
further text is one argument, whatever is in it. Where /etc/pyfilterrc has `set allow-commands = no`, no rule runs
programs.

## Headers

Rules below see a header that was added, set or removed, and so do the holes; `size` and what servers have written stay
those of the message as it came: no rule can vouch for a sender. What mail servers write (`Received`, `Return-Path`,
`Delivered-To`) is not changed, and `Authentication-Results` not written.
"""


def reference() -> str:
    return "\n".join([_OPENING, *_sections(), ""])


def _sections() -> Iterable[str]:
    yield "## Statements\n"
    yield _table(
        ("statement", "what it does", "example"),
        ((f"`{row.word}`", row.doc, f"`{row.example}`") for row in STATEMENTS.values()),
    )
    yield _LIST_FILES
    yield "## Conditions\n"
    yield _table(("word", "holds if"), ((f"`{word}`", doc) for word, doc in CONDITION_WORDS.items()))
    yield "## Fields\n"
    yield _table(
        ("field", "what it is", "parts", "example"),
        (
            (f"`{row.name}`", row.doc, " ".join(f"`.{part}`" for part in row.parts), f"`{row.example}`")
            for row in FIELDS.values()
        ),
    )
    yield (
        "An address field without a part offers each address in three forms, the address, the name and\n"
        "`Name <address>`, and holds if any of them does. A name with an `@` in it could pass for an address: it is\n"
        "offered only with its address behind it, or in quotes where there is none, so no list sees the boss in\n"
        '`"boss@corp.example" <x@evil.example>`.\n'
    )
    yield _table(("part", "what it is"), ((f"`.{row.name}`", row.doc) for row in PARTS))
    yield "## Relations\n"
    yield _table(
        ("relation", "holds if the field", "example"),
        (
            ("a comparison" if row.word == "compare" else f"`{row.word}`", row.doc, f"`{row.example}`")
            for row in RELATIONS.values()
        ),
    )
    yield _RELATIONS
    sizes = ", ".join(f"`{word}` ({row.factor:,} bytes)" for word, row in UNITS.items() if row.kind == "bytes")
    times = ", ".join(f"`{word}`" for word, row in UNITS.items() if row.kind == "seconds" and word.endswith("s"))
    yield "### Units\n"
    yield f"A size has a unit: {sizes}. So has a time: {times}, or one of them. A count has none: `cc.count > 20`.\n"
    yield "## Actions\n"
    yield _table(
        ("action", "what it does", "ends the filtering", "example"),
        (
            (f"`{row.verb}`", row.doc, _ends(row.ends, row.continuable, row.stops), f"`{row.example}`")
            for row in ACTIONS.values()
        ),
    )
    yield _table(("flag", "in a mail client"), ((f"`{row.word}`", row.doc) for row in FLAGS.values()))
    yield _HOLES
    yield "## Settings\n"
    yield _table(
        ("setting", "default", "what it is", "example"),
        ((f"`{row.name}`", _default(row), row.doc, f"`{row.example}`") for row in SETTINGS.values()),
    )
    yield (
        "### `/etc/pyfilterrc`\n\n"
        "Where there is one, it is asked before a user's own rules, as that user, and never as root. Both are one\n"
        "program: its lists and texts can be used in `~/.pyfilterrc`, a name is defined only once in both, and a\n"
        "setting of the user wins over the system's. A message that its rules take does not come to the user's rules.\n"
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_row(head), _row(("---",) * len(head)), *(_row(row) for row in rows), ""]
    return "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _ends(ends: bool, continuable: bool, stops: bool) -> str:
    if stops or (ends and not continuable):
        return "yes"
    return "yes, unless `and continue` stands behind it" if ends else "no"


def _default(row: SettingRow) -> str:
    value = row.default
    if value is None:
        return row.unset
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    if row.kind == "duration":
        return f"`{value} seconds`"
    if row.kind == "bytes":
        return f"`{int(value) // 1000} kB`"
    return f'`"{value}"`' if row.kind in ("path", "address", "text") else f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
