"""The bytes of a rule file as a Source: UTF-8, with the line ends of Unix, named as a user writes its path."""

from __future__ import annotations

import os

from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.tree import Source, Span

__all__ = ["decoded", "shown"]


def decoded(path: str, data: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a rule file; UTF-8, else an error at the first byte that is not, and the rest as Latin-1."""
    name = shown(path)
    try:
        text = data.decode("utf-8-sig")
        wrong = -1
    except UnicodeDecodeError as error:
        text = data.decode("latin-1")
        wrong = error.start
    # byte offsets are Latin-1 offsets; both line ends become one, before places are counted
    unified = text.replace("\r\n", "\n")
    source = Source(name, unified)
    if wrong < 0:
        return source, []
    at = wrong - text[:wrong].count("\r\n")
    return source, [
        Diagnostic(
            "E301",
            "the rule file is not UTF-8",
            Span(source, at, at + 1),
            f"byte 0x{data[wrong]:02x} is not part of a UTF-8 character",
            "save the file as UTF-8: `iconv -f ISO-8859-1 -t UTF-8`, or the encoding it was written in",
        )
    ]


def shown(path: str) -> str:
    """``path`` as a user writes it: below the home directory with ``~``."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if home != "/" and path.startswith(home + "/") else path
