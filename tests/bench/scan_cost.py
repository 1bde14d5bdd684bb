"""What a scanned delivery costs beside spamc, with one spamd, in one run.

    python tests/bench/scan_cost.py [TURNS]

Whole processes, in turns: ``spamc`` (which only asks), ``pyfilter-deliver`` with a rule that asks for `spam`, the same
without one, and, where it is installed, procmail with spamc as its filter. User and system time of the process and what
it started (wait4(2)), without spamd's; wall time from start to end, with spamd's. The figures are medians, the ratios
medians of the ratios of each turn. spamd runs with ``-L``, one child, at a socket of its own.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MESSAGE = (
    b"Return-Path: <ann@x.example>\nDelivered-To: me@y.example\n"
    b"Received: from mail.x.example (mail.x.example [192.0.2.1])\n\tby y.example (Postfix) with ESMTPS id 1\n"
    b"\tfor <me@y.example>; Tue, 24 Nov 2026 05:00:00 +0000 (UTC)\n"
    b"Date: Tue, 24 Nov 2026 05:00:00 +0000\nFrom: Ann <ann@x.example>\n"
    b"To: me@y.example\nSubject: dinner\nMessage-ID: <1@x.example>\n\n"
    + b"We eat at seven on Sunday, bring the dog.\n"
    * 150
)
RULES = 'set spamd.address = "unix:{socket}"\nrule "spam" {{ when spam; file into "spam" }}\n'
PROCMAIL = "MAILDIR={home}/Maildir/\nDEFAULT=$MAILDIR\n:0fw\n| spamc -U {socket}\n"


def spend(command: list[str], home: Path, message: Path) -> tuple[float, float]:
    """(CPU, wall) of one run in milliseconds; it must end with 0."""
    null = os.open(os.devnull, os.O_WRONLY)
    data = os.open(message, os.O_RDONLY)
    started = time.perf_counter()
    try:
        actions = [(os.POSIX_SPAWN_DUP2, data, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
        pid = os.posix_spawn(command[0], command, {"HOME": str(home), "PATH": "/usr/bin:/bin"}, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
    finally:
        os.close(null)
        os.close(data)
    wall = time.perf_counter() - started
    assert status == 0, f"{command} ended with {status}"
    return (usage.ru_utime + usage.ru_stime) * 1000, wall * 1000


def contenders(root: Path, socket: Path) -> dict[str, tuple[list[str], Path]]:
    """Name -> command and home; the first is what the others are compared with."""
    launcher = Path(sys.executable).with_name("pyfilter-deliver")
    spamc = shutil.which("spamc")
    assert spamc and launcher.exists(), "spamc and an installed pyfilter-deliver are needed"
    runs = {"spamc": ([spamc, "-U", str(socket)], root)}
    for name, rules in (("pyfilter-deliver, scanned", RULES.format(socket=socket)), ("pyfilter-deliver, not", "")):
        home = Path(tempfile.mkdtemp(dir=root))
        (home / ".pyfilterrc").write_text(rules)
        runs[name] = ([str(launcher)], home)
    procmail = shutil.which("procmail")
    if procmail:
        home = Path(tempfile.mkdtemp(dir=root))
        (home / "Maildir").mkdir()
        (home / ".procmailrc").write_text(PROCMAIL.format(home=home, socket=socket))
        runs["procmail with spamc"] = ([procmail, str(home / ".procmailrc")], home)
    return runs


def table(spent: dict[str, list[tuple[float, float]]]) -> str:
    base = next(iter(spent))
    lines = [f"{'':28}{'CPU ms':>8}{'ratio':>8}{'wall ms':>9}{'ratio':>8}   ({len(spent[base])} turns)"]
    for name, runs in spent.items():
        line = f"{name:28}"
        for place in (0, 1):
            own = [run[place] for run in runs]
            ratios = [one / other[place] for one, other in zip(own, spent[base], strict=True)]
            line += f"{statistics.median(own):{8 + place}.1f}{statistics.median(ratios):8.2f}"
        lines.append(line)
    return "\n".join(lines)


def main(turns: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        socket = root / "spamd"
        message = root / "message"
        message.write_bytes(MESSAGE)
        options = ["-L", f"--socketpath={socket}", "--socketmode=0666", "-m", "1", "-x", "-s", str(root / "log")]
        environment = {"PATH": "/usr/bin:/bin", "HOME": name}
        spamd = subprocess.Popen(["/usr/sbin/spamd", *options], env=environment, stderr=subprocess.DEVNULL)
        try:
            while subprocess.run(["spamc", "-U", socket, "-K"], capture_output=True).returncode:
                assert spamd.poll() is None
            runs = contenders(root, socket)
            spent: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
            for turn in range(turns + 4):  # the first ones warm: caches of programs, spamd's child
                for name, (command, home) in runs.items():
                    used = spend(command, home, message)
                    if turn >= 4:
                        spent[name].append(used)
            print(table(spent))
        finally:
            spamd.terminate()
            spamd.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
