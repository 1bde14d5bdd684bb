"""What a target begins with: its own seeds, and values of real mail from ../shared/corpus/mail where it is, never kept
here.

    python -m tests.fuzz.seeds TARGET

examines each of them once, without a fuzzer: what it found one day, and became a seed, stays found.
"""

from __future__ import annotations

import sys
from importlib import import_module
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


def main() -> None:
    target = import_module(f".targets.{sys.argv[1]}", __package__)
    seeds = [*target.SEEDS, *of_real_mail(target.FIELDS, target.LONGEST)]
    for seed in seeds:
        try:
            target.examine(seed)
        except Exception as error:
            raise SystemExit(f"{sys.argv[1]}: {type(error).__name__}: {error}\n{seed!r}") from error
    print(f"{sys.argv[1]}: {len(seeds)} seeds, all promises kept")


if __name__ == "__main__":
    main()
