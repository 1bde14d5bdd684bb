"""``pyfilter deliver``: the row in ``--help``; the work is done by ``pyfilter.mda``."""

from __future__ import annotations

import click

HELP = """Deliver the message on standard input.

What the mail server runs, without the launcher: the message is filed as the rules say. Ends with
0 (filed), 75 (try again later) or 77 (refused by a rule), and with nothing else. Why a delivery was
postponed stands in the system's log, without one in ~/.local/state/pyfilter/log.

\b
In Postfix' main.cf, with the launcher, which keeps mail safe where Python cannot start:
  mailbox_command = /opt/pyfilter/bin/pyfilter-deliver

\b
Examples:
  pyfilter deliver <mail.eml
  pyfilter deliver --rules new.rules -f sender@example.org <mail.eml
"""


@click.command(name="deliver", help=HELP, short_help="Deliver the message on standard input.")
@click.option("-a", "extension", metavar="EXT", help="The address extension: `lists` of `me+lists@example.org`.")
@click.option("-f", "sender", metavar="SENDER", help="The envelope sender.")
@click.option("-d", "recipient", metavar="RECIPIENT", help="The envelope recipient.")
@click.option("--rules", metavar="FILE", help="Rules to use in place of ~/.pyfilterrc.")
def command(extension: str | None, sender: str | None, recipient: str | None, rules: str | None) -> int:
    from pyfilter.mda import main

    given = {"-a": extension, "-f": sender, "-d": recipient, "--rules": rules}
    return main([word for option, value in given.items() if value is not None for word in (option, value)])
