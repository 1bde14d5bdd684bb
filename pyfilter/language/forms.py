"""The two forms in which texts are compared.

``fold``: case-insensitive, Unicode casefold and NFC (Unicode, D145; UAX 15).
``plain``: NFC alone, after ``exactly``. Both are idempotent. Rules and messages
use the same two functions, so that é typed on one system meets é sent by another.

Unicode lets any number of accents follow a letter, and to put n of them in order takes the interpreter
n * n steps: six seconds for 128 kB. So accents beyond ACCENTS are parted, as UAX 15, section 13 (the
Stream-Safe Text Process) has it, before a text is normalised.
"""

from __future__ import annotations

# accents in a row, of the canonical decomposition (UAX15-D3); no language has more than a handful
ACCENTS = 30
# in any row of this many characters or fewer there are no more: none is a letter for more than three
_FEW = 7
# COMBINING GRAPHEME JOINER, which is no accent and looks like nothing
_JOINER = "\u034f"


def plain(text: str) -> str:
    """``text`` in NFC."""
    if text.isascii():
        return text
    from unicodedata import normalize  # only for the mail that needs it

    return normalize("NFC", _parted(text))


def fold(text: str) -> str:
    """``text`` without regard to case."""
    if text.isascii():
        return text.lower()
    from unicodedata import normalize

    folded = normalize("NFC", normalize("NFC", _parted(text)).casefold())
    # casefold of a composed letter may need a second round (Unicode 3.13, D145)
    while (again := normalize("NFC", folded.casefold())) != folded:
        folded = again
    return folded


def _parted(text: str) -> str:
    """``text`` with a joiner within every row of more than ACCENTS accents."""
    if len(text) <= _FEW:
        return text
    from unicodedata import combining, normalize

    row = 0
    for character in text:
        row = row + 1 if combining(character) else 0
        if row > _FEW:
            break
    else:
        return text
    parts: list[str] = []
    seen: dict[str, tuple[bool, int]] = {}  # character: has it no letter? its accents, behind its letter
    row = behind = 0  # the last joiner
    for place, character in enumerate(text):
        found = seen.get(character)
        if found is None:
            accents = [bool(combining(part)) for part in normalize("NFD", character)]
            whole = all(accents)
            found = seen[character] = whole, len(accents) if whole else accents[::-1].index(False)
        alone, accents_in = found
        row = row + accents_in if alone else accents_in
        if row > ACCENTS:
            parts.append(text[behind:place])
            behind = place
            row = accents_in
    return _JOINER.join([*parts, text[behind:]])
