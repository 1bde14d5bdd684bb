"""mbsync and getmail bring mail from a real Dovecot, and it is filed; mbsync takes the folders back there."""

from __future__ import annotations

import imaplib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .watched import SECONDS, Watched, letter, until

MANUAL = Path(__file__).parents[2] / "docs/watch.md"
PROGRAMS = ("dovecot", "mbsync", "getmail")
PASSWORD = "secret"
CONFIGURATION = """\
protocols = imap
base_dir = {directory}/run
state_dir = {directory}/state
instance_name = watched
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = {directory}/log
mail_location = maildir:{directory}/mail/Maildir
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={directory}/mail
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Dovecot:
    """A mail server with one user, whose Maildir is ``maildir``."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="pyfilter-watch-"))
        self.directory.chmod(0o755)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        mail = self.directory / "mail"
        mail.mkdir()
        os.chown(mail, 65534, 65534)
        configuration = CONFIGURATION.format(directory=self.directory, password=PASSWORD, port=self.port)
        (self.directory / "conf").write_text(configuration)
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.directory / "conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self.answers)

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.directory / "log").read_text()
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        shutil.rmtree(self.directory)

    def client(self) -> imaplib.IMAP4:
        made = imaplib.IMAP4("127.0.0.1", self.port, timeout=SECONDS)
        made.login("ann", PASSWORD)
        return made

    def add(self, data: bytes, flags: str = "") -> None:
        with self.client() as client:
            assert client.append("INBOX", flags, "", data)[0] == "OK"

    def messages(self) -> dict[str, list[bytes]]:
        """Folder -> what is in it, with LF and without what mbsync writes into what it brings."""
        found: dict[str, list[bytes]] = {}
        with self.client() as client:
            for line in client.list()[1]:
                assert isinstance(line, bytes)
                folder = line.rpartition(b" ")[2].decode()
                client.select(folder, readonly=True)
                for number in client.search(None, "ALL")[1][0].split():
                    data = client.fetch(number, "(BODY.PEEK[])")[1][0][1]
                    found.setdefault(folder, []).append(without_tuid(data))
        return {folder: sorted(mail) for folder, mail in found.items()}

    def move(self, text: str, folder: str, to: str) -> None:
        with self.client() as client:
            client.select(folder)
            (numbers,) = client.search(None, "TEXT", f'"{text}"')[1]
            client.copy(numbers, to)
            client.store(numbers, "+FLAGS", "\\Deleted")
            client.expunge()


def without_tuid(data: bytes) -> bytes:
    return re.sub(rb"(?m)^X-TUID: .*\n", b"", data.replace(b"\r\n", b"\n"))


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    missing = [f"the program `{name}` is missing" for name in PROGRAMS if shutil.which(name) is None]
    missing += ["Dovecot can be started by root only"] if os.geteuid() != 0 else []
    if missing:
        text = "; ".join(missing)
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    made = Dovecot()
    yield made
    made.close()


def configuration(name: str, home: Path, port: int) -> str:
    """The one of docs/watch.md, for this home and this server."""
    found = re.findall(r"^```(?:ini|mbsync)\n# (\S+)\n(.*?)^```$", MANUAL.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (text,) = [text for label, text in found if label == name]
    for old, new in {
        "imap.example.org": "127.0.0.1",
        "TLSType IMAPS": f"TLSType None\nPort {port}\nAuthMechs LOGIN",
        'PassCmd "pass mail"': f"Pass {PASSWORD}",
        "SimpleIMAPSSLRetriever": "SimpleIMAPRetriever",
        "port = 993": f"port = {port}",
        "secret-word": PASSWORD,
        "~/": f"{home}/",
    }.items():
        text = text.replace(old, new)
    return text.replace("TLSType", "SSLType")  # as mbsync 1.4 calls it


class Mbsync:
    def __init__(self, watched: Watched, dovecot: Dovecot, name: str) -> None:
        self._file = watched.home / "mbsyncrc"
        self._file.write_text(configuration(name, watched.home, dovecot.port))
        (watched.home / ".mbsync").mkdir()

    def run(self) -> None:
        done = subprocess.run(
            ["mbsync", "-q", "-c", str(self._file), "-a"],
            env={"HOME": str(self._file.parent), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr


def test_apart_what_mbsync_brings_is_filed_and_stays_on_the_server_or_not(apart: Watched, dovecot: Dovecot) -> None:
    sent = {name: letter(name) for name in ("hello", "other")}
    for data in sent.values():
        dovecot.add(data)
    dovecot.add(letter("hello flagged"), "\\Flagged")
    mbsync = Mbsync(apart, dovecot, "apart")
    apart.start()
    mbsync.run()
    until(lambda: apart.count() == 3 and not apart.left())
    assert [without_tuid(data) for data in apart.mail()["Maildir"]] == [sent["other"]]
    assert sent["hello"] in [without_tuid(data) for data in apart.mail()[".Hello"]]
    (flagged,) = (apart.home / "Maildir/.Hello/cur").iterdir()
    assert flagged.name.endswith(":2,F")
    mbsync.run()
    assert apart.stop() == 0
    assert apart.count() == 3
    assert dovecot.messages() == {}, "mbsync has taken away what was taken away here"


def test_in_place_folders_go_back_to_the_server_and_each_message_is_once_on_both_sides(
    in_place: Watched, dovecot: Dovecot
) -> None:
    """Mail comes and mbsync runs while it is filed."""
    mbsync = Mbsync(in_place, dovecot, "in-place")
    in_place.start()
    sent: dict[str, list[bytes]] = {"Hello": [], "INBOX": []}
    for number in range(20):
        subject, folder = (f"hello {number}", "Hello") if number % 2 else (f"other {number}", "INBOX")
        data = letter(subject)
        dovecot.add(data)
        sent[folder].append(data)
        if number % 4 == 3:
            mbsync.run()
    mbsync.run()
    until(lambda: in_place.log.count(" filed Hello") == 10 and in_place.log.count(" kept INBOX") == 10)
    mbsync.run()
    mbsync.run()
    expected = {folder: sorted(mail) for folder, mail in sent.items()}
    assert dovecot.messages() == expected
    here = {folder: sorted(map(without_tuid, mail)) for folder, mail in in_place.mail().items()}
    assert here == {".Hello": expected["Hello"], "Maildir": expected["INBOX"]}

    # somebody moves one back elsewhere: it stays there
    dovecot.move("body of hello 5", "Hello", "INBOX")
    mbsync.run()
    until(lambda: "left where it lies: it was here before" in in_place.log)
    mbsync.run()
    assert in_place.stop() == 0
    assert {folder: len(mail) for folder, mail in dovecot.messages().items()} == {"Hello": 9, "INBOX": 11}
    assert {folder: len(mail) for folder, mail in in_place.mail().items()} == {".Hello": 9, "Maildir": 11}


def test_what_getmail_brings_is_filed_by_its_sender(apart: Watched, dovecot: Dovecot) -> None:
    apart.rules('rule "ann" { when sender is "ann@x.example"; file into "Ann" }\n')
    dovecot.add(b"Return-Path: <ann@x.example>\n" + letter("x"))
    directory = apart.home / "getmail"
    directory.mkdir(mode=0o700)
    (directory / "getmailrc").write_text(configuration("getmail", apart.home, dovecot.port))
    apart.start()
    done = subprocess.run(
        ["unshare", "--user", "--map-user=1000", "getmail", "--getmaildir", str(directory), "--quiet"],
        env={"HOME": str(apart.home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    until(lambda: apart.count() == 1 and not apart.left())
    assert list(apart.mail()) == [".Ann"]
