"""`include`: other rule files, read where the line stands.

In: a parsed rule file. Out: its pieces and those of what it includes, in order: of a file that includes another in
its midst there are two, before and behind. What is wrong is among ``problems``; a file that must not be trusted
raises files.Refused.

- `"file"` is looked for beside the file that includes it; `~/` is the home directory. What is no file (standard
  input) includes from the current directory.
- `"rules.d/*.rules"` is every such file there is, in the order of their names; there may be none.
- `<name>` comes with pyfilter. Its `test` blocks are left out: they are about that file alone.
- `optional`: the file may be missing.

A file is read once. Limits: limits.INCLUDED_FILES, limits.INCLUDE_DEPTH, limits.RULES_BYTES each.

``stamps`` and ``listed`` say what was looked at, for the cache (loading.py): the stamp of each file, None where there
is none; the names that each pattern stood for.
"""

from __future__ import annotations

import os

from pyfilter import limits
from pyfilter.language import files
from pyfilter.language.check_report import Report, nearest
from pyfilter.language.decoding import decoded, shown
from pyfilter.language.diagnostics import Diagnostic, Note
from pyfilter.language.parse import parse
from pyfilter.language.tree import File, Include, Item, Source, Span, TestBlock

__all__ = ["Includes"]


class Includes:
    """Of all rule files of one program."""

    def __init__(self) -> None:
        self.stamps: dict[str, files.Stamp | None] = {}
        self.listed: dict[str, tuple[str, ...]] = {}
        self._report = Report()
        self._read: dict[str, Span | None] = {}  # real path -> the line that included it, if one did
        self._found: list[Diagnostic] = []

    @property
    def problems(self) -> list[Diagnostic]:
        return [*self._found, *self._report.sorted([])]

    def expanded(self, file: File) -> list[File]:
        path = os.path.abspath(os.path.expanduser(file.source.name))
        self._read.setdefault(os.path.realpath(path), None)
        return self._pieces(file, path, (path,), None)

    def _pieces(self, file: File, path: str, chain: tuple[str, ...], root: Source | None) -> list[File]:
        """``chain``: the files that include each other down to this one."""
        made: list[File] = []
        items: list[Item] = []
        for item in file.items:
            if isinstance(item, Include):
                made.append(File(file.source, tuple(items), root))
                made += self.included(item, path, chain, root or file.source)
                items = []
            items.append(item)
        return [*made, File(file.source, tuple(items), root)]

    def included(self, node: Include, path: str, chain: tuple[str, ...], root: Source) -> list[File]:
        if len(chain) > limits.INCLUDE_DEPTH:
            self.wrong(node, "E332", "rule files include each other too deeply", f"at most {limits.INCLUDE_DEPTH} do")
            return []
        made: list[File] = []
        for target in self._targets(node, path):
            made += self._file(node, target, chain, root)
        return made

    def _file(self, node: Include, path: str, chain: tuple[str, ...], root: Source) -> list[File]:
        real = os.path.realpath(path)
        above = [os.path.realpath(one) for one in chain]
        if real in above:
            circle = " → ".join(shown(one) for one in (*chain[above.index(real) :], path))
            self.wrong(node, "E331", f"{shown(path)} includes itself", f"the circle is {circle}")
            return []
        if real in self._read:
            before = self._read[real]
            if before is None:
                self.wrong(node, "W330", f"{shown(path)} is read already", "leave this line out")
            else:
                note = Note(before, "first here")
                self.wrong(node, "W330", f"{shown(path)} is included twice", "leave this line out", [note])
            return []
        if sum(line is not None for line in self._read.values()) >= limits.INCLUDED_FILES:
            help = f"one program is made of at most {limits.INCLUDED_FILES} included files"
            self.wrong(node, "E332", "too many rule files are included", help)
            return []
        self._read[real] = node.span
        tree = self.tree(node, path)
        if tree is None:
            return []
        if node.shipped:
            tree = File(tree.source, tuple(item for item in tree.items if not isinstance(item, TestBlock)))
        return self._pieces(tree, path, (*chain, path), root)

    def tree(self, node: Include, path: str) -> File | None:
        """A file that is there, read from disk; what is wrong with it is reported. (An editor has texts of its own.)"""
        data, self.stamps[path] = files.read(path)
        if len(data) > limits.RULES_BYTES:
            help = 'move long lists into files of their own: `list NAME from "names.txt"`'
            self.wrong(node, "E332", f"{shown(path)} is larger than {limits.RULES_BYTES >> 20} MiB", help)
            return None
        source, problems = decoded(path, data)
        tree, found = parse(source)
        self._found += [*problems, *found]
        return tree

    # ------------------------------------------------------------------ which files

    def _targets(self, node: Include, path: str) -> list[str]:
        """The files that the line names and that are there."""
        if node.shipped:
            target = os.path.join(files.shipped(), f"{node.path}.rules")
            return [target] if self.is_there(target) else self._not_shipped(node)
        written = os.path.expanduser(node.path) if node.path.startswith("~/") else node.path
        target = os.path.normpath(os.path.join(os.path.dirname(path), written))
        directory, name = os.path.split(target)
        if "\0" in written or not node.path or any(sign in written[: -len(name)] for sign in "*?"):
            help = 'write a path, or one with a star in its last part: `include "rules.d/*.rules"`'
            self.wrong(node, "E330", "this is no path of a rule file", help)
            return []
        if "*" in name or "?" in name:
            self.listed[target] = files.listed(target)
            return [os.path.join(directory, one) for one in self.listed[target]]
        if os.path.isdir(target):
            help = f'for all files in it write `include "{node.path.rstrip("/")}/*.rules"`'
            self.wrong(node, "E330", f"{shown(target)} is a directory", help)
            return []
        if self.is_there(target):
            return [target]
        if not node.optional:
            self._missing(node, target)
        return []

    def is_there(self, path: str) -> bool:
        self.stamps[path] = files.stamp(path)
        return self.stamps[path] is not None

    def _missing(self, node: Include, path: str) -> None:
        # all of them may end in `.rules`, which makes none like the other
        try:
            beside = {os.path.splitext(name)[0]: name for name in os.listdir(os.path.dirname(path)) if name[0] != "."}
        except OSError:
            beside = {}
        guess = beside.get(nearest(os.path.splitext(os.path.basename(path))[0], beside) or "")
        lead = node.path[: -len(os.path.basename(node.path))]
        help = f'make it, or write `include optional "{node.path}"` if it may be missing'
        if guess:
            help = f'did you mean `include "{lead}{guess}"`?'
        self.wrong(node, "E330", f"there is no rule file {shown(path)}", help)

    def _not_shipped(self, node: Include) -> list[str]:
        try:
            names = sorted(name.removesuffix(".rules") for name in os.listdir(files.shipped()) if ".rules" in name)
        except OSError:
            names = []
        guess = nearest(node.path, names)
        there = ", ".join(f"<{name}>" for name in names) or "none"
        help = f"did you mean `include <{guess}>`?" if guess else f"there are {there}"
        own = f'; for a file of your own write `include "{node.path}.rules"`'
        self.wrong(node, "E330", f"no rules called <{node.path}> come with pyfilter", help + own)
        return []

    def wrong(
        self, node: Include, code: str, message: str, help: str, notes: tuple[Note, ...] | list[Note] = ()
    ) -> None:
        self._report.add(code, message, node.span, "", help, notes)
