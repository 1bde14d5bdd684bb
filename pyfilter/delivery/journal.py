"""The journal: what was done with a message, so that a mail server's retry repeats nothing.

A delivery that is killed between the moment a copy becomes visible and its exit is tried again by the mail server,
with the same bytes. So before the first copy becomes visible its name is written down (an *intent*), and what was sent
is written down when it was (the *ledger*). The next delivery of the same message to the same recipient finds both: a
copy that lies where it was going to lie is not made again, and nothing is sent twice. A copy that is *not* there is
made, whatever the journal says: a reader may have moved it, and a duplicate is better than a loss.

- The key is a digest of the bytes as they came, without the mbox `From ` line (Postfix dates it anew with each try),
  and the recipient. A message without any Received line is never taken for a retry: nobody has queued it; but one that
  lies in a file until it is delivered is known by that file.
- It is a line a record, bytes that are no printable ASCII as ``%XX`` (journal_file.py says where).

  ======================== ===================================================================================
  seconds KEY I path …     the Maildir copies of one attempt: the folder's directory, "/", the name as in tmp/
  seconds KEY P path place what lies outside a Maildir: an mbox and the offset in it, an MH directory and the number
  seconds KEY S what       this was sent, or somebody was told
  ======================== ===================================================================================

- An intent is not brought to disk: after a power cut it may be missing, and a copy may come twice. What was sent is.

A journal that cannot be read or written never fails a delivery; ``problem`` says what is wrong, for the log.
"""

from __future__ import annotations

import os
import time

from pyfilter.delivery.journal_file import JournalFile
from pyfilter.message.headers import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyfilter.message.message import Message

__all__ = ["Journal"]

INTENT, PLACE, SENT = b"I", b"P", b"S"
KINDS = frozenset({INTENT, PLACE, SENT})


class Journal:
    """What is known of one message for one recipient, once ``read`` was called; ``file``: the one that a process has
    in hand already. ``held``: where the message lies until it is delivered, if that is what brings it again and no
    mail server's queue: a Maildir and a name in it."""

    __slots__ = (
        "_attempts", "_file", "_held", "_key", "_message", "_places", "_queued", "_recipient", "_sent", "problem",
    )  # fmt: skip

    def __init__(
        self, home: str, message: Message, recipient: str, file: JournalFile | None = None, held: bytes = b""
    ) -> None:
        self.problem = ""
        self._file = file or JournalFile(home)
        self._message = message
        self._recipient = recipient
        self._held = held
        self._key = b""
        self._attempts: list[list[bytes]] = []  # the paths of each
        self._places: list[list[bytes]] = []
        self._queued = False
        self._sent: set[bytes] = set()

    def read(self) -> None:
        """Look for what earlier attempts left."""
        self._key = _key(self._message, self._recipient, self._held)
        self._queued = bool(self._held) or _is_queued(self._message)
        if not self._queued:
            return
        for kind, words in _records(self._file.lines(self._key)):
            if kind == INTENT:
                self._attempts.append(words)
            elif kind == PLACE:
                self._places.append(words)
            else:
                self._sent.update(words)
        self._failed(self._file.failure)

    def filed(self) -> list[bytes]:
        """The folders in which all copies of one earlier attempt lie; empty if there is none that came so far. What it
        had decided then (a scanner may answer otherwise by now) was done."""
        for paths in self._attempts:
            folders = [path.rpartition(b"/")[0] for path in paths]
            if all(map(_lies, paths)):
                return folders
        return []

    def lies(self, folder: bytes) -> bool:
        """Whether a copy that an earlier attempt made visible lies in ``folder``."""
        return any(_lies(path) for paths in self._attempts for path in paths if path.rpartition(b"/")[0] == folder)

    def places(self, path: bytes) -> list[int]:
        """Where in the mbox or MH directory ``path`` earlier attempts were going to put it."""
        return [
            int(words[1]) for words in self._places if len(words) == 2 and words[0] == path and _is_number(words[1])
        ]

    def was_sent(self, what: bytes) -> bool:
        """``what``: a name of the caller's for one thing that is sent."""
        return what in self._sent

    def count_sent(self, seconds: int, verbs: tuple[bytes, ...]) -> int:
        """How many addresses got mail within these ``seconds``, of all messages: in names that begin with one of the
        verbs, the words behind verb and rule."""
        since = time.time() - seconds
        return sum(
            max(what.count(b"\0") - 1, 0)
            for data in self._file.contents()
            for what in _sent_since(data, since)
            if what.startswith(verbs)
        )

    def intend(self, paths: Iterable[bytes]) -> None:
        """Copies are going to become visible: the folder's directory, "/" and the name without place and flags."""
        if self._queued:
            self._append(INTENT, paths, durable=False)

    def intend_place(self, path: bytes, place: int) -> None:
        """A copy is going to be at this offset of an mbox, or have this number in an MH directory."""
        if self._queued:
            self._append(PLACE, (path, b"%d" % place), durable=False)

    def hold(self) -> None:
        """Have the journal open from here to ``release``: the less there is to do between sending something and writing
        it down, the more rarely a kill comes in between."""
        try:
            self._file.hold()
        except OSError as error:
            self._failed(error)

    def release(self) -> None:
        """Close it."""
        self._file.release()

    def sent(self, what: bytes) -> None:
        """This was sent; on disk when the call returns."""
        self._append(SENT, (what,), durable=True)

    def told(self, what: bytes) -> None:
        """Somebody was told; after a power cut he may be told again."""
        self._append(SENT, (what,), durable=False)

    def _append(self, kind: bytes, words: Iterable[bytes], *, durable: bool) -> None:
        written = b" ".join([_escaped(word) for word in words])
        try:
            self._file.append(b"%d %s %s %s\n" % (time.time(), self._key, kind, written), durable=durable)
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError | None) -> None:
        if error is not None:
            self.problem = f"{self._file.name}: {error.strerror}; a retry may repeat what was done"


def _is_queued(message: Message) -> bool:
    try:
        return bool(message.raw_values("received"))
    except Unreadable:
        return False


def _key(message: Message, recipient: str, held: bytes) -> bytes:
    from _blake2 import blake2b

    digest = blake2b(digest_size=20)
    digest.update(recipient.encode("utf-8", "replace") + b"\0")
    if held:
        digest.update(held + b"\0")
    digest.update(message.raw)
    return digest.hexdigest().encode("ascii")


def _records(lines: Iterable[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Kind and words of each; ``lines`` begin behind the key."""
    for line in lines:
        kind, *words = line.split(b" ")
        if kind in KINDS and all(words):
            yield kind, [_unescaped(word) for word in words]


def _sent_since(data: bytes, since: float) -> Iterator[bytes]:
    for line in data.split(b"\n"):
        seconds, _, rest = line.partition(b" ")
        _, kind, what = (*rest.split(b" ", 2), b"", b"", b"")[:3]
        if kind == SENT and _is_number(seconds) and int(seconds) >= since:
            yield _unescaped(what)


def _lies(path: bytes) -> bool:
    """A reader may have moved it to cur/, and changed its flags."""
    folder, _, base = path.rpartition(b"/")
    return any(name.partition(b":")[0] == base for place in (b"/new", b"/cur") for name in _listed(folder + place))


def _is_number(word: bytes) -> bool:
    """An offset, a time; int() refuses thousands of digits, the system those past 64 bits."""
    return word.isdigit() and len(word) < 19


def _listed(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)
    except (OSError, ValueError):  # a NUL in a record that was damaged
        return []


_HEX = b"0123456789ABCDEF"
_PLAIN = bytes(range(0x21, 0x7F)).replace(b"%", b"")


def _escaped(word: bytes) -> bytes:
    if not word.translate(None, _PLAIN):
        return word
    out = bytearray()
    for byte in word:
        if byte in _PLAIN:
            out.append(byte)
        else:
            out += bytes((0x25, _HEX[byte >> 4], _HEX[byte & 15]))
    return bytes(out)


def _unescaped(word: bytes) -> bytes:
    first, *rest = word.split(b"%")
    out = bytearray(first)
    for piece in rest:
        try:
            out.append(int(piece[:2], 16))
        except ValueError:
            out += b"%" + piece[:2]
        out += piece[2:]
    return bytes(out)
