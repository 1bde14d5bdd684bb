"""A map of virtual users: what its lines say, and what is said while it changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.lmtp import replies
from pyfilter.server import mapping
from pyfilter.server.mapping import NO_HOME, UNCERTAIN, Mapped, Refused
from pyfilter.server.residents import Resident, names

LINES = """\
# a comment

ann@x.example:{CRAM-MD5}e02d:5000:5000::/srv/mail/ann:/bin/false:userdb_quota_rule=*:bytes=1
Bob:x:5000:5000:Bob:/srv/mail/bob/
carl@x.example:{PLAIN}pass::::::userdb_mail=maildir:~/m userdb_home=/srv/mail/carl
dora@x.example:{PLAIN}pass
eve@x.example:x:1:1::../../etc
fred@x.example:x:1:1::/srv/../etc
ann@x.example:x:1:1::/srv/mail/second
ola+news@x.example:x:1:1::/srv/mail/news
ola@x.example:x:1:1::/srv/mail/ola
"""


class Made:
    """A map in a file, and what was noted of it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "users"
        self.noted: list[str] = []
        self.write(LINES)
        self.map = Mapped(str(self.path), "+", self.noted.append)

    def write(self, text: str) -> None:
        beside = self.path.with_name("users.new")
        beside.write_text(text, "utf-8")
        beside.chmod(0o640)
        beside.rename(self.path)

    def home(self, address: str) -> str:
        found = self.map.find(address)
        assert isinstance(found, Resident), found
        assert found.owner == ""
        return found.home


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", 0)
    return Made(tmp_path)


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("ann@x.example", "/srv/mail/ann"),
        ("ANN@X.Example", "/srv/mail/ann"),
        ("ann+lists@x.example", "/srv/mail/ann"),
        ("ann+a+b@x.example", "/srv/mail/ann"),
        ("bob@anywhere.example", "/srv/mail/bob"),
        ("bob+x", "/srv/mail/bob"),
        ("bob", "/srv/mail/bob"),
        ("carl@x.example", "/srv/mail/carl"),
        ("ola+news@x.example", "/srv/mail/news"),
        ("ola+other@x.example", "/srv/mail/ola"),
    ],
)
def test_an_address_is_looked_up_whole_without_extension_and_without_domain(
    made: Made, address: str, home: str
) -> None:
    assert made.home(address) == home


@pytest.mark.parametrize(
    "address", ["ann@y.example", "ann", "zoe@x.example", "+ann@x.example", "bo", '"bob"@x.example']
)
def test_who_is_not_there_is_unknown(made: Made, address: str) -> None:
    assert made.map.find(address) is replies.UNKNOWN_USER


@pytest.mark.parametrize("user", ["dora", "eve", "fred"])
def test_who_has_no_home_or_one_that_leads_elsewhere_must_wait(made: Made, user: str) -> None:
    assert made.map.find(f"{user}@x.example") is NO_HOME
    assert made.noted == [f"{made.path}: line 6 names no home"]


def test_a_delimiter_may_be_another_or_none() -> None:
    assert names("Ann-x@D.example", "-") == ["ann-x@d.example", "ann@d.example", "ann-x", "ann"]
    assert names("ann+x@d.example", "") == ["ann+x@d.example", "ann+x"]
    assert names("+x", "+") == ["+x"]


def test_a_map_that_changes_holds_for_the_next_recipient(made: Made) -> None:
    made.write("zoe:x:1:1::/srv/mail/zoe\n")
    assert made.home("zoe@x.example") == "/srv/mail/zoe"
    assert made.map.find("ann@x.example") is replies.UNKNOWN_USER


def test_of_a_map_that_has_just_changed_nobody_is_said_to_be_unknown(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "SETTLED_SECONDS", 3600)
    made.path.write_text("")  # as whoever writes it in place does first
    assert made.map.find("ann@x.example") is UNCERTAIN
    assert UNCERTAIN.code == 451


def test_a_map_that_is_away_or_open_to_others_is_noted_once_and_the_old_one_holds(made: Made) -> None:
    made.noted.clear()
    made.path.rename(made.path.with_name("away"))
    assert made.home("ann@x.example") == "/srv/mail/ann"
    assert made.map.find("zoe@x.example") is UNCERTAIN
    assert made.noted == [f"{made.path}: No such file or directory"]
    made.write("zoe:x:1:1::/srv/mail/zoe\n")
    made.path.chmod(0o666)
    assert made.home("ann@x.example") == "/srv/mail/ann"
    assert made.noted[1:] == [f"{made.path}: is writable by others (mode 0666): chmod go-w"]
    made.path.chmod(0o644)
    assert made.home("zoe@x.example") == "/srv/mail/zoe"


def test_what_is_no_map_to_begin_with_is_refused(tmp_path: Path) -> None:
    noted: list[str] = []
    with pytest.raises(Refused, match=r"/users: No such file or directory$"):
        Mapped(str(tmp_path / "users"), "+", noted.append)
    with pytest.raises(Refused, match=r": is not a regular file$"):
        Mapped(str(tmp_path), "+", noted.append)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Refused, match=r": is not a regular file$"):
        Mapped(str(tmp_path / "fifo"), "+", noted.append)


def test_one_that_is_too_large_is_not_read(made: Made) -> None:
    os.truncate(made.path, limits.LMTP_MAP_BYTES + 1)
    assert made.home("ann@x.example") == "/srv/mail/ann"
    assert made.noted[-1] == f"{made.path}: is larger than 64 MiB"


def test_looking_again_reads_what_has_the_same_stamp(made: Made) -> None:
    assert made.home("bob") == "/srv/mail/bob"
    made.map._homes = {}
    assert made.map.find("bob") is replies.UNKNOWN_USER
    made.map.look_again()
    assert made.home("bob") == "/srv/mail/bob"
