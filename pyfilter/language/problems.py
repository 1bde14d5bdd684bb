"""docs/problems.md: what each code of ``pyfilter check`` means, made from the one catalogue (codes.py).

``python -m pyfilter.language.problems > docs/problems.md`` writes it anew; a test holds it.
"""

from __future__ import annotations

import sys

from pyfilter.language.codes import CODES

__all__ = ["document"]

_HEAD = """\
# Problems, by their code

What `pyfilter check` says bears a code; `pyfilter explain CODE` prints what stands here. An `E` is an error: the rules
do not check, or a test of theirs fails. A `W` is a warning.

"""


def document() -> str:
    """The whole document."""
    return _HEAD + "\n".join(_section(code, *CODES[code]) for code in sorted(CODES))


def _section(code: str, title: str, text: str) -> str:
    return f"## {code}: {title}\n\n{text}\n"


if __name__ == "__main__":
    sys.stdout.write(document())
