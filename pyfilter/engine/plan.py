"""The Plan: what will be done with a message, and why.

``evaluate`` makes it, ``delivery.execute`` does it, ``pyfilter test`` prints it.
It is data: the same plan printed is the plan executed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyfilter.engine.trace import Step
    from pyfilter.message.verdict import Verdict

    Edits = tuple[tuple[str, str, str], ...]

__all__ = ["FILING", "INBOX", "OUTCOMES", "Action", "Plan"]

INBOX = "INBOX"  # RFC 9051, section 5.1

# verb -> the outcome it stands for, in the words of the JSON (CLI manual); verbs that are not here end nothing
OUTCOMES = {
    "file": "filed",
    "keep": "kept",
    "discard": "discarded",
    "reject": "rejected",
    "defer": "deferred",
}
# verbs that put a copy into a folder
FILING = frozenset({"file", "copy", "keep"})


class Action:
    """One thing to do.

    ``verb``: file copy keep discard reject defer mark log scan verify (the JSON's words).
    ``folder``: for file, copy, keep: as a mail client shows it, components joined by "/", the
    inbox as "INBOX"; else None.
    ``flags``: Maildir flag letters, sorted ("FS"): what is filed carries them; for mark: what it set.
    ``edits``: what is changed in the header of what is filed, in order: ("remove", name, "") takes every
    field of the name out (lower case; a `*` at its end stands for any rest), ("add", name, value) puts a line above.
    ``text``: reason of reject and defer, text of log, the scanner of scan.
    ``rule``, ``line``, ``file``: where it comes from; rule None for the implicit keep, line 0 then.
    """

    __slots__ = ("edits", "file", "flags", "folder", "line", "rule", "text", "verb")

    def __init__(
        self,
        verb: str,
        *,
        folder: str | None = None,
        flags: str = "",
        edits: Edits = (),
        text: str = "",
        rule: str | None = None,
        line: int = 0,
        file: str = "",
    ) -> None:
        self.verb = verb
        self.folder = folder
        self.flags = flags
        self.edits = edits
        self.text = text
        self.rule = rule
        self.line = line
        self.file = file

    def __repr__(self) -> str:
        where = f" {self.folder!r}" if self.folder else ""
        return f"<{self.verb}{where} {self.flags} by {self.rule!r}:{self.line}>"


class Plan:
    """All actions for one message, in order, and the word for the whole.

    ``outcome``: filed kept discarded rejected deferred — what ended the filtering.
    ``rule``: the rule that ended it, None for the implicit keep; ``line``, ``file`` its place.
    ``actions``: in the order they were decided.
    ``notes``: what a reader of the log or of a test should know (a hole that was empty, a
    condition that could not be decided …), one sentence each.
    ``verdict``: what a spam scanner that was asked said, or None.
    ``settings``: the program's, for the delivery (maildir, layout, durable …).
    ``trace``: None, or a list of Step (engine/trace.py).
    """

    __slots__ = ("actions", "file", "line", "notes", "outcome", "rule", "settings", "trace", "verdict")

    def __init__(self, settings: dict[str, object]) -> None:
        self.settings = settings
        self.actions: list[Action] = []
        self.outcome = "kept"
        self.rule: str | None = None
        self.line = 0
        self.file = ""
        self.notes: list[str] = []
        self.verdict: Verdict | None = None
        self.trace: list[Step] | None = None

    def copies(self) -> dict[str, tuple[str, Edits]]:
        """``{folder: (flags, edits)}``: every folder that gets a copy, in order, each once, with all the flags
        that any of its actions carries, and the header as it stood for the last of them."""
        folders: dict[str, tuple[str, Edits]] = {}
        for action in self.actions:
            if action.verb in FILING and action.folder is not None:
                flags = folders.get(action.folder, ("", ()))[0] + action.flags
                folders[action.folder] = "".join(sorted(set(flags))), action.edits
        return folders

    def filings(self) -> dict[str, str]:
        """``{folder: flags}``: the same without the header."""
        return {folder: flags for folder, (flags, _) in self.copies().items()}

    @property
    def reason(self) -> str:
        """The text of the reject or defer that ended the filtering, else empty."""
        for action in reversed(self.actions):
            if action.verb in ("reject", "defer"):
                return action.text
        return ""
