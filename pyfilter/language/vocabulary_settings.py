"""The settings of the language. See ``vocabulary.py``."""

from __future__ import annotations

from pyfilter import limits
from pyfilter.language.vocabulary_rows import SettingRow

__all__ = ["SETTING_ROWS"]


def _scanner(name: str, address: str) -> tuple[SettingRow, ...]:
    """The settings that every scanner has."""
    return (
        SettingRow(
            f"{name}.address",
            "address",
            address,
            f'where {name} listens: a host and its port, `"unix:/…"` a socket, `"tls:…"` with encryption',
            f'set {name}.address = "unix:/run/{name}.sock"',
        ),
        SettingRow(
            f"{name}.timeout",
            "duration",
            30,
            f"how long to wait for {name}; then `spam` is unknown",
            f"set {name}.timeout = 10 seconds",
        ),
        SettingRow(
            f"{name}.max-size",
            "bytes",
            500_000,
            "larger mail is not scanned and counts as not spam",
            f"set {name}.max-size = 1 MB",
        ),
        SettingRow(
            f"{name}.required",
            "yes-no",
            False,
            f"leave mail in the queue while {name} cannot be asked, rather than go on without its verdict",
            f"set {name}.required = yes",
        ),
    )


SETTING_ROWS = (
    SettingRow(
        "maildir",
        "path",
        "~/Maildir",
        "the Maildir that holds the inbox and all folders",
        'set maildir = "~/.maildir"',
    ),
    SettingRow(
        "layout",
        "choice",
        "maildir++",
        "how folders lie in the Maildir: `.Cron.DenyHosts/`, or `Cron/DenyHosts/` (Dovecot's `LAYOUT=fs`)",
        "set layout = fs",
        choices=("maildir++", "fs"),
    ),
    SettingRow("create-folders", "yes-no", True, "make folders that are missing", "set create-folders = no"),
    SettingRow(
        "subscribe",
        "yes-no",
        True,
        "subscribe to folders that were made (Dovecot's `subscriptions` file)",
        "set subscribe = no",
    ),
    SettingRow(
        "durable",
        "choice",
        "full",
        "what is on disk before the mail counts as delivered: file and directory, the file, nothing",
        "set durable = full",
        choices=("full", "file", "none"),
    ),
    SettingRow(
        "deadline",
        "duration",
        limits.DEADLINE_SECONDS,
        "after this time a delivery gives up and the mail server tries again; 5 minutes at most",
        "set deadline = 2 minutes",
    ),
    SettingRow("log", "path", None, "the log file", 'set log = "~/mail.log"', unset="the system's log"),
    SettingRow(
        "broken-rules",
        "choice",
        "last-good",
        "what happens to mail while the rules have errors: `last-good` files it by the last rules without, `inbox` "
        "keeps it there, `defer` leaves it in the queue",
        "set broken-rules = defer",
        choices=("last-good", "inbox", "defer"),
    ),
    SettingRow(
        "spam.source",
        "choice",
        "spamd",
        "whose verdict `spam` is: that of `spamd` or `rspamd`, which are asked, or what a scanner in front has "
        "written into the message's `headers`",
        "set spam.source = headers",
        choices=("spamd", "rspamd", "headers"),
    ),
    *_scanner("spamd", "127.0.0.1:783"),
    SettingRow(
        "spamd.user",
        "text",
        None,
        "whose SpamAssassin preferences count",
        'set spamd.user = "ann"',
        unset="the user's own",
    ),
    SettingRow("spamd.compress", "yes-no", False, "send mail to spamd compressed", "set spamd.compress = yes"),
    SettingRow(
        "spamd.certificates",
        "path",
        None,
        "the certificates that are trusted of an address with `tls:`, a PEM file",
        'set spamd.certificates = "/etc/ssl/spamd.pem"',
        unset="the system's",
    ),
    *_scanner("rspamd", "127.0.0.1:11333"),
    SettingRow(
        "trusted-authserv",
        "texts",
        None,
        "the names under which your own servers write Authentication-Results; no others count",
        'set trusted-authserv = "mx.example.org"',
    ),
    SettingRow(
        "trusted-hops",
        "number",
        1,
        "how many `Received` lines on top are your own servers'; what stands below the last of them a stranger "
        "can have written",
        "set trusted-hops = 2",
    ),
    SettingRow(
        "sendmail",
        "path",
        "/usr/sbin/sendmail",
        "the program that sends what `forward`, `copy to` and `reply` send",
        'set sendmail = "/usr/lib/sendmail"',
    ),
    SettingRow(
        "from-address",
        "mailbox",
        None,
        "the sender of replies",
        'set from-address = "me@example.org"',
        unset="the address this mail was sent to",
    ),
    SettingRow(
        "max-redirects",
        "number",
        4,
        "to how many addresses one message is sent at most; beyond that it is kept",
        "set max-redirects = 2",
    ),
    SettingRow(
        "allow-commands",
        "yes-no",
        True,
        "may rules run programs; a `no` in /etc/pyfilterrc holds for everybody",
        "set allow-commands = no",
    ),
)
