"""Rule files to a Program: read, parse, check, all problems in one run.

The cold half of loading.py, and what ``pyfilter check`` and the library call. Where the rules do not
check, the settings that could be read are still worked out: mail that no rule can file
must lie in the Maildir its owner looks into.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from pyfilter import limits
from pyfilter.language import files
from pyfilter.language.check import check
from pyfilter.language.diagnostics import Diagnostic, short
from pyfilter.language.parse import parse
from pyfilter.language.program import Program
from pyfilter.language.tree import File, Setting, Source, Span
from pyfilter.language.trials import Trial

# bytes of a file too large that are read for its settings
_HEAD_BYTES = 64 << 10

__all__ = ["Compiled", "compile_files", "compile_sources"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """``program`` None if the rules do not check; ``problem`` then names the first error in one line. A `test` block
    that is wrong is an error which leaves the program standing.

    ``stamps``: of each file the stamp of the content that was compiled; ``trials``: the `test` blocks;
    ``trees``: what was read, of a program that stands."""

    program: Program | None
    diagnostics: list[Diagnostic]
    settings: dict[str, object]
    problem: str
    stamps: dict[str, files.Stamp]
    trials: list[Trial] = field(default_factory=list)
    trees: list[File] = field(default_factory=list)


def compile_files(paths: list[str], *, look_for_files: bool = True) -> Compiled:
    """Compile rule files in the order they are asked. Raises files.Refused.

    Without ``look_for_files`` a list file that is missing is no error: see check.py."""
    sources: list[Source] = []
    stamps = {}
    problems: list[Diagnostic] = []
    for path in paths:
        data, stamps[path] = files.read(path)
        if len(data) > limits.RULES_BYTES:
            return _too_large(path, data, sources, stamps)
        source, found = _decoded(path, data)
        sources.append(source)
        problems += found
    return compile_sources(sources, problems, stamps, look_for_files=look_for_files)


def compile_sources(
    sources: list[Source],
    problems: list[Diagnostic] | None = None,
    stamps: dict[str, files.Stamp] | None = None,
    *,
    look_for_files: bool = True,
) -> Compiled:
    """Compile rule files already read; ``problems`` were found while reading them."""
    diagnostics = list(problems or [])
    trees = []
    for source in sources:
        tree, found = parse(source)
        trees.append(tree)
        diagnostics += found
    unread = any(problem.severity == "error" for problem in diagnostics)
    trials: list[Trial] = []
    program, found = check(trees, look_for_files=look_for_files, trials=trials)
    diagnostics += found
    order = {id(source): number for number, source in enumerate(sources)}
    diagnostics.sort(key=lambda problem: (order.get(id(problem.span.source), 0), problem.span.start))
    errors = [problem for problem in diagnostics if problem.severity == "error"]
    if unread or program is None:
        more = len(errors) - 1
        problem = short(errors[0]) + (f" (and {more} more: run `pyfilter check`)" if more > 0 else "")
        return Compiled(None, diagnostics, _settings(trees), problem, stamps or {})
    settings = program["settings"]
    assert isinstance(settings, dict)
    return Compiled(program, diagnostics, settings, "", stamps or {}, trials, trees)


def _too_large(path: str, data: bytes, before: list[Source], stamps: dict[str, files.Stamp]) -> Compiled:
    """A rule file past limits.RULES_BYTES: not read but for the settings, which stand at its beginning."""
    head, _ = _decoded(path, data[: data.rfind(b"\n", 0, _HEAD_BYTES) + 1])
    problem = Diagnostic(
        "E312",
        f"the rule file is larger than {limits.RULES_BYTES >> 20} MiB",
        Span(head, 0, 0),
        "",
        'move long lists into files of their own: `list NAME from "names.txt"`',
    )
    settings = _settings([parse(source)[0] for source in (*before, head)])
    return Compiled(None, [problem], settings, short(problem), stamps)


def _settings(trees: list[File]) -> dict[str, object]:
    """The settings of rules that do not check: each `set` that is right on its own, the rest defaults."""
    usable = []
    for tree in trees:
        for item in tree.items:
            if isinstance(item, Setting) and check([File(tree.source, (item,))])[0] is not None:
                usable.append(File(tree.source, (item,)))
    program, _ = check(usable)
    settings = (program or check([])[0] or {})["settings"]
    assert isinstance(settings, dict)
    return settings


def _decoded(path: str, data: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a rule file; UTF-8, else an error at the first byte that is not, and the rest as Latin-1."""
    name = _shown(path)
    try:
        text = data.decode("utf-8-sig")
        wrong = -1
    except UnicodeDecodeError as error:
        text = data.decode("latin-1")
        wrong = error.start
    # byte offsets are Latin-1 offsets; both line ends become one, before places are counted
    unified = text.replace("\r\n", "\n")
    source = Source(name, unified)
    if wrong < 0:
        return source, []
    at = wrong - text[:wrong].count("\r\n")
    return source, [
        Diagnostic(
            "E301",
            "the rule file is not UTF-8",
            Span(source, at, at + 1),
            f"byte 0x{data[wrong]:02x} is not part of a UTF-8 character",
            "save the file as UTF-8: `iconv -f ISO-8859-1 -t UTF-8`, or the encoding it was written in",
        )
    ]


def _shown(path: str) -> str:
    """``path`` as a user writes it: below the home directory with ``~``."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if home != "/" and path.startswith(home + "/") else path
