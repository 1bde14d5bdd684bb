"""What the name of a file in a Maildir says."""

from __future__ import annotations

import pytest

from pyfilter.delivery.maildir import sizes, unique_name
from pyfilter.watch import names


@pytest.mark.parametrize(
    ("name", "key", "flags"),
    [
        (b"1.M2P3.host", b"1.M2P3.host", ""),
        (b"1.M2P3.host,S=5,W=6", b"1.M2P3.host", ""),
        (b"1.M2P3.host,S=5,W=6:2,", b"1.M2P3.host", ""),
        (b"1.M2P3.host,U=7:2,FS", b"1.M2P3.host", "FS"),
        (b"1.M2P3.host,U=7;2,S", b"1.M2P3.host", "S"),
        (b"1.M2P3.host:2,Sab", b"1.M2P3.host", "Sab"),
        (b"1.M2P3.host:1,x", b"1.M2P3.host", ""),
        (b"1.M2P3.host:2,S,x", b"1.M2P3.host", ""),
        (b"\xff\n", b"\xff\n", ""),
        (b",S=5", b"", ""),
    ],
)
def test_what_stays_and_the_flags(name: bytes, key: bytes, flags: str) -> None:
    assert (names.key(name), names.flags(name)) == (key, flags)


@pytest.mark.parametrize(
    ("name", "flagged"),
    [
        (b"1.there", b"1.there:2,FS"),
        (b"1.there,U=7", b"1.there,U=7:2,FS"),
        (b"1.there,U=7:2,", b"1.there,U=7:2,FS"),
        (b"1.there:2,RS", b"1.there:2,FRS"),
        (b"1.there;2,R", b"1.there;2,FRS"),
    ],
)
def test_a_name_gets_flags_and_keeps_the_rest(name: bytes, flagged: bytes) -> None:
    assert names.flagged(name, "FS") == flagged


def test_a_name_of_a_delivery_is_known() -> None:
    name = unique_name(sizes((b"Subject: x\n\n",)))
    assert names.is_own(name)
    assert names.is_own(name + b":2,S")
    assert names.is_own(name + b",U=7")


@pytest.mark.parametrize(
    "name",
    [
        b"1795546923.21971_4.vm,U=4:2,",
        b"1795546923.M1P2Q3.vm",  # getmail, Python's mailbox
        b"1795546923.M1P2.vm,S=97,W=104",  # Dovecot
        b"1795546923_0.21971.vm,U=4,FMD5=7e33:2,S",  # offlineimap
        b"1795546923.R1234.vm:2,S",  # mutt
        b"1795546923.M1P2V000I000_0.vm,S=97",  # Courier
    ],
)
def test_a_name_of_another_program_is_none_of_pyfilters(name: bytes) -> None:
    assert not names.is_own(name)
