"""Each service under callers without a key who send more than it has: it stays small, answers probes, keeps nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import aiohttp
import psutil
import pytest

from deploy.local.services import ServiceName
from tests.guarded import SERVICES, Guarded, start_guarded

MEGABYTE = b"x" * 1_000_000
MAY_GROW_BY = 48_000_000
PATHS: dict[ServiceName, str] = {
    "ingest": "/v1/events:batch",
    "warning": "/v1/warnings/00000000-0000-0000-0000-000000000000/acknowledgements",
    "notifier": "/v1/silences",
}


@pytest.fixture(params=SERVICES)
async def guarded(
    request: pytest.FixtureRequest, embedded_broker: str, database_url: str, tmp_path: Path
) -> AsyncIterator[Guarded]:
    running = await asyncio.to_thread(start_guarded, request.param, embedded_broker, database_url, tmp_path)
    yield running
    assert await asyncio.to_thread(running.service.process.stop) == 0
    assert "Traceback" not in running.service.process.log_text()


async def grown(guarded: Guarded, attack: Callable[[], Awaitable[object]]) -> int:
    """By how many bytes the process is larger, at the most, while somebody attacks it and afterwards."""
    process = psutil.Process(guarded.service.process.pid)
    before = most = process.memory_info().rss
    attacking = asyncio.ensure_future(attack())
    while not attacking.done():
        await asyncio.wait({attacking}, timeout=0.05)
        most = max(most, process.memory_info().rss)
    await attacking
    return most - before


async def pour(guarded: Guarded, head: str, megabytes: int) -> bytes:
    """Send a head and so much after it, as far as the other side lets us; what it says to that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", guarded.service.port)
    with suppress(ConnectionError):
        writer.write(head.encode())
        for _ in range(megabytes):
            writer.write(MEGABYTE)
            await writer.drain()
    said = b""
    with suppress(ConnectionError):
        said = await reader.read(1_000)
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return said


async def ready(guarded: Guarded) -> int:
    """How a probe is answered, by within five seconds."""
    url, timeout = f"{guarded.service.url}/readyz", aiohttp.ClientTimeout(5)
    async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url) as answer:
        return answer.status


async def test_a_flood_without_a_key_costs_no_memory_and_stops_no_probe(guarded: Guarded) -> None:
    path = PATHS[guarded.service.name]
    announced = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 300000000\r\n\r\n["
    )
    endless = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "

    async def attack() -> None:
        heads = [announced] * 8 + [endless]
        said = asyncio.gather(*(pour(guarded, each, 140) for each in heads))
        assert await ready(guarded) == 200
        await said

    assert await grown(guarded, attack) < MAY_GROW_BY


async def test_what_is_refused_of_a_caller_with_a_key_is_not_kept_either(guarded: Guarded) -> None:
    url = guarded.service.url + PATHS[guarded.service.name]
    broken = b"[" + b'{"a": "b"},' * 5_800

    async def attack() -> None:
        headers = {**guarded.headers, "Content-Type": "application/json"}
        async with aiohttp.ClientSession(headers=headers) as http:
            for body in (broken, *[broken] * 1_000):
                async with http.post(url, data=body) as answer:
                    assert 400 <= answer.status < 500

    assert await grown(guarded, attack) < MAY_GROW_BY


async def test_400_silent_connections_stop_no_probe(guarded: Guarded) -> None:
    with ExitStack() as crowd:
        for _ in range(400):
            crowd.enter_context(socket.create_connection(("127.0.0.1", guarded.service.port)))
        assert await ready(guarded) == 200
