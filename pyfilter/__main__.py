"""The command ``pyfilter``. ``pyfilter deliver`` comes first and imports nothing of the other commands.

It sets the limits that a delivery has from the launcher otherwise: launcher/limits.c says why they are soft ones.
"""

from __future__ import annotations

import sys


def main() -> int:
    arguments = sys.argv[1:]
    # only alone: a sender chooses the extension, and mails user+--help
    if arguments[:1] == ["deliver"] and arguments[1:] not in (["-h"], ["--help"]):
        from pyfilter.mda import main as deliver

        _limit()
        return deliver(arguments[1:])
    from pyfilter.cli.main import main as command

    return command(arguments)


def _limit() -> None:
    import resource

    from pyfilter import limits
    from pyfilter.bounds import lower

    lower(
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits.CPU_SECONDS),
        (resource.RLIMIT_AS, limits.MEMORY_BYTES),
    )


if __name__ == "__main__":
    sys.exit(main())
