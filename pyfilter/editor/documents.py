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
from glob import glob
from threading import Lock

from pyfilter.editor.reading import Reader, Reading
from pyfilter.language import files
from pyfilter.language.check import check
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.tree import Include, Rule

__all__ = ["Checked", "Documents", "included", "includes"]

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
        text = self.opened.get(path)
        if text is None:
            text = self._stored(path)
        if text is None:
            return None
        with self._reading:
            return self._readers.setdefault(path, Reader(path)).read(text)

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
        root = self._root(path)
        system = [files.SYSTEM] if os.geteuid() != 0 and root != files.SYSTEM else []
        found: list[Reading] = []
        for start in (*system, root):
            self._follow(start, found)
        return found

    def _root(self, path: str) -> str:
        for candidate in self._candidates(path):
            if any(reading.name == path for reading in self._closure(candidate)):
                return candidate
        return path

    def _candidates(self, path: str) -> list[str]:
        beside = os.path.dirname(path)
        near = [
            found
            for directory in (beside, os.path.dirname(beside))
            if os.path.isabs(directory)
            for pattern in ("*.rules", ".pyfilterrc", "pyfilterrc")
            for found in sorted(glob(os.path.join(glob_escape(directory), pattern)))
        ]
        users = [os.path.join(self.home, name) for name in files.USER]
        every = dict.fromkeys([*users, *self.opened, *near])
        return [candidate for candidate in every if candidate != path][:_CANDIDATES]

    def _closure(self, path: str) -> list[Reading]:
        found: list[Reading] = []
        self._follow(path, found)
        return found

    def _follow(self, path: str, found: list[Reading]) -> None:
        """``path`` and what it includes, each once: a circle is the checker's business."""
        waiting = [path]
        while waiting:
            path = waiting.pop()
            if any(reading.name == path for reading in found):
                continue
            reading = self.reading(path)
            if reading is None:
                continue
            found.append(reading)
            waiting += reversed([target for node in includes(reading) for target in included(node, path)])

    def checked(self, path: str) -> Checked:
        """The program around ``path`` and all that is wrong with it. Never raises for anything in a rule file."""
        readings = self.program(path)
        problems = [problem for reading in readings for problem in reading.problems]
        problems += check([reading.file for reading in readings], home=self.home)[1]
        self._last = Checked(tuple(readings), tuple(problems))
        return self._last

    def judged(self, path: str) -> Checked:
        """The same, as it was found last if no rule file has changed since."""
        last, readings = self._last, self.program(path)
        unchanged = last is not None and [id(one) for one in last.readings] == [id(one) for one in readings]
        return last if last is not None and unchanged else self.checked(path)


def includes(reading: Reading) -> list[Include]:
    found: list[Include] = []
    for item in reading.items:
        if isinstance(item, Include):
            found.append(item)
        elif isinstance(item, Rule):
            found += [inner for inner in item.body if isinstance(inner, Include)]
    return found


def included(node: Include, path: str) -> list[str]:
    """The files that a line `include …` of the file ``path`` names, in the order they are read."""
    if node.shipped:
        return []
    name = os.path.expanduser(node.path)
    target = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if not any(sign in node.path for sign in "*?["):
        return [target]
    return sorted(glob(target))


def glob_escape(directory: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in directory)
