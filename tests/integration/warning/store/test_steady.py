"""A read is asked again, on another connection, for as long as the database looks away."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.warning.settings import Settings
from services.warning.store import steady
from services.warning.store.steady import SteadyConnection


@pytest.fixture
async def connection(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SteadyConnection]:
    monkeypatch.setattr(steady, "RETRY_SECONDS", 0)
    running = SteadyConnection(Settings(database_url=database_url))  # type: ignore[arg-type]
    yield running
    await running.close()


@pytest.mark.parametrize(
    "away",
    [
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        TimeoutError(),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_an_outage_looks_like_the_next_connection_answers(
    connection: SteadyConnection, away: Exception
) -> None:
    asked: list[Any] = []

    async def query(on: Any) -> Any:
        asked.append(on)
        if len(asked) == 1:
            raise away
        return await on.fetchval("SELECT 7")

    assert await connection.read(query) == 7
    assert asked[0] is not asked[1]
    assert asked[0].is_closed()
