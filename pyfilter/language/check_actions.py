"""Actions: one function a verb, from the tree to the Program's form.

What is sent, what runs a program and what changes the header stand in modules of their own: check_sending.py,
check_programs.py, check_header_edits.py.
"""

from __future__ import annotations

from collections.abc import Callable

from pyfilter import limits
from pyfilter.language.check_folders import folder
from pyfilter.language.check_header_edits import changed
from pyfilter.language.check_paths import mailbox_path
from pyfilter.language.check_programs import arguments
from pyfilter.language.check_report import Report, backquoted, nearest
from pyfilter.language.check_sending import addressed, answered
from pyfilter.language.check_texts import Lowered, Scope, Template, Texts
from pyfilter.language.tree import Action, Place, Span, Text, Wild, Word
from pyfilter.language.vocabulary import ACTIONS, FLAGS

__all__ = ["Actions"]


# what a purpose comment after `discard` says
ON_PURPOSE = "on purpose"

# flags of other programs -> what to write
_FLAG_HABITS = {
    "unread": "new mail is unread by itself; to take the flag off again write `unmark read`",
    "unseen": "new mail is unread by itself; to take the flag off again write `unmark read`",
    "new": "new mail is unread by itself; to take the flag off again write `unmark read`",
    "important": "write `mark flagged`",
    "star": "write `mark flagged`",
    "flag": "write `mark flagged`",
    "replied": "write `mark answered`",
    "deleted": 'write `file into "Trash"`',
    "trash": 'write `file into "Trash"`',
    "trashed": 'write `file into "Trash"`',
    "spam": 'write `file into "spam"`',
    "junk": 'write `file into "spam"`',
}
# `unmark` of these is `mark read`
_UNREAD = frozenset({"unread", "unseen", "new"})

# scanner, and what people call it
_SCANNERS = {"spamd": "spamd", "rspamd": "rspamd", "spamassassin": "spamd", "spamc": "spamd", "rspamc": "rspamd"}
# what `verify` can verify
_VERIFIED = {"dkim": "dkim"}

# `mbox:` in front of a folder's name is the same as the word
_FORMATS = ("mbox", "mh")

# what sends mail to an address -> what files it into a folder
_FOR_A_FOLDER = {"copy to": "copy into", "forward to": "file into"}


class Actions:
    def __init__(self, texts: Texts, report: Report, layout: str) -> None:
        self.texts = texts
        self.report = report
        self.layout = layout

    def action(self, node: Action, scope: Scope, file: int) -> Lowered | None:
        row = ACTIONS[node.verb]
        if node.verb in _FOR_A_FOLDER and self._names_a_folder(node):
            return None
        if node.continues is not None and not (row.ends and row.continuable):
            self._goes_on(node, node.continues)
        return _VERBS[node.verb](self, node, scope, (node.span.line, file))

    def _names_a_folder(self, node: Action) -> bool:
        """Report `copy to "Archive"`: an address is wanted, and this is none."""
        text = node.arguments[0] if node.arguments else None
        if not isinstance(text, Text) or text.holes or not text.parts or "@" in text.span.text:
            return False
        help = f"for a folder write `{_FOR_A_FOLDER[node.verb]} {text.span.text}`"
        self.report.add("E122", f"`{node.verb}` wants an address", text.span, "no address", help)
        return True

    def _goes_on(self, node: Action, span: Span) -> None:
        row = ACTIONS[node.verb]
        takers = backquoted(r.verb for r in ACTIONS.values() if r.ends and r.continuable)
        if row.ends or row.stops:
            label, help = f"`{node.verb}` ends the filtering", f"only {takers} take `and continue`"
        else:
            label, help = f"`{node.verb}` goes on anyway", f"leave it out; only {takers} take it"
        self.report.add("E303", f"`and continue` does not stand after `{node.verb}`", span, label, help)

    # ------------------------------------------------------------------ filing

    def file(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        place = self._place(node, scope)
        return None if place is None else ("file", *place, node.continues is not None, *at)

    def copy(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        place = self._place(node, scope)
        return None if place is None else ("copy", *place, *at)

    def _place(self, node: Action, scope: Scope) -> tuple[str, Template | None] | None:
        """Kind and place."""
        place = node.arguments[0]
        assert isinstance(place, Place)
        if place.kind == "inbox":
            return "inbox", None
        assert place.text is not None
        if place.kind != "folder":
            return self._mailbox(place.kind, self.texts.template(place.text, scope), place.text.span)
        star = next((part for part in place.text.parts if isinstance(part, Wild) and part.character == "*"), None)
        if star is not None:
            self.report.add(
                "W304",
                "a star is a plain star in a folder's name",
                star.span,
                "stands for itself",
                'to name a folder by what matched, capture it: `matches "{name}.lists.example"`,\n'
                "and write `{name}` here",
            )
        template = self.texts.template(place.text, scope)
        if template is None:
            return None
        format, path = _format(template)
        if format:
            return self._mailbox(format, path, place.text.span)
        found = folder(template, place.text.span, self.report, self.layout)
        return None if found is None else ("inbox" if found[0] is None else "folder", *found)

    def _mailbox(self, format: str, path: Template | None, span: Span) -> tuple[str, Template] | None:
        judged = None if path is None else mailbox_path(format, path, span, self.report)
        return None if judged is None else (format, judged)

    def keep(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        return "keep", node.continues is not None, *at

    def discard(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        span = node.span
        line_end = span.source.text.find("\n", span.end)
        rest = span.source.text[span.end : line_end if line_end >= 0 else len(span.source.text)]
        if ON_PURPOSE not in rest.partition("#")[2].casefold():
            self.report.add(
                "W310",
                "`discard` loses mail without a trace",
                node.verb_span,
                "nobody will know what it took",
                'write `file into "Trash"` to be able to look; if you mean it: `discard # on purpose`',
            )
        return "discard", node.continues is not None, *at

    def stop(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        return "stop", *at

    # ------------------------------------------------------------------ flags

    def mark(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        letters: set[str] = set()
        whole = True
        for word in node.arguments:
            assert isinstance(word, Word)
            flag = FLAGS.get(word.name.lower())
            if flag is None:
                self._no_flag(node.verb, word)
                whole = False
            else:
                letters.add(flag.letter)
        return (node.verb, "".join(sorted(letters)), *at) if whole else None

    def _no_flag(self, verb: str, word: Word) -> None:
        name = word.name.casefold()
        guess = nearest(name, [*FLAGS, *_FLAG_HABITS])
        if verb == "unmark" and guess in _UNREAD:
            help = "write `mark read`"
        elif guess in _FLAG_HABITS:
            help = _FLAG_HABITS[guess].replace("`mark ", f"`{verb} ")
        elif guess:
            help = f"did you mean `{verb} {guess}`?"
        else:
            help = f"the flags are {backquoted(FLAGS)}"
        self.report.add("E308", f"there is no flag `{word.name}`", word.span, "not a flag", help)

    # ------------------------------------------------------------------ texts

    def reason(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        verb = node.verb
        if not node.arguments:
            if _followed(node.verb_span):
                return None  # by something that is no text, or by one that never ends: reported already
            who = "the sender reads it in the bounce" if verb == "reject" else "it stands in the mail server's log"
            example = ACTIONS[verb].example
            self.report.add("E306", f"`{verb}` needs a reason", node.verb_span, who, f"write `{example}`")
            return None
        template = self._text(node, scope)
        if template is None:
            return None
        literal = template if isinstance(template, str) else "".join(p for p in template if isinstance(p, str))
        span = node.arguments[0].span
        if template == "" or (isinstance(template, str) and not template.strip()):
            self.report.add(
                "E306", f"`{verb}` needs a reason", span, "this one is empty", f"write `{ACTIONS[verb].example}`"
            )
            return None
        if len(literal) > limits.REASON_CHARACTERS:
            self.report.add(
                "E307",
                "the reason is too long",
                span,
                f"{len(literal)} characters",
                f"it must fit one line of the mail server's answer: at most {limits.REASON_CHARACTERS} characters",
            )
            return None
        return verb, template, *at

    def log(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        template = self._text(node, scope)
        return None if template is None else ("log", template, *at)

    # ------------------------------------------------------------------ others do it

    def changed(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        return changed(node, scope, at, self.texts)

    def addressed(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        return addressed(node, scope, at, self.texts)

    def answered(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        return answered(node, scope, at, self.texts)

    def run(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        texts = [text for text in node.arguments if isinstance(text, Text)]
        made = arguments(texts, scope, node.verb, self.texts)
        if made is None:
            return None
        if node.verb == "pipe to":
            return "pipe", made, node.continues is not None, *at
        return ("pass" if node.verb == "pass through" else node.verb), made, *at

    # ------------------------------------------------------------------ asking others

    def scan(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        if not node.arguments:
            return "scan", "", *at
        return self._who(node, _SCANNERS, at)

    def verify(self, node: Action, scope: Scope, at: tuple[int, int]) -> Lowered | None:
        self.texts.names.use(node.verb, node.span)
        return self._who(node, _VERIFIED, at)

    def _who(self, node: Action, known: dict[str, str], at: tuple[int, int]) -> Lowered | None:
        """The action with its one word, which must be one of ``known``."""
        word = node.arguments[0]
        assert isinstance(word, Word)
        meant = known.get(word.name.lower())
        if meant == word.name:
            return node.verb, meant, *at
        meant = meant or nearest(word.name, known)
        choices = list(dict.fromkeys(known.values()))
        lead = node.span.text[: word.span.start - node.span.start]
        help = f"write `{lead}{meant}`" if meant else f"write {backquoted([lead + choice for choice in choices], 'or')}"
        self.report.add("E313", f"`{node.verb}` knows no `{word.name}`", word.span, "", help)
        return None

    def _text(self, node: Action, scope: Scope) -> Template | None:
        text = node.arguments[0]
        assert isinstance(text, Text)
        return self.texts.template(text, scope)


def _format(template: Template) -> tuple[str, Template]:
    """The format that a folder's name begins with, "" for none, and the rest: `mbox:~/a.mbox`."""
    first = template if isinstance(template, str) else template[0]
    if isinstance(first, str):
        for format in _FORMATS:
            if first.casefold().startswith(f"{format}:"):
                rest = first[len(format) + 1 :]
                return format, rest if isinstance(template, str) else (rest, *template[1:])
    return "", template


def _followed(verb: Span) -> bool:
    """Whether something stands behind the verb on its line."""
    rest = verb.source.text[verb.end : verb.end + 80].lstrip(" \t")
    return rest[:1] not in ("", "\r", "\n", ";", "}", "#")


_VERBS: dict[str, Callable[[Actions, Action, Scope, tuple[int, int]], Lowered | None]] = {
    "file into": Actions.file,
    "copy into": Actions.copy,
    "keep": Actions.keep,
    "discard": Actions.discard,
    "stop": Actions.stop,
    "forward to": Actions.addressed,
    "copy to": Actions.addressed,
    "pipe to": Actions.run,
    "pass through": Actions.run,
    "notify": Actions.run,
    "reply": Actions.answered,
    "add header": Actions.changed,
    "set header": Actions.changed,
    "remove header": Actions.changed,
    "mark": Actions.mark,
    "unmark": Actions.mark,
    "reject": Actions.reason,
    "defer": Actions.reason,
    "log": Actions.log,
    "scan": Actions.scan,
    "verify": Actions.verify,
}
