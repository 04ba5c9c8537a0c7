"""A server within small bounds, and callers of every temper who speak to its socket themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Annotated, NamedTuple

import pytest
import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from prometheus_client import CollectorRegistry
from uvicorn.server import ServerState

from shared.auth import ApiKey, Keyring, new_key, require
from shared.health import health_router
from shared.http.bounds import Bounds
from shared.http.entrance import Entrance
from shared.http.protocol import bounded
from shared.http.refused import Refused
from tests.waiting import until

TOKEN, DIGEST = new_key()
READER_TOKEN, READER_DIGEST = new_key()
BOUNDS = Bounds(
    connections=20, grace_seconds=60, head_bytes=8_192, head_fields=20, head_seconds=0.3, write_seconds=0.3,
    linger_bytes=1_000_000, linger_seconds=0.3,
)  # fmt: skip
BODY_SECONDS = 0.3
LIMIT = 100_000
LARGE = b"x" * 30_000_000
"""More than all the buffers between two sockets hold."""


class Answer(NamedTuple):
    """An answer off the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Server:
    """A running server, what it refused and what its application saw."""

    def __init__(self, port: int, registry: CollectorRegistry, seen: list[bytes], state: ServerState) -> None:
        self.port = port
        self.seen = seen
        self._state = state
        self._registry = registry

    @property
    def held(self) -> int:
        """How many connections."""
        return len(self._state.connections)

    def refused(self, reason: str) -> float | None:
        return self._registry.get_sample_value("bellwether_http_refused_total", {"reason": reason})


class Caller:
    """One connection, written to by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, content: bytes) -> bool:
        """Whether all of it could be handed over; the other side may hang up."""
        try:
            self._writer.write(content)
            await self._writer.drain()
        except ConnectionError:
            return False
        return True

    async def answer(self) -> Answer:
        """The next answer whole."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        return Answer(
            int(status.split()[1]), headers, await self._reader.readexactly(int(headers.get("content-length", 0)))
        )

    async def ended(self) -> bool:
        """Wait until the other side hangs up; whether it said nothing more."""
        with suppress(ConnectionError):
            return await self._reader.read() == b""
        return True

    async def close(self) -> None:
        """At once, whatever is unread."""
        self._writer.transport.abort()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


def head(path: str = "/v1/notes", *fields: str, method: str = "POST", token: str | None = TOKEN) -> bytes:
    """The head of a request."""
    key = [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *key, *fields, "", ""]).encode()


def _application(seen: list[bytes], registry: CollectorRegistry) -> FastAPI:
    keys = {"acknowledge": DIGEST, "warnings": READER_DIGEST}
    made = [ApiKey.model_validate({"name": name, "sha256": digest, "scopes": {name}}) for name, digest in keys.items()]
    needs = require(Keyring(made), "acknowledge")
    app = FastAPI(redirect_slashes=False)
    app.include_router(health_router(registry, {}))

    @app.post("/v1/notes", max_body_size=LIMIT)
    async def note(request: Request, _: Annotated[ApiKey, Depends(needs)]) -> Response:
        seen.append(await request.body())
        return Response(f"{len(seen[-1])}")

    @app.post("/v1/small/{name:path}")
    async def small(name: str, given: dict[str, str], _: Annotated[ApiKey, Depends(needs)]) -> Response:
        return Response(name)

    @app.get("/v1/large")
    async def large() -> Response:
        return Response(LARGE)

    return app


@asynccontextmanager
async def serving(port: int, bounds: Bounds = BOUNDS, body_seconds: float = BODY_SECONDS) -> AsyncIterator[Server]:
    """The server, until the block ends; whoever is connected still is cut off."""
    registry, seen = CollectorRegistry(), list[bytes]()
    refused = Refused(registry)
    app = Entrance(_application(seen, registry), refused, within=body_seconds)
    http = bounded(replace(bounds, refused=refused.count))
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, http=http, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    try:
        yield Server(port, registry, seen, server.server_state)
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def server(free_port: int) -> AsyncIterator[Server]:
    async with serving(free_port) as running:
        yield running


@asynccontextmanager
async def calling(server: Server) -> AsyncIterator[Caller]:
    """One connection."""
    caller = Caller(*await asyncio.open_connection("127.0.0.1", server.port))
    try:
        yield caller
    finally:
        await caller.close()
