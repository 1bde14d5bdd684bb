"""``pyfilter learn spam|ham MAIL…``: spamd is taught what its user has sorted.

Each message is told to spamd as it lies there (services/teaching.py). The cached verdict of what was taught is dropped
(services/verdicts.py). The settings are those of the rules that ``test`` finds; without a rule file the defaults.

A failure at the first message ends the command, as nothing will be better at the second; later ones are said and
the next message is told, until limits.SCANNER_FAILURES come in a row.

Ends with 1 if some messages could not be told while others were, with 2 if none was.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from pyfilter import limits
from pyfilter.cli.mail import MAIL, count_bytes, read
from pyfilter.cli.status import AMISS, DONE, FAILED
from pyfilter.cli.terminal import Waiting, complain, visible

if TYPE_CHECKING:
    from pyfilter.archive.sources import Found
    from pyfilter.services.verdicts import Verdicts

HELP = f"""Teach spamd what is spam and what is not (ham).

{MAIL}

spamd has to be started with --allow-tell, and learns for the user who asks (`set spamd.user`). It is
looked for where the rules say (`set spamd.address`), else at 127.0.0.1:783. Messages larger than
`spamd.max-size` are left out. A message that spamd has learnt already is told again without harm; one that
was learnt as spam and is ham changes sides. --forget takes back what was learnt, whatever it was.

X-Spam-… lines in the mail are not learnt. What `pyfilter test --scan` remembers of a message is dropped
when it is learnt.

\b
Examples:
  pyfilter learn spam ~/Maildir/.spam
  pyfilter learn ham ~/Maildir/.Archive ~/mail/friends.mbox
  pyfilter learn ham - <mail.eml
  pyfilter learn spam --forget mail.eml

Ends with 0; with 1 if something could not be read or learnt while other mail was; with 2 if nothing was.
"""

KINDS = ("spam", "ham")
NO_MAIL = "name the mail to learn from: a message, an mbox, a Maildir or another directory, or `-` for standard input"


@click.command(name="learn", help=HELP, short_help="Teach spamd what is spam and what is not.")
@click.argument("kind", required=False, metavar="spam|ham")
@click.argument("mail", nargs=-1, metavar="MAIL...")
@click.option("--rules", metavar="FILE", help="Rules whose settings count, in place of ~/.pyfilterrc.")
@click.option("--forget", is_flag=True, help="Take back what was learnt.")
def command(kind: str | None, mail: tuple[str, ...], rules: str | None, forget: bool) -> int:
    if kind not in KINDS:
        raise click.UsageError(_no_kind(kind))
    if not mail:
        raise click.UsageError(NO_MAIL)
    from pyfilter.archive.sources import Unread
    from pyfilter.cli.rules import load_settings
    from pyfilter.services.verdicts import Verdicts

    settings = load_settings(rules)
    if settings is None:
        return FAILED
    if settings["spam.source"] == "rspamd":
        raise click.UsageError(
            f"the rules say `set spam.source = rspamd`, which is taught by its own command: rspamc learn_{kind} FILE…"
        )
    lesson = _Lesson(kind, forget, settings)
    try:
        with Verdicts(os.path.expanduser("~")) as kept, Waiting(lambda: count_bytes(mail), word="learning") as progress:
            for item in read(mail):
                if isinstance(item, Unread):
                    lesson.unread += 1
                    complain(f"pyfilter: {visible(item.name)}: {visible(item.cause)}")
                    continue
                lesson.tell(item, kept)
                if lesson.hopeless:
                    break
                progress.advance(len(item.data))
    except KeyboardInterrupt:
        lesson.say()  # what was done is done
        raise
    lesson.say()
    if not lesson.met:
        complain(f"pyfilter: there is no message in {visible(', '.join(mail))}")
    return lesson.status()


def _no_kind(given: str | None) -> str:
    meant = get_close_matches((given or "").lower(), KINDS, 1)
    hint = f"did you mean `{meant[0]}`?" if meant else "`pyfilter learn spam MAIL…` or `pyfilter learn ham MAIL…`"
    return f"say first what the mail is{'' if given is None else f', which `{given}` is not'}: {hint}"


class _Lesson:
    """What has been told so far."""

    def __init__(self, kind: str, forget: bool, settings: dict[str, object]) -> None:
        self.unread = 0
        self.hopeless = False
        self._kind = kind
        self._forget = forget
        self._settings: Any = settings
        self._learnt = self._known = self._large = self._failed = 0
        self._in_a_row = 0

    def tell(self, item: Found, kept: Verdicts) -> None:
        """Tell spamd one message, and note what comes of it."""
        from pyfilter.message.message import Message
        from pyfilter.services.connection import Failed
        from pyfilter.services.teaching import KNOWN, LARGE, LEARNT, teach

        message = Message.from_bytes(item.data)
        try:
            word = teach(self._settings, message, "forget" if self._forget else self._kind)
        except Failed as failure:
            self._fail(item.name, str(failure))
            return
        self._learnt += word == LEARNT
        self._known += word == KNOWN
        self._large += word == LARGE
        if word == LARGE:
            return
        self._in_a_row = 0
        kept.forget(message.raw)

    def _fail(self, name: str, why: str) -> None:
        self._failed += 1
        self._in_a_row += 1
        done = "forgotten" if self._forget else "learnt"
        if not self._told:
            self.hopeless = True
            remedy = "" if "--allow-tell" in why else ": start spamd with --allow-tell, or `set spamd.address`"
            complain(f"pyfilter: {visible(why)}; nothing was {done}{remedy}")
            return
        complain(f"pyfilter: {visible(name)}: {visible(why)}")
        if self._in_a_row >= limits.SCANNER_FAILURES:
            self.hopeless = True
            complain(f"pyfilter: {self._in_a_row} failures in a row: what follows was not {done}")

    @property
    def met(self) -> bool:
        """Was there anything?"""
        return self._told + self._large + self._failed + self.unread > 0

    @property
    def _told(self) -> int:
        return self._learnt + self._known

    def say(self) -> None:
        """What was done, if anything was."""
        if self._told or (self._large and not self._failed):
            print(self._summary())

    def status(self) -> int:
        amiss = self.unread + self._failed
        if not amiss:
            return DONE
        return AMISS if self._told or (self._large and not self._failed) else FAILED

    def _summary(self) -> str:
        done = "forgotten" if self._forget else f"learnt as {self._kind}"
        parts = [f"{self._learnt} message{'' if self._learnt == 1 else 's'} {done}"]
        if self._known:
            were = "was" if self._known == 1 else "were"
            parts.append(f"{self._known} {were} {'not known' if self._forget else 'known already'}")
        if self._large:
            are = "is" if self._large == 1 else "are"
            parts.append(f"{self._large} {are} larger than spamd.max-size ({self._settings['spamd.max-size']} bytes)")
        if self._failed:
            parts.append(f"{self._failed} could not be")
        return ", ".join(parts)
