"""mbsync and getmail bring mail from a real Dovecot, and it is filed; mbsync takes the folders back there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .dovecot import PASSWORD, Dovecot, without_tuid
from .watched import SECONDS, Watched, letter, until

MANUAL = Path(__file__).parents[2] / "docs/watch.md"


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
