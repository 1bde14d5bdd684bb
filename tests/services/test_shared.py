"""Whether state is shared, and whose it is."""

from __future__ import annotations

import os
import pwd

import pytest

from pyfilter.delivery.journal_file import JournalFile
from pyfilter.services import shared


@pytest.fixture(autouse=True)
def unshared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_server", None)
    monkeypatch.setattr(shared, "_user", "")
    monkeypatch.delenv(shared.VARIABLE, raising=False)


def test_without_an_address_everything_is_in_files() -> None:
    shared.begin("/home/ann")
    own = JournalFile("/home/ann")
    assert shared.journal("/home/ann", own) is own
    assert shared.memory("/home/ann") is None and shared.replies("/home/ann") is None


@pytest.mark.parametrize(
    ("served", "owner"), [("/home/ann", pwd.getpwuid(os.geteuid()).pw_name), ("", "/var/mail/ann")], ids=["one", "many"]
)
def test_the_owner_is_the_user_or_of_many_the_home(
    monkeypatch: pytest.MonkeyPatch, redis: object, served: str, owner: str
) -> None:
    monkeypatch.setenv(shared.VARIABLE, "redis://127.0.0.1/0")
    shared.begin(served)
    assert shared.VARIABLE not in os.environ, "programs that rules run need not know it"
    kept = shared.memory("/var/mail/ann")
    assert kept is not None and kept._set == f"pyfilter:{owner}:delivered".encode()


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch, redis: object) -> None:
    def nobody(uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setenv(shared.VARIABLE, "redis://127.0.0.1/0")
    shared.begin("/home/ann")
    kept = shared.replies("/home/ann")
    assert kept is not None and kept._sets[0] == f"pyfilter:{os.geteuid()}:replies".encode()
