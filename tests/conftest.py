"""What tests of several directories share: a real Redis, and state that lies in files or there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pyfilter.services import shared

from .services.real_redis import Redis, missing


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    if why := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    server = Redis()
    yield server
    server.close()


@pytest.fixture(params=["files", "redis"])
def everywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A test that has it runs with state in files, and with state in Redis."""
    if request.param == "redis":
        address = request.getfixturevalue("redis").address
        from pyfilter.services.redis_server import RedisServer

        monkeypatch.setattr(shared, "_server", RedisServer(address))
    return str(request.param)
