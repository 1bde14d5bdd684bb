"""SpamAssassin's verdict on a message, from spamd; and what it is taught.

In: an Inquiry. Out: Verdict("spamd", …), or Unknown with one sentence that begins `spamd at PLACE:`.

The protocol (SpamAssassin, spamd/PROTOCOL) is spoken by aiospamc; the bytes travel over a connection of our own
(connection.py), since aiospamc's reads an answer without limit, waits for a closing without end, and compares a
certificate with the address it was given. Nothing in it awaits, so that no event loop is needed.

Rules

- Only the verdict is asked for (SYMBOLS): what spamd makes of a message is never filed.
- The message is sent as it came. One longer than ``spamd.max-size`` is not sent.
- Over TLS, where a connection of Python cannot end by half, it is never compressed, and a last line gets its end: a
  spamd (4.0) reads what is compressed, and a line, until the connection ends.
- All takes ``spamd.timeout`` at most, connecting CONNECT_SECONDS. No more than SPAMD_REPLY_BYTES are read, nor an
  answer with more than SPAMD_HEADER_LINES: aiospamc copies what is left of an answer at each line.
- The user's name is one word of ASCII, or nothing is asked: the protocol knows no other.
- Nothing in the answer is believed to have the right shape; what is shown of it is one short line.

Errors: ``check`` has none, whatever goes wrong is Unknown; ``tell`` raises Failed.
"""

from __future__ import annotations

import math
import os
import socket

from aiospamc.client import Client
from aiospamc.connections import ConnectionManager
from aiospamc.exceptions import BadResponse
from aiospamc.header_values import (
    ActionOption,
    CompressValue,
    Headers,
    MessageClassOption,
    MessageClassValue,
    SetOrRemoveValue,
    SpamValue,
    UserValue,
)
from aiospamc.requests import Request
from aiospamc.responses import Response, ResponseException, Status

from pyfilter import limits
from pyfilter.engine.questions import Unknown
from pyfilter.language.endpoints import Endpoint, endpoint
from pyfilter.message.verdict import Verdict
from pyfilter.services import scanner
from pyfilter.services.connection import Budget, Failed, connect, read_all, send_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyfilter.services.answers import Inquiry

__all__ = ["check", "tell"]

# what a status that is none of success may mean to an administrator
HINTS = {Status.EX_PROTOCOL: "is it a spamd?", Status.EX_TEMPFAIL: "it is busy", Status.EX_TIMEOUT: "it took too long"}


def check(inquiry: Inquiry) -> Verdict | Unknown:
    """Ask the spamd of the settings for its verdict."""
    settings: Any = inquiry.settings
    most = settings["spamd.max-size"]
    if len(inquiry.message.raw) > most:
        return Verdict("spamd", False, 0.0, skipped=f"larger than spamd.max-size ({most} bytes), not scanned")
    try:
        return _verdict(_asked(settings, "SYMBOLS", inquiry.message.raw, {}))
    except Failed as failure:
        return Unknown(_at(settings, failure))


def tell(settings: dict[str, object], message: bytes, what: str) -> bool:
    """Teach spamd that the message is ``what``: "spam", "ham", or "forget" that it was either.

    True if it did; False if it knew already. Raises Failed with a whole sentence."""
    local = SetOrRemoveValue(ActionOption(local=True, remote=False))
    if what == "forget":
        more, done = {"Remove": local}, "DidRemove"
    else:
        more, done = {"Message-class": MessageClassValue(MessageClassOption(what)), "Set": local}, "DidSet"
    try:
        answer = _asked(settings, "TELL", message, more)
    except Failed as failure:
        why = str(failure)
        if "TELL commands are not enabled" in why:
            why = "it does not learn: start it with --allow-tell"
        raise Failed(_at(settings, why)) from None
    return done in answer.headers


def _at(settings: dict[str, object], why: object) -> str:
    text = str(why)
    return f"spamd at {settings['spamd.address']}: {text[:1].lower()}{text[1:]}"


# ------------------------------------------------------------ the conversation


class _Line(ConnectionManager):  # type: ignore[misc] # which has no types
    """What aiospamc sends its requests by: within the budget, and bounded."""

    def __init__(self, place: Endpoint, budget: Budget, certificates: str | None) -> None:
        super().__init__(str(place))
        self._place = place
        self._budget = budget
        self._certificates = certificates

    async def request(self, data: bytes) -> bytes:
        with connect(self._place, self._budget, limits.CONNECT_SECONDS, self._certificates) as connection:
            send_all(connection, data, self._budget)
            if not self._place.tls:
                try:
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # it may have answered and gone already
            answer = read_all(connection, limits.SPAMD_REPLY_BYTES, self._budget)
        if not answer:
            raise Failed("its answer is empty")
        end = answer.find(b"\r\n\r\n")
        if answer.count(b"\r\n", 0, len(answer) if end < 0 else end) > limits.SPAMD_HEADER_LINES:
            raise Failed(f"its answer has more than {limits.SPAMD_HEADER_LINES} header lines")
        return answer


def _asked(settings: dict[str, object], verb: str, message: bytes, more: dict[str, object]) -> Response:
    """spamd's answer of success. Raises Failed."""
    given: Any = settings
    try:
        place = endpoint(given["spamd.address"])
    except ValueError as error:
        raise Failed(str(error)) from None
    headers: dict[str, object] = {"User": UserValue(_user(given)), **more}
    if given["spamd.compress"] and not place.tls:
        headers["Compress"] = CompressValue()
    if place.tls and not message.endswith(b"\n"):
        message += b"\n"
    client = Client(_Line(place, Budget(given["spamd.timeout"]), given["spamd.certificates"]))
    try:
        return _driven(client.request(Request(verb, headers=Headers(headers), body=message)))
    except BadResponse:
        raise Failed("its answer is not spamd's") from None
    except ResponseException as error:
        raise Failed(_refusal(error.response)) from None
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        raise Failed(f"its answer cannot be read ({type(error).__name__})") from None


def _driven(request: Any) -> Response:
    """What a coroutine returns that never waits."""
    try:
        request.send(None)
    except StopIteration as done:
        answer: Response = done.value
        return answer
    raise Failed("the request did not end")


def _user(settings: dict[str, object]) -> str:
    """Whose preferences count. Raises Failed."""
    user = str(settings["spamd.user"] or scanner.login() or os.getuid())
    if not all("!" <= character <= "~" for character in user):
        raise Failed(f"it is asked for a user whose name is one word of ASCII, not for `{scanner.shown(user)}`")
    return user


def _refusal(answer: Response) -> str:
    code = answer.status_code
    status, hint = "unknown status", None
    if isinstance(code, Status):
        status, hint = code.name, HINTS.get(code)
    said = f"it refused: {status} ({scanner.shown(str(int(code)))}) {scanner.shown(answer.message)}"
    return f"{said}; {hint}" if hint else said


# ------------------------------------------------------------ what it says


def _verdict(answer: Response) -> Verdict:
    """The Verdict in an answer to SYMBOLS. Raises Failed."""
    said = answer.headers.get("Spam")
    if not isinstance(said, SpamValue):
        raise Failed("its answer has no verdict")
    if not (math.isfinite(said.score) and math.isfinite(said.threshold)):
        raise Failed("its answer has no score that is a number")
    return Verdict(
        "spamd",
        said.value,
        said.score,
        said.threshold,
        scanner.tests(name.strip() for name in bytes(answer.body).decode("ascii", "replace").split(",")),
    )
