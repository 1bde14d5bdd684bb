"""The command ``pyfilter``. ``pyfilter deliver`` comes first and imports nothing of the other commands."""

from __future__ import annotations

import sys


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] == ["deliver"] and not {"-h", "--help"} & set(arguments):
        from pyfilter.mda import main as deliver

        return deliver(arguments[1:])
    from pyfilter.cli.main import main as command

    return command(arguments)


if __name__ == "__main__":
    sys.exit(main())
