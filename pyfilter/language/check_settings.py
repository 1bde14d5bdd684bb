"""`set` and `list`: values of settings, entries and files of lists."""

from __future__ import annotations

import os

from pyfilter import limits
from pyfilter.language.check_numbers import Numbers
from pyfilter.language.check_report import Report, backquoted, nearest
from pyfilter.language.check_rules import first_word
from pyfilter.language.check_texts import Texts
from pyfilter.language.diagnostics import Note
from pyfilter.language.entries import entry
from pyfilter.language.tree import File, ListDefinition, Number, Quantity, Setting, Source, Span, Text, Wild, Word
from pyfilter.language.vocabulary import SETTINGS
from pyfilter.language.vocabulary_rows import SettingRow

__all__ = ["Lists", "Settings"]

# postconf(5), command_time_limit
_POSTFIX_SECONDS = 1000

# what people call a setting -> its name
_HABITS = {
    "logfile": "log", "log-file": "log", "syslog": "log", "mail-dir": "maildir", "mailbox": "maildir",
    "mail-location": "maildir", "inbox": "maildir", "default": "maildir", "orgmail": "maildir", "timeout": "deadline",
    "fsync": "durable", "sync": "durable", "format": "layout", "on-error": "broken-rules",
}  # fmt: skip

# what people write for the system's log
_SYSTEM_LOG = frozenset({"syslog", "system", "journal", "default"})

Value = str | bool | int | float | None


class Settings:
    """Later files win over earlier ones; within one file a setting stands once."""

    def __init__(self, texts: Texts, report: Report) -> None:
        self.texts = texts
        self.report = report
        self.numbers = Numbers(report)

    def settings(self, files: list[File]) -> dict[str, object]:
        made: dict[str, object] = {row.name: row.default for row in SETTINGS.values() if row.built}
        for file in files:
            seen: dict[str, Span] = {}
            for item in file.items:
                if isinstance(item, Setting):
                    self._setting(item, made, seen)
        return made

    def _setting(self, node: Setting, made: dict[str, object], seen: dict[str, Span]) -> None:
        name = node.name.name
        row = SETTINGS.get(name)
        if row is None:
            self._unknown(node)
            return
        if not row.built:
            self.report.later(f"the setting `{name}`", node.name.span, "leave the line out")
            return
        if name in seen:
            self.report.add(
                "E203",
                f"`{name}` is set twice",
                node.name.span,
                "here again",
                "keep one of the two",
                [Note(seen[name], "first here")],
            )
            return
        seen[name] = node.name.span
        if len(node.values) > 1:
            self._wrong(row, node.values[1].span, "one value is enough")
            return
        value = self._value(row, node.values[0])
        if value is not None:
            made[name] = value[0]

    def _unknown(self, node: Setting) -> None:
        name = node.name.name
        guess = _HABITS.get(name.casefold().replace("_", "-")) or nearest(name, SETTINGS)
        built = [row.name for row in SETTINGS.values() if row.built]
        help = f"did you mean `{guess}`?" if guess else f"the settings are {backquoted(built)}"
        if guess is None and node.values and isinstance(node.values[0], Text):
            help += f";\na text of your own is named by `let {name} = {node.values[0].span.text}`"
        self.report.add("E221", f"there is no setting `{name}`", node.name.span, "", help)

    def _value(self, row: SettingRow, value: Text | Number | Quantity | Word) -> tuple[Value] | None:
        if row.kind == "path":
            return self._path(row, value)
        if row.kind == "duration":
            seconds = self.numbers.number(value, "seconds", row.name)
            if seconds is not None and seconds < 1:
                self._wrong(row, value.span, "too short for any delivery")
                return None
            if seconds is not None and seconds >= _POSTFIX_SECONDS:
                self.report.add(
                    "W307",
                    f"`{row.name}` is longer than Postfix waits",
                    value.span,
                    f"{seconds:g} seconds",
                    f"Postfix ends a delivery after {_POSTFIX_SECONDS} seconds (`command_time_limit`)\n"
                    "and returns the mail to its sender: stay below it",
                )
            return None if seconds is None else (seconds,)
        word = value.plain if isinstance(value, Text) else value.name if isinstance(value, Word) else None
        if row.kind == "yes-no":
            if isinstance(value, Word) and word in ("yes", "no"):
                return (word == "yes",)
        elif isinstance(value, Word) and word in row.choices:
            return (word,)
        elif word in row.later:
            self.report.later(f"`{row.name} = {word}`", value.span, f"`set {row.name} = {row.choices[0]}`")
            return None
        self._wrong(row, value.span, "not one of its values")
        return None

    def _path(self, row: SettingRow, value: Text | Number | Quantity | Word) -> tuple[Value] | None:
        if row.default is None and value.span.text.strip('"').casefold() in _SYSTEM_LOG:
            self.report.add(
                "E210", f"`{row.name}` cannot be set to this", value.span, "that is the default", "leave the line out"
            )
            return None
        if not isinstance(value, Text):
            self._wrong(row, value.span, "a path stands in quotes")
            return None
        path = self.texts.literal(value, "a setting")
        if path is None:
            return None
        if not path.strip():
            self._wrong(row, value.span, "an empty path")
            return None
        if "$" in path:
            self.report.add(
                "E210",
                "there are no variables in a text",
                value.span,
                "`$` stands for itself",
                f'write `"{path.replace("$HOME", "~").replace("${HOME}", "~")}"`' if "HOME" in path else "write it out",
            )
            return None
        if not path.startswith(("/", "~/")) and path != "~":
            self.report.add(
                "E210",
                "this path begins nowhere",
                value.span,
                "it depends on where the delivery runs",
                f'begin it with `~/` or `/`: `"~/{path}"`',
            )
            return None
        if any(character < " " for character in path):
            self._wrong(row, value.span, "a path has no control characters")
            return None
        if row.name == "maildir" and os.path.normpath(os.path.expanduser(path)) in (os.path.expanduser("~"), "/"):
            # a sender would choose among all that begins with a dot there, and .bashrc is no folder
            self._wrong(row, value.span, "a folder `ssh` would be `.ssh` beside the files there")
            return None
        return (path,)

    def _wrong(self, row: SettingRow, span: Span, label: str) -> None:
        choices = ("yes", "no") if row.kind == "yes-no" else row.choices
        help = f"write {backquoted(choices, 'or')}, without quotes" if choices else f"write `{row.example}`"
        self.report.add("E210", f"`{row.name}` cannot be set to this", span, label, help)


class Lists:
    """``home`` stands for `~`; None for the user's. Without ``look`` files are not looked at."""

    def __init__(self, texts: Texts, report: Report, home: str | None, look: bool) -> None:
        self.texts = texts
        self.report = report
        self.home = home
        self.look = look

    def lists(self, files: list[File]) -> dict[str, tuple[frozenset[str] | None, str | None]]:
        made: dict[str, tuple[frozenset[str] | None, str | None]] = {}
        for file in files:
            for item in file.items:
                if isinstance(item, ListDefinition) and item.name.name not in made:
                    found = self._list(item)
                    if found is not None:
                        made[item.name.name] = found
        return made

    def _list(self, node: ListDefinition) -> tuple[frozenset[str] | None, str | None] | None:
        if node.kind == "command":
            self.report.later(
                "`list … from command`",
                first_word(node.span, "list"),
                f'let cron write a file, `list {node.name.name} from "{node.name.name}.txt"`',
            )
            return None
        if node.kind == "file":
            path = self._file(node.entries[0])
            return None if path is None else (None, path)
        entries: set[str] = set()
        for text in node.entries:
            literal = self.texts.literal(text, "a list")
            if literal is None:
                continue
            star = next((part for part in text.parts if isinstance(part, Wild) and part.character == "*"), None)
            made = entry(literal)
            if star is not None:
                domain = made.lstrip("*")
                help = f'for everybody there write `"{domain}"`' if domain.startswith("@") else "write each entry out"
                self.report.add("W304", "a star is a plain star in a list", star.span, "stands for itself", help)
            if made:
                entries.add(made)
            else:
                self.report.add("W303", "an empty text is in no message", text.span, "", "leave it out")
        return frozenset(entries), None

    def _file(self, text: Text) -> str | None:
        written = self.texts.literal(text, "a list's file")
        if written is None:
            return None
        path = self.path(written, text.span.source)
        if not self.look:
            return path
        problem = _unusable(path)
        if problem:
            self.report.add(
                "E310",
                f"the list's file cannot be read: {problem}",
                text.span,
                path,
                "make it, one entry a line (`#` begins a comment), or correct the path",
            )
            return None
        return path

    def path(self, written: str, source: Source) -> str:
        """Absolute; a relative path starts at the rule file's directory."""
        directory = os.path.dirname(self._expanded(source.name))
        return os.path.abspath(os.path.join(directory, self._expanded(written)))

    def _expanded(self, path: str) -> str:
        if self.home is not None and (path == "~" or path.startswith("~/")):
            return self.home + path[1:]
        return os.path.expanduser(path)


def _unusable(path: str) -> str:
    """Why the file cannot be a list; empty if it can."""
    try:
        size = os.stat(path).st_size
    except (OSError, ValueError) as error:
        return (getattr(error, "strerror", None) or "the path is none").lower()
    if not os.path.isfile(path):
        return "it is not a file"
    if not os.access(path, os.R_OK):
        return "permission denied"
    if size > limits.LIST_BYTES:
        return f"it is larger than {limits.LIST_BYTES >> 20} MiB"
    return ""
