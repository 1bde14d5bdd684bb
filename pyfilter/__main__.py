"""The command ``pyfilter``. ``pyfilter deliver`` comes first and imports nothing of the other commands."""

from __future__ import annotations

import sys


def main() -> int:
    arguments = sys.argv[1:]
    # only alone: a sender chooses the extension, and mails user+--help
    if arguments[:1] == ["deliver"] and arguments[1:] not in (["-h"], ["--help"]):
        from pyfilter.mda import main as deliver

        return deliver(arguments[1:])
    from pyfilter.cli.main import main as command

    return command(arguments)


if __name__ == "__main__":
    sys.exit(main())
