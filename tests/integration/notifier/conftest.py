"""The notifier's tables in a database of their own, and a sink to deliver to."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.notifier.settings import NotifierSettings
from services.notifier.store import MIGRATIONS, SCHEMA
from services.notifier.store.connection import Connection
from shared import db
from shared.clock import ManualClock
from tests.sink import SECRET, Sink
from tests.sink import sink as run_sink

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
async def settings(database_url: str) -> NotifierSettings:
    """Settings whose database has the tables."""
    settings = NotifierSettings.model_validate({"database_url": database_url, "auth": "off"})
    await db.migrate(settings, SCHEMA, MIGRATIONS)
    return settings


@pytest.fixture
async def connection(settings: NotifierSettings) -> AsyncIterator[Connection]:
    connection = Connection(settings)
    yield connection
    await connection.close()


@pytest.fixture
async def other(settings: NotifierSettings) -> AsyncIterator[Connection]:
    """Another worker's connection."""
    connection = Connection(settings)
    yield connection
    await connection.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sink]:
    monkeypatch.setenv("SINK_SECRET", SECRET)
    async with run_sink() as running:
        yield running
