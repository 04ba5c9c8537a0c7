"""When the demo feeds on, when it is done, and when it gives up: read from pages as the services show them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
import pytest
from aiohttp import web

from deploy.local.demo import settling
from deploy.local.demo.settling import MOST_BEHIND, Backlog, DemoFailedError, until_settled
from deploy.local.services import ServiceName
from deploy.local.stack import Stack

DECIDED = {
    'bellwether_warning_events_total{type="clock.advanced",outcome="applied"}': 8,
    "bellwether_warning_partitions_owned": 4,
    "bellwether_warning_changes_total": 3,
    'bellwether_notifier_changes_total{outcome="routed"}': 3,
}


class _Pages:
    """Stands for the stack: both services show these pages, one after another, and the last one for ever."""

    def __init__(self, port: int, *pages: Mapping[str, float]) -> None:
        self.asked = 0
        self._port = port
        self._pages = pages

    def url(self, _: ServiceName) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def page(self, _: web.Request) -> web.Response:
        page = self._pages[min(self.asked // 2, len(self._pages) - 1)]  # both services are asked each time
        self.asked += 1
        return web.Response(text="".join(f"{name} {value}\n" for name, value in page.items()))


@asynccontextmanager
async def _stack(port: int, *pages: Mapping[str, float]) -> AsyncIterator[tuple[aiohttp.ClientSession, Stack, _Pages]]:
    shown = _Pages(port, *pages)
    app = web.Application()
    app.router.add_get("/metrics", shown.page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield session, cast("Stack", shown), shown
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(settling, "SETTLE_SECONDS", 0.2)


async def test_the_feeder_waits_while_too_many_records_wait(free_port: int) -> None:
    behind = {'bellwether_warning_records_behind{topic="events",partition="0"}': MOST_BEHIND + 1}
    async with _stack(free_port, behind, behind, {}) as (session, stack, shown):
        await Backlog(session, stack).until_short()

    assert shown.asked == 6


async def test_a_backlog_that_does_not_shrink_is_told(free_port: int) -> None:
    behind = {'bellwether_notifier_records_behind{topic="warnings",partition="0"}': 2 * MOST_BEHIND}
    async with _stack(free_port, behind) as (session, stack, _):
        with pytest.raises(DemoFailedError, match="expected at most 2000 records to wait, got 4000"):
            await Backlog(session, stack).until_short()


async def test_it_is_done_once_all_is_decided_and_delivered_and_nothing_moves(free_port: int) -> None:
    firing = {**DECIDED, "bellwether_warning_timers_fired_total": 1}
    async with _stack(free_port, DECIDED, firing) as (session, stack, shown):
        await until_settled(session, stack, clock_events=2, deliveries=range(3))

    assert shown.asked >= 2 * (2 + settling.QUIET_READINGS)


@pytest.mark.parametrize(
    "missing",
    [
        {'bellwether_warning_events_total{type="clock.advanced",outcome="applied"}': 7},
        {"bellwether_warning_outbox_rows": 1},
        {"bellwether_warning_changes_total": 4},
        {"bellwether_warning_partitions_owned": 0},
    ],
)
async def test_what_is_not_done_in_time_is_told_with_the_figures(free_port: int, missing: Mapping[str, float]) -> None:
    async with _stack(free_port, {**DECIDED, **missing}) as (session, stack, _):
        with pytest.raises(
            DemoFailedError, match=r"expected all to be decided and delivered within 0.2 s, got Reading"
        ):
            await until_settled(session, stack, clock_events=2, deliveries=range(3))


async def test_a_delivery_that_was_given_up_fails_at_once(free_port: int) -> None:
    dead = {**DECIDED, 'bellwether_notifier_deliveries_total{channel="webhook",outcome="refused"}': 1}
    async with _stack(free_port, dead) as (session, stack, _):
        with pytest.raises(DemoFailedError, match=r"1 deliveries .* were given up"):
            await until_settled(session, stack, clock_events=2, deliveries=range(3))
