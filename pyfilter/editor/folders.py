"""Folders that can be named in a rule: those of the user's Maildir, and those other rules name."""

from __future__ import annotations

import os

from pyfilter.delivery.folders import decode_name
from pyfilter.editor.nodes import below
from pyfilter.editor.reading import Reading
from pyfilter.language.tree import Place, Setting, Text, Word
from pyfilter.language.vocabulary import SETTINGS

__all__ = ["in_maildir", "in_rules"]

# directories looked at; a Maildir of more has a name for every letter typed anyway
_MOST = 5000


def in_maildir(readings: list[Reading], home: str) -> list[str]:
    """The folders that exist, as a mail client shows them. Empty where there is no Maildir."""
    maildir = _path(_setting(readings, "maildir"), home)
    if _setting(readings, "layout") == "fs":
        return sorted(_below(maildir))
    found = []
    for name in _names(maildir):
        if name.startswith(b".") and os.path.isdir(os.path.join(maildir, os.fsdecode(name), "cur")):
            try:
                found.append("/".join(decode_name(part) for part in name[1:].split(b".")))
            except ValueError:
                continue  # of another program, or a name that no rule can have
    return sorted(found)


def _below(maildir: str) -> list[str]:
    """Layout `fs`: directories in directories."""
    found: list[str] = []
    waiting = [""]
    while waiting and len(found) < _MOST:
        folder = waiting.pop()
        for raw in _names(os.path.join(maildir, folder)):
            name = os.fsdecode(raw)
            inside = os.path.join(folder, name)
            if not name.startswith(".") and os.path.isdir(os.path.join(maildir, inside, "cur")):
                found.append(inside)
                waiting.append(inside)
    return found


def _names(directory: str) -> list[bytes]:
    try:
        return os.listdir(os.fsencode(directory))[:_MOST]
    except (OSError, ValueError):
        return []


def _path(written: str, home: str) -> str:
    return os.path.join(home, written[2:]) if written.startswith("~/") else written


def _setting(readings: list[Reading], name: str) -> str:
    for reading in reversed(readings):
        for item in reversed(reading.items):
            if isinstance(item, Setting) and item.name.name == name and item.values:
                value = item.values[0]
                if isinstance(value, Text):
                    return value.plain
                if isinstance(value, Word):
                    return value.name
    return str(SETTINGS[name].default)


def in_rules(readings: list[Reading]) -> list[str]:
    """The folders that are written out somewhere, in order of appearance."""
    found = (
        node.text.plain
        for reading in readings
        for item in reading.items
        for node in below(item)
        if isinstance(node, Place) and node.kind == "folder" and node.text is not None and not node.text.holes
    )
    return list(dict.fromkeys(name for name in found if name))
