"""Values of real mail for a target to begin with, read from ../shared/corpus/mail where it is; never kept here."""

from __future__ import annotations

from pathlib import Path
from random import Random

from pyfilter.message.message import Message

__all__ = ["of_real_mail"]

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
FILES = 1500
MOST = 300


def of_real_mail(fields: tuple[str, ...], longest: int) -> list[bytes]:
    """Different values of these fields, each ``longest`` bytes at most; "*": messages."""
    if not fields or not CORPUS.is_dir():
        return []
    paths = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".tsv")
    found: dict[bytes, None] = {}
    for path in Random(1).sample(paths, min(FILES, len(paths))):
        data = path.read_bytes()
        if "*" in fields:
            found[data[:longest]] = None
            continue
        message = Message.from_bytes(data[: 64 << 10])
        for field in message.fields:
            if field.name in fields:
                found[message.raw[field.value : field.end].strip()[:longest]] = None
    return list(found)[:MOST]
