"""The worker on a real PostgreSQL and real endpoints: tried again, given up, held apart, drained."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from services.notifier.channels import discover
from services.notifier.delivering.endpoint import open_endpoints
from services.notifier.delivering.worker import Pace, Worker
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import SCHEMA
from services.notifier.store.connection import Connection
from services.notifier.store.listing import Deliveries
from shared import db
from shared.clock import WallClock
from shared.warnings import WarningChange
from tests.changes import change, recovery, take, taken
from tests.sink import Received, Sink, hang, ok, webhook
from tests.topics import until

PACE = Pace(attempt=5, lease=10, poll=0.02)
FAST = {"first": "20ms", "longest": "50ms", "deadline": "1h"}


class Bench:
    """A worker and what its tests look at."""

    def __init__(self, settings: NotifierSettings, receivers: dict[str, dict[str, Any]], pace: Pace) -> None:
        webhooks = discover()["webhook"].settings
        self.registry = CollectorRegistry()
        self.connections = [Connection(settings) for _ in range(3)]
        self.worker = Worker(
            open_endpoints({name: webhooks.model_validate(each) for name, each in receivers.items()}),
            *self.connections[:2],
            pace=pace,
            clock=WallClock(),
            metrics=Metrics(self.registry),
        )
        self.engine = db.create_engine(settings, SCHEMA)
        self.deliveries = Deliveries(self.engine)

    async def queue(self, given: WarningChange, *receivers: str, lives: timedelta = timedelta(hours=1)) -> None:
        now = datetime.now(UTC)
        one = taken(given, *receivers, accepted_at=now, give_up_at=now + lives)
        async with self.connections[2].transaction() as connection:
            await take(connection, [one], now)
        self.worker.wake(receivers)

    async def states(self, **filters: Any) -> list[str]:
        return [row["state"] for row in (await self.deliveries.page(filters, limit=500)).rows]

    def count(self, outcome: str) -> float:
        labels = {"channel": "webhook", "outcome": outcome}
        return self.registry.get_sample_value("bellwether_notifier_deliveries_total", labels) or 0.0


@asynccontextmanager
async def running(
    settings: NotifierSettings,
    receivers: dict[str, dict[str, Any]],
    pace: Pace = PACE,
) -> AsyncIterator[Bench]:
    bench = Bench(settings, receivers, pace)
    stop = asyncio.Event()
    task = asyncio.create_task(bench.worker.run(stop))
    try:
        yield bench
    finally:
        stop.set()
        await task
        for each in bench.connections:
            await each.close()
        await bench.engine.dispose()


def _sequence(*answers: Callable[[Received], web.Response]) -> Callable[[Received], web.Response]:
    """Each answer once, and the last for ever."""
    left = list(answers)

    def next_one(got: Received) -> web.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        return answer(got)

    return next_one


def _status(status: int, **headers: str) -> Callable[[Received], web.Response]:
    return lambda _: web.Response(status=status, headers=headers)


async def test_a_delivery_is_tried_again_under_the_same_id_until_it_succeeds(
    settings: NotifierSettings, sink: Sink
) -> None:
    sink.answers["/"] = _sequence(_status(500), _status(503), ok)
    async with running(settings, {"hook": webhook(sink.url(), retry=FAST)}) as bench:
        await bench.queue(change(), "hook")
        await until(lambda: _equals(bench, ["delivered"]))

        [row] = (await bench.deliveries.page({}, limit=10)).rows
        detail = await bench.deliveries.one(row["id"])

    assert len({each.id for each in sink.received}) == 1
    assert detail is not None
    assert [each["result"] for each in detail["attempts"]] == ["retry", "retry", "delivered"]
    assert [each["answer_code"] for each in detail["attempts"]] == [500, 503, 204]
    assert (bench.count("retry"), bench.count("delivered")) == (2, 1)
    seen = bench.registry.get_sample_value("bellwether_notifier_acceptance_to_delivery_seconds_count")
    assert seen == 1


async def _equals(bench: Bench, states: list[str], **filters: Any) -> bool:
    return await bench.states(**filters) == states


async def test_what_a_receiver_asks_for_with_retry_after_is_honoured(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = _sequence(_status(429, **{"Retry-After": "1"}), ok)
    async with running(settings, {"hook": webhook(sink.url(), retry=FAST)}) as bench:
        await bench.queue(change(), "hook")
        await until(lambda: _equals(bench, ["delivered"]))

    first, second = sink.received
    assert second.at - first.at >= 1.0


async def test_a_delivery_past_its_deadline_is_dead_and_can_be_seen(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = _status(500)
    async with running(settings, {"hook": webhook(sink.url(), retry=FAST)}) as bench:
        await bench.queue(change(), "hook", lives=timedelta(milliseconds=100))
        await until(lambda: _equals(bench, ["dead"], state="dead"))
        [row] = (await bench.deliveries.page({"state": "dead"}, limit=10)).rows

    assert row["last_error"] == "given up at the deadline: HTTP 500"
    assert row["attempt_count"] >= 1
    assert bench.count("expired") == 1


async def test_a_dead_delivery_lives_again_when_it_is_asked_for(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = _sequence(_status(404), ok)
    async with running(settings, {"hook": webhook(sink.url())}) as bench:
        await bench.queue(change(), "hook")
        await until(lambda: _equals(bench, ["dead"]))
        [row] = (await bench.deliveries.page({}, limit=10)).rows
        now = datetime.now(UTC)
        assert await bench.deliveries.revive(row["id"], now=now, give_up_at=now + timedelta(hours=1))
        await until(lambda: _equals(bench, ["delivered"]))
        assert not await bench.deliveries.revive(row["id"], now=now, give_up_at=now + timedelta(hours=1))

    assert len({each.id for each in sink.received}) == 1


async def test_a_recovery_waits_until_its_raise_is_delivered(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = _sequence(_status(500), _status(500), ok)
    async with running(settings, {"hook": webhook(sink.url(), retry=FAST)}) as bench:
        await bench.queue(change(), "hook")
        await bench.queue(recovery(), "hook")
        await until(lambda: _equals(bench, ["delivered"] * 2))

    assert [each.data["kind"] for each in sink.received] == ["raised", "raised", "raised", "cleared"]


async def test_a_receiver_that_hangs_holds_up_nobody_else(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/stuck"] = hang
    receivers = {
        "stuck": webhook(sink.url("/stuck"), concurrency=2),
        "well": webhook(sink.url("/well"), concurrency=2),
    }
    async with running(settings, receivers, Pace(attempt=0.5, lease=10, poll=0.02)) as bench:
        for number in range(50):
            await bench.queue(change(number), "stuck", "well")
        await until(lambda: _equals(bench, ["delivered"] * 50, receiver="well"), seconds=10)

        stuck = await bench.states(receiver="stuck")
        assert stuck == ["pending"] * 50
        assert len(sink.of("/stuck")) >= 2
    assert sink.most_open <= 4


async def test_a_hanging_attempt_is_cut(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = hang
    async with running(settings, {"hook": webhook(sink.url())}, Pace(attempt=0.1, lease=10, poll=0.02)) as bench:
        await bench.queue(change(), "hook")
        await until(lambda: _has_error(bench, "no verdict within 0.1 s"))


async def _has_error(bench: Bench, error: str) -> bool:
    return [row["last_error"] for row in (await bench.deliveries.page({}, limit=10)).rows] == [error]


async def test_a_receiver_that_is_gone_is_disabled_and_its_deliveries_stay(
    settings: NotifierSettings, sink: Sink
) -> None:
    sink.answers["/"] = _sequence(_status(410), ok)
    async with running(settings, {"hook": webhook(sink.url())}) as bench:
        await bench.queue(change(1), "hook")
        await until(lambda: _equals(bench, ["dead"]))
        await bench.queue(change(2), "hook")
        state = (await bench.deliveries.receivers(["hook"]))["hook"]
        assert state["disabled_why"] == "HTTP 410: the receiver is gone"
        assert await bench.states() == ["pending", "dead"]

        await bench.deliveries.enable("hook")
        bench.worker.wake(["hook"])
        await until(lambda: _equals(bench, ["delivered", "dead"]))


async def test_a_channel_with_a_bug_is_tried_again(
    settings: NotifierSettings, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise KeyError("no such word")

    async with running(settings, {"hook": webhook(sink.url(), retry=FAST)}) as bench:
        with monkeypatch.context() as patch:
            patch.setattr("services.notifier.channels.webhook.channel.body", broken)
            await bench.queue(change(), "hook")
            await until(lambda: _has_error(bench, "the channel failed: KeyError: 'no such word'"))
        await until(lambda: _equals(bench, ["delivered"]))


async def test_stopping_waits_for_attempts_and_records_them(settings: NotifierSettings, sink: Sink) -> None:
    going_on = asyncio.Event()

    async def slow(got: Received) -> web.Response:
        await going_on.wait()
        return ok(got)

    sink.answers["/"] = slow
    bench = Bench(settings, {"hook": webhook(sink.url())}, PACE)
    stop = asyncio.Event()
    task = asyncio.create_task(bench.worker.run(stop))
    await bench.queue(change(), "hook")
    await until(_has_arrived(sink))
    stop.set()
    asyncio.get_running_loop().call_later(0.1, going_on.set)
    await task

    assert await bench.states() == ["delivered"]
    for each in bench.connections:
        await each.close()
    await bench.engine.dispose()


def _has_arrived(sink: Sink) -> Callable[[], Any]:
    async def arrived() -> bool:
        return bool(sink.received)

    return arrived


async def test_two_workers_send_what_one_would(settings: NotifierSettings, sink: Sink) -> None:
    receivers = {"hook": webhook(sink.url())}
    async with running(settings, receivers) as one, running(settings, receivers) as two:
        for number in range(100):
            await one.queue(change(number), "hook")
            two.worker.wake(["hook"])
        await until(lambda: _equals(one, ["delivered"] * 100))

    assert len(sink.received) == len({each.id for each in sink.received}) == 100
