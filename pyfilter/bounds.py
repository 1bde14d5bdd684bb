"""What a process of pyfilter's own may take of the machine. Soft limits, never above those that are there:
launcher/limits.c says why. One that cannot be set is left out: mail is delivered without a net, too.

Source: setrlimit(2).
"""

from __future__ import annotations

import resource

__all__ = ["lower"]


def lower(*bounds: tuple[int, int]) -> None:
    """Of each: which resource (``resource.RLIMIT_…``), and how much of it at most."""
    for what, most in bounds:
        soft, hard = resource.getrlimit(what)
        if soft == resource.RLIM_INFINITY or soft > most:
            try:
                resource.setrlimit(what, (most, hard))
            except (OSError, ValueError):
                continue
