"""Homes of users who get mail, some of which are missing: that of a virtual user nobody makes before the first message
comes, and Dovecot makes it, too.

It is made (0700) below a directory that belongs to the running user alone: a disk that is not mounted shows root's, and
no mail is put below its mount point.

Errors: files.Refused, as files.check_home.
"""

from __future__ import annotations

import os
import stat

from pyfilter.language.files import check_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from pyfilter.delivery.together import Steps

    Result = TypeVar("Result")

__all__ = ["at_home", "ready"]


def ready(home: str) -> None:
    """See that ``home`` is a directory of the running user's that others cannot write."""
    if not os.path.lexists(home) and _is_ours(_above(home)):
        try:
            os.makedirs(home, 0o700)
        except FileExistsError:  # another worker was quicker
            pass
    check_home(home)


def _above(path: str) -> str:
    """The nearest directory that there is."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def _is_ours(directory: str) -> bool:
    found = os.lstat(directory)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def at_home(home: str, delivery: Steps[Result]) -> Steps[Result]:
    """The same steps, each taken with $HOME as it should be: between two of them a delivery to another home may take
    one of its own, and the programs that rules run know their user by it."""
    error: OSError | None = None
    while True:
        if os.environ.get("HOME") != home:  # to set it costs more than to look
            os.environ["HOME"] = home
        try:
            descriptor = next(delivery) if error is None else delivery.throw(error)
        except StopIteration as end:
            result: Result = end.value
            return result
        error = None
        try:
            yield descriptor
        except OSError as failed:
            error = failed
