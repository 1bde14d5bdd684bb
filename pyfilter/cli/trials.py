"""``pyfilter test`` without mail: the `test` blocks of the rules.

One line a test; of one that fails what came instead, and why. ``--explain``: of each test every rule that was asked.
``--json``: one object a line and test, nothing else on standard output:

    {"test": "a cron mail", "file": "/home/ann/.pyfilterrc", "line": 30, "passed": false,
     "failures": [as of `pyfilter check --output json`], and of the plan what is said of a message}
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pyfilter.cli.status import AMISS, DONE, FAILED
from pyfilter.cli.terminal import complain, has_colour, json_line, paint, visible, visible_lines

if TYPE_CHECKING:
    from pyfilter import Rules
    from pyfilter.trials import Tried

__all__ = ["placed", "report", "tally"]


def report(rules: Rules, *, explain: bool, as_lines: bool) -> int:
    """Run the tests and print what came of them; the exit status."""
    from pyfilter.language.diagnostics import render

    wrong = [problem for problem in rules.diagnostics if problem.severity == "error"]  # tests that cannot be run
    for problem in wrong:
        complain(render(problem, has_colour(sys.stderr)) + "\n")
    tried = rules.test()
    for one in tried:
        if as_lines:
            print(json_line(_as_json(one, explain)))
        else:
            _print(one, explain)
    if not tried and not wrong:
        complain(
            f"pyfilter: there is no `test` block in {visible(', '.join(rules.files))}; "
            "name mail to test: a message, an mbox, a Maildir or another directory, or `-` for standard input"
        )
        return FAILED
    if not as_lines:
        print(tally(tried))
    return AMISS if wrong or any(one.problems for one in tried) else DONE


def tally(tried: list[Tried]) -> str:
    """``2 tests passed, 1 failed``; empty if there are none."""
    failed = sum(bool(one.problems) for one in tried)
    passed = len(tried) - failed
    words = [f"{passed} test{'' if passed == 1 else 's'} passed"] if passed or not failed else []
    words += [f"{failed} {'' if words else 'test ' if failed == 1 else 'tests '}failed"] if failed else []
    return ", ".join(words) if tried else ""


def _print(one: Tried, explain: bool) -> None:
    from pyfilter.engine.trace import explain as explained
    from pyfilter.language.diagnostics import render

    mark = paint("failed", "red") if one.problems else paint("passed", "green")
    print(f"{mark}  {visible(one.trial.name)}")
    for problem in one.problems:
        print("\n" + render(problem, has_colour(sys.stdout)) + "\n")
    if explain:
        print(visible_lines(explained(one.plan)) + "\n")


def _as_json(one: Tried, explain: bool) -> dict[str, Any]:
    from pyfilter.archive.report import plan_as_json
    from pyfilter.language.diagnostics import as_json

    told = plan_as_json(one.plan)
    if not explain:
        del told["trace"]
    return {
        "test": one.trial.name,
        "file": os.path.expanduser(one.trial.span.source.name),
        "line": one.trial.span.line,
        "passed": not one.problems,
        "failures": [placed(as_json(problem)) for problem in one.problems],
        **told,
    }


def placed(row: dict[str, Any]) -> dict[str, Any]:
    """A diagnostic with whole paths: programs, like editors, do not know ``~``."""
    for place in (row, *row["notes"]):
        place["file"] = os.path.expanduser(place["file"])
    return row
