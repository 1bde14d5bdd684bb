"""docs/speed.md"""

from __future__ import annotations
from .results import Run


def part(run: Run) -> str:
    lines = []
    for case in run.cases:
        for who in run.contenders:
            if run.trouble(who, case) == "not measured":
                continue
            t = run.trouble(who, case)
            lines.append(
                f"{case:12} {who:14} "
                + (
                    f"INVALID {t}"
                    if t
                    else " ".join(
                        f"{f}={run.median(who, case, f):.2f}"
                        for f in run.rows[-1].figures
                        if run.median(who, case, f) is not None
                    )
                )
            )
        if case:
            lines.append(
                f"   cpu ratio {run.ratio(('pyfilter LMTP', case), ('Dovecot LMTP', case), 'cpu')} rate {run.ratio(('pyfilter LMTP', case), ('Dovecot LMTP', case), 'rate')}"
            )
    return "\n".join(lines)
