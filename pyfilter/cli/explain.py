"""``pyfilter explain CODE…``: what a diagnostic means, with rules that are right.

The texts are those of language/codes.py. Without a code: all of them, one line each.
"""

from __future__ import annotations

from difflib import get_close_matches

import click

from pyfilter.cli.status import DONE, FAILED
from pyfilter.cli.terminal import complain, paint, visible

HELP = """Explain what `pyfilter check` says by its code.

Codes that begin with E are errors, with W warnings. Without CODE all are listed.

\b
Examples:
  pyfilter explain E201
  pyfilter explain                 all codes, one line each
  pyfilter explain | grep header

Ends with 0; with 2 if there is no such code.
"""


@click.command(name="explain", help=HELP, short_help="Explain what `check` says by its code.")
@click.argument("codes", metavar="[CODE]...", nargs=-1)
def command(codes: tuple[str, ...]) -> int:
    from pyfilter.language.codes import CODES

    if not codes:
        for code, (title, _) in sorted(CODES.items()):
            print(f"{code}  {title}")
        return DONE
    wanted = [code.removeprefix("error").removeprefix("warning").strip("[]:").upper() for code in codes]
    unknown = [code for code in wanted if code not in CODES]
    for code in unknown:
        meant = get_close_matches(code, CODES, 1)
        hint = f"did you mean {meant[0]}?" if meant else "`pyfilter explain` lists them"
        complain(f"pyfilter explain: there is no code {visible(code)}: {hint}")
    shown = [f"{paint(f'{code}: {CODES[code][0]}', 'bold')}\n\n{CODES[code][1]}" for code in wanted if code in CODES]
    if shown:
        print("\n\n".join(shown))
    return FAILED if unknown else DONE
