"""A key is taken from a running service within seconds, and a wrong file takes nothing, in each of the three."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from deploy.local.scrape import scrape
from shared.auth import ALL_SCOPES, new_key
from tests.guarded import SERVICES, Guarded, start_guarded
from tests.topics import until

ASKED = {"ingest": ("POST", "/v1/events"), "warning": ("GET", "/v1/warnings"), "notifier": ("GET", "/v1/silences")}


@pytest.fixture(params=SERVICES)
async def guarded(
    request: pytest.FixtureRequest, embedded_broker: str, database_url: str, tmp_path: Path
) -> AsyncIterator[Guarded]:
    running = await asyncio.to_thread(start_guarded, request.param, embedded_broker, database_url, tmp_path)
    yield running
    assert await asyncio.to_thread(running.service.process.stop) == 0


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def let_in(guarded: Guarded, http: aiohttp.ClientSession, token: str) -> bool:
    """Whether the token opens the service."""
    method, path = ASKED[guarded.service.name]
    headers = {"Authorization": f"Bearer {token}"}
    async with http.request(method, guarded.service.url + path, headers=headers) as answer:
        return answer.status != 401


async def test_a_key_that_is_replaced_stops_working_and_a_wrong_file_after_it_changes_nothing(
    guarded: Guarded, http: aiohttp.ClientSession
) -> None:
    other, digest = new_key()
    assert await let_in(guarded, http, guarded.token)

    guarded.keys_file.write_text(
        yaml.safe_dump({"keys": [{"name": "other", "sha256": digest, "scopes": sorted(ALL_SCOPES)}]})
    )

    async def revoked() -> bool:
        return not await let_in(guarded, http, guarded.token)

    await until(revoked, seconds=15, what="the old key is taken back without being asked")
    assert await let_in(guarded, http, other)

    async def refused() -> bool:
        return (await scrape(http, guarded.service.url)).total("bellwether_keys_refused") == 1

    assert not await refused()
    guarded.keys_file.write_text(f"keys:\n  - name: {other}\n")
    guarded.service.process.signal(signal.SIGHUP)
    await until(refused, seconds=15, what="the wrong file is refused")
    assert await let_in(guarded, http, other)
    log = guarded.service.process.log_text()
    assert "keys.refused" in log
    assert other not in log
