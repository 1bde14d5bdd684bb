"""The codes E1xx: what cannot be read as the rule language. See codes.py."""

from __future__ import annotations

CODES_SYNTAX: dict[str, tuple[str, str]] = {}
