"""Debian's spamd at a Unix socket of its own, and over TLS where it is given a certificate.

All its files lie in a directory of its own; nothing on the host is changed. It asks nothing outside (``-L``), reads
no user's preferences and learns nothing: with Bayes, which learns from what it scans, two scans of one message
may differ. Started by root, it scans as ``nobody``; by somebody else, as that user.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from pyfilter.language.endpoints import endpoint

from .certificates import Certificate
from .real_rspamd import free_port

__all__ = ["Spamd", "missing"]

SECONDS = 60  # until it listens; 3 on an idle machine
PROGRAMS = ("spamd", "spamc")
OPTIONS = ("-L", "-x", "-m", "2", "--min-children=2", "--min-spare=1", "--cf=use_bayes 0", "-s", "stderr")


def missing() -> str:
    """Why there is none here; empty if there is."""
    gone = [program for program in PROGRAMS if not shutil.which(program)]
    return f"the programs {gone} are missing (apt-get install spamd spamc)" if gone else ""


class Spamd:
    """A running spamd. ``socket``: the path it listens at; ``address``: that, ``tls``: the other, as the setting
    takes them; ``log``: its log file."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pyfilter-spamd-"))
        self.socket, self.log = self.directory / "socket", self.directory / "log"
        self.address = f"unix:{self.socket}"
        self.tls = ""
        command = ["spamd", *OPTIONS, "-i", str(self.socket), "-H", str(self.directory)]
        if os.geteuid() == 0:
            command += ["-u", "nobody"]
        if certificate:
            port = free_port()
            self.tls = f"tls:127.0.0.1:{port}"
            command += ["-i", f"ssl:127.0.0.1:{port}"]
            command += ["--server-cert", str(certificate.certificate), "--server-key", str(certificate.key)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while not all(answers(address) for address in (self.address, self.tls) if address):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "spamd does not listen"
            time.sleep(0.02)

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        shutil.rmtree(self.directory)


def answers(address: str) -> bool:
    place = endpoint(address)
    with socket.socket(socket.AF_UNIX if place.path else socket.AF_INET) as connection:
        return connection.connect_ex(place.path or (place.host, place.port)) == 0
