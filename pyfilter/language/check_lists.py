"""`list`: entries written out, files of them, programs that print them."""

from __future__ import annotations

import os

from pyfilter import limits
from pyfilter.language.check_numbers import Numbers
from pyfilter.language.check_programs import arguments
from pyfilter.language.check_report import Report
from pyfilter.language.check_texts import Scope, Texts
from pyfilter.language.entries import entry
from pyfilter.language.tree import File, ListDefinition, Source, Text, Wild

__all__ = ["Lists"]


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
            argument = self._command(node)
            return None if argument is None else (None, argument)
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

    def _command(self, node: ListDefinition) -> str | None:
        """The seconds the entries hold and the program with its arguments, NUL between."""
        made = arguments(node.entries, Scope(), "list … from command", self.texts)
        seconds: int | float | None = limits.LISTER_EVERY_SECONDS
        if node.every is not None:
            seconds = Numbers(self.report).number(node.every, "seconds", "every")
        if seconds is not None and seconds < limits.LISTER_LEAST_SECONDS:
            help = "write at least `every 1 minute`; each delivery would run it else"
            self.report.add(
                "E217", "a list is not made so often", node.every.span if node.every else node.span, "", help
            )
            return None
        if made is None or seconds is None:
            return None
        if any(not isinstance(word, str) for word in made):
            hole = next(hole for text in node.entries for hole in text.holes)
            self.report.add("E210", "a list cannot depend on a message", hole.span, "known only when mail arrives")
            return None
        return "\0".join((str(round(seconds)), *map(str, made)))

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
