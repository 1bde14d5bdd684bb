"""rspamd's verdict on a message: `set spam.source = rspamd`, `scan with rspamd`.

In: an Inquiry. Out: Verdict("rspamd", …), or Unknown with one sentence that begins `rspamd at PLACE:`.

The message is sent as it came, POST /checkv2 (https://rspamd.com/doc/developers/protocol.html), with what is
known of its way here: the rows of ENVELOPE. Of the answer these are read:

============== =================================================================================
action         spam is what SPAM lists: rspamd's own division, where `greylist` and `soft reject` ask
               for another attempt and are no verdict. An action that a site has made up is
               not spam; a rule can ask `spam.score`.
score          a finite number
thresholds     the points at which `add header` begins are the Verdict's threshold. rspamd 3.4 does
               not tell them:
required_score then this is the threshold, but it is that of the highest action, `reject`. A message
               can be spam below it, and `spam.score >= spam.threshold` asks for more than `spam`.
symbols        names of the tests, in rspamd's order
is_skipped     rspamd broke off. It says so of GTUBE as well, together with `reject`: so the Verdict is
               marked as skipped only if the action is not of SPAM
============== =================================================================================

Rules

- All takes `rspamd.timeout` at most; connecting CONNECT_SECONDS, every read what is left. No more than
  RSPAMD_REPLY_BYTES are read. The answer is read as far as its Content-Length says, whole or not at all.
- What a stranger may have written, sender and HELO, is one line in the question. One that is too
  long is left out, for rspamd refuses such a question, and mail would go unscanned at its sender's wish.
  An address that is not ASCII (RFC 6531) is left out as well: rspamd 3.4 calls the question broken, and the
  mail spam.
- Nothing in the answer is believed to have the right type. Bytes that are not UTF-8 are read as U+FFFD: rspamd
  copies pieces of the message into its answer.

Errors: none; whatever goes wrong is Unknown.
"""

from __future__ import annotations

import http.client
import io
import json
import math
import socket

from pyfilter import limits
from pyfilter.engine.questions import Unknown
from pyfilter.language.endpoints import Endpoint, endpoint
from pyfilter.message import words
from pyfilter.message.verdict import Verdict
from pyfilter.services import scanner
from pyfilter.services.connection import CHUNK, Budget, Failed, connect, send_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _typeshed import WriteableBuffer

    from pyfilter.message.envelope import Envelope
    from pyfilter.services.answers import Inquiry

__all__ = ["check"]

# actions that mean spam
SPAM = frozenset({"add header", "rewrite subject", "reject", "quarantine", "discard"})

# header of the question -> variable of the envelope (local(8))
ENVELOPE = {
    "IP": "CLIENT_ADDRESS",
    "Helo": "CLIENT_HELO",
    "Hostname": "CLIENT_HOSTNAME",
    "User": "SASL_USERNAME",
}


def check(inquiry: Inquiry) -> Verdict | Unknown:
    """Ask the rspamd of the settings."""
    settings: Any = inquiry.settings
    address = settings.get("rspamd.address", "127.0.0.1:11333")
    most = settings.get("rspamd.max-size", 500_000)
    if len(inquiry.message.raw) > most:
        return Verdict("rspamd", False, 0.0, skipped=f"larger than rspamd.max-size ({most} bytes), not scanned")
    try:
        budget = Budget(settings.get("rspamd.timeout", 30))
        return _verdict(_answer(endpoint(address), inquiry, budget))
    except Failed as failure:
        why = str(failure)
    except ValueError as error:  # of the address
        why = str(error)
    return Unknown(f"rspamd at {address}: {why[:1].lower()}{why[1:]}")


# ------------------------------------------------------------ the conversation


class _Line:
    """What http.client takes for its socket. Closed is the real one, by whoever opened it."""

    def __init__(self, connection: socket.socket, budget: Budget) -> None:
        self._connection = connection
        self._budget = budget

    def sendall(self, data: bytes) -> None:
        send_all(self._connection, data, self._budget)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Answer(self._connection, self._budget), CHUNK)

    def close(self) -> None:
        pass


class _Answer(io.RawIOBase):
    """What comes back, within the budget and the size of an answer."""

    def __init__(self, connection: socket.socket, budget: Budget) -> None:
        self._connection = connection
        self._budget = budget
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        try:
            self._connection.settimeout(self._budget.left())
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            raise Failed(f"no whole answer within {self._budget.seconds:g} seconds") from None
        except OSError as error:
            raise Failed(f"it closed the connection ({error.strerror or error})") from None
        self._read += count
        if self._read > limits.RSPAMD_REPLY_BYTES:
            raise Failed(f"its answer is longer than {limits.RSPAMD_REPLY_BYTES} bytes")
        return count


def _answer(place: Endpoint, inquiry: Inquiry, budget: Budget) -> bytes:
    """The body of its answer. Raises Failed."""
    with connect(place, budget, limits.CONNECT_SECONDS) as connection:
        conversation = http.client.HTTPConnection(place.host or "localhost", place.port or None)
        conversation.sock = _Line(connection, budget)
        try:
            conversation.request("POST", "/checkv2", inquiry.message.raw, _headers(inquiry.envelope))
            answer = conversation.getresponse()
            if answer.status != 200:
                raise Failed(f"it answered {answer.status} {scanner.shown(answer.reason)}".rstrip())
            for name in ("Content-Encoding", "Compression"):
                coding = answer.getheader(name, "identity")
                if coding.strip().lower() != "identity":
                    raise Failed(f"its answer is in a coding nobody asked for ({scanner.shown(coding)})")
            body = bytearray()
            while piece := answer.read(CHUNK):  # a length is only said: as much memory is not taken at once
                body += piece
            if answer.length:
                raise Failed("its answer was cut off")
            return bytes(body)
        except http.client.RemoteDisconnected:
            raise Failed("it closed the connection without an answer") from None
        except http.client.IncompleteRead:
            raise Failed("its answer was cut off") from None
        except (http.client.HTTPException, ValueError):
            raise Failed("its answer is not HTTP") from None


def _headers(envelope: Envelope) -> dict[str, bytes]:
    """What rspamd is told of the message's way here."""
    told = {
        "User-Agent": "pyfilter",
        "Connection": "close",
        "From": _address(envelope.sender),
        "Rcpt": _address(envelope.recipient),
        "Deliver-To": scanner.login(),
        **{header: envelope.environment.get(name) for header, name in ENVELOPE.items()},
    }
    if told["IP"] and not _is_address(told["IP"]):
        told["IP"] = None
    encoded = {header: words.clean(value).strip().encode() for header, value in told.items() if value}
    return {header: value for header, value in encoded.items() if 0 < len(value) <= limits.RSPAMD_HEADER_BYTES}


def _address(address: str | None) -> str | None:
    return f"<{address}>" if address is not None and address.isascii() else None


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
            return True
        except (OSError, ValueError):
            continue
    return False


# ------------------------------------------------------------ what it says


def _verdict(body: bytes) -> Verdict:
    """The Verdict in the body of an answer. Raises Failed."""
    try:
        # strict=False: control characters within texts are read
        reply = json.loads(body.decode("utf-8", "replace"), strict=False, object_pairs_hook=_once)
    except RecursionError:
        raise Failed("its answer is nested too deep") from None
    except ValueError:
        raise Failed("its answer is not JSON") from None
    if not isinstance(reply, dict):
        raise Failed("its answer is not a JSON object")
    score, action = _points(reply.get("score")), reply.get("action")
    skipped, symbols = reply.get("is_skipped", False), reply.get("symbols", {})
    if score is None:
        raise Failed("its answer has no `score` that is a number")
    if not isinstance(action, str):
        raise Failed("its answer has no `action` that is a text")
    if not isinstance(skipped, bool) or not isinstance(symbols, dict):
        raise Failed(f"its answer has no `{'symbols' if isinstance(skipped, bool) else 'is_skipped'}` as rspamd has it")
    begins = reply.get("thresholds")
    threshold = _points(begins.get("add header")) if isinstance(begins, dict) else None
    if threshold is None:
        threshold = _points(reply.get("required_score"))
    spam = action in SPAM
    why = "rspamd skipped it" if skipped and not spam else ""
    return Verdict("rspamd", spam, score, threshold, scanner.tests(symbols), why)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Failed("its answer says the same name twice")
    return found


def _points(value: object) -> float | None:
    """A finite number; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        points = float(value)
    except OverflowError:
        return None
    return points if math.isfinite(points) else None
