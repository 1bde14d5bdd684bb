"""``pyfilter check [FILE]``: are the rules right?

All problems in one run, each with place, cause and the line to write instead; rules without errors are tried on
their `test` blocks. The last line counts. ``--output short`` has one line a problem, for editors; ``--output json`` one
object a line and problem (language/diagnostics.py), and nothing else. Of rules with errors standard error says what
becomes of mail until they are mended, if a delivery reads them.

Ends with 0, also with warnings; with 1 if there are errors or a test fails, or with ``--strict`` warnings; with 2
if a file cannot be read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from pyfilter.cli.rules import diagnose, say_what_becomes_of_mail, warn_elsewhere
from pyfilter.cli.status import AMISS, DONE, FAILED
from pyfilter.cli.terminal import Waiting, complain, has_colour, json_line, visible
from pyfilter.cli.trials import placed, tally

HELP = """Say whether the rules are right.

FILE is ~/.pyfilterrc if none is named, else ~/.config/pyfilter/rules; /etc/pyfilterrc is checked with
it, as a delivery reads both. The `test` blocks of the rules are run: of one that fails you see what was
expected, what came, and why. While there are errors in them, mail is filed by the last rules without;
`set broken-rules` says it otherwise.

\b
Examples:
  pyfilter check
  pyfilter check --strict new.rules && mv new.rules ~/.pyfilterrc
  pyfilter check --mail ~/Maildir      are headers misspelt that your mail has?
  pyfilter check --output short        one line a problem: file:line:column: …
  pyfilter check --output json | jq -r .code

Ends with 0, also with warnings; with 1 if there are errors or a test fails (--strict: or warnings); with 2
if a file cannot be read.
"""


@click.command(name="check", help=HELP, short_help="Say whether the rules are right.")
@click.argument("file", required=False)
@click.option("--output", type=click.Choice(["text", "short", "json"]), default="text", help="How problems are shown.")
@click.option("--mail", metavar="MAIL", multiple=True, help="Mail of yours: are the headers that rules ask for in it?")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
def command(file: str | None, output: str, mail: tuple[str, ...], strict: bool) -> int:
    from pyfilter.language.diagnostics import as_json, render, short, summary

    warn_elsewhere()
    rules, found = diagnose(file)
    if found is None:
        return FAILED
    tried = rules.test() if rules is not None else []
    found += [problem for one in tried for problem in one.problems]
    if rules is not None:
        found += rules.lint(_headers(mail) if mail else None)
        order = {diagnostic.span.source.name: number for number, diagnostic in reversed(list(enumerate(found)))}
        found.sort(key=lambda diagnostic: (order[diagnostic.span.source.name], diagnostic.span.start))
    colour = has_colour(sys.stdout)
    for diagnostic in found:
        if output == "json":
            print(json_line(placed(as_json(diagnostic))))
        elif output == "short":
            print(os.path.expanduser(short(diagnostic)))
        else:
            print(render(diagnostic, colour) + "\n")
    if output != "json":
        print(", ".join(filter(None, [summary(found), tally(tried)])))
    if rules is None and output == "text":
        sys.stdout.flush()  # what stands on standard error comes last
        say_what_becomes_of_mail(file)
    wrong = [diagnostic for diagnostic in found if strict or diagnostic.severity == "error"]
    return AMISS if wrong else DONE


def _headers(mail: tuple[str, ...]) -> dict[str, int]:
    """{header: in how many messages it stands}."""
    from pyfilter.archive.headers import count
    from pyfilter.archive.sources import Item, Unread
    from pyfilter.cli.mail import count_bytes, read

    def told(items: Iterator[Item], progress: Waiting) -> Iterator[Item]:
        for item in items:
            if isinstance(item, Unread):
                complain(f"pyfilter: {visible(item.name)}: {visible(item.cause)}")
            else:
                progress.advance(len(item.data))
            yield item

    with Waiting(lambda: count_bytes(mail)) as progress:
        return count(told(read(mail), progress))
