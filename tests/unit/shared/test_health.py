"""Alive asks nobody; ready asks every system and names the one that is away."""

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter
from starlette.types import Message

from shared import health
from shared.health import Check, health_router


async def get(path: str, checks: dict[str, Check], registry: CollectorRegistry | None = None) -> tuple[int, bytes]:
    """Ask an application in this process, without a socket."""
    app = FastAPI()
    app.include_router(health_router(registry or CollectorRegistry(), checks))
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": []}
    await app(
        {**scope, "query_string": query.encode(), "root_path": "", "http_version": "1.1", "scheme": "http"},
        receive,
        send,
    )
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


async def fine() -> None:
    pass


async def away() -> None:
    raise ConnectionError("no broker answered")


async def never() -> None:
    await asyncio.Event().wait()


async def test_alive_asks_nobody() -> None:
    assert (await get("/healthz", {"kafka": away}))[0] == 200


async def test_ready_once_every_system_is_there() -> None:
    status, body = await get("/readyz", {"kafka": fine, "postgres": fine})
    assert (status, json.loads(body)) == (200, {"status": "ready", "checks": {"kafka": "ok", "postgres": "ok"}})


async def test_not_ready_while_one_is_away_and_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.01)
    status, body = await get("/readyz", {"kafka": away, "postgres": fine, "other": never})
    assert status == 503
    assert json.loads(body)["checks"] == {
        "kafka": "ConnectionError: no broker answered",
        "postgres": "ok",
        "other": "no answer within 0.01 s",
    }


async def test_a_check_can_be_left_out() -> None:
    checks: dict[str, Check] = {"kafka": fine, "progress": away, "other": away}
    status, body = await get("/readyz?exclude=progress&exclude=other", checks)
    assert (status, json.loads(body)["checks"]) == (200, {"kafka": "ok"})
    assert (await get("/readyz?exclude=progress", checks))[0] == 503


async def test_metrics_are_those_of_the_registry() -> None:
    registry = CollectorRegistry()
    Counter("things", "Things", registry=registry).inc(3)
    assert b"things_total 3.0" in (await get("/metrics", {}, registry))[1]
