"""The shapes of the vocabulary's rows; the rows themselves stand in ``vocabulary.py``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartRow:
    """``.domain`` and its kin."""

    name: str
    kind: str
    doc: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """``example`` is a condition; ``asks``: its value does not stand in the message, the world is asked for it."""

    name: str
    kind: str
    doc: str
    example: str
    parts: tuple[str, ...] = ()
    asks: bool = False


@dataclass(frozen=True, slots=True)
class RelationRow:
    """``kinds``: of the fields it fits."""

    word: str
    kinds: frozenset[str]
    doc: str
    example: str


@dataclass(frozen=True, slots=True)
class ActionRow:
    """``ends``: takes the message and ends the filtering; ``continuable``: takes `and continue`;
    ``stops``: ends the filtering without taking the message."""

    verb: str
    doc: str
    example: str
    ends: bool = False
    continuable: bool = True
    stops: bool = False


@dataclass(frozen=True, slots=True)
class SettingRow:
    """``kind``: path, choice, yes-no, duration, bytes, number, address, mailbox, text, texts; ``default`` as it
    stands in the Program; ``unset`` says what None means."""

    name: str
    kind: str
    default: str | bool | int | None
    doc: str
    example: str
    choices: tuple[str, ...] = ()
    unset: str = "none"


@dataclass(frozen=True, slots=True)
class StatementRow:
    """``example`` is a whole rule file."""

    word: str
    doc: str
    example: str


@dataclass(frozen=True, slots=True)
class FlagRow:
    word: str
    letter: str  # of a Maildir file name's `:2,` part (maildir(5))
    doc: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    words: tuple[str, ...]
    kind: str  # bytes or seconds
    factor: int
