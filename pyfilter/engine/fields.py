"""Fields: what a test looks at, as values.

``Case`` holds one message with its envelope, the facts answered so far and the captures of the
rules around; it reads each field once, in each form once. A field is named by its key as in the
Program ("from.domain", "header x-cron-env"); the table below says how its values are found. A
field that is absent has no values. Past a limit of the message (``Unreadable``) a field cannot
be read: the test that asked is unknown. So is one whose answer the world could not give (``Unanswered``).
"""

from __future__ import annotations

from pyfilter.engine.questions import Facts, Question, Stale, Unknown
from pyfilter.language.forms import fold, plain
from pyfilter.message.message import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pyfilter.message.envelope import Envelope
    from pyfilter.message.message import Mailbox, Message
    from pyfilter.message.verdict import Verdict

__all__ = [
    "ADDRESS_FIELDS",
    "ADDRESS_PARTS",
    "ENVELOPE_FIELDS",
    "FIELDS",
    "FORMS",
    "JUDGED_FIELDS",
    "TIME_FIELDS",
    "TRUTHS",
    "UNDECIDED",
    "Asked",
    "Case",
    "PutOff",
    "Unanswered",
]

# field -> the headers it reads
ADDRESS_FIELDS = {
    "from": ("from",),
    "to": ("to",),
    "cc": ("cc",),
    "bcc": ("bcc",),
    "reply-to": ("reply-to",),
    "to-or-cc": ("to", "cc", "resent-to", "resent-cc"),
    # procmailrc(5), MISCELLANEOUS: what ^TO_ looks at
    "destination": (
        "to", "cc", "bcc", "apparently-to", "x-envelope-to", "original-to", "original-cc", "original-bcc",
        "resent-to", "resent-cc", "resent-bcc", "original-resent-to", "original-resent-cc", "original-resent-bcc",
        "apparently-resent-to",
    ),
}  # fmt: skip

ADDRESS_PARTS: dict[str, Callable[[Mailbox], str | None]] = {
    "address": lambda box: box.address or None,
    "local": lambda box: box.local or None,
    "domain": lambda box: box.domain or None,
    "extension": lambda box: box.extension,
    "name": lambda box: box.name or None,
}

# field -> the address as text (None: not known; "": the null sender), and its parts
ENVELOPE_FIELDS: dict[str, tuple[Callable[[Envelope], str | None], Callable[[Envelope], Mailbox | None]]] = {
    "sender": (lambda envelope: envelope.sender, lambda envelope: envelope.sender_box),
    "recipient": (lambda envelope: envelope.recipient, lambda envelope: envelope.recipient_box),
}


def _thread(message: Message) -> list[str]:
    from pyfilter.message.thread import ids  # few rules ask it

    return ids(message)


def _body() -> ModuleType:
    from pyfilter.message import body  # few rules look at one

    return body


FIELDS: dict[str, Callable[[Message], list[str]]] = {
    "subject": lambda message: message.values("subject"),
    "any-header": lambda message: message.all_values(),
    "list-id": lambda message: message.list_ids(),
    "list-id.text": lambda message: message.values("list-id"),
    "message-id": lambda message: message.values("message-id"),
    "thread": _thread,
    "body": lambda message: _body().texts(message),
    "body.raw": lambda message: [_body().raw(message)],
    "body.html": lambda message: _body().sources(message),
    "attachment": lambda message: [file.name or file.kind for file in _body().attachments(message)],
    "attachment.name": lambda message: [file.name for file in _body().attachments(message) if file.name],
    "attachment.type": lambda message: [file.kind for file in _body().attachments(message)],
    "attachment.size": lambda message: [str(file.size) for file in _body().attachments(message)],
    "attachments": lambda message: [str(len(_body().attachments(message)))],
    "headers.raw": lambda message: [_body().raw_header(message)],
    "message.raw": lambda message: [_body().whole(message)],
    "size": lambda message: [str(message.size)],
}

# what others say of the message: engine/judged.py, which few deliveries need
JUDGED_FIELDS = frozenset({"spam", "spam.score", "spam.threshold", "spam.tests", "dkim", "dkim.domain", "spf", "dmarc"})

# what is or is not so: engine/truths.py
TRUTHS = frozenset({"bulk", "duplicate", "command"})

# dates and times: engine/moments.py
TIME_FIELDS = frozenset({"date", "age", "now", "today", "time", "weekday"})

# the forms in which texts are compared; "case" is for the required literal of a regex
FORMS: dict[str, Callable[[str], str]] = {
    "fold": fold,
    "plain": plain,
    "case": lambda text: plain(text).casefold(),
}


class Asked(Exception):
    """Raised inside the engine when a fact is missing; ``question`` is what evaluate returns."""

    def __init__(self, question: Question) -> None:
        self.question = question


class Unanswered(Exception):
    """The world was asked and could not say; the text says why. The test that asked is unknown."""


class PutOff(Exception):
    """A service that is required could not say: the message waits. The text says why, for the log."""


# a test that ends in one of these is unknown
UNDECIDED = (Unreadable, Unanswered)


class Case:
    """One message under the rules. ``message``: as actions have changed it so far; ``received``: as it came, of which
    alone is asked what servers wrote into it, and its size. ``captures``: name -> text of the rules around the current
    one. ``texts``: of the test under way, its texts with holes, once the first value needed them.
    ``scanner``: the one whose verdict `spam` means, once `scan` has named it; ``verified``: has `verify dkim`
    been done? ``verdict``: what a scanner said that was asked. ``notes``: what could not be found out, and why."""

    __slots__ = (
        "_forms", "_given", "_values", "captures", "envelope", "facts", "message", "notes", "received", "scanner",
        "settings", "texts", "verdict", "verified",
    )  # fmt: skip

    def __init__(
        self, message: Message, envelope: Envelope, facts: Facts, settings: dict[str, object] | None = None
    ) -> None:
        self.message = self.received = message
        self.envelope = envelope
        self.facts = facts
        self.settings = settings or {}
        self.captures: dict[str, str] = {}
        self.texts: tuple[str, ...] | None = None
        self.scanner = ""
        self.verified = False
        self.verdict: Verdict | None = None
        self.notes: dict[str, None] = {}
        self._given: dict[str, list[str]] = {
            question.argument: list(answer)  # type: ignore[call-overload]
            for question, answer in facts.items()
            if question.kind == "given"
        }
        self._values: dict[str, list[str] | None] = dict(self._given)
        self._forms: dict[tuple[str, str], list[str]] = {}

    def values(self, key: str) -> list[str]:
        """The field's values as decoded text; [] if it is absent. Raises Unreadable past a limit."""
        if key in self._values:
            values = self._values[key]
            if values is None:
                raise Unreadable(key)
            return values
        try:
            values = self._read(key)
        except Unreadable:
            self._values[key] = None
            raise
        self._values[key] = values
        return values

    def formed(self, key: str, form: str) -> list[str]:
        """The same values in ``form`` (a key of FORMS)."""
        formed = self._forms.get((key, form))
        if formed is None:
            formed = self._forms[key, form] = [FORMS[form](value) for value in self.values(key)]
        return formed

    def first(self, key: str) -> str:
        """The first value, or an empty text: what a hole inserts."""
        values = self.values(key)
        return values[0] if values else ""

    def shown(self, key: str) -> list[str]:
        """The values as a person counts them: of a bare address field each mailbox once, in full."""
        headers = ADDRESS_FIELDS.get(key)
        return self.values(key) if headers is None else [box.forms()[-1] for box in self.message.mailboxes(*headers)]

    def exists(self, key: str) -> bool:
        """Is the field there at all? An address header that holds no readable address is."""
        if self.values(key):
            return True
        headers = ADDRESS_FIELDS.get(key, ())
        return any(self.message.raw_values(header) for header in headers)

    def fact(self, question: Question) -> object:
        """The answer to ``question``. Raises Asked where nobody has answered yet, Unanswered where nobody
        can, and PutOff where that must not be (`set spamd.required = yes`)."""
        try:
            answer = self.facts[question]
        except KeyError:
            raise Asked(question) from None
        if isinstance(answer, Unknown):
            self.notes[answer.why] = None
            if answer.asked and self.settings.get(f"{question.kind}.required"):
                raise PutOff(answer.why)
            raise Unanswered(answer.why)
        if isinstance(answer, Stale):
            self.notes[answer.why] = None
            return answer.answer
        return answer

    def is_given(self, key: str) -> bool:
        """Is the field supposed, whatever the world says?"""
        return key in self._given

    def forget(self, *keys: str) -> None:
        """Read these fields anew: an action has changed what they look at."""
        for key in keys:
            if key not in self._given:
                self._values.pop(key, None)
                for form in FORMS:
                    self._forms.pop((key, form), None)

    def change(self, message: Message) -> None:
        """An action has made ``message`` of it: what stands in it is read anew. What others said of it stays."""
        self.message = message
        self.forget(*[key for key in self._values if not _lasting(key)])

    def _read(self, key: str) -> list[str]:
        getter = FIELDS.get(key)
        if getter is not None:
            return getter(self.received if key == "size" else self.message)
        if key in JUDGED_FIELDS:
            from pyfilter.engine.judged import read

            return read(key, self)
        if key.partition(".")[0] in TIME_FIELDS:
            from pyfilter.engine.moments import read as moments

            return moments(key, self)
        kind, _, name = key.partition(" ")
        if kind in TRUTHS:
            from pyfilter.engine.truths import read as truths

            return truths(kind, name, self)
        if kind == "header":
            return self.message.values(name)
        if kind == "environment":
            value = self.envelope.environment.get(name)
            return [] if value is None else [value]
        field, _, part = key.partition(".")
        headers = ADDRESS_FIELDS.get(field)
        if headers is None:
            whole, parts = ENVELOPE_FIELDS[field]
            if part in ("", "address"):
                found = whole(self.envelope)
            else:
                box = parts(self.envelope)
                found = None if box is None else ADDRESS_PARTS[part](box)
            return [] if found is None else [found]
        if part == "text":
            return [value for header in headers for value in self.message.values(header)]
        boxes = self.message.mailboxes(*headers)
        if not part:
            return [form for box in boxes for form in box.forms()]
        if part == "count":
            return [str(len(boxes))]
        return [value for box in boxes if (value := ADDRESS_PARTS[part](box)) is not None]


def _lasting(key: str) -> bool:
    """Whether the field stays what it is when an action changes the message."""
    field = key.partition(".")[0].partition(" ")[0]
    return key in JUDGED_FIELDS or field in ("size", "duplicate") or field in ENVELOPE_FIELDS
