"""The checker: parsed rule files to the Program, or all that is wrong with them.

In: the files in the order they are asked (/etc/pyfilterrc, then the user's), with what they include in its place
(includes.py): of one source there may be several pieces.
Names are shared between them; the settings of a later file win. Out: the
Program (None if anything is an error) and the diagnostics, sorted by place.
Never raises for anything that parsed.

The words are judged by the vocabulary table; each ``check_*.py`` judges one
family of them and makes its piece of the Program in the same walk. What was
reported once is not reported again for its consequences.

``home`` stands for `~`; None for the home of the user who runs this. A list's
file is looked for next to the rule file (``Source.name``), and one that cannot
be read is an error, unless ``look_for_files`` is False: a delivery goes on
with a missing list, whose test is then unknown.

`test` blocks that are right are added to ``trials``; nobody runs them here. What is wrong with one is an error
too, but the Program stands: a test is no reason to leave mail unfiltered.
"""

from __future__ import annotations

from pyfilter.language.check_actions import Actions
from pyfilter.language.check_conditions import Conditions
from pyfilter.language.check_lists import Lists
from pyfilter.language.check_names import Names, collect
from pyfilter.language.check_programs import report_programs
from pyfilter.language.check_report import Report
from pyfilter.language.check_rules import Rules
from pyfilter.language.check_settings import Settings
from pyfilter.language.check_shadows import report_shadows, report_takers
from pyfilter.language.check_tests import Excerpts, Tests
from pyfilter.language.check_texts import Lowered, Scope, Texts
from pyfilter.language.check_trials import Trials
from pyfilter.language.check_trust import report_trust
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.lower import program
from pyfilter.language.program import Program
from pyfilter.language.tree import Action, Broken, File, Item, Rule, TestBlock, When
from pyfilter.language.trials import Trial

__all__ = ["check"]


def check(
    files: list[File],
    *,
    home: str | None = None,
    look_for_files: bool = True,
    trials: list[Trial] | None = None,
) -> tuple[Program | None, list[Diagnostic]]:
    report = Report()
    names = collect(files, report)
    texts = Texts(names, report, home, look_for_files)
    texts.check_lets()
    excerpts = Excerpts()
    numbers: dict[int, int] = {}
    for file in files:
        numbers.setdefault(id(file.source), len(numbers))
    conditions = Conditions(Tests(names, texts, excerpts, report), report)
    settings = Settings(texts, report).settings(files)
    rules = Rules(conditions, Actions(texts, report, str(settings["layout"])), names, numbers, report)
    lists = Lists(texts, report, home, look_for_files).lists(files)
    nodes: list[Rule] = []
    lowered: list[Lowered] = []
    for file in files:
        for item, made in rules.rules(file.items, Scope()):
            if isinstance(item, Rule):
                nodes.append(item)
                if made is not None:
                    lowered.append(made)
        _homeless(file, rules)
    report_takers(nodes, rules.sequences, report)
    report_trust(names.used, settings, report)
    report_programs(texts, settings)
    if not report.failed:
        report_shadows(nodes, lowered, lists, rules.sequences, report)
    aside = Report()
    made_trials = _trials(files, lowered, names, str(settings["layout"]), aside)
    if trials is not None:
        trials += made_trials
    diagnostics = report.sorted(list(numbers), aside)
    if report.failed:
        return None, diagnostics
    made_program = program(
        settings=settings,
        files=tuple({id(file.source): file.source.name for file in files}.values()),
        lists=lists,
        rules=lowered,
        excerpts=excerpts.lines,
        remembers="duplicate" in names.used,
    )
    return made_program, diagnostics


def _trials(files: list[File], rules: list[Lowered], names: Names, layout: str, report: Report) -> list[Trial]:
    texts = Texts(names, report)
    judge = Trials(rules, Tests(names, texts, Excerpts(), report), Actions(texts, report, layout), texts, report)
    made = [judge.trial(item) for file in files for item in file.items if isinstance(item, TestBlock)]
    return [trial for trial in made if trial is not None]


def _homeless(file: File, rules: Rules) -> None:
    """Conditions and actions outside of rules: the first of each run is reported, the rest belongs to it."""
    before: Item | None = None
    for item in file.items:
        if isinstance(item, When | Action) and not isinstance(before, When | Action | Broken):
            rules.homeless(item)
        before = item
