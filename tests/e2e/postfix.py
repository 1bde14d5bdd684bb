"""Debian's Postfix, driven and observed: start it, send it mail, read its log and its queue.

The configuration is the stock one plus the table SETTINGS; every path and port is the stock one, so this is
for a machine of its own (namespace.py).

Nothing here sleeps. What is waited for is a line of the log (follow.py) or a state of the queue, and every wait
has a deadline.

Postfix does not read a configuration file younger than two seconds but waits; ``configure`` therefore dates
the files back.
"""

from __future__ import annotations

import json
import os
import re
import smtplib
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .follow import SECONDS, Follower
from .namespace import SERVER, STRANGER

__all__ = ["ALIASES", "LOG", "Delivery", "Postfix"]

LOG = Path("/var/log/mail.log")
ALIASES = Path("/etc/aliases")

SETTINGS = {
    "maillog_file": str(LOG),  # there is no syslog daemon here; postlogd(8) writes the file
    "myhostname": "mail.example.com",
    "mydestination": "example.com, mail.example.com, localhost",
    "mynetworks": "127.0.0.0/8",
    "inet_interfaces": f"127.0.0.1, {SERVER}",  # not all: strangers live on the same interface
    "inet_protocols": "ipv4",
    "smtp_bind_address": SERVER,
    "alias_maps": f"texthash:{ALIASES}",
    "alias_database": "",
    "recipient_delimiter": "+",
    # nothing is tried again behind a test's back: only when it asks by `postqueue -f`
    "queue_run_delay": "1h",
    "minimal_backoff_time": "1h",
    "maximal_backoff_time": "1h",
    "transport_retry_time": "1h",
    "in_flow_delay": "0",
    # after a kill -9 of its first local(8), master(8) starts the next one so much later
    "service_throttle_time": "1s",
}

# the line break at the end of what a command says becomes a space in the log
DELIVERY = re.compile(
    r"postfix/(?P<agent>\w+)\[(?P<pid>\d+)\]: (?P<queue_id>[0-9A-F]+): to=<(?P<recipient>.*?)>,"
    r".* dsn=(?P<dsn>[\d.]+), status=(?P<status>\w+) \((?P<text>.*?) ?\)$"
)


@dataclass(frozen=True)
class Delivery:
    """One attempt, as Postfix logged it."""

    agent: str
    pid: str
    queue_id: str
    recipient: str
    dsn: str
    status: str
    text: str

    @property
    def verdict(self) -> tuple[str, str, str]:
        """What a test compares: (status, dsn, text)."""
        return self.status, self.dsn, self.text


class Postfix:
    """A running Postfix whose ``mailbox_command`` is the agent under test."""

    PICKED_UP = r"postfix/pickup\[\d+\]: (?P<queue_id>[0-9A-F]+): uid="

    def __init__(self, mailbox_command: str) -> None:
        self.reported: dict[str, int] = {}  # queue id -> how many of its delivery lines a test has seen
        ALIASES.write_text("")
        self.configure({**SETTINGS, "mailbox_command": mailbox_command})
        subprocess.run(["postconf", "-F", "*/*/chroot = n"], check=True)
        self.date_back()
        LOG.write_text("")
        self.log = Follower(LOG)
        subprocess.run(["postfix", "start"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait(r"daemon started")

    def configure(self, settings: dict[str, str]) -> None:
        subprocess.run(["postconf", "-e", *(f"{name} = {value}" for name, value in settings.items())], check=True)
        self.date_back()

    def date_back(self) -> None:
        long_ago = time.time() - 60
        for path in (ALIASES, Path("/etc/postfix/main.cf"), Path("/etc/postfix/master.cf")):
            os.utime(path, (long_ago, long_ago))

    def use(self, mailbox_command: str) -> None:
        """Change the agent and let the running system know."""
        self.configure({"mailbox_command": mailbox_command})
        self.reload()

    def reload(self) -> None:
        seen = len(self.log.lines)
        subprocess.run(["postfix", "reload"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait(r"reload -- version", after=seen)

    # ------------------------------------------------------------ mail in

    def send(self, message: bytes, recipients: str | list[str], sender: str = "stranger@stranger.example") -> str:
        """Hand a message over by SMTP, as a stranger's server does. Answers with the queue id."""
        recipients = [recipients] if isinstance(recipients, str) else recipients
        wire = message.replace(b"\n", b"\r\n")
        with smtplib.SMTP(SERVER, 25, "stranger.example", SECONDS, (STRANGER, 0)) as connection:
            connection.ehlo()
            reply(250, connection.docmd(f"MAIL FROM:<{sender}>"))
            for recipient in recipients:
                reply(250, connection.docmd(f"RCPT TO:<{recipient}>"))
            _, text = reply(250, connection.data(wire))
        return text.rpartition(b"queued as ")[2].decode()

    # ------------------------------------------------------------ what became of it

    def wait(self, pattern: str, after: int = 0) -> re.Match[str]:
        """The first line of the log, from line ``after``, in which the pattern is found."""
        return self.log.wait(pattern, after)

    def delivery(self, queue_id: str) -> Delivery:
        """The next attempt to deliver this message that no test has seen yet."""
        number = self.reported.get(queue_id, 0)
        self.reported[queue_id] = number + 1
        found = [match for line in self.log.lines if (match := DELIVERY.search(line)) and match["queue_id"] == queue_id]
        while len(found) <= number:
            match = DELIVERY.search(self.wait(rf".*: {queue_id}: to=<.*", after=len(self.log.lines))[0])
            if match:
                found.append(match)
        return Delivery(**found[number].groupdict())

    def wait_for_bounce(self, queue_id: str) -> str:
        """The queue id of the notice to the sender of a message."""
        return self.wait(rf" {queue_id}: sender non-delivery notification: ([0-9A-F]+)")[1]

    def gone(self, queue_id: str) -> None:
        """Wait until Postfix is through with this message."""
        self.wait(rf"qmgr\[\d+\]: {queue_id}: removed")

    def queue(self) -> dict[str, str]:
        """``{queue id: name of the queue}`` of every message Postfix holds."""
        listing = subprocess.run(["postqueue", "-j"], check=True, capture_output=True, text=True).stdout
        return {entry["queue_id"]: entry["queue_name"] for entry in map(json.loads, listing.splitlines())}

    def settled(self) -> dict[str, str]:
        """The queue when nothing is on its way any more: the last line of the log comes before the file goes."""
        deadline = time.monotonic() + SECONDS
        while "active" in (found := self.queue()).values() and time.monotonic() < deadline:
            pass  # postqueue takes its time
        return found

    def drop_all(self) -> None:
        """Empty the queue: what a failed test left there does not concern the next."""
        subprocess.run(["postsuper", "-d", "ALL"], check=True, stderr=subprocess.DEVNULL)

    def waiting(self, queue_id: str) -> None:
        """Wait until this message lies in the deferred queue (Postfix logs the deferral a moment before)."""
        deadline = time.monotonic() + SECONDS
        while self.queue().get(queue_id) != "deferred":
            assert time.monotonic() < deadline, f"{queue_id} is not deferred: {self.queue()}"

    def flush(self) -> None:
        """`postqueue -f`: let Postfix try everything again."""
        subprocess.run(["postqueue", "-f"], check=True)

    def retry(self, queue_id: str) -> Delivery:
        """The attempt that follows a flush."""
        self.waiting(queue_id)
        self.flush()
        return self.delivery(queue_id)


def reply(code: int, answer: tuple[int, bytes]) -> tuple[int, bytes]:
    assert answer[0] == code, f"the server answered {answer}"
    return answer
