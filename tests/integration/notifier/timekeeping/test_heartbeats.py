"""Receivers that ask for it get a heartbeat each slot: one, from however many replicas, by the way all messages go."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from services.notifier.configuration import Configuration, read
from services.notifier.housekeeping import Housekeeping
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store.connection import Connection
from services.notifier.timekeeping.heartbeats import HeartbeatsDue
from shared.clock import ManualClock
from tests.integration.notifier.conftest import NOW
from tests.integration.notifier.delivering.test_worker import running
from tests.sink import Sink, webhook
from tests.topics import until


@pytest.fixture
def configuration(sink: Sink) -> Configuration:
    receivers = {"hook": webhook(sink.url(), heartbeat="6h"), "other": webhook(sink.url("/other"))}
    text = msgspec.yaml.encode({"receivers": receivers, "routes": [{"receivers": ["hook", "other"]}]})
    return read(text.decode())


async def _take(due: HeartbeatsDue, connection: Connection, clock: ManualClock) -> set[str]:
    async with connection.transaction() as inside:
        return await due.take(inside, clock.now())


async def test_three_replicas_make_one_heartbeat_a_slot_whenever_they_look(
    configuration: Configuration, settings: NotifierSettings, clock: ManualClock
) -> None:
    connections = [Connection(settings) for _ in range(3)]
    replicas = [HeartbeatsDue(configuration) for _ in range(3)]
    made: list[int] = []
    for _ in range(4):
        looks = [_take(due, each, clock) for due, each in zip(replicas, connections, strict=True)]
        made.append(sum("hook" in each for each in await asyncio.gather(*looks)))
        clock.advance(timedelta(hours=3))
    restarted = await _take(HeartbeatsDue(configuration), connections[0], ManualClock(NOW))

    assert made == [1, 1, 0, 1]
    assert restarted == set()
    for each in connections:
        await each.close()


async def test_a_heartbeat_that_no_transaction_committed_is_made_again(
    configuration: Configuration, connection: Connection, clock: ManualClock
) -> None:
    due = HeartbeatsDue(configuration)

    async def interrupted() -> None:
        async with connection.transaction() as inside:
            assert await due.take(inside, clock.now()) == {"hook"}
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await interrupted()

    assert await _take(due, connection, clock) == {"hook"}
    assert await _take(due, connection, clock) == set()


async def test_the_metric_says_when_a_receiver_last_took_one(
    configuration: Configuration,
    settings: NotifierSettings,
    connection: Connection,
    clock: ManualClock,
    sink: Sink,
) -> None:
    registry = CollectorRegistry()
    keeping = Housekeeping(settings, configuration, connection, clock=clock, metrics=Metrics(registry))

    async def heard_at() -> float | None:
        await keeping.once(asyncio.Event())
        return registry.get_sample_value("bellwether_notifier_heartbeat_timestamp_seconds", {"receiver": "hook"})

    assert await heard_at() == NOW.timestamp(), "while none was made, when one was first expected"
    clock.advance(timedelta(hours=1))
    assert await heard_at() == NOW.timestamp(), "so that the alert knows of one that nobody ever makes"
    await _take(HeartbeatsDue(configuration), connection, clock)
    assert await heard_at() == clock.now().timestamp(), "while none was taken, when the first was made"

    async with connection.statements() as inside:
        await inside.execute("UPDATE deliveries SET give_up_at = now() + interval '1 day'")
    async with running(settings, {"hook": webhook(sink.url())}) as bench:

        async def delivered() -> bool:
            return await bench.states() == ["delivered"]

        await until(delivered)
    assert (await heard_at() or 0) > clock.now().timestamp()
    assert registry.get_sample_value("bellwether_notifier_heartbeat_interval_seconds", {"receiver": "hook"}) == 21600
    [got] = sink.received
    assert msgspec.json.decode(got.body)["type"] == "notifier.heartbeat"
