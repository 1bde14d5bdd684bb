"""``pyfilter test [MAIL…]``: what the rules would do, without doing it.

One message: what would happen and why. More: a table of messages by rule and folder, whose last
line is the total. ``--json``: one object a line and message (archive/report.py), nothing else on
standard output. Nothing is delivered, and nothing is asked of the world but list files; ``--scan`` and
``--run-commands`` ask as a delivery does (archive/asking.py), ``--fact`` supposes an answer (facts.py). Without mail
the `test` blocks of the rules are run (trials.py).

Ends with 1 if something could not be read or decided while other mail was, with 2 if no message
was decided. A scanner that cannot say is no failure: the plan is what a delivery would do now.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING

import click

from pyfilter.cli.mail import MAIL, count_bytes, read
from pyfilter.cli.status import AMISS, DONE, FAILED
from pyfilter.cli.terminal import Waiting, complain, json_line, paint, visible, visible_lines, width

if TYPE_CHECKING:
    from pyfilter.archive.replay import Decided
    from pyfilter.archive.report import Summary
    from pyfilter.archive.sources import Item
    from pyfilter.message.verdict import Verdict
    from pyfilter.services.verdicts import Verdicts

HELP = f"""Say what the rules would do with stored mail, without doing it.

{MAIL}

For one message: what would happen and why. For many: how many messages each rule sends to each
folder. Without mail: are the `test` blocks of the rules met?

Nothing outside is asked: what depends on spamd, rspamd or `verify dkim` stays unknown, and that is said.
--scan asks them, as a delivery does; --fact supposes an answer: spam=yes or no, spam.score=7.6,
spam.threshold=5, spam.tests=A,B, dkim, spf or dmarc=pass (or another result; several with commas
between), dkim.domain=shop.example, bulk, duplicate or command=yes or no.

Programs are not run either: what `command` and `list … from command` say is unknown, and `pass through`
changes nothing. --run-commands runs them. No message is a `duplicate`, unless --fact supposes it.

--now supposes the moment that `now`, `today`, `time`, `weekday` and `age` go by: 2026-12-25T18:00 by the local
calendar, 2026-12-25T18:00+01:00, a day alone (its noon) or a time alone (today).

Verdicts of a scan are kept for 30 days, in ~/.cache/pyfilter/verdicts.sqlite, so that the next run is
quick. Remove that file to scan anew. A delivery does not use it.

\b
Examples:
  pyfilter test                                  the `test` blocks of the rules
  pyfilter test mail.eml
  pyfilter test ~/Maildir
  pyfilter test --rules new.rules ~/mail/*.mbox
  pyfilter test --json ~/Maildir | jq -r 'select(.rule == null) | .message'
  pyfilter test --recipient me+shop@example.org - <mail.eml
  pyfilter test --scan ~/Maildir/.spam           does spamd find what lies there?
  pyfilter test --fact spam=yes mail.eml         what if spamd says so?
  pyfilter test --fact dkim=pass --fact dkim.domain=shop.example mail.eml
  pyfilter test --now 2026-12-25T18:00 mail.eml  what if it came then?

Ends with 0; with 1 if something could not be read while other mail was; with 2 if nothing was.
"""

# how the summary names the implicit keep, and the waiting for an answer
NO_RULE = {"kept": "(no rule: kept)", "deferred": "(no rule: waits)"}
# characters of a subject that are shown
SUBJECT = 100
# names of a scanner's tests that are shown; --json has all
TESTS = 12


@click.command(name="test", help=HELP, short_help="Say what the rules would do with stored mail.")
@click.argument("mail", nargs=-1)
@click.option("--rules", metavar="FILE", help="Rules to use in place of ~/.pyfilterrc.")
@click.option("--explain", is_flag=True, help="Say why, for each message; with --json as `trace`.")
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line and message.")
@click.option("--sender", metavar="ADDRESS", help="The envelope sender, in place of Return-Path.")
@click.option("--recipient", metavar="ADDRESS", help="The envelope recipient, in place of Delivered-To.")
@click.option("--extension", metavar="TEXT", help="The recipient's extension: `lists` of me+lists@example.org.")
@click.option("--scan/--no-scan", help="Ask spamd, rspamd and, for `verify dkim`, DNS; else nobody is.")
@click.option("--run-commands", is_flag=True, help="Run the programs that rules ask; else none is run.")
@click.option("--fact", "facts", metavar="NAME=VALUE", multiple=True, help="An answer that is supposed: spam=yes.")
@click.option("--now", metavar="TIME", help="The moment that is supposed, in place of the clock's: 2026-12-25T18:00.")
def command(
    mail: tuple[str, ...],
    rules: str | None,
    explain: bool,
    as_lines: bool,
    sender: str | None,
    recipient: str | None,
    extension: str | None,
    scan: bool,
    run_commands: bool,
    facts: tuple[str, ...],
    now: str | None,
) -> int:
    if not mail:
        return _blocks(rules, explain, as_lines)
    _check_envelope(sender, recipient, extension)
    from pyfilter.archive.asking import Asking
    from pyfilter.archive.replay import Addresses, replay
    from pyfilter.archive.report import Doubts, Summary, as_json
    from pyfilter.archive.sources import Unread
    from pyfilter.cli import moment
    from pyfilter.cli.facts import suppose
    from pyfilter.cli.rules import load

    given = suppose(facts)
    at = None if now is None else moment.suppose(now)
    checked = load(rules)
    if checked is None:
        return FAILED
    items, alone = _alone(read(mail))
    trace = explain or (alone and not as_lines)
    summary, doubts, unread = Summary(), Doubts(), 0
    streams = (as_lines or trace) and sys.stdout is not None and sys.stdout.isatty()  # that shows how far it is
    with ExitStack() as ending:
        asking = Asking(scan=scan, run=run_commands, kept=_kept(ending) if scan else None, now=at)
        progress = ending.enter_context(
            Waiting(lambda: count_bytes(mail), quiet=streams, word="scanning" if scan else "reading")
        )
        addresses = Addresses(sender, recipient, extension)
        for result in replay(checked, items, addresses, trace=trace, given=given, asking=asking):
            if isinstance(result, Unread):
                unread += 1
                complain(f"pyfilter: {visible(result.name)}: {visible(result.cause)}")
                continue
            summary.add(result.plan)
            doubts.add(result)
            if as_lines:
                print(json_line(as_json(result)))
            elif trace:
                print(_explained(result))
            progress.advance(result.stored)
    if not as_lines and not alone and (summary.total or not unread):
        print(_table(summary))
    if doubts.unjudged and not (alone and trace):
        complain(f"pyfilter: {visible(doubts.failure())}")
    if not as_lines and not trace:
        for sentence in doubts.sentences(given):
            complain(f"pyfilter: {visible(sentence)}")
    if not summary.total and not unread:
        complain(f"pyfilter: there is no message in {visible(', '.join(mail))}")
    return DONE if not unread else AMISS if summary.total else FAILED


def _blocks(rules: str | None, explain: bool, as_lines: bool) -> int:
    """Without mail: the `test` blocks, which say themselves what is given."""
    from pyfilter.cli import trials
    from pyfilter.cli.rules import load

    context = click.get_current_context()
    for option in context.command.params:
        name = str(option.name)
        named = context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        if named and name not in ("mail", "rules", "explain", "as_lines"):
            raise click.UsageError(
                f"{option.opts[0]} is about mail, and none is named; a `test` block says itself what is `given`"
            )
    checked = load(rules)
    return FAILED if checked is None else trials.report(checked, explain=explain, as_lines=as_lines)


def _kept(ending: ExitStack) -> Verdicts:
    """The verdicts of earlier runs; what is wrong with their file is said at the end."""
    from pyfilter.services.verdicts import Verdicts

    kept = Verdicts(os.path.expanduser("~"))
    ending.callback(lambda: complain(f"pyfilter: {visible(kept.problem)}") if kept.problem else None)
    return ending.enter_context(kept)


def _check_envelope(sender: str | None, recipient: str | None, extension: str | None) -> None:
    """An envelope holds plain addresses; `Ann <ann@x>` is a header's, and would not be understood."""
    from pyfilter.message.addresses import mailbox, parse
    from pyfilter.message.envelope import NULL_SENDERS

    for option, given in (("--sender", sender), ("--recipient", recipient)):
        if given is None or mailbox(given) is not None or (option == "--sender" and given.strip() in NULL_SENDERS):
            continue
        inside = parse(os.fsencode(given))
        meant = f": did you mean `{inside[0].address}`?" if len(inside) == 1 and inside[0].address else ""
        raise click.UsageError(f"{option} takes one plain address, which `{given}` is not{meant}")
    if extension is not None and "@" in extension:
        raise click.UsageError(
            f"--extension takes what stands between `+` and `@`; for an address: --recipient {extension}"
        )


def _alone(items: Iterator[Item]) -> tuple[Iterator[Item], bool]:
    """The items again, and whether they are one message."""
    from pyfilter.archive.sources import Found

    seen: list[Item] = []
    found = 0
    for item in items:
        seen.append(item)
        found += isinstance(item, Found)
        if found == 2:
            break
    return chain(seen, items), found == 1


def _explained(decided: Decided) -> str:
    """One message with what would happen to it, and why; an empty line at the end."""
    name = paint(visible(decided.name), "bold")
    return f"{name}{_subject(decided)}\n{_said(decided.plan.verdict)}{visible_lines(decided.plan.explain())}\n"


def _said(verdict: Verdict | None) -> str:
    """A line on what a scanner said that was asked; of one that did not look, a note tells."""
    from pyfilter.message.verdict import number

    if verdict is None or verdict.skipped:
        return ""
    threshold = "" if verdict.threshold is None else f" of {number(verdict.threshold)}"
    more = len(verdict.tests) - TESTS
    tests = f"{', '.join(verdict.tests[:TESTS]) or 'no tests'}{f' and {more} more' if more > 0 else ''}"
    word = "spam" if verdict.spam else "not spam"
    return visible(f"{verdict.scanner}: {word}, score {number(verdict.score)}{threshold} ({tests})") + "\n"


def _subject(decided: Decided) -> str:
    from pyfilter.message.message import Unreadable

    try:
        subjects = decided.message.values("subject")
    except Unreadable:
        return ""
    shown = visible(subjects[0][:SUBJECT]) if subjects else ""
    return f": {shown}" if shown else ""


def _table(summary: Summary) -> str:
    """Messages by rule and folder; the last line is the total."""
    lines = [("rule", "goes to", "messages")]
    for row, count in summary.rows():
        rule = NO_RULE.get(row.outcome, "(no rule)") if row.rule is None else visible(row.rule)
        lines.append((rule, visible(row.target), str(count)))
    lines.append(("total", "", str(summary.total)))
    wide = [max(width(line[column]) for line in lines) for column in range(3)]
    shown = [
        f"{rule}{' ' * (wide[0] - width(rule))}  {target}{' ' * (wide[1] - width(target))}  {count:>{wide[2]}}"
        for rule, target, count in lines
    ]
    return "\n".join([paint(shown[0], "bold"), *shown[1:]])
