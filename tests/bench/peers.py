"""pyfilter beside the programs that mail is delivered by elsewhere, in one run on one machine.

    python -m tests.bench.peers [PART…] [--rounds N] [--messages N] [--case NAME]… [--pyfilter DIRECTORY]

As root. PART is one of those below, all without it. A part prints its table and keeps it in build/bench; page.py makes
docs/speed.md of what is kept there. ``--pyfilter`` names the directory of the programs of another installation, which
everybody must be able to read; else it is the one that runs this.
"""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path

from . import large, lmtp, one_shot, page, room, servers, through_postfix
from .results import Run

# part -> (what it is measured by, what it needs, rounds, messages)
PARTS = {
    "lmtp": (lmtp.measure, lmtp.PROGRAMS, lmtp.CASES, 5, 1000),
    "one-shot": (one_shot.measure, one_shot.PROGRAMS, tuple(one_shot.CASES), 5, 60),
    "postfix": (through_postfix.measure, through_postfix.PROGRAMS, through_postfix.CASES, 5, 300),
    "large": (large.measure, large.PROGRAMS, tuple(large.CASES), 3, 3),
}


def main(words: list[str]) -> int:
    options = _options(words)
    servers.Pyfilter.installation = Path(options.pyfilter).absolute()
    for name in options.part or PARTS:
        measure, programs, cases, rounds, messages = PARTS[name]
        pyfilter = [(str(servers.Pyfilter.installation / "pyfilter"), "pyfilter")]
        if problem := room.missing([*programs, *pyfilter]):
            print(f"{name}: {problem}", file=sys.stderr)
            return 2
        rounds, messages = options.rounds or rounds, options.messages or messages
        run = Run(name, {"rounds": rounds, "messages": messages})
        with room.Room() as place:
            measure(place, run, rounds, messages, [case for case in cases if not options.case or case in options.case])
        run.save()
        print(page.section(name, run))
    return 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description="pyfilter beside its peers")
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help=f"{', '.join(PARTS)}; all without it")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--messages", type=int, help="in each round")
    parser.add_argument("--case", action="append", help="this set of rules alone; may be given again")
    parser.add_argument("--pyfilter", default=sysconfig.get_path("scripts"), help="directory of the programs")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
