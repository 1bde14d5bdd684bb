"""The rule files an editor has open, and the programs they belong to.

What is open counts as it stands in the editor, everything else as it lies on disk
(language/files.py: a file that a delivery would not trust is not read either).

A program is what a delivery would read: /etc/pyfilterrc first (never as root), then a file with
all it includes. Which file that is, for one that is open: the first of the following that
includes it, itself if none does.

- ~/.pyfilterrc, ~/.config/pyfilter/rules
- the other open files
- the `*.rules`, `.pyfilterrc` and `pyfilterrc` beside it and one directory above

So a file of `rules.d/` may use the names of the file that includes it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock

from pyfilter.editor.folders import in_maildir
from pyfilter.editor.reading import Reader, Reading
from pyfilter.language import files
from pyfilter.language.check import check
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.includes import Includes
from pyfilter.language.lint import lint
from pyfilter.language.tree import File, Include, Source
from pyfilter.language.trials import Trial
from pyfilter.trials import run

__all__ = ["Checked", "Documents"]

# rule files looked at for one that includes another
_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """``readings`` in the order they are asked, the system's first; ``diagnostics`` of all of them."""

    readings: tuple[Reading, ...]
    diagnostics: tuple[Diagnostic, ...]


class Documents:
    """``home``: of the user whose rules these are. May be asked by several threads."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.opened: dict[str, str] = {}
        self._readers: dict[str, Reader] = {}
        self._on_disk: dict[str, tuple[files.Stamp, str]] = {}
        self._reading = Lock()
        self._last: Checked | None = None

    # ------------------------------------------------------------------ texts

    def open(self, path: str, text: str) -> None:
        """A file as it stands in the editor now; line ends of any kind."""
        self.opened[path] = text.replace("\r\n", "\n")

    def close(self, path: str) -> None:
        self.opened.pop(path, None)
        self._readers.pop(path, None)

    def supposing(self, path: str, text: str) -> Documents:
        """The same with another text in a file's place."""
        made = Documents(self.home)
        made.opened = {**self.opened, path: text}
        made._readers, made._on_disk, made._reading = self._readers, self._on_disk, self._reading
        return made

    def reading(self, path: str) -> Reading | None:
        """The tree of a file; None if there is none that can be read."""
        text = self._text(path)
        if text is None:
            return None
        with self._reading:
            return self._readers.setdefault(path, Reader(path)).read(text)

    def _text(self, path: str) -> str | None:
        text = self.opened.get(path)
        return self._stored(path) if text is None else text

    def _stored(self, path: str) -> str | None:
        try:
            stamp = files.stamp(path)
            if stamp is None:
                return None
            kept = self._on_disk.get(path)
            if kept is None or kept[0] != stamp:
                data, stamp = files.read(path)
                kept = self._on_disk[path] = (stamp, data.decode("utf-8-sig", "replace").replace("\r\n", "\n"))
        except files.Refused:
            return None
        return kept[1]

    # --------------------------------------------------------------- programs

    def program(self, path: str) -> list[Reading]:
        """The files that are asked together with ``path``, which is one of them."""
        return self._expanded(path)[0].readings

    def _expanded(self, path: str) -> tuple[_Includes, list[File]]:
        root = self._root(path)
        system = [files.SYSTEM] if os.geteuid() != 0 and root != files.SYSTEM else []
        return self._closure([*system, root])

    def _closure(self, paths: list[str]) -> tuple[_Includes, list[File]]:
        """Files with all they include, for the checker."""
        includes = _Includes(self)
        pieces: list[File] = []
        for path in paths:
            reading = self.reading(path)
            if reading is not None:
                includes.readings.append(reading)
                pieces += includes.expanded(reading.file)
        return includes, pieces

    def leads(self, path: str, node: Include) -> list[str]:
        """The files that a line `include …` of ``path`` names."""
        return self._closure([path])[0].leads.get(id(node), [])

    def _root(self, path: str) -> str:
        for candidate in self._candidates(path):
            if "include" not in (self._text(candidate) or ""):
                continue  # most files are no rules at all
            if any(one.name == path for one in self._closure([candidate])[0].readings):
                return candidate
        return path

    def _candidates(self, path: str) -> list[str]:
        beside = os.path.dirname(path)
        near = [
            os.path.join(directory, name)
            for directory in (beside, os.path.dirname(beside))
            if os.path.isabs(directory)
            for name in _rule_files(directory)
        ]
        users = [os.path.join(self.home, name) for name in files.USER]
        every = dict.fromkeys([*users, *self.opened, *near])
        return [candidate for candidate in every if candidate != path][:_CANDIDATES]

    def checked(self, path: str) -> Checked:
        """The program around ``path`` and all that `pyfilter check` finds wrong with it, its `test` blocks run. Never
        raises for anything in a rule file."""
        includes, pieces = self._expanded(path)
        readings = includes.readings
        problems = [problem for reading in readings for problem in reading.problems]
        problems += includes.problems
        trials: list[Trial] = []
        program, found = check(pieces, home=self.home, trials=trials)
        problems += found
        if program is not None and not any(problem.severity == "error" for problem in problems):
            problems += lint(pieces, folders=in_maildir(readings, self.home))
            problems += [problem for tried in run(program, trials) for problem in tried.problems]
        self._last = Checked(tuple(readings), tuple(problems))
        return self._last

    def judged(self, path: str) -> Checked:
        """The same, as it was found last if no rule file has changed since."""
        last, readings = self._last, self.program(path)
        unchanged = last is not None and [id(one) for one in last.readings] == [id(one) for one in readings]
        return last if last is not None and unchanged else self.checked(path)


class _Includes(Includes):
    """Reads what is open as it stands in the editor. ``readings``: of all files, in the order they are asked;
    ``leads``: of each line its files. A file that must not be trusted is a problem of the line."""

    def __init__(self, documents: Documents) -> None:
        super().__init__()
        self.documents = documents
        self.readings: list[Reading] = []
        self.leads: dict[int, list[str]] = {}

    def is_there(self, path: str) -> bool:
        return path in self.documents.opened or super().is_there(path)

    def included(self, node: Include, path: str, chain: tuple[str, ...], root: Source) -> list[File]:
        try:
            return super().included(node, path, chain, root)
        except files.Refused as refused:
            self.wrong(node, "E330", str(refused), "")
            return []

    def tree(self, node: Include, path: str) -> File | None:
        self.leads.setdefault(id(node), []).append(path)
        reading = self.documents.reading(path)
        if reading is None:
            raise files.Refused(f"{path} cannot be read")
        self.readings.append(reading)
        return reading.file


def _rule_files(directory: str) -> list[str]:
    try:
        found = os.listdir(directory)
    except OSError:
        return []
    return sorted(name for name in found if name.endswith(".rules") or name in (".pyfilterrc", "pyfilterrc"))
