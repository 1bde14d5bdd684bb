"""The codes E2xx and W3xx: what the checker finds. See codes.py."""

from __future__ import annotations

CODES_CHECK: dict[str, tuple[str, str]] = {}
