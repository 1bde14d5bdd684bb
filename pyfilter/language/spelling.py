"""Slips of the pen: is one name another with a letter wrong?"""

from __future__ import annotations

__all__ = ["SHORTEST", "slip"]

# characters; among shorter names nearly everything is a letter away from something
SHORTEST = 4


def slip(one: str, other: str) -> bool:
    """Whether one letter too many, too few, wrong, or two exchanged make ``other`` of ``one``."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, wanted = one[start:], other[start:]
    return (
        rest[1:] == wanted[1:]
        or rest[1:] == wanted
        or rest == wanted[1:]
        or (rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:])
    )
