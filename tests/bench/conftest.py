"""What is timed runs when it is named, as `make bench` does, and not with all tests: a busy machine fails no build.

What runs beside the peers runs where they are installed; elsewhere it is no part of the suite, unless it is named.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .peers import PARTS
from .room import missing

HERE = Path(__file__).parent


def _needs_what_is_missing() -> bool:
    return bool(missing([program for _, programs, *_ in PARTS.values() for program in programs]))


# file -> whether it is left out unless it is named
LEFT_OUT = {HERE / "test_delivery_cpu.py": lambda: True, HERE / "test_peers.py": _needs_what_is_missing}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path not in LEFT_OUT:
        return None
    named = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    return None if collection_path in named or not LEFT_OUT[collection_path]() else True
