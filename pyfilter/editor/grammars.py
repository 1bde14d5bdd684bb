"""The grammars that editors colour rule files by, made from the vocabulary table.

    python -m pyfilter.editor.grammars        # writes them into examples/editors/, after a change of the table

A test holds that the committed files are what this makes.
"""

from __future__ import annotations

import json
from pathlib import Path

from pyfilter.editor.textmate import textmate
from pyfilter.editor.vim import vim

__all__ = ["grammars"]


def grammars() -> dict[str, str]:
    """Path below `examples/editors/` -> what stands there."""
    return {
        "vscode/syntaxes/pyfilter.tmLanguage.json": json.dumps(textmate(), indent=2) + "\n",
        "vim/syntax/pyfilter.vim": vim(),
    }


if __name__ == "__main__":
    for name, text in grammars().items():
        path = Path("examples", "editors") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
