"""Who gets mail here: each way of telling it is a ``Residents`` with one method, ``find``.

In: the address of a RCPT. Out: a ``Resident``, or the Reply that says why not; or a Future of either, where somebody
has to be asked.

============= ========================================================================================
``Everybody`` one user, whose every address is: Postfix has decided that the mail is his
``Mapped``    virtual users, all of one Unix user, whose homes a map names (mapping.py)
``Accounts``  the users of the system, whom the broker looks up (accounts.py)
============= ========================================================================================

``names`` are what an address is looked up by, most exact first: as it is, without its extension, and both without the
domain. All in lower case: no mail server has two users whose names differ by that alone. Postfix looks up alike
(virtual(5)), and so takes the extension: from the first delimiter that is not the first character on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pyfilter.lmtp.replies import Reply

__all__ = ["Everybody", "Found", "Resident", "Residents", "names", "without_extension"]


class Resident:
    """``owner``: whose worker delivers, "" where all are of one Unix user; ``home``: "" is that of the worker."""

    __slots__ = ("home", "owner")

    def __init__(self, owner: str = "", home: str = "") -> None:
        self.owner = owner
        self.home = home


Found = Resident | Reply


class Residents:
    """Somebody who knows who is here."""

    def start(self, stop: Callable[[], None]) -> None:
        """The event loop runs; ``stop`` ends the server."""

    def find(self, address: str) -> Found | asyncio.Future[Found]:
        raise NotImplementedError

    def look_again(self) -> None:
        """What was learned may have changed."""


class Everybody(Residents):
    """The one user of this server."""

    _resident = Resident()

    def find(self, address: str) -> Found:
        return self._resident


def names(address: str, delimiter: str) -> list[str]:
    """Those to look up, each once."""
    address = address.lower()
    local, at, domain = address.rpartition("@")
    if not at:
        local, domain = address, ""
    user = without_extension(local, delimiter)
    return list(dict.fromkeys((address, f"{user}{at}{domain}", local, user)))


def without_extension(local: str, delimiter: str) -> str:
    """The part of a local part that names a user."""
    found = local.find(delimiter, 1) if delimiter else -1
    return local if found < 0 else local[:found]
