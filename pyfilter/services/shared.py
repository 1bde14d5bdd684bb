"""State that several hosts share, where this process was told of a server that has it: the journal, the memory of
deliveries, who got a reply. Without one each of them lies in files below the home.

In: PYFILTER_STATE in the environment, as `pyfilter serve` gives it to its workers: an address as redis_server.py takes
it. It may hold a password: programs that rules run do not get it (child.py).

Whose state it is, is told by an *owner*: the user's name where all mail is his, else the home, which a map gives to an
address; both are the same on all hosts.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.delivery.journal_file import JournalFile
    from pyfilter.services.redis_memory import RedisMemory
    from pyfilter.services.redis_replies import RedisReplies
    from pyfilter.services.redis_server import RedisServer

__all__ = ["VARIABLE", "begin", "journal", "memory", "replies"]

VARIABLE = "PYFILTER_STATE"

_server: RedisServer | None = None
_user = ""


def begin(home: str) -> None:
    """Use what the environment says from here on; ``home``: whose mail this process delivers, "" of several."""
    global _server, _user
    address = os.environ.pop(VARIABLE, "")
    if not address:
        return
    from pyfilter.services.redis_server import RedisServer

    _server = RedisServer(address)
    _user = _name() if home else ""


def journal(home: str, own: JournalFile) -> JournalFile:
    """For one delivery; ``own``: the one of this host."""
    if _server is None:
        return own
    from pyfilter.services.redis_journal import RedisJournal

    return RedisJournal(own, _server, _user or home)


def memory(home: str) -> RedisMemory | None:
    """None: it is in a file."""
    if _server is None:
        return None
    from pyfilter.services.redis_memory import RedisMemory

    return RedisMemory(_server, _user or home)


def replies(home: str) -> RedisReplies | None:
    """None: they are in a file."""
    if _server is None:
        return None
    from pyfilter.services.redis_replies import RedisReplies

    return RedisReplies(_server, _user or home)


def _name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
