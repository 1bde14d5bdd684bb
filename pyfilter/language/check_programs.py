"""Programs: what stands behind `pipe to`, `pass through`, `notify` and `command`, to the arguments it is run with.

In: the texts as written. Out: a tuple of templates, the program first, one for each argument; None where something
was reported. There is no shell:

- The first text is split into words as a shell would, quotes and backslashes included (shlex); what a shell would do
  something with is an error, unless it stands in quotes: ``| & ; < > ( ) $ ` * ?`` and a ``~``.
- Each further text is one argument, whatever is in it.
- The program is named by its whole path, by ``~/…``, or alone, and then stands in PATH. It is written out: no message
  chooses what is run.
- What comes from a message is one whole argument: a text that is exactly one hole. No program gets it in the middle
  of an option, and the engine sees that it does not begin with `-` (engine/holes.py).

Each use is remembered (``Texts.programs``); ``report_programs`` says of all of them whether the settings allow them
and whether the programs are there.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence

from pyfilter.language.check_report import Report
from pyfilter.language.check_texts import Scope, Template, Texts
from pyfilter.language.tree import Span, Text

__all__ = ["PATH", "arguments", "report_programs"]

# where a program is looked for that is named alone; what a delivery has (CONTRACT.md, 5)
PATH = ("/usr/local/bin", "/usr/bin", "/bin")

# what a shell does something with -> what to do instead
_SHELL = {
    "|": "give the whole line to a script of your own, and name that",
    "&": "give the whole line to a script of your own, and name that",
    ";": "give the whole line to a script of your own, and name that",
    "<": "a program gets the message on its standard input",
    ">": "give the whole line to a script of your own, and name that",
    "(": "give the whole line to a script of your own, and name that",
    ")": "give the whole line to a script of your own, and name that",
    "`": "give the whole line to a script of your own, and name that",
    "$": 'there are no variables: write it out; what a message says stands as a text of its own, `"{from.address}"`',
    "*": "write out which files are meant",
    "?": "write out which files are meant",
    "~": "write the whole path",
}


def arguments(nodes: Sequence[Text], scope: Scope, what: str, texts: Texts) -> tuple[Template, ...] | None:
    """The arguments that ``nodes`` are; ``what`` they stand behind ("pipe to")."""
    report = texts.report
    whole = texts.template(nodes[0], scope)
    made: list[Template] = []
    sound = True
    if whole is None:
        sound = False
    elif not isinstance(whole, str):
        _in_the_text(nodes[0], what, report)
        sound = False
    else:
        words = _words(whole, nodes[0].span, what, report)
        sound = words is not None and _named(words[0], nodes[0].span, what, report)
        made += words or ()
    for node in nodes[1:]:
        template = texts.template(node, scope)
        if template is None:
            sound = False
        elif not isinstance(template, str) and len(template) > 1:
            _in_the_text(node, what, report)
            sound = False
        elif isinstance(template, str) and not _printable(template, node.span, report):
            sound = False
        else:
            made.append(template)
    if not sound:
        return None
    texts.programs.append((what, nodes[0].span, str(made[0])))
    return tuple(made)


def report_programs(texts: Texts, settings: dict[str, object]) -> None:
    """What the settings forbid, and the programs that are not there."""
    for what, span, program in texts.programs:
        if not settings["allow-commands"]:
            help = "leave the rule out; who set `allow-commands = no`, perhaps in /etc/pyfilterrc, forbids it"
            texts.report.add("E342", "rules may not run programs here", span, f"`{what}` runs one", help)
        elif texts.look:
            problem = _missing(program, texts.home)
            if problem:
                message = f"`{program}` cannot be run: {problem}"
                texts.report.add("W341", message, span, "", "correct the path, or install it")


# ------------------------------------------------------------------ the first text


def _words(text: str, span: Span, what: str, report: Report) -> list[str] | None:
    """The words of the first text, at least one."""
    if not _printable(text, span, report):
        return None
    for character, at_start in _bare(text):
        if character in _SHELL and (character != "~" or at_start):
            named = "a backquote" if character == "`" else f"`{character}`"
            help = f"{_SHELL[character]};\nin single quotes it stands for itself"
            report.add("E340", f"no shell runs this: {named} does nothing", span, "", help)
            return None
    try:
        words = shlex.split(text)
    except ValueError as error:
        open_quote = "quot" in str(error)
        label = "a quote is not closed" if open_quote else "nothing follows the backslash"
        help = "close it; a quote itself stands between quotes of the other kind" if open_quote else "leave it out"
        report.add("E341", "the program's words cannot be told apart", span, label, help)
        return None
    if not words or not words[0]:
        report.add("E341", f"`{what}` names no program", span, "", f'write `{what} "program arguments"`')
        return None
    return words


def _bare(text: str) -> Iterator[tuple[str, bool]]:
    """The characters outside of quotes, and whether each begins a word that is not the program's."""
    fence, escaped, before, first = "", False, " ", True
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and fence != "'":
            escaped = True
        elif fence:
            fence = "" if character == fence else fence
        elif character in "'\"":
            fence = character
        else:
            first = first and not (character.isspace() and before != " ")
            yield character, before.isspace() and not first
        before = character


def _named(program: str, span: Span, what: str, report: Report) -> bool:
    """Whether the program is named so that it is the same wherever a delivery runs."""
    if program.startswith("~/") or os.path.isabs(program) or ("/" not in program and program[0] not in "~-"):
        return True
    label = "a program's name begins so" if program[0] == "-" else "it depends on where the delivery runs"
    help = (
        "write the name of the program first" if program[0] == "-" else f'write the whole path, `{what} "/…"`, or `~/…`'
    )
    report.add("E341", f"`{program}` names no program", span, label, help)
    return False


# ------------------------------------------------------------------ what is wrong with any


def _printable(text: str, span: Span, report: Report) -> bool:
    if "\0" not in text:
        return True
    report.add("E341", "a program's argument has no NUL", span, "", "leave it out")
    return False


def _in_the_text(node: Text, what: str, report: Report) -> None:
    hole = node.holes[0]
    report.add(
        "E343",
        "what comes from a message is a whole argument",
        hole.span,
        "it stands in a text with more",
        f'write it as a text of its own: `{what} "program" "{hole.span.text}"`',
    )


def _missing(program: str, home: str | None) -> str:
    """Why the program cannot be run; empty if it can."""
    if program.startswith("~/"):
        program = (os.path.expanduser("~") if home is None else home) + program[1:]
    places = [program] if "/" in program else [f"{directory}/{program}" for directory in PATH]
    if not any(os.path.isfile(place) for place in places):
        return "there is no such file" if "/" in program else f"it is not in {', '.join(PATH)}"
    return "" if any(os.access(place, os.X_OK) and os.path.isfile(place) for place in places) else "permission denied"
