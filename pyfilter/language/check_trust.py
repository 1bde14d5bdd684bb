"""What others say of a sender is believed only of those whom the user trusts: is it said who that is?

`dkim`, `spf` and `dmarc` are read from Authentication-Results, which anybody can write. Without `set
trusted-authserv` nobody's count, and the fields would be absent for ever.
"""

from __future__ import annotations

from pyfilter.language.check_report import Report
from pyfilter.language.tree import Span

__all__ = ["report_trust"]


def report_trust(used: dict[str, Span], settings: dict[str, object], report: Report) -> None:
    """``used``: field, or verb, -> where the rules use it first."""
    if settings["trusted-authserv"]:
        return
    for name in ("dkim", "spf", "dmarc"):
        if name not in used or (name == "dkim" and "verify" in used and not _above(used[name], used["verify"])):
            continue
        help = (
            'name the server that writes them: `set trusted-authserv = "mx.example.org"`,\n'
            "the first word of its Authentication-Results lines"
        )
        if name == "dkim":
            help += ";\nwhere there is none: `verify dkim` as an action of a rule above this one"
        report.add("E224", f"whose word on `{name}` counts?", used[name], "anybody can write such results", help)


def _above(one: Span, other: Span) -> bool:
    return one.source is other.source and one.start < other.start
