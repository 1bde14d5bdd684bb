"""Debian's spamd at a Unix socket of its own, and over TLS.

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
PROGRAMS = ("spamd", "spamc", "openssl")
OPTIONS = ("-L", "-x", "-m", "2", "--min-children=2", "--min-spare=1", "--cf=use_bayes 0", "-s", "stderr")


def missing() -> str:
    """Why there is none here; empty if there is."""
    gone = [program for program in PROGRAMS if not shutil.which(program)]
    return f"missing programs: {', '.join(gone)} (apt-get install {' '.join(PROGRAMS)})" if gone else ""


class Spamd:
    """A running spamd. ``socket``: the path it listens at; ``address``: that, ``tls``: the other, as the setting
    takes them; ``certificate``: what it shows there, a PEM file; ``log``: its log file."""

    def __init__(self, certificate: Certificate) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pyfilter-spamd-"))
        self.socket, self.log = self.directory / "socket", self.directory / "log"
        self.certificate = certificate.certificate
        port = free_port()
        self.address, self.tls = f"unix:{self.socket}", f"tls:127.0.0.1:{port}"
        command = ["spamd", *OPTIONS, "-H", str(self.directory)]
        command += ["-i", str(self.socket), "-i", f"ssl:127.0.0.1:{port}"]
        command += ["--server-cert", str(certificate.certificate), "--server-key", str(certificate.key)]
        if os.geteuid() == 0:
            command += ["-u", "nobody"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while not (answers(self.address) and answers(self.tls)):
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
