"""Becoming another user for good.

In: a process of root's, and whom it shall become. Afterwards none of its user and group ids is root's, it has the
groups of that user and no capability, and that it cannot go back was tried. Where anything of it fails ``Failed`` says
what; the caller ends at once and does nothing else.

Sources: setresuid(2), initgroups(3), capabilities(7); credentials(7).
"""

from __future__ import annotations

import os

__all__ = ["Failed", "drop"]

CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")


class Failed(Exception):
    """This process may still be able to do what only root can."""


def drop(name: str, uid: int, gid: int) -> None:
    """Become the user ``name``. Raises Failed."""
    if uid == 0:
        raise Failed("root is not dropped to")
    try:
        os.setresgid(gid, gid, gid)
        os.initgroups(name, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        raise Failed(f"cannot become {name}: {error.strerror}") from None
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        raise Failed(f"did not become {name}")
    if _can_go_back(gid):
        raise Failed(f"became {name} and can go back")
    if _capabilities():
        raise Failed(f"became {name} and kept capabilities")


def _can_go_back(gid: int) -> bool:
    for is_user in (True, False):
        try:
            if is_user:
                os.setresuid(-1, 0, -1)
            elif gid:
                os.setresgid(-1, 0, -1)
            else:  # a user may be of root's group, but not choose so
                os.setgroups([0])
        except PermissionError:
            continue
        return True
    return False


def _capabilities() -> bool:
    """Raises Failed where they cannot be seen."""
    try:
        with open("/proc/self/status", "rb") as file:
            lines = [line.decode("ascii", "replace").partition(":") for line in file]
    except OSError as error:
        raise Failed(f"/proc/self/status: {error.strerror}") from None
    return any(name in CAPABILITIES and int(value, 16) for name, _, value in lines)
