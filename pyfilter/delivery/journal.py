"""The journal: what was done with a message, so that a mail server's retry repeats nothing.

A delivery that is killed between the moment a copy becomes visible and its exit is tried again by the mail server,
with the same bytes. So before the first copy becomes visible its name is written down (an *intent*), and what was sent
is written down when it was (the *ledger*). The next delivery of the same message to the same recipient finds both: a
copy that lies where it was going to lie is not made again, and nothing is sent twice. A copy that is *not* there is
made, whatever the journal says: a reader may have moved it, and a duplicate is better than a loss.

- The key is a digest of the bytes as they came, without the mbox `From ` line (Postfix dates it anew with each try),
  and the recipient. A message without any Received line is never taken for a retry: nobody has queued it.
- ``~/.local/state/pyfilter/journal``, append-only, one line a record, each written by one write(2), bytes that are no
  printable ASCII as ``%XX``. A line that was torn by a crash is passed over.

  ======================== ===================================================================================
  seconds KEY I path …     the Maildir copies of one attempt: the folder's directory, "/", the name as in tmp/
  seconds KEY P path place what lies outside a Maildir: an mbox and the offset in it, an MH directory and the number
  seconds KEY S what       this was sent, or somebody was told
  ======================== ===================================================================================

- An intent is not brought to disk: after a power cut it may be missing, and a copy may come twice. What was sent is.
- When the first record is older than limits.JOURNAL_SECONDS, or the file larger than limits.JOURNAL_BYTES, it becomes
  ``journal.1``, in the place of an older one; both are read.

- It is believed, and written to, only if it is a regular file of the user's own that nobody else can write.

A journal that cannot be read or written never fails a delivery; ``problem`` says what is wrong, for the log.
"""

from __future__ import annotations

import errno
import os
import time

from pyfilter import limits, ownership
from pyfilter.delivery.maildir import write_all
from pyfilter.message.headers import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyfilter.message.message import Message

__all__ = ["Journal"]

DIRECTORY = ".local/state/pyfilter"
NAME = b"journal"
INTENT, PLACE, SENT = b"I", b"P", b"S"
KINDS = frozenset({INTENT, PLACE, SENT})


class Journal:
    """What is known of one message for one recipient, once ``read`` was called."""

    __slots__ = (
        "_attempts", "_directory", "_held", "_home", "_key", "_message", "_places", "_queued", "_recipient", "_sent",
        "_torn", "problem",
    )  # fmt: skip

    def __init__(self, home: str, message: Message, recipient: str) -> None:
        self.problem = ""
        self._home = home
        self._directory = os.fsencode(os.path.join(home, DIRECTORY))
        self._message = message
        self._recipient = recipient
        self._key = b""
        self._held = -1  # the journal while it is held open
        self._attempts: list[list[bytes]] = []  # the paths of each
        self._places: list[list[bytes]] = []
        self._queued = False
        self._sent: set[bytes] = set()
        self._torn = False

    def read(self) -> None:
        """Look for what earlier attempts left."""
        self._key = _key(self._message, self._recipient)
        self._queued = _is_queued(self._message)
        if not self._queued:
            return
        for name in (NAME + b".1", NAME):
            for kind, words in _records(self._read(name), self._key):
                if kind == INTENT:
                    self._attempts.append(words)
                elif kind == PLACE:
                    self._places.append(words)
                else:
                    self._sent.update(words)

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
            for name in (NAME + b".1", NAME)
            for what in _sent_since(self._read(name), since)
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
            self._held = self._opened()
        except OSError as error:
            self._failed(error)

    def release(self) -> None:
        """Close it."""
        held, self._held = self._held, -1
        if held >= 0:
            os.close(held)

    def sent(self, what: bytes) -> None:
        """This was sent; on disk when the call returns."""
        self._append(SENT, (what,), durable=True)

    def told(self, what: bytes) -> None:
        """Somebody was told; after a power cut he may be told again."""
        self._append(SENT, (what,), durable=False)

    # ------------------------------------------------------------------ the file

    def _read(self, name: bytes) -> bytes:
        path = self._directory + b"/" + name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        except OSError as error:
            return self._failed(error)
        try:
            found = self._own(descriptor)
            if found.st_size > 2 * limits.JOURNAL_BYTES:  # none that was turned in time
                self._turn(found)
                return b""
            data = bytearray()
            while chunk := os.read(descriptor, 1 << 16):
                data += chunk
            self._torn = not data.endswith(b"\n") and bool(data)
            if name == NAME and _is_full(data):
                self._turn(found)
        except OSError as error:
            return self._failed(error)
        finally:
            os.close(descriptor)
        return bytes(data)

    def _turn(self, read: os.stat_result) -> None:
        """A new file, unless another delivery has begun one; who still writes into the old one writes what is still
        read."""
        path = self._directory + b"/" + NAME
        try:
            if os.path.samestat(os.stat(path), read):
                os.rename(path, path + b".1")
        except FileNotFoundError:
            pass
        self._torn = False

    def _append(self, kind: bytes, words: Iterable[bytes], *, durable: bool) -> None:
        written = b" ".join([_escaped(word) for word in words])
        line = b"%d %s %s %s\n" % (time.time(), self._key, kind, written)
        try:
            descriptor = self._opened() if self._held < 0 else self._held
            try:
                write_all(descriptor, b"\n" * self._torn + line)
                if durable:
                    os.fsync(descriptor)
            finally:
                if descriptor != self._held:
                    os.close(descriptor)
        except OSError as error:
            self._failed(error)
        self._torn = False

    def _opened(self) -> int:
        """The journal, to append to; begun where it is missing."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self._directory + b"/" + NAME, flags)
        except FileNotFoundError:
            descriptor = self._begin(flags)
        try:
            self._own(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _begin(self, flags: int) -> int:
        """A journal in a directory that is the user's own, on disk; another delivery may have been quicker."""
        directory = ownership.directory(self._home, DIRECTORY)
        try:
            descriptor = os.open(NAME, flags | os.O_CREAT, 0o600, dir_fd=directory)
            os.fsync(directory)
        finally:
            os.close(directory)
        return descriptor

    def _own(self, descriptor: int) -> os.stat_result:
        """Who could write it could make mail disappear, and who reads it knows who writes."""
        found = ownership.required(descriptor, self._directory + b"/" + NAME)
        if found.st_nlink != 1:
            raise PermissionError(errno.EPERM, "has several names (hard links)", self._directory)
        return found

    def _failed(self, error: OSError) -> bytes:
        self.problem = f"{os.fsdecode(self._directory)}/journal: {error.strerror}; a retry may repeat what was done"
        return b""


def _is_queued(message: Message) -> bool:
    try:
        return bool(message.raw_values("received"))
    except Unreadable:
        return False


def _key(message: Message, recipient: str) -> bytes:
    from _blake2 import blake2b

    digest = blake2b(digest_size=20)
    digest.update(recipient.encode("utf-8", "replace") + b"\0")
    digest.update(message.raw)
    return digest.hexdigest().encode("ascii")


def _records(data: bytes, key: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """Kind and words of each record of the message."""
    wanted = b" " + key + b" "
    place = data.find(wanted)
    while place >= 0:
        end = data.find(b"\n", place)
        if end < 0:
            return  # torn, or being written
        kind, *words = data[place + len(wanted) : end].split(b" ")
        if kind in KINDS and all(words):
            yield kind, [_unescaped(word) for word in words]
        place = data.find(wanted, end)


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


def _is_full(data: bytearray) -> bool:
    if len(data) > limits.JOURNAL_BYTES:
        return True
    first = bytes(data[:20]).partition(b" ")[0]
    return first.isdigit() and int(first) < time.time() - limits.JOURNAL_SECONDS


def _listed(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)
    except (OSError, ValueError):  # a NUL in a record that was damaged
        return []


_HEX = b"0123456789ABCDEF"


def _escaped(word: bytes) -> bytes:
    if word.isalnum():
        return word
    out = bytearray()
    for byte in word:
        if 0x21 <= byte <= 0x7E and byte != 0x25:
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
