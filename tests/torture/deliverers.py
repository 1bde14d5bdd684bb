"""pyfilter and the programs that mail is delivered by elsewhere: how each is set up, run, and judged.

``DELIVERERS`` is the table. A ``Home`` is one home directory set up for one deliverer and one scenario::

    with Home(tmp_path, DELIVERERS["procmail -t"], "folder") as home:
        ended = home.deliver()          # or home.deliver("-e", "inject=write:error=EIO:when=3"), under strace(1)
        ended.fate, home.filed(), home.leftovers()

- pyfilter runs as whoever runs the tests, out of the installation of the running interpreter. The others look up who
  they run as, so they get a Unix account, made with the home and taken away with it; that needs root. strace is root
  then and starts them with ``-u``, so that the set-id bits of procmail and maildrop hold as they do below Postfix.
- Each files into ``~/Maildir``. Where it turns to when that fails (``fallbacks``) is looked at, too.
- ``FATES``: what Postfix's local(8) makes of the exit status of a mailbox_command. 71 and 75 and death by a signal keep
  the mail in the queue, 0 takes it out of it, anything else returns it to its sender. Measured with Postfix 3.7.

A peer's rules are those that its manual page shows for the purpose.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["BODY", "DELIVERERS", "LAUNCHER", "MESSAGE", "PEERS", "PYFILTER", "Deliverer", "Ended", "Home", "fate"]

LAUNCHER = Path(sysconfig.get_path("scripts")) / "pyfilter-deliver"
LONGEST_SECONDS = 60  # a hang for certain; a delivery under strace takes far less than one second

HEADER = (
    b"Return-Path: <a@x.example>\nDelivered-To: u@y.example\nReceived: by y.example; Tue, 24 Nov 2026 04:38:40 +0000\n"
    b"From: a@x.example\nTo: u@y.example\nMessage-ID: <1@x.example>\nSubject: a cron job\n"
)
TEXT = b"hello\n" + b"a line of some text, as it stands in mail\n" * 220 + b"the end\n"  # some blocks of 4096
BODY = HEADER + b"\n" + TEXT
MESSAGE = b"From a@x.example Tue Nov 24 04:38:40 2026\n" + BODY

FATES = {0: "delivered", 71: "deferred", 75: "deferred"}


def fate(status: int) -> str:
    """What becomes of mail whose delivery ended with this exit status, or minus the signal: "delivered", "deferred"
    or "bounced"."""
    return "deferred" if status < 0 else FATES.get(status, "bounced")


class Deliverer(NamedTuple):
    """One row. In ``arguments``, ``files`` and ``fallbacks`` stand ``{home}`` and ``{user}``; in the text of a file
    also ``{rules}``, which is the text of ``rules`` for the scenario."""

    name: str
    program: str
    package: str  # Debian's, whose version is told
    arguments: tuple[str, ...]
    files: Mapping[str, str]  # path below the home: text
    rules: Mapping[str, str]
    own_account: bool = True
    fallbacks: tuple[str, ...] = ("/var/mail/{user}",)
    spools: tuple[str, ...] = ()  # where it leaves unfinished work beside tmp/ of its folders
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> str:
        """Why it cannot be run here; "" if it can."""
        if not os.access(self.program, os.X_OK):
            return f"{self.program} is not installed"
        return "accounts can be made by root only" if self.own_account and os.geteuid() else ""

    @property
    def version(self) -> str:
        if not self.package:
            from importlib.metadata import version

            return version("pyfilter-mail")
        command = ["dpkg-query", "-W", "-f", "${Version}", self.package]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


PYFILTER = Deliverer(
    name="pyfilter",
    program=str(LAUNCHER),
    package="",
    arguments=(),
    files={".pyfilterrc": "{rules}"},
    rules={
        "inbox": "",
        "folder": 'rule "cron" {{ when subject contains "cron"; file into "Cron" }}\n',
        "copy": 'rule "both" {{ copy into "Old"; file into "Cron" }}\n',
    },
    own_account=False,
    fallbacks=(),
)

PROCMAIL = Deliverer(
    name="procmail -t",
    program="/usr/bin/procmail",
    package="procmail",
    arguments=("-t",),
    files={".procmailrc": "MAILDIR={home}/Maildir\nDEFAULT={home}/Maildir/\n{rules}"},
    rules={
        "inbox": "",
        "folder": ":0\n* ^Subject:.*cron\n.Cron/\n",
        "copy": ":0c\n.Old/\n\n:0\n.Cron/\n",
    },
)

DELIVERERS = {
    deliverer.name: deliverer
    for deliverer in (
        PYFILTER,
        PROCMAIL,
        PROCMAIL._replace(name="procmail", arguments=()),
        Deliverer(
            name="maildrop",
            program="/usr/bin/maildrop",
            package="maildrop",
            arguments=(),
            files={".mailfilter": 'DEFAULT="{home}/Maildir"\n{rules}'},
            rules={
                "inbox": "",
                "folder": 'if (/^Subject:.*cron/)\n{{\n  to "{home}/Maildir/.Cron"\n}}\n',
                "copy": 'cc "{home}/Maildir/.Old"\nto "{home}/Maildir/.Cron"\n',
            },
        ),
        Deliverer(
            name="fdm",
            program="/usr/bin/fdm",
            package="fdm",
            arguments=("-f", "{home}/.fdm.conf", "-a", "stdin", "fetch"),
            files={
                ".fdm.conf": "set no-received\nset allow-multiple\n"
                'account "stdin" disabled stdin\n'
                'action "inbox" maildir "{home}/Maildir"\naction "cron" maildir "{home}/Maildir/.Cron"\n'
                'action "old" maildir "{home}/Maildir/.Old"\n{rules}match all action "inbox"\n'
            },
            rules={
                "inbox": "",
                "folder": 'match "^Subject:.*cron" in headers action "cron"\n',
                "copy": 'match all actions {{ "old" "cron" }}\n',
            },
            spools=("{home}/spool/*",),
            environment=(("TMPDIR", "{home}/spool"),),
        ),
        Deliverer(
            name="dovecot-lda",
            program="/usr/lib/dovecot/dovecot-lda",
            package="dovecot-core",
            arguments=("-c", "{home}/dovecot.conf"),
            files={
                "dovecot.conf": "mail_location = maildir:{home}/Maildir\nprotocols =\nlog_path = {home}/lda.log\n"
                "postmaster_address = postmaster@y.example\nhostname = y.example\nlda_mailbox_autocreate = yes\n"
                "plugin {{\n  sieve = file:{home}/main.sieve\n}}\nprotocol lda {{\n  mail_plugins = sieve\n}}\n",
                "main.sieve": 'require ["fileinto", "copy"];\n{rules}',
            },
            rules={
                "inbox": "",
                "folder": 'if header :contains "Subject" "cron" {{ fileinto "Cron"; }}\n',
                "copy": 'fileinto :copy "Old";\nfileinto "Cron";\n',
            },
        ),
    )
}
PEERS = {name: deliverer for name, deliverer in DELIVERERS.items() if deliverer is not PYFILTER}


class Ended(NamedTuple):
    """Exit status, or minus the signal; what it printed; whether it was still there at the end, and was killed."""

    status: int
    output: bytes
    complaints: bytes
    hung: bool = False

    @property
    def fate(self) -> str:
        return fate(self.status)


class Home:
    """A home directory for one deliverer, in a new directory below ``base``; ``rules`` instead of the scenario's.

    ``maildir``: made there, empty, before the first delivery, with the folders that the scenarios name: a folder that
    is missing is made by some and not by others.
    """

    FOLDERS = ("", ".Cron", ".Old")

    def __init__(self, base: Path, deliverer: Deliverer, scenario: str = "inbox", rules: str | None = None) -> None:
        self.deliverer = deliverer
        self.path = _new_directory(base, deliverer.own_account)
        self.maildir = self.path / "Maildir"
        self.user = _make_account(self.path) if deliverer.own_account else None
        words = {"home": str(self.path), "user": self.user or ""}
        words["rules"] = deliverer.rules[scenario].format(**words) if rules is None else rules
        for name, text in deliverer.files.items():
            self.write(name, text.format(**words))
        self.command = [deliverer.program, *(word.format(**words) for word in deliverer.arguments)]
        self.fallbacks = [Path(place.format(**words)) for place in deliverer.fallbacks]
        self.spools = [place.format(**words) for place in deliverer.spools]
        for place in self.spools:
            self.directory(Path(place).parent)
        for folder in self.FOLDERS:
            for part in ("tmp", "new", "cur"):
                self.directory(self.maildir / folder / part)
        self.environment = {
            "HOME": str(self.path),
            "PATH": "/usr/bin:/bin",
            "SENDER": "a@x.example",
            "RECIPIENT": "u@y.example",
            **({"USER": self.user, "LOGNAME": self.user, "SHELL": "/bin/sh"} if self.user else {}),
            **{name: value.format(**words) for name, value in deliverer.environment},
        }

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the home away, and the account that was made for it."""
        if self.user is not None:
            subprocess.run(["userdel", "--force", self.user], check=False, capture_output=True)
            for place in self.fallbacks:
                place.unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)
        if self.deliverer.own_account:
            shutil.rmtree(self.path.parent, ignore_errors=True)

    # ------------------------------------------------------------ what is set up

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        """A file of the user's in the home."""
        path = self.path / name
        path.write_text(text)
        path.chmod(mode)
        self._own(path)
        return path

    def directory(self, path: Path) -> None:
        """A directory of the user's, with those that are missing above it."""
        if not path.exists():
            self.directory(path.parent)
            path.mkdir(mode=0o700)
            self._own(path)

    def _own(self, path: Path) -> None:
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    # ------------------------------------------------------------ a delivery

    def deliver(
        self, *strace: str, message: bytes = MESSAGE, prefix: Iterable[str] = (), longest: float = LONGEST_SECONDS
    ) -> Ended:
        """Run it once on ``message``, for ``longest`` seconds at most; ``strace``: under strace with these options;
        ``prefix``: a command in front."""
        account = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        command = [*prefix, *self.command]
        if strace:
            command = ["strace", "-qq", *(("-u", self.user) if self.user else ()), *strace, *command]
            account = {}
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd="/",
            umask=0o077,
            start_new_session=True,
            **account,  # type: ignore[call-overload]
        ) as running:
            try:
                output, complaints = running.communicate(message, longest)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, 9)
                output, complaints = running.communicate()
                return Ended(running.returncode, output, complaints, hung=True)
        return Ended(running.returncode, output, complaints)

    def filed(self) -> list[bytes]:
        """Every message that a reader would see, in the Maildir and where the deliverer turns to without it."""
        found = [path.read_bytes() for path in self._in("new", "cur")]
        for place in self.fallbacks:
            if place.is_file() and (text := place.read_bytes()):
                found += [b"From " + mail for mail in (b"\n" + text).split(b"\nFrom ")[1:]]
        return found

    def leftovers(self) -> list[Path]:
        """Files that are not visible and not taken away."""
        return self._in("tmp") + [path for place in self.spools for path in Path("/").glob(place[1:])]

    def empty(self) -> None:
        """Take away what was delivered, what was left over, and pyfilter's memory of it."""
        for path in self._in("new", "cur") + self.leftovers():
            path.unlink()
        for place in self.fallbacks:
            place.unlink(missing_ok=True)
        shutil.rmtree(self.path / ".local", ignore_errors=True)

    def _in(self, *parts: str) -> list[Path]:
        return [path for part in parts for path in self.maildir.glob(f"**/{part}/*") if path.is_file()]


def whole(data: bytes, message: bytes = BODY) -> bool:
    """Whether this is the message, all of it; a deliverer may have put header lines above or between."""
    header, _, text = data.partition(b"\n\n")
    wanted, _, wanted_text = message.partition(b"\n\n")
    return text.rstrip(b"\n") == wanted_text.rstrip(b"\n") and set(wanted.split(b"\n")) <= set(header.split(b"\n"))


def _new_directory(base: Path, open_to_others: bool) -> Path:
    """A directory for a home. pytest's are closed to other users, so that an account's lies in /var/tmp."""
    import tempfile

    if open_to_others:
        base = Path(tempfile.mkdtemp(prefix="torture-", dir="/var/tmp"))
        base.chmod(0o711)
        home = base / "home"
    else:
        base.mkdir(parents=True, exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix="home-", dir=base))
        home.rmdir()
    home.mkdir(mode=0o700)
    return home


def _make_account(home: Path) -> str:
    """A Unix account of its own for this home; a name that nobody else has."""
    name = "torture-" + os.urandom(4).hex()
    subprocess.run(["useradd", "-r", "-U", "-M", "-d", str(home), "-s", "/bin/sh", name], check=True)
    entry = pwd.getpwnam(name)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return name
