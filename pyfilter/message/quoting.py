"""Quoted strings and comments (RFC 5322, sections 3.2.1, 3.2.2 and 3.2.4).

In: a text and the place behind an opening ``"`` or ``(``. Out: the place of the one that
closes it, -1 if none does. A character here may be a byte (latin-1): nothing is decoded.

Limit: COMMENT_DEPTH. Errors: Unreadable, past it. Time: linear.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message.headers import Unreadable

__all__ = ["comment_end", "quoted_end", "unescaped"]


def quoted_end(text: str, at: int) -> int:
    """Where the quoted string that was opened before ``at`` closes; -1 if it does not."""
    while True:
        end = text.find('"', at)
        escape = text.find("\\", at, max(end, at))  # no further: the text may hold many strings
        while 0 <= escape < end - 1:
            escape = text.find("\\", escape + 2, end)
        if escape < 0 or end < 0:
            return end
        at = end + 1  # the backslash is this quote's


def comment_end(text: str, at: int) -> int:
    """Where the comment that was opened before ``at`` closes; -1 if it does not."""
    depth = 1
    size = len(text)
    while at < size:
        character = text[at]
        if character == "\\":
            at += 1
        elif character == "(":
            depth += 1
            if depth > limits.COMMENT_DEPTH:
                raise Unreadable(f"comments in an address are nested more than {limits.COMMENT_DEPTH} deep")
        elif character == ")":
            depth -= 1
            if not depth:
                return at
        at += 1
    return -1


def unescaped(text: str) -> str:
    """Quoted pairs taken for what they stand for (RFC 5322, section 3.2.1)."""
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    return "\\".join([part.replace("\\", "") for part in parts])
