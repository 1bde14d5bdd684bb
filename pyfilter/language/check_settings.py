"""`set`: which settings there are, each once in a file. Their values are judged in ``check_values.py``."""

from __future__ import annotations

from pyfilter.language.check_report import Report, backquoted, nearest
from pyfilter.language.check_texts import Texts
from pyfilter.language.check_values import Values
from pyfilter.language.diagnostics import Note
from pyfilter.language.tree import File, Setting, Span, Text
from pyfilter.language.vocabulary import SETTINGS

__all__ = ["Settings"]

# what people call a setting -> its name
_HABITS = {
    "logfile": "log", "log-file": "log", "syslog": "log", "mail-dir": "maildir", "mailbox": "maildir",
    "mail-location": "maildir", "inbox": "maildir", "default": "maildir", "orgmail": "maildir", "timeout": "deadline",
    "fsync": "durable", "sync": "durable", "format": "layout", "on-error": "broken-rules",
}  # fmt: skip


class Settings:
    """Later files win over earlier ones; within one file, with what it includes, a setting stands once."""

    def __init__(self, texts: Texts, report: Report) -> None:
        self.report = report
        self.values = Values(texts, report)

    def settings(self, files: list[File]) -> dict[str, object]:
        made: dict[str, object] = {row.name: row.default for row in SETTINGS.values()}
        places: dict[str, Span] = {}
        seen_in: dict[int, dict[str, Span]] = {}
        for file in files:
            seen = seen_in.setdefault(id(file.within or file.source), {})
            for item in file.items:
                if isinstance(item, Setting):
                    self._setting(item, made, seen)
            places |= seen
        self._impatient(made, places)
        return made

    def _impatient(self, made: dict[str, object], places: dict[str, Span]) -> None:
        """A service must not be waited for until the delivery itself has to give up."""
        deadline = float(str(made["deadline"]))
        for name in places:
            if name.endswith(".timeout") and float(str(made[name])) >= deadline:
                self.report.add(
                    "W311",
                    f"`{name}` is not shorter than the deadline of a delivery",
                    places[name],
                    f"a delivery gives up after {deadline:g} seconds",
                    "while the service is slow no mail would be filed at all:\n"
                    "write a shorter time, or a longer `deadline`",
                )

    def _setting(self, node: Setting, made: dict[str, object], seen: dict[str, Span]) -> None:
        name = node.name.name
        row = SETTINGS.get(name)
        if row is None:
            self._unknown(node)
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
        value = self.values.value(row, node.values)
        if name == "allow-commands" and made[name] is False:
            if value == (True,):
                help = "leave the line out"
                self.report.add("E342", "programs are forbidden already", node.span, "nothing allows them again", help)
        elif value is not None:
            made[name] = value[0]

    def _unknown(self, node: Setting) -> None:
        name = node.name.name
        guess = _HABITS.get(name.casefold().replace("_", "-")) or nearest(name, SETTINGS)
        built = list(dict.fromkeys(_family(row.name) for row in SETTINGS.values()))
        help = f"did you mean `{guess}`?" if guess else f"the settings are {backquoted(built)}"
        if guess is None and node.values and isinstance(node.values[0], Text):
            help += f";\na text of your own is named by `let {name} = {node.values[0].span.text}`"
        self.report.add("E221", f"there is no setting `{name}`", node.name.span, "", help)


def _family(name: str) -> str:
    """A setting's name, or for those of one service what they begin with."""
    service, dot, _ = name.partition(".")
    return f"{service}.…" if dot else name
