"""The Plan: what will be done with a message, and why.

``evaluate`` makes it, ``delivery.execute`` does it, ``pyfilter test`` prints it.
It is data: the same plan printed is the plan executed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.engine.trace import Step
    from pyfilter.message.editing import Edits
    from pyfilter.message.envelope import Envelope
    from pyfilter.message.verdict import Verdict

__all__ = ["EDITING", "FILING", "INBOX", "OUTCOMES", "SENDING", "TELLING", "Action", "Plan"]

INBOX = "INBOX"  # RFC 9051, section 5.1

# verb -> the outcome it stands for, in the words of the JSON (CLI manual); verbs that are not here end nothing
OUTCOMES = {
    "file": "filed",
    "keep": "kept",
    "forward": "forwarded",
    "pipe": "piped",
    "discard": "discarded",
    "reject": "rejected",
    "defer": "deferred",
}
# verbs that put a copy into a folder
FILING = frozenset({"file", "copy", "keep"})
# verbs that hand the message to somebody else
SENDING = frozenset({"forward", "copy-to", "pipe"})
# verbs that answer or tell; that they fail is logged, and the mail is filed all the same
TELLING = frozenset({"reply", "notify"})

# verbs that change the header
EDITING = frozenset({"add-header", "set-header", "remove-header"})


class Action:
    """One thing to do.

    ``verb``: file copy keep forward copy-to pipe discard reject defer reply mark unmark add-header set-header
    remove-header pass notify log scan verify (the JSON's words).
    ``folder``: for file, copy, keep: as a mail client shows it, components joined by "/", the
    inbox as "INBOX"; "mbox:PATH" and "mh:PATH" for these; else None.
    ``flags``: Maildir flag letters, sorted ("FS"): what is filed carries them; for mark and unmark: what it changed.
    ``edits``: of what is filed or sent, how its header is changed (message/editing.py); of add-header, set-header and
    remove-header, what they did.
    ``base``: of what is filed or sent, the message that `pass through` made, to which ``edits`` are made; None: the
    message as it came.
    ``arguments``: addresses of forward and copy-to; the program and its arguments of pipe, pass and notify; of a
    reply whose text is in a file, its path: ``text`` is empty then.
    ``text``: reason of reject and defer, text of log and of a reply, the scanner of scan.
    ``subject``, ``every``: of a reply: its subject, empty for the usual one; the seconds between two to one sender.
    ``rule``, ``line``, ``file``: where it comes from; rule None for the implicit keep, line 0 then.
    """

    __slots__ = (
        "arguments", "base", "edits", "every", "file", "flags", "folder", "line", "rule", "subject", "text", "verb",
    )  # fmt: skip

    def __init__(
        self,
        verb: str,
        *,
        folder: str | None = None,
        flags: str = "",
        edits: Edits = (),
        base: bytes | None = None,
        arguments: tuple[str, ...] = (),
        text: str = "",
        subject: str = "",
        every: int = 0,
        rule: str | None = None,
        line: int = 0,
        file: str = "",
    ) -> None:
        self.verb = verb
        self.folder = folder
        self.flags = flags
        self.edits = edits
        self.base = base
        self.arguments = arguments
        self.text = text
        self.subject = subject
        self.every = every
        self.rule = rule
        self.line = line
        self.file = file

    def __repr__(self) -> str:
        where = f" {self.folder!r}" if self.folder else ""
        return f"<{self.verb}{where} {self.flags} by {self.rule!r}:{self.line}>"


class Plan:
    """All actions for one message, in order, and the word for the whole.

    ``outcome``: filed kept forwarded piped discarded rejected deferred — what ended the filtering.
    ``rule``: the rule that ended it, None for the implicit keep; ``line``, ``file`` its place.
    ``actions``: in the order they were decided.
    ``notes``: what a reader of the log or of a test should know (a hole that was empty, a
    condition that could not be decided …), one sentence each.
    ``verdict``: what a spam scanner that was asked said, or None.
    ``settings``: the program's, for the delivery (maildir, layout, durable …).
    ``envelope``: of the message, for what is sent; None where no rules were asked.
    ``remembers``: do the rules ask for `duplicate`? Then a delivery is remembered.
    ``trace``: None, or a list of Step (engine/trace.py).
    """

    __slots__ = (
        "actions", "envelope", "file", "line", "notes", "outcome", "remembers", "rule", "settings", "trace", "verdict",
    )  # fmt: skip

    def __init__(self, settings: dict[str, object]) -> None:
        self.settings = settings
        self.actions: list[Action] = []
        self.outcome = "kept"
        self.rule: str | None = None
        self.line = 0
        self.file = ""
        self.notes: list[str] = []
        self.verdict: Verdict | None = None
        self.envelope: Envelope | None = None
        self.remembers = False
        self.trace: list[Step] | None = None

    def copies(self) -> dict[str, tuple[str, Edits, bytes | None]]:
        """``{folder: (flags, edits, base)}``: every folder that gets a copy, in order, each once, with all the flags
        that any of its actions carries, and the message as it stood for the last of them."""
        folders: dict[str, tuple[str, Edits, bytes | None]] = {}
        for action in self.actions:
            if action.verb in FILING and action.folder is not None:
                flags = folders.get(action.folder, ("", (), None))[0] + action.flags
                folders[action.folder] = "".join(sorted(set(flags))), action.edits, action.base
        return folders

    def filings(self) -> dict[str, str]:
        """``{folder: flags}``: the same without the message."""
        return {folder: flags for folder, (flags, _, _) in self.copies().items()}

    @property
    def recipient(self) -> str:
        """The envelope's recipient, "" where none is known."""
        return (self.envelope.recipient if self.envelope is not None else None) or ""

    @property
    def reason(self) -> str:
        """The text of the reject or defer that ended the filtering, else empty."""
        for action in reversed(self.actions):
            if action.verb in ("reject", "defer"):
                return action.text
        return ""
