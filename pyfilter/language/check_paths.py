"""Paths in rule files: of a file beside the rules, of a mailbox outside of the Maildir.

``beside`` makes a path absolute, ``unusable`` says why a file cannot be read. ``mailbox_path`` judges what stands
behind `mbox` and `mh`: a path from `/` or `~/` on, written out but for holes, each a part of one name; what a hole
brings is cleaned by the engine (engine/holes.py).
"""

from __future__ import annotations

import os

from pyfilter import limits
from pyfilter.language.check_report import Report
from pyfilter.language.check_texts import Template
from pyfilter.language.tree import Source, Span

__all__ = ["beside", "mailbox_path", "unusable"]


def beside(written: str, source: Source, home: str | None) -> str:
    """Absolute; a relative path starts at the rule file's directory."""
    directory = os.path.dirname(_expanded(source.name, home))
    return os.path.abspath(os.path.join(directory, _expanded(written, home)))


def _expanded(path: str, home: str | None) -> str:
    if home is not None and (path == "~" or path.startswith("~/")):
        return home + path[1:]
    return os.path.expanduser(path)


def unusable(path: str, most: int) -> str:
    """Why the file cannot be read, or has more than ``most`` bytes; empty if it can."""
    try:
        size = os.stat(path).st_size
    except (OSError, ValueError) as error:
        return (getattr(error, "strerror", None) or "the path is none").lower()
    if not os.path.isfile(path):
        return "it is not a file"
    if not os.access(path, os.R_OK):
        return "permission denied"
    return f"it is larger than {most >> 10} KiB" if size > most else ""


def mailbox_path(format: str, template: Template, span: Span, report: Report) -> Template | None:
    """The path of an mbox or an MH directory; None where something was reported."""
    parts = (template,) if isinstance(template, str) else template
    first = parts[0] if parts and isinstance(parts[0], str) else ""
    shown = "".join(part if isinstance(part, str) else f"{{{part[1]}}}" for part in parts)
    for wrong, label, help in (
        (not shown.strip(), "an empty path", f'write `file into {format} "~/…"`'),
        ("$" in first, "`$` stands for itself: there are no variables", "write it out"),
        (
            not first.startswith(("/", "~/")),
            "it depends on where the delivery runs",
            f'begin it with `~/` or `/`: `"~/{shown.lstrip("~")}"`',
        ),
        (any(not character.isprintable() for character in shown), "a path has no control characters", ""),
        (shown.endswith("/"), "it ends with `/`", f'leave it out: `"{shown.rstrip("/") or "~/mail"}"`'),
        ("//" in shown, "two `/` follow each other", "leave one out"),
        (_climbs(shown), "a part of it is `.` or `..`", "write the path without it"),
        (
            any(len(name.encode("utf-8", "replace")) > limits.COMPONENT_BYTES for name in shown.split("/")),
            "a part of it is too long",
            f"a file system takes {limits.COMPONENT_BYTES} bytes",
        ),
    ):
        if wrong:
            report.add("E348", f"`{format}` wants the path of a mailbox", span, label, help)
            return None
    return template


def _climbs(path: str) -> bool:
    return any(name in (".", "..") for name in path.split("/"))
