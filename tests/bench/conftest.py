"""What is timed runs when it is named, as `make bench` does, and not with all tests: a busy machine fails no build."""

from __future__ import annotations

from pathlib import Path

import pytest

TIMED = Path(__file__).with_name("test_delivery_cpu.py")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path != TIMED:
        return None
    named = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    return None if TIMED in named else True
