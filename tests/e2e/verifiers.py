"""Debian's OpenDKIM, OpenDMARC and SPF policy server inside the machine, and the DNS they ask.

All three write what they find into Authentication-Results. unbound(8) answers from what is written here and knows
nothing else, so nothing waits for a name server that is not there. What is given: ``TXT`` records by name. What is
there afterwards: servers that listen, and a Postfix that asks them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from .follow import SECONDS
from .namespace import HOST
from .postfix import Postfix

__all__ = ["SELECTOR", "Verifiers", "make_key", "sign"]

DIRECTORY = Path("/run/verifiers")
SELECTOR = "s"
MILTERS = {"opendkim": 8891, "opendmarc": 8892}

# a name without a record does not exist, and is not asked for elsewhere
UNBOUND = """\
server:
    interface: 127.0.0.1
    chroot: ""
    pidfile: ""
    username: ""
    directory: "{directory}"
    use-syslog: no
    logfile: ""
    module-config: "iterator"
    local-zone: "." static
{records}
remote-control:
    control-enable: no
"""
OPENDKIM = """\
Mode v
AuthservID {host}
Socket inet:{port}@127.0.0.1
UserID opendkim
PidFile {directory}/opendkim.pid
Nameservers 127.0.0.1
On-DNSError accept
Syslog no
"""
OPENDMARC = """\
AuthservID {host}
TrustedAuthservIDs {host}
Socket inet:{port}@127.0.0.1
UserID opendmarc
PidFile {directory}/opendmarc.pid
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
Syslog no
"""
POLICYD_SPF = """\
debugLevel = 1
TestOnly = 1
Header_Type = AR
Authserv_Id = {host}
HELO_reject = False
Mail_From_reject = False
skip_addresses = 127.0.0.0/8
"""
SETTINGS = {
    "smtpd_milters": ", ".join(f"inet:127.0.0.1:{port}" for port in MILTERS.values()),
    # a milter that dies is a failure of the test, not mail without its results
    "milter_default_action": "tempfail",
    "smtpd_recipient_restrictions": "reject_unauth_destination, check_policy_service unix:private/policyd-spf",
}


class Verifiers:
    """The servers, running. Postfix is told of them and asks them from its next message on."""

    def __init__(self, postfix: Postfix, records: dict[str, str]) -> None:
        self.postfix = postfix
        DIRECTORY.mkdir(mode=0o755)
        self.start_unbound(records)
        for name, config in (("opendkim", OPENDKIM), ("opendmarc", OPENDMARC)):
            path = DIRECTORY / f"{name}.conf"
            path.write_text(config.format(host=HOST, port=MILTERS[name], directory=DIRECTORY))
            self.start([name, "-f", "-x" if name == "opendkim" else "-c", str(path)])
        for port in MILTERS.values():
            wait_for_port(port)
        Path("/etc/postfix-policyd-spf-python/policyd-spf.conf").write_text(POLICYD_SPF.format(host=HOST))
        service = "policyd-spf/unix=policyd-spf unix - n n - 0 spawn user=policyd-spf argv=/usr/bin/policyd-spf"
        subprocess.run(["postconf", "-M", service], check=True)
        self.configure(SETTINGS)

    def configure(self, settings: dict[str, str]) -> None:
        self.postfix.configure(settings)
        self.postfix.reload()

    def only_spf(self) -> None:
        """Take both milters away: nobody removes what a stranger forged."""
        self.configure({"smtpd_milters": ""})

    def all_again(self) -> None:
        self.configure(SETTINGS)

    def start_unbound(self, records: dict[str, str]) -> None:
        lines = [f"    local-data: '{name}. TXT {quoted(text)}'" for name, text in records.items()]
        lines += [f"    local-data: '{name}. A 203.0.113.25'" for name in records if not name.startswith("_")]
        path = DIRECTORY / "unbound.conf"
        path.write_text(UNBOUND.format(directory=DIRECTORY, records="\n".join(lines)))
        self.start(["unbound", "-d", "-c", str(path)])
        wait_for_port(53)

    def start(self, command: list[str]) -> None:
        program = shutil.which(command[0], path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        assert program is not None, command[0]
        with Path(f"/var/log/{command[0]}.log").open("ab") as log:
            subprocess.Popen([program, *command[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def quoted(text: str) -> str:
    """The text of a TXT record, in pieces of 255 (RFC 1035, section 3.3.14)."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nothing listens on port {port}"
        time.sleep(0.02)


def make_key(path: Path) -> str:
    """A new RSA key in ``path``; the record that publishes it."""
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", path, "-pubout"], check=True, capture_output=True, text=True
    ).stdout
    return "v=DKIM1; k=rsa; p=" + "".join(public.splitlines()[1:-1])


def sign(message: bytes, key: Path, domain: str, identity: str = "") -> bytes:
    """The message with a DKIM-Signature above it, by dkimsign(1); ``identity``: its ``i=``, already encoded."""
    options = [f"--identity={identity}"] if identity else []
    signed = subprocess.run(
        ["dkimsign", *options, SELECTOR, domain, str(key)],
        input=message.replace(b"\n", b"\r\n"),
        check=True,
        capture_output=True,
    )
    return signed.stdout.replace(b"\r\n", b"\n")
