"""Where the copies of a plan go, on disk.

In: {folder: (flags, edits, base)} of a plan, the inbox's directory, `set layout`, `set create-folders`. Out: the
directories, each once; every name is looked at before the first byte is written. ``Refused`` says that a plan, or a
setting, is nothing to deliver by.
"""

from __future__ import annotations

import os

from pyfilter.delivery import folders
from pyfilter.delivery.failures import Refused
from pyfilter.engine.plan import INBOX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.message.editing import Edits

    Version = tuple[bytes | None, Edits]  # what `pass through` made or None, and how the header is changed
    Filings = dict[str, tuple[str, Edits, bytes | None]]

__all__ = ["maildir_path", "targets"]


def targets(
    filings: Filings, inbox: bytes, layout: str, create: bool
) -> tuple[dict[bytes, tuple[str, str, Version]], list[str]]:
    """{directory: (folder, flags, version)}, and notes.

    Names of one directory ("Inbox" and "INBOX") are one delivery; a folder that is missing and must not be made is the
    inbox: else a stranger who names one that never was would have the mail come back for days."""
    found: dict[bytes, tuple[str, str, Version]] = {}
    notes: list[str] = []
    for name, (flags, edits, base) in filings.items():
        path = folders.directory(name, inbox, layout)
        if flags and not (flags.isascii() and flags.isalpha()):
            raise Refused(f"the flags {flags!r} for {name!r} are not letters")
        if not create and path != inbox and _is_missing(path, layout):
            notes.append(f"there is no folder {name!r}, and `create-folders = no`: the inbox instead")
            name, path = INBOX, inbox
        name, others, _ = found.get(path, (name, "", (None, ())))
        found[path] = (name, "".join(sorted({*flags, *others})), (base, edits))
    return found, notes


def maildir_path(setting: str, home: str) -> bytes:
    """The directory of ``set maildir``, or of an mbox or MH path: ``~/…`` lies in the home, else it begins with "/"."""
    if setting == "~" or setting.startswith("~/"):
        path = os.fsencode(home) + setting[1:].encode("utf-8")
    else:
        path = setting.encode("utf-8")
    if not path.startswith(b"/") or b"\0" in path:
        raise Refused(f"`set maildir = {setting!r}` with home {home!r} is no absolute path")
    return path.rstrip(b"/") or b"/"


def _is_missing(path: bytes, layout: str) -> bool:
    """In layout fs a directory may be there for the folders below it and be none itself."""
    try:
        os.stat(path + b"/cur" if layout == "fs" else path)
    except FileNotFoundError:
        return True
    return False
