"""What ingest may answer over HTTP, and what the feeder makes of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from deploy.local.feeder import IngestOverHttp, RequestRefusedError

REQUEST = [b'{"id": "1"}', b'{"id": "2"}']


@asynccontextmanager
async def _ingest(port: int, answer: Callable[[], web.Response]) -> AsyncIterator[IngestOverHttp]:
    async def batch(request: web.Request) -> web.Response:
        assert (await request.read()).splitlines() == REQUEST
        return answer()

    app = web.Application()
    app.router.add_post("/v1/events:batch", batch)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield IngestOverHttp(session, f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


async def test_a_503_leaves_just_the_events_it_names_unknown(free_port: int) -> None:
    body = {"verdicts": ["accepted", "unknown"], "problems": []}
    async with _ingest(free_port, lambda: web.json_response(body, status=503, headers={"Retry-After": "3"})) as post:
        answer = await post(REQUEST)

    assert (answer.verdicts, answer.retry_after) == (["accepted", "unknown"], 3.0)


async def test_a_503_without_verdicts_leaves_all_unknown(free_port: int) -> None:
    async with _ingest(free_port, lambda: web.Response(status=503, text="upstream is away")) as post:
        assert (await post(REQUEST)).verdicts == ["unknown", "unknown"]


async def test_a_refused_request_is_an_error_that_says_why(free_port: int) -> None:
    async with _ingest(free_port, lambda: web.Response(status=413, text="at most 1000 events")) as post:
        with pytest.raises(RequestRefusedError, match="413: at most 1000 events"):
            await post(REQUEST)


async def test_an_ingest_that_is_away_leaves_all_unknown(free_port: int) -> None:
    async with aiohttp.ClientSession() as session:
        answer = await IngestOverHttp(session, f"http://127.0.0.1:{free_port}")(REQUEST)

    assert answer.verdicts == ["unknown", "unknown"]
