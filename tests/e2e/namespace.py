"""A machine of its own, made of namespaces, for one group of scenarios.

``run`` starts this file again under ``unshare`` with new mount, network, host name, IPC and process
namespaces (unshare(1)). In there this file is process 1: it lays overlays over the directories a mail
system writes to, names the host, brings up the loopback interface with the addresses of the story, starts
pytest on one scenario file and reaps whatever is left behind.

In: a scenario file and options for it. Out: the finished process, with what the scenario printed.

What it keeps:
- Nothing outside changes: users, configuration and queues lie in overlays whose upper layer is a tmpfs that
  only the new mount namespace sees.
- Nothing stays behind: when process 1 ends, the kernel ends everything it started.
- It ends: process 1 has a handler for SIGALRM (default actions do not reach a process 1), and whoever waits
  outside has a deadline too.

The addresses are from the documentation networks (RFC 5737): 198.51.100.10 is our server, 203.0.113.25 a
stranger on the internet.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["HOST", "PROGRAMS", "SERVER", "STRANGER", "missing", "run"]

HOST = "mail.example.com"
SERVER = "198.51.100.10"
STRANGER = "203.0.113.25"

# what the scenarios call, and the Debian package it is in
PROGRAMS = {
    "unshare": "util-linux",
    "ip": "iproute2",
    "useradd": "passwd",
    "postfix": "postfix",
    "procmail": "procmail",
    "strace": "strace",
    "dovecot": "dovecot-imapd",
    "spamd": "spamd",
    "rspamd": "rspamd",
    "tail": "coreutils",
    "unbound": "unbound",
    "opendkim": "opendkim",
    "opendmarc": "opendmarc",
    "policyd-spf": "postfix-policyd-spf-python",
    "openssl": "openssl",
    "dkimsign": "python3-dkim",
}
UNSHARE = ["unshare", "-m", "-n", "-u", "-i", "-p", "-f", "--kill-child", "--mount-proc"]
# no configuration and no cache of the checkout; a line for each test at the end
PYTEST = [
    "-B",
    "-m",
    "pytest",
    "-c",
    os.devnull,
    "--import-mode=importlib",
    "-p",
    "no:cacheprovider",
    "--color=no",
    "-rA",
    "--tb=short",
]
OVERLAID = ["/etc", "/var", "/run", "/home", "/usr/bin"]
# a machine in small: what `furnish` does, tried out
ATTEMPT = """
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc
ip link set lo up
"""
SECONDS_INSIDE = 150
SECONDS_OUTSIDE = 170


def missing() -> list[str]:
    """Why there can be no such machine here: one sentence for each reason, none if there can be one."""
    if os.geteuid() != 0:
        return ["a real Postfix needs root, for a namespace with stock paths and ports"]
    reasons = [
        f"the program `{program}` is missing (apt-get install {package})"
        for program, package in PROGRAMS.items()
        if shutil.which(program) is None
    ]
    if not reasons:
        attempt = subprocess.run([*UNSHARE, "sh", "-ec", ATTEMPT], capture_output=True, text=True, timeout=20)
        if attempt.returncode != 0:
            reasons.append(f"this machine forbids namespaces: {attempt.stderr.strip()}")
    return reasons


def run(scenario: Path, installation: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of one scenario file on a machine of their own."""
    with tempfile.TemporaryDirectory(prefix="pyfilter-machine-") as layers:
        return subprocess.run(
            [*UNSHARE, sys.executable, __file__, layers, str(installation), str(scenario), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS_OUTSIDE,
        )


def furnish(layers: Path, installation: Path) -> None:
    """Turn the new namespaces into a mail host."""
    call("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(layers))
    for number, directory in enumerate([*OVERLAID, str(installation)]):
        upper, work = layers / f"{number}.upper", layers / f"{number}.work"
        upper.mkdir()
        work.mkdir()
        shutil.copystat(directory, upper)
        options = f"lowerdir={directory},upperdir={upper},workdir={work}"
        call("mount", "-t", "overlay", "-o", options, "overlay", directory)
    # tail(1) is told of new lines by the kernel on a tmpfs, but asks once a second on an overlay
    call("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/log")
    # the queue of a Postfix outside is not ours to deliver; postfix(1) makes a new one
    call("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/spool/postfix")
    call("hostname", HOST)
    call("ip", "link", "set", "lo", "up")
    for address in (SERVER, STRANGER):
        call("ip", "address", "add", f"{address}/32", "dev", "lo")
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n{SERVER} {HOST} mail\n{STRANGER} stranger.example\n")
    resolver = Path("/etc/resolv.conf")
    resolver.unlink(missing_ok=True)  # often a link into /run
    resolver.write_text("nameserver 127.0.0.1\n")
    Path("/etc/mailname").write_text(f"{HOST}\n")


def call(*command: str) -> None:
    subprocess.run(command, check=True)


def main(layers: Path, installation: Path, scenario: str, options: list[str]) -> int:
    """Process 1: furnish, start the scenario, reap."""
    signal.signal(signal.SIGALRM, lambda number, frame: os._exit(124))
    signal.alarm(SECONDS_INSIDE)
    furnish(layers, installation)
    command = [sys.executable, *PYTEST, f"--rootdir={Path(__file__).parents[2]}", scenario]
    scenario_process = subprocess.Popen([*command, f"--installation={installation}", *options])
    while True:
        child, status = os.wait()
        if child == scenario_process.pid:
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
