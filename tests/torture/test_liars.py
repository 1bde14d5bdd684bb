"""P5: a file system that does what it was asked and reports an error, or does not, or writes less than it was given.

Status 0 with one copy, or 75 with none; and one copy when the mail server has tried again. Every call of pyfilter's
Python below the home is lied about in every way that such a call can have (NFS answers a request that it did not see
answered with EEXIST or ENOENT, a full server tells at close, a signal comes between). `lasting` lies are a quota.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

import pyfilter.status

from .conftest import WHOLE
from .deliverers import DELIVERERS, PEERS, PYFILTER, Ended, Home, whole
from .liars import LASTING, Liar, Lied, compile_liar
from .record import record
from .scenarios import EARLIER, SCENARIOS, Seen, look

ANY = ("EIO", "ESTALE", "EINTR")
FULL = ("ENOSPC", "EDQUOT")
THERE = ("EEXIST",)
# by call: errors reported of what was done, errors reported of what was not done
LIES = {
    "open": (ANY + THERE, ANY + FULL + THERE + ("EMFILE",)),
    "write": (("EIO", "ESTALE", *FULL), ANY + FULL),  # EINTR means that nothing was written, and everybody tries again
    "close": (ANY + FULL, ()),  # on Linux it is closed in any case
    "fsync": (ANY, ANY + FULL + ("EINVAL",)),
    "link": (ANY + FULL + THERE, ANY + FULL + THERE + ("EPERM", "EXDEV")),
    "rename": (ANY + FULL + THERE, ANY + FULL + THERE),
    "unlink": (ANY, ANY),
    "mkdir": (ANY + THERE, ANY + FULL + THERE),
    "fchmod": (ANY, ANY),
    "ftruncate": (ANY, ANY),
    "stat": ((), ANY),
    "fstat": ((), ANY),
    "read": ((), ANY),
}
HALVES = ("half", "half EIO", "half ENOSPC")
NEVER = ("bounced", "lost", "partial", "twice", "never", "hung")
SINKS = ("inbox", "folder", "copy", "mbox", "mh")


def lies(call: str) -> list[str]:
    """What liar.c is told, with the number of each error in the name's place."""
    done, undone = LIES.get(call, ((), ()))
    words = [f"done {name}" for name in done] + [f"not {name}" for name in undone]
    words += HALVES if call == "write" else ()
    return [" ".join([word.split()[0], *(str(getattr(errno, name)) for name in word.split()[1:])]) for word in words]


@pytest.fixture(scope="module")
def liar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_liar(tmp_path_factory.mktemp("liar"))


def reset(home: Home, places: tuple[str, ...]) -> None:
    home.empty()
    mail = home.path / "Mail"
    shutil.rmtree(mail, ignore_errors=True)
    if "mbox" in places or "mh" in places:
        (mail / "old").mkdir(parents=True)
        (mail / "old" / "1").write_bytes(EARLIER)
        (mail / "old.mbox").write_bytes(b"From a Tue Nov 24 04:38:40 2026\n" + EARLIER + b"\n")


def let_time_pass(home: Home) -> None:
    """The mail server waits before it tries again: a lock that could not be taken away is old then."""
    for lock in home.path.glob("Mail/*.lock"):
        os.utime(lock, (0, 0))


def what(name: str, call: str, at: int, lie: str, lied: Lied, seen: Seen, again: Ended | None) -> str:
    return f"{name}: {call} {at}, {lie} ({', '.join(lied.struck)}): {lied.ended}, {seen}, then {again}"


def broken(
    lied: Lied, call: str, lie: str, seen: Seen, again: Ended | None, final: Seen, places: tuple[str, ...]
) -> set[str]:
    """The figures of NEVER that count for this delivery."""
    ended = lied.ended
    found = set()
    if ended.fate == "bounced" or (ended.status == 0 and ended.output):
        found.add("bounced")
    if ended.status == 0 and not (all(seen.copies[place] for place in places) or seen.copies["."]):
        found.add("lost")
    # that the contents could not be brought to disk was said, and not heard; behind EINTR it was tried again
    interrupted = lie.endswith(f" {errno.EINTR}")
    if (
        ended.status == 0
        and any(in_mail(path, call) for path in lied.struck)
        and not interrupted
        and not lie.startswith("half")
    ):
        found.add("lost")
    if final.partial or (seen.partial and "mbox" not in places):
        found.add("partial")
    if any(count > 1 for count in final.copies.values()) or (ended.status == 75 and any(seen.copies.values())):
        found.add("twice")
    if again is not None and (again.status or not all(final.copies[place] for place in places)):
        found.add("never")
    if ended.hung:
        found.add("hung")
    return found


def in_mail(path: str, call: str) -> bool:
    """Whether this call is the last word on the contents of a message, or on its name."""
    if call == "fsync":
        return "/Mail" in path
    return call == "close" and "/tmp/" in "/" + path.partition("/Maildir/")[2]


def check_all(home: Home, liar: Liar, name: str, step: int) -> tuple[Counter[str], list[str]]:
    places = SCENARIOS[name].places
    reset(home, places)
    assert home.deliver().status == 0  # the rules are in the cache from now on
    reset(home, places)
    names = Counter(liar.calls())
    assert sum(names.values()) > 15, names
    jobs = [(call, at, lie) for call, most in names.items() for at in range(1, most + 1) for lie in lies(call)]
    jobs = jobs[::step] + [
        (call, LASTING, f"not {errno.EDQUOT}") for call in ("write", "open", "link") if call in names
    ]
    counts = Counter(dict.fromkeys(("runs", "delivered", "deferred", *NEVER), 0))
    stories = []
    for call, at, lie in jobs:
        reset(home, places)
        lied = liar.deliver(call, at, lie)
        seen = final = look(home)
        again = None
        if lied.ended.fate == "deferred":
            let_time_pass(home)
            again = liar.again()
            final = look(home)
        found = broken(lied, call, lie, seen, again, final, places)
        counts.update({"runs": 1, lied.ended.fate: 1} | dict.fromkeys(found - {"bounced"}, 1))
        if found:
            stories.append(f"{', '.join(sorted(found))}: {what(name, call, at, lie, lied, seen, again)}")
    return counts, stories


@pytest.mark.parametrize("name", SINKS)
def test_a_lie_costs_no_mail(tmp_path: Path, liar: Path, name: str) -> None:
    package = Path(pyfilter.status.__file__).parents[1]
    with Home(tmp_path, PYFILTER, rules=SCENARIOS[name].rules) as home:
        counts, stories = check_all(home, Liar(home, liar, package), name, 1 if WHOLE else 13)
    record("P5", PYFILTER.name, name, **counts)
    assert stories == []
    assert counts["deferred"] > 5
    assert counts["delivered"] > 5


@pytest.mark.whole  # the peers are measured by make torture
@pytest.mark.parametrize("peer", PEERS)
def test_the_peers(tmp_path: Path, liar: Path, peer: str) -> None:
    if DELIVERERS[peer].missing:
        pytest.skip(DELIVERERS[peer].missing)
    counts = Counter(dict.fromkeys(("runs", "delivered", "deferred", *NEVER), 0))
    with Home(tmp_path, DELIVERERS[peer], "folder") as home:
        lying = Liar(home, liar, tmp_path)
        home.empty()
        names = Counter(lying.calls())
        assert names["write"], names
        for call, most in names.items():
            for at in range(1, most + 1):
                for lie in lies(call):
                    home.empty()
                    lied = lying.deliver(call, at, lie)
                    found = [whole(text) for text in home.filed()]
                    counts.update({"runs": 1, lied.ended.fate: 1, "hung": lied.ended.hung})
                    counts["lost"] += lied.ended.status == 0 and not any(found)
                    if lied.ended.fate == "deferred":
                        again = lying.again()
                        found = [whole(text) for text in home.filed()]
                        counts["never"] += again.status != 0 or not any(found)
                    counts["partial"] += not all(found)
                    counts["twice"] += found.count(True) > 1
    record("P5", peer, "folder", **counts)
    assert counts["runs"] > 50
