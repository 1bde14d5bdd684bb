"""CPU of one delivery, measured beside a bare interpreter.

    python tests/bench/delivery_cpu.py

User and system time of whole processes, from wait4(2), in milliseconds. Each delivery has a message of its
own, since the same one again would be a mail server's retry, which files nothing. What is compared runs in turns
in one loop, and the figure is the median of the ratios of each turn: a machine that is busy or
changes its clock slows both sides alike. The package measured is a copy with its .pyc files, as an
installation has it. procmail, where it is installed, runs four such rules in the same loop.
"""

from __future__ import annotations

import compileall
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import pyfilter

INTERPRETER = [sys.executable, "-I", "-S"]
# as in launcher/child.c
DELIVERY = "import sys,gc;gc.set_threshold(100000);sys.path.append(sys.argv[1]);from pyfilter.mda import main;"
# how `pyfilter deliver` ends, and how it does: without taking the interpreter down
ENDS = {"sys.exit": "sys.exit(main([]))", "_exit": "import posix;posix._exit(main([]))"}

MESSAGE = (
    b"From ann@x.example Tue Nov 24 05:00:00 2026\nReturn-Path: <ann@x.example>\nX-Original-To: me+box@y.example\n"
    b"Delivered-To: me+box@y.example\n"
    b"Received: from mail.x.example (mail.x.example [192.0.2.1])\n\tby y.example (Postfix) with ESMTPS id %d\n"
    b"\tfor <me+box@y.example>; Tue, 24 Nov 2026 05:00:00 +0000 (UTC)\n"
    b"Date: Tue, 24 Nov 2026 05:00:00 +0000\nFrom: =?utf-8?Q?P=C5=99=C3=ADtel?= <ann@x.example>\n"
    b"To: me@y.example\nSubject: dinner\nMessage-ID: <%d@x.example>\nMIME-Version: 1.0\n"
    b"Content-Type: text/plain; charset=utf-8\n\n" + b"hello\n" * 300
)

FOUR_RULES = """\
list friends = "olga@family.example", "@example.com"
rule "cron" { when header X-Cron-Env exists; file into "Cron" }
rule "friends" { when from in friends and size < 10 kB; mark flagged; file into "Friends" }
rule "lists" { when list-id matches "{list}.lists.example.com"; file into "lists/{list}" }
rule "dinner" { when subject starts with "dinner"; file into "Dinner" }
"""
# one of each kind in turn, none of which holds
KINDS = (
    'from is "someone{n}@example.net"',
    'subject contains "number {n}" and size < 1 MB',
    'list-id matches "list{n}.{{rest}}"',
    'from.domain is "shop{n}.example" or "store{n}.example"',
    "subject matches /order #{n}[0-9]+/",
)
PROCMAIL = """\
MAILDIR={home}/Maildir/
DEFAULT=$MAILDIR
:0
* ^X-Cron-Env
.Cron/
:0
* ^From:.*(olga@family\\.example|@example\\.com)
* < 10000
.Friends/
:0
* ^List-Id:.*lists\\.example\\.com
.Lists/
:0
* ^Subject: dinner
.Dinner/
"""


def rules(count: int) -> str:
    """``count`` rules: FOUR_RULES behind others that do not hold."""
    more = (f'rule "r{n}" {{ when {KINDS[n % len(KINDS)].format(n=n)}; file into "F{n}" }}\n' for n in range(count - 4))
    return "".join(more) + FOUR_RULES


class Scratch:
    """A package with .pyc files, and homes with rules whose program is in the cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site = root / "site"
        package = Path(pyfilter.__file__).parent
        shutil.copytree(package, self.site / "pyfilter", ignore=shutil.ignore_patterns("__pycache__", "*.c", "*.h"))
        compileall.compile_dir(self.site, quiet=2)
        self.message = root / "message"
        self._sent = 0

    def home(self, text: str) -> Path:
        from pyfilter.language.loading import load

        home = Path(tempfile.mkdtemp(dir=self.root))
        (home / ".pyfilterrc").write_text(text)
        while not any((home / ".cache").rglob("program-*")):  # the file is too young to be believed
            assert load(str(home)).problem == ""
        return home

    def milliseconds(self, command: list[str], home: Path) -> float:
        """User and system time of one run, and of all it started; it must end with 0."""
        null = os.open(os.devnull, os.O_WRONLY)
        self._sent += 1
        self.message.write_bytes(MESSAGE % (self._sent, self._sent))
        message = os.open(self.message, os.O_RDONLY)
        try:
            actions = [(os.POSIX_SPAWN_DUP2, message, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
            environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
            pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
            _, status, usage = os.wait4(pid, 0)
        finally:
            os.close(null)
            os.close(message)
        assert status == 0, f"{command} ended with {status}: {(home / '.local/state/pyfilter/log').read_text()}"
        return (usage.ru_utime + usage.ru_stime) * 1000

    def delivery(self, end: str) -> list[str]:
        return [*INTERPRETER, "-P", "-c", DELIVERY + ENDS[end], str(self.site)]


Runs = dict[str, tuple[list[str], Path]]


def contenders(scratch: Scratch, counts: tuple[int, ...]) -> Runs:
    """Name -> command and home; the first is the bare interpreter."""
    homes = {count: scratch.home(rules(count)) for count in counts}
    few = homes[counts[0]]
    runs: Runs = {"python3 -I -S -c pass": ([*INTERPRETER, "-c", "pass"], few)}
    for count, home in homes.items():
        runs[f"{count} rules"] = (scratch.delivery("_exit"), home)
    runs[f"{counts[0]} rules, sys.exit"] = (scratch.delivery("sys.exit"), few)
    launcher = Path(sys.executable).with_name("pyfilter-deliver")
    if launcher.exists():
        for count, home in homes.items():
            runs[f"{count} rules, launcher"] = ([str(launcher)], home)
    procmail = shutil.which("procmail")
    if procmail:
        recipes = few / ".procmailrc"
        recipes.write_text(PROCMAIL.format(home=few))
        runs["procmail, 4 recipes"] = ([procmail, str(recipes)], few)
    return runs


def measure(scratch: Scratch, runs: Runs, turns: int) -> dict[str, list[float]]:
    """Name -> milliseconds of each turn; the first turn, which warms, is left out."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(turns + 1):
        for name, (command, home) in runs.items():
            spent = scratch.milliseconds(command, home)
            if turn:
                times[name].append(spent)
    return times


def ratio(times: dict[str, list[float]], name: str, base: str) -> float:
    """The median of the ratios of each turn."""
    return statistics.median(one / other for one, other in zip(times[name], times[base], strict=True))


def table(times: dict[str, list[float]]) -> str:
    base = next(iter(times))
    rows = [
        f"{name:26}{statistics.median(spent):8.1f} ms{ratio(times, name, base):8.2f} x" for name, spent in times.items()
    ]
    return "\n".join([f"CPU (user + system) of {base}, and of one delivery, {len(times[base])} turns:", *rows])


def main() -> int:
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o700)
        scratch = Scratch(Path(root))
        print(table(measure(scratch, contenders(scratch, (4, 1000, 5000)), 60)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
