"""Folders that can be named in a rule: those of the user's Maildir, and those other rules name."""

from __future__ import annotations

import os

from pyfilter.delivery.existing import existing
from pyfilter.editor.reading import Reading
from pyfilter.language.tree import Place, Setting, Text, Word
from pyfilter.language.vocabulary import SETTINGS
from pyfilter.language.walking import below

__all__ = ["in_maildir", "in_rules"]


def in_maildir(readings: list[Reading], home: str) -> list[str]:
    """The folders that exist, as a mail client shows them. Empty where there is no Maildir."""
    maildir, layout = _setting(readings, "maildir"), _setting(readings, "layout")
    return existing(os.fsencode(_path(maildir, home)), layout) if "\0" not in maildir else []


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
