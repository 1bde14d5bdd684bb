"""Names that no part of a folder may have on disk, for others have them there already.

In layout ``fs`` folders are directories in the midst of what belongs to a Maildir (maildir(5): cur, new, tmp), to
Maildir++ (Courier's maildirfolder, maildirsize) and to Dovecot (its indexes in each folder, its list of subscriptions
beside the inbox). Dovecot 2.3 refuses cur, new and tmp; it takes ``dovecot.index``, and has no inbox any more.
Capitals are another name: "New" is a folder as any other.

In layout ``maildir++`` a folder's name begins with a dot, which none of these does.
"""

from __future__ import annotations

__all__ = ["is_reserved"]

_NAMES = frozenset({"cur", "new", "tmp", "maildirfolder", "maildirsize"})
# dovecot-uidlist, dovecot.index.log and some twenty more; not "dovecot" itself, a mailing list
_BEGINNINGS = ("dovecot-", "dovecot.")
# beside the inbox only
_OF_THE_INBOX = frozenset({"subscriptions", "subscriptions.lock"})


def is_reserved(component: str, depth: int) -> bool:
    """Whether a part of a folder's name is somebody else's in layout fs; ``depth``: how many parts stand before it."""
    return component in _NAMES or component.startswith(_BEGINNINGS) or (depth == 0 and component in _OF_THE_INBOX)
