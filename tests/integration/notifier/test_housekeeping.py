"""Deadlines nobody else keeps, old rows, and the size of the backlog."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.configuration import read
from services.notifier.core.schedule import Conclusion
from services.notifier.core.verdict import NO_ANSWER
from services.notifier.housekeeping import Housekeeping
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store.claiming import claim
from services.notifier.store.connection import Connection
from services.notifier.store.settling import Outcome, release, settle
from services.notifier.store.taking import Taken
from shared.clock import ManualClock
from tests.changes import change, recovery, take, taken
from tests.integration.notifier.conftest import NOW

CONFIGURATION = "receivers: {hook: {channel: log}}\nroutes: [{receivers: [hook]}]"
HOUR = timedelta(hours=1)


class House:
    """Housekeeping and its time."""

    def __init__(self, settings: NotifierSettings, connection: Connection, clock: ManualClock) -> None:
        self.registry = CollectorRegistry()
        self.clock = clock
        self.connection = connection
        self.keeping = Housekeeping(
            settings, read(CONFIGURATION), connection, clock=clock, metrics=Metrics(self.registry)
        )

    async def keep(self) -> None:
        await self.keeping.once(asyncio.Event())

    async def take(self, *batch: Taken) -> list[Taken]:
        async with self.connection.transaction() as connection:
            return await take(connection, batch, self.clock.now())

    async def deliver(self) -> None:
        now = self.clock.now()
        async with self.connection.transaction() as connection:
            claims = await claim(connection, {"hook": 100}, now, now + HOUR)
            done = Conclusion("delivered", "delivered", now, None)
            await settle(connection, [Outcome(each, done, NO_ANSWER, now, 0.1) for each in claims], now)
            await release(connection, claims)

    async def states(self) -> list[str]:
        async with self.connection.statements() as connection:
            rows = await connection.fetch("SELECT state FROM deliveries ORDER BY position")
        return [row["state"] for row in rows]

    def gauge(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"bellwether_notifier_{name}")


@pytest.fixture
def house(settings: NotifierSettings, clock: ManualClock) -> House:
    return House(settings, Connection(settings, by_index=False), clock)


@pytest.fixture(autouse=True)
async def _closing(house: House) -> AsyncIterator[None]:
    yield
    await house.connection.close()


async def test_the_backlog_and_the_age_of_its_oldest_are_told(house: House) -> None:
    await house.keep()
    assert (house.gauge("pending"), house.gauge("oldest_pending_seconds")) == (0, 0)

    await house.take(taken(change(1), "hook"), taken(change(2), "hook"))
    house.clock.advance(HOUR)
    await house.keep()
    assert (house.gauge("pending"), house.gauge("oldest_pending_seconds")) == (2, 3600)


async def test_what_nobody_tries_is_dead_at_its_deadline_and_not_before(house: House) -> None:
    """A receiver that is configured no more; `hook` is served, so its worker keeps the deadline."""
    deadline = NOW + HOUR
    await house.take(*(taken(each, "former", "hook", give_up_at=deadline) for each in (change(), recovery())))
    await house.keep()
    assert await house.states() == ["pending"] * 4

    house.clock.advance(HOUR + timedelta(seconds=1))
    await house.keep()  # the raise; its recovery is let go
    await house.keep()
    assert await house.states() == ["dead", "pending", "dead", "pending"]


async def test_settled_deliveries_are_forgotten_after_their_time_and_pending_ones_never(house: House) -> None:
    await house.take(taken(change(1), "hook"))
    await house.deliver()
    await house.take(taken(change(2), "hook"))
    house.clock.advance(timedelta(days=399))
    await house.keep()
    assert await house.states() == ["delivered", "pending"]

    house.clock.advance(timedelta(days=2))
    await house.keep()
    assert await house.states() == ["pending"]
    async with house.connection.statements() as connection:
        assert await connection.fetchval("SELECT count(*) FROM attempts") == 0
        assert await connection.fetchval("SELECT count(*) FROM changes") == 1


async def test_an_id_is_known_for_longer_than_the_topic_keeps_its_change(house: House) -> None:
    await house.take(taken(change()))
    house.clock.advance(timedelta(days=20))
    await house.keep()
    assert await house.take(taken(change())) == []

    house.clock.advance(timedelta(days=2))
    await house.keep()
    assert len(await house.take(taken(change()))) == 1


async def test_what_waits_for_nothing_is_let_go(house: House) -> None:
    await house.take(taken(change(), "hook"))
    async with house.connection.statements() as connection:
        await connection.execute("UPDATE queue SET waiting = true")
    await house.keep()
    await house.deliver()

    assert await house.states() == ["delivered"]
