"""``pyfilter watch``: file what arrives in a Maildir by other means (watch/watching.py).

Ends with 0 when it was told to end (SIGTERM, Ctrl-C), and, ``--once``, when all that lay there is done; with 1 where,
``--once``, something is not; with 2 where it cannot begin.
"""

from __future__ import annotations

import os

import click

from pyfilter import log
from pyfilter.cli.status import AMISS, DONE, FAILED
from pyfilter.cli.terminal import complain

HELP = """File what mbsync, getmail or offlineimap bring into a Maildir, by your rules.

Each message that arrives in new/ of a MAILDIR is filed as a delivery would file it, and taken away from there
when it lies safely in its folders. What came while nobody watched is filed first. If the MAILDIR is
the one of your rules (`set maildir`), mail that they keep in the inbox stays as it lies (docs/watch.md).

Where the kernel does not tell of changes, as on NFS, it looks every 30 seconds. Ctrl-C or SIGTERM ends it,
when the message at hand is done.

\b
Examples:
  pyfilter watch ~/Maildir-in                    file what is brought there into ~/Maildir
  pyfilter watch ~/Maildir                       sort the inbox in place
  pyfilter watch --once ~/Maildir-in             file what lies there, and end: after mbsync, from cron
  pyfilter watch --learn spam ~/Maildir          teach spamd what you move into and out of the folder spam

Ends with 0; with 1 if --once could not file everything; with 2 if it cannot begin.
"""


@click.command(name="watch", help=HELP, short_help="File what arrives in a Maildir by other means.")
@click.argument("maildirs", nargs=-1, required=True, metavar="MAILDIR...")
@click.option("--once", is_flag=True, help="File what lies there, and end.")
@click.option("--poll", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Look so often; ask no kernel.")
@click.option("--learn", metavar="FOLDER", help="Teach spamd by what is moved into and out of this folder.")
def command(maildirs: tuple[str, ...], once: bool, poll: float | None, learn: str | None) -> int:
    from pyfilter.language.files import Refused as Distrusted
    from pyfilter.language.files import check_home
    from pyfilter.language.loading import load
    from pyfilter.watch.learning import Learning
    from pyfilter.watch.learning import Refused as Unlearnt
    from pyfilter.watch.watching import Refused, Watch

    if once and learn is not None:
        raise click.UsageError("--learn notices what is moved while it watches, which --once does not")
    home = os.path.expanduser("~")

    def note(text: str) -> None:
        log.write(text, home)
        if once:
            complain(f"pyfilter watch: {text}")

    try:
        check_home(home)
        learning = Learning(learn, load(home).settings, home) if learn is not None else None
        watch = Watch(maildirs, home, poll, learning, note)
    except (Refused, Unlearnt, Distrusted) as error:
        complain(f"pyfilter watch: {error}")
        return FAILED

    def ready() -> None:
        if not once:
            click.echo(f"pyfilter watch: {', '.join(watch.maildirs)}; Ctrl-C ends it")

    is_done = watch.run(once, ready)
    return AMISS if once and not is_done else DONE
