"""The home of a user who gets mail, which is made if it is missing: of a virtual user nobody makes it before the first
message comes, and Dovecot makes it, too.

It is made (0700) below a directory that belongs to the running user alone: a disk that is not mounted shows root's, and
no mail is put below its mount point.

Errors: files.Refused, as files.check_home.
"""

from __future__ import annotations

import os
import stat

from pyfilter.language.files import check_home

__all__ = ["ready"]


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
