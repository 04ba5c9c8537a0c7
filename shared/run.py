"""Runs a service: its HTTP server and its background work are siblings, and one that dies takes the process down."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator

import structlog
import uvicorn
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from shared.http.bounds import Bounds
from shared.http.entrance import Entrance, Routed
from shared.http.protocol import bounded
from shared.http.refused import Refused
from shared.settings import HttpSettings

log = structlog.get_logger(__name__)

Work = Callable[[asyncio.Event], Awaitable[None]]
"""Background work: runs until the event is set, then finishes what it holds and returns."""

DRAIN_SECONDS = 8.0  # the process must be gone 10 s after SIGTERM; the rest is for closing connections


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn would raise them again after the drain and spoil the exit code."""
        yield


async def serve(app: Routed, *work: Work, settings: HttpSettings, registry: CollectorRegistry) -> None:
    """Serve `app` and run `work` until SIGTERM or SIGINT, then drain. Raises what any of them raised."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    refused = Refused(registry)
    entrance = Entrance(app, refused, within=settings.http_body_seconds)
    server = _Server(_config(entrance, settings, Bounds(settings.http_connections, refused=refused.count)))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_until_stopped(each, stop)) for each in work]
        tasks.append(group.create_task(_serve_http(server, stop)))
        log.info("service.started", host=settings.http_host, port=settings.http_port)
        await stop.wait()
        log.info("service.draining")
        _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        for task in late:
            log.warning("service.drain_cut_short", task=task.get_name(), seconds=DRAIN_SECONDS)
            task.cancel()
    log.info("service.stopped")


def _config(app: ASGIApp, settings: HttpSettings, bounds: Bounds) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=int(DRAIN_SECONDS) // 2,
        loop="uvloop",
        http=bounded(bounds),
        ws="none",
    )


async def _until_stopped(work: Work, stop: asyncio.Event) -> None:
    await work(stop)
    if not stop.is_set():
        raise RuntimeError(f"{work} ended although nobody asked it to")


async def _serve_http(server: uvicorn.Server, stop: asyncio.Event) -> None:
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
    if not stop.is_set():
        raise RuntimeError("the HTTP server stopped; is its port taken?")
