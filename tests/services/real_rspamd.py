"""Debian's rspamd on loopback, with its stock configuration and what a machine without DNS and Redis needs.

All its files lie in a directory of its own; nothing on the host is changed. Started by root, its workers run as
Debian's `_rspamd`; by somebody else, as that user.

Two things make it quick: the modules that ask DNS are off, and of the list of top level domains, which is
compiled into one pattern at each start (10 seconds), there are four.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["ADD_HEADER", "GTUBE", "NO_ACTION", "REJECT", "REWRITE_SUBJECT", "Rspamd", "missing"]

SECONDS = 60  # until it listens; 1 on an idle machine

# https://rspamd.com/doc/other/gtube_patterns.html: each makes rspamd say one action
GTUBE = "JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
REJECT, ADD_HEADER, REWRITE_SUBJECT, NO_ACTION = (letter + GTUBE for letter in "XYZA")

# all but one ask DNS or need Redis; what chartable says of a message differs from time to time
OFF = (
    *("arc", "asn", "dkim", "dmarc", "fuzzy_check", "hfilter", "mx_check", "neural", "rbl", "spf", "surbl"),
    "chartable",
)

# below the directory of the configuration
FILES = {
    "local.d/options.inc": """\
dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.02s; retransmits = 1; }}
url_tld = "{directory}/top-level-domains";
rrd = "";
enable_test_patterns = true;
gtube_patterns = "all";
""",
    "local.d/logging.inc": 'type = "file"; filename = "{directory}/log"; level = "notice"; log_buffered = false;\n',
    "override.d/worker-normal.inc": 'bind_socket = "{worker}"; count = 1;\n',
    "override.d/worker-proxy.inc": """\
bind_socket = "{proxy}"; count = 1; milter = yes; timeout = 20s;
upstream "local" {{ self_scan = yes; default = yes; hosts = "localhost"; }}
""",
    "override.d/worker-controller.inc": "enabled = false; count = 0;\n",
    "override.d/worker-fuzzy.inc": "enabled = false; count = 0;\n",
    "local.d/milter_headers.conf": "{milter_headers}",
    "top-level-domains": "com\nexample\nnet\norg\n",
}


def missing() -> str:
    """Why there is none here; empty if there is."""
    return "" if shutil.which("rspamd") else "the program `rspamd` is missing (apt-get install rspamd)"


class Rspamd:
    """A running rspamd. ``address``: of its scanner; ``milter``: of its milter; ``log``: its log file.
    ``start_seconds``: how long it took to listen. ``milter_headers``: the settings of that module.
    ``below``: where its directory is made. ``on``: modules of OFF that are on all the same."""

    def __init__(
        self,
        *,
        ports: tuple[int, int] | None = None,
        milter_headers: str = "",
        below: str | None = None,
        on: tuple[str, ...] = (),
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pyfilter-rspamd-", dir=below))
        self.log = self.directory / "log"
        worker, proxy = ports or (free_port(), free_port())
        self.address, self.milter = f"127.0.0.1:{worker}", f"127.0.0.1:{proxy}"
        self.milter_headers = milter_headers
        self.off = [module for module in OFF if module not in on]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        began = time.monotonic()
        for name in ("local.d", "override.d", "db"):
            (self.directory / name).mkdir(exist_ok=True)
        disabled = {f"override.d/{module}.conf": "enabled = false;\n" for module in self.off}
        for name, text in {**FILES, **disabled}.items():
            values = {"directory": self.directory, "worker": self.address, "proxy": self.milter}
            (self.directory / name).write_text(text.format(**values, milter_headers=self.milter_headers))
        command = ["rspamd", "-f", "-c", "/etc/rspamd/rspamd.conf"]
        places = {"DBDIR": "db", "RUNDIR": ".", "LOGDIR": ".", "LOCAL_CONFDIR": "."}
        command += [f"--var={name}={self.directory / place}" for name, place in places.items()]
        if os.geteuid() == 0:
            owner = pwd.getpwnam("_rspamd")
            for path in (self.directory, *self.directory.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            command += ["-u", owner.pw_name, "-g", "_rspamd"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        while not (answers(self.address) and answers(self.milter)):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - began < SECONDS, "rspamd does not listen"
            time.sleep(0.02)
        self.start_seconds = time.monotonic() - began

    def stop(self) -> None:
        """End it, so that its ports refuse."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        assert not answers(self.address)

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.directory)

    def logged(self, message_id: str) -> str:
        """The line of its log on this message; waits for it."""
        deadline = time.monotonic() + SECONDS
        while True:
            for line in self.log.read_text(errors="replace").splitlines():
                if "rspamd_task_write_log: " in line and f"id: <{message_id}>" in line:
                    return line
            assert time.monotonic() < deadline, f"rspamd did not log {message_id}"
            time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as connection:
        return connection.connect_ex((host, int(port))) == 0
