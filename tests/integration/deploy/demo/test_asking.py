"""What the demo asks the APIs at its end: page after page, and an answer that is none is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from deploy.local.demo.asking import Desk
from deploy.local.demo.settling import DemoFailedError
from deploy.local.services import ServiceName
from deploy.local.stack import Stack

WARNING = UUID(int=1)


class _Apis:
    """Stands for the stack: both services answer from one table, by path and cursor."""

    def __init__(self, port: int, answers: dict[str, Any]) -> None:
        self._port = port
        self._answers = answers

    def url(self, _: ServiceName) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def answer(self, request: web.Request) -> web.Response:
        found = self._answers.get(request.path + request.query.get("cursor", ""))
        return web.json_response(found, status=404 if found is None else 200)


@asynccontextmanager
async def _desk(port: int, answers: dict[str, Any]) -> AsyncIterator[Desk]:
    apis = _Apis(port, answers)
    app = web.Application()
    app.router.add_get("/{path:.*}", apis.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Desk(session, cast("Stack", apis))
    finally:
        await runner.cleanup()


def _delivery(accepted: str | None, settled: str, kind: str = "raised") -> dict[str, Any]:
    return {"accepted_at": accepted, "settled_at": settled, "kind": kind}


async def test_the_waits_of_all_pages_are_put_in_order(free_port: int) -> None:
    at = "2026-01-01T00:00:0"
    first = [_delivery(f"{at}1Z", f"{at}3Z"), _delivery(None, f"{at}3Z")]
    second = [_delivery(f"{at}1Z", f"{at}2Z"), _delivery(f"{at}1Z", f"{at}9Z", "acknowledged")]
    answers = {
        "/v1/deliveries": {"deliveries": first, "next": "more"},
        "/v1/deliveriesmore": {"deliveries": second, "next": None},
    }
    async with _desk(free_port, answers) as desk:
        assert await desk.waits() == [1.0, 2.0]


async def test_a_warning_and_who_was_told_of_it_are_asked_for(free_port: int) -> None:
    path, told = f"/v1/warnings/{WARNING}", [{"receiver": "officers"}]
    async with _desk(free_port, {path: {"level": "red"}, f"{path}/notifications": {"notifications": told}}) as desk:
        assert await desk.warning(WARNING) == {"level": "red"}
        assert await desk.notifications(WARNING) == told


async def test_an_answer_that_is_none_is_told(free_port: int) -> None:
    async with _desk(free_port, {}) as desk:
        with pytest.raises(DemoFailedError, match=rf"/v1/warnings/{WARNING}, got 404"):
            await desk.warning(WARNING)
