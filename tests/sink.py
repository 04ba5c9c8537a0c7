"""A webhook receiver for tests: keeps what it got, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from deploy.local.ports import free_port

SECRET = "whsec_" + "YmVsbHdldGhlciBiZWxsd2V0aGVyIGJlbGx3ZXRoZXI="


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    query: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        return dict(msgspec.json.decode(self.body)["data"])


Answer = Callable[[Received], Awaitable[web.StreamResponse] | web.StreamResponse]


def ok(_: Received) -> web.Response:
    return web.Response(status=204)


async def hang(_: Received) -> web.Response:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


@dataclass
class Sink:
    """Answers by path with what `answers` says, else with 204."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Received(
            request.path, headers, await request.read(), asyncio.get_running_loop().time(), dict(request.query)
        )
        self.received.append(got)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            answer = self.answers.get(request.path, ok)(got)
            return answer if isinstance(answer, web.StreamResponse) else await answer
        finally:
            self.open_now -= 1


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A sink on a free loopback port."""
    running = Sink(free_port())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", running.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", running.port).start()
        yield running
    finally:
        await runner.cleanup()


def webhook(url: str, **settings: Any) -> dict[str, Any]:
    """A webhook receiver as a configuration writes it, let onto the loopback network; SINK_SECRET holds SECRET."""
    return {
        "channel": "webhook",
        "url": url,
        "secrets": [{"secret_env": "SINK_SECRET"}],
        "allow_networks": ["127.0.0.0/8"],
        **settings,
    }
