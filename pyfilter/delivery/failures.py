"""Why a delivery was put off, in words for the log: the path, what the system said, what an administrator can do."""

from __future__ import annotations

import errno
import os

from pyfilter.delivery.folders import Unusable
from pyfilter.language import files

__all__ = ["Refused", "explain"]

# what an administrator can do about it; an errno that is not here speaks for itself
REMEDIES = {
    errno.ENOSPC: "free space or inodes on that file system",
    errno.EDQUOT: "raise the quota or let the user delete mail",
    errno.EROFS: "mount the file system for writing",
    errno.EACCES: "the directories must belong to the user, with mode 0700",
    errno.EPERM: "the directories must belong to the user, with mode 0700",
    errno.ENOTDIR: "move away what stands in place of the directory",
    errno.EEXIST: "move away what stands in place of the directory",
    errno.ELOOP: "mend the symbolic links",
    errno.ENAMETOOLONG: "use a shorter folder name",
    errno.EMFILE: "raise the limit of open files",
    errno.ENFILE: "raise the system's limit of open files",
    errno.EFBIG: "the file size limit is below the message; for Postfix raise mailbox_size_limit",
    errno.EIO: "look into the kernel's log, the disk may be failing",
    errno.ESTALE: "look after the NFS server",
    errno.EINVAL: "if the file system cannot fsync directories, `set durable = file`",
}


class Refused(Exception):
    """The plan or the home is nothing to deliver by; the text says why, for the log."""


def explain(error: BaseException) -> str:
    """One sentence; a sender sees nothing of it."""
    if isinstance(error, Refused | files.Refused | Unusable):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        where = error.filename
        place = os.fsdecode(where) + ": " if isinstance(where, str | bytes) else ""
        name = errno.errorcode.get(error.errno, str(error.errno))
        remedy = REMEDIES.get(error.errno)
        return f"{place}{error.strerror} ({name})" + (f"; {remedy}" if remedy else "")
    return f"{type(error).__name__}: {error}"
