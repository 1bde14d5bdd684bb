"""Rule files to a Program: read, parse, check, all problems in one run.

The cold half of loading.py, and what ``pyfilter check`` and the library call. Where the rules do not
check, the settings that could be read are still worked out: mail that no rule can file
must lie in the Maildir its owner looks into.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyfilter import limits
from pyfilter.language import files
from pyfilter.language.check import check
from pyfilter.language.decoding import decoded
from pyfilter.language.diagnostics import Diagnostic, short
from pyfilter.language.includes import Includes
from pyfilter.language.parse import parse
from pyfilter.language.program import Program
from pyfilter.language.tree import File, Setting, Source, Span
from pyfilter.language.trials import Trial

# bytes of a file too large that are read for its settings
_HEAD_BYTES = 64 << 10

__all__ = ["Compiled", "compile_files", "compile_sources", "too_large"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """``program`` None if the rules do not check; ``problem`` then names the first error in one line. A `test` block
    that is wrong is an error which leaves the program standing.

    ``stamps``: of each file the stamp of the content that was compiled; ``included``: of each file that they include,
    None of one that is missing; ``listed``: of each pattern of `include` the names it stood for; ``trials``: the `test`
    blocks; ``trees``: what was read, of a program that stands, with what is included in its place.

    Of rules that do not check ``remedy``: what the first error says can be done, may be empty; ``stated``: the names of
    the settings that are right."""

    program: Program | None
    diagnostics: list[Diagnostic]
    settings: dict[str, object]
    problem: str
    stamps: dict[str, files.Stamp]
    trials: list[Trial] = field(default_factory=list)
    trees: list[File] = field(default_factory=list)
    included: dict[str, files.Stamp | None] = field(default_factory=dict)
    listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remedy: str = ""
    stated: frozenset[str] = frozenset()


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
        source, found = decoded(path, data)
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
    """Compile rule files already read; ``problems`` were found while reading them. What they include is read from
    disk. Raises files.Refused."""
    diagnostics = list(problems or [])
    trees: list[File] = []
    includes = Includes()
    for source in sources:
        tree, found = parse(source)
        trees += includes.expanded(tree)
        diagnostics += found
    diagnostics += includes.problems
    unread = any(problem.severity == "error" for problem in diagnostics)
    trials: list[Trial] = []
    program, found = check(trees, look_for_files=look_for_files, trials=trials)
    diagnostics += found
    order: dict[int, int] = {}
    for tree in trees:
        order.setdefault(id(tree.source), len(order))
    diagnostics.sort(key=lambda problem: (order.get(id(problem.span.source), 0), problem.span.start))
    errors = [problem for problem in diagnostics if problem.severity == "error"]
    settings: object
    remedy, stated = "", frozenset[str]()
    if unread or program is None:
        more = len(errors) - 1
        problem = short(errors[0]) + (f" (and {more} more: run `pyfilter check`)" if more > 0 else "")
        remedy = errors[0].help
        settings, stated = _settings(trees)
        trials, trees, program = [], [], None
    else:
        problem = ""
        settings = program["settings"]
    assert isinstance(settings, dict)
    return Compiled(
        program,
        diagnostics,
        settings,
        problem,
        stamps or {},
        trials,
        trees,
        includes.stamps,
        includes.listed,
        remedy,
        stated,
    )


def too_large(source: Source) -> Diagnostic:
    """What is told of a rule file past limits.RULES_BYTES."""
    return Diagnostic(
        "E312",
        f"the rule file is larger than {limits.RULES_BYTES >> 20} MiB",
        Span(source, 0, 0),
        "",
        'move long lists into files of their own: `list NAME from "names.txt"`',
    )


def _too_large(path: str, data: bytes, before: list[Source], stamps: dict[str, files.Stamp]) -> Compiled:
    """A rule file past limits.RULES_BYTES: not read but for the settings, which stand at its beginning."""
    head, _ = decoded(path, data[: data.rfind(b"\n", 0, _HEAD_BYTES) + 1])
    problem = too_large(head)
    includes = Includes()
    settings, stated = _settings([tree for source in (*before, head) for tree in includes.expanded(parse(source)[0])])
    return Compiled(
        None,
        [problem],
        settings,
        short(problem),
        stamps,
        included=includes.stamps,
        listed=includes.listed,
        remedy=problem.help,
        stated=stated,
    )


def _settings(trees: list[File]) -> tuple[dict[str, object], frozenset[str]]:
    """The settings of rules that do not check: each `set` that is right on its own, the rest defaults; and the names
    of the former."""
    usable = []
    names = []
    for tree in trees:
        for item in tree.items:
            if isinstance(item, Setting) and check([File(tree.source, (item,))])[0] is not None:
                usable.append(File(tree.source, (item,)))
                names.append(item.name.name)
    program, _ = check(usable)
    settings = (program or check([])[0] or {})["settings"]
    assert isinstance(settings, dict)
    return settings, frozenset(names if program is not None else ())
