"""Deadlines nobody else keeps, old rows, and the size of the backlog."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.configuration import read
from services.notifier.core.escalating import Standing
from services.notifier.core.gathering import Gathering
from services.notifier.core.matching import Match
from services.notifier.core.message import Purpose, delivery_id
from services.notifier.core.reasons import Reason
from services.notifier.core.routing import Manner
from services.notifier.core.schedule import Conclusion
from services.notifier.core.silencing import Silence
from services.notifier.core.verdict import NO_ANSWER
from services.notifier.housekeeping import Housekeeping
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import contacts, escalations, flow, gatherings, open_warnings, silences
from services.notifier.store.claiming import claim
from services.notifier.store.connection import Connection
from services.notifier.store.gatherings import Notice, Settled, Waiting
from services.notifier.store.making import NewDelivery, make
from services.notifier.store.settling import Outcome, release, settle
from services.notifier.store.taking import Taken
from shared.clock import ManualClock
from shared.warnings import WarningChange
from tests.changes import change, recovery, take, taken, warning
from tests.integration.notifier.conftest import NOW

CONFIGURATION = "receivers: {hook: {channel: log, storm: {messages: 9, within: 2d}}}\nroutes: [{receivers: [hook]}]"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUIET = Gathering("quiet:night", Purpose.GROUP, Manner())


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

    async def open(self, given: WarningChange) -> None:
        async with self.connection.transaction() as connection:
            await open_warnings.write(connection, [open_warnings.Standing(given, ["hook"])])

    async def notice(self, given: WarningChange, key: str | None) -> None:
        """Held where there is a key, or suppressed."""
        now = self.clock.now()
        waiting = [Waiting("hook", QUIET, now)] if key else []
        async with self.connection.transaction() as connection:
            await gatherings.hold(connection, waiting, [Notice(given, "hook", Reason.QUIET, "", key)], now)

    async def left(self, table: str) -> list[Any]:
        """How much of what there is, by the first of its columns."""
        async with self.connection.statements() as connection:
            return [row[0] for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY 1")]

    async def keep_after(self, time: timedelta) -> None:
        self.clock.advance(time)
        await self.keep()

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


async def test_what_is_held_is_overdue_once_nobody_looks_at_it_at_its_time(house: House) -> None:
    await house.notice(change(1), QUIET.key)
    async with house.connection.transaction() as connection:
        at = house.clock.now()
        await escalations.begin(connection, [Standing(warning(2), "up", change(2).change_id, 0, 0, at + HOUR, at)])
    await house.keep()
    assert house.gauge("overdue_seconds") == 0

    await house.keep_after(2 * HOUR)
    assert house.gauge("overdue_seconds") == 7200
    async with house.connection.transaction() as connection:
        await gatherings.settle(connection, [Settled(1, "told")], {}, [("hook", QUIET.key)], house.clock.now())
    await house.keep()
    assert house.gauge("overdue_seconds") == 3600, "the step of an escalation"


async def test_what_waits_grows_older_while_the_database_says_nothing_new(house: House) -> None:
    await house.take(taken(change(1), "hook"))
    await house.notice(change(2), QUIET.key)
    await house.keep()
    house.clock.advance(HOUR)
    assert (house.gauge("oldest_pending_seconds"), house.gauge("overdue_seconds")) == (3600, 3600)


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


async def test_why_somebody_was_not_told_is_known_as_long_as_deliveries_are(house: House) -> None:
    await house.notice(change(1), None)
    await house.notice(change(2), QUIET.key)
    await house.keep_after(399 * DAY)
    assert await house.left("notices") == [1, 2]

    await house.keep_after(2 * DAY)
    assert await house.left("notices") == [2], "what is held waits on"


async def test_a_notice_is_kept_as_long_as_the_message_it_went_out_in(house: House) -> None:
    await house.notice(change(1), QUIET.key)
    house.clock.advance(200 * DAY)
    await house.take(taken(change(1), "hook"))
    told, now = Settled(1, "told", delivery_id=delivery_id(change(1).change_id, "hook")), house.clock.now()
    async with house.connection.transaction() as connection:
        await gatherings.settle(connection, [told], {}, [("hook", QUIET.key)], now)
    await house.deliver()
    await house.keep_after(399 * DAY)
    assert await house.left("notices") == [1]

    await house.keep_after(2 * DAY)
    assert await house.left("notices") == await house.left("deliveries") == await house.left("changes") == []


async def test_what_a_gathering_may_repeat_is_kept_while_its_warning_is_open(house: House) -> None:
    await house.open(change(1))
    await house.notice(change(1), QUIET.key)
    async with house.connection.transaction() as connection:
        await gatherings.settle(connection, [Settled(1, "told")], {}, [], house.clock.now())
    await house.keep_after(500 * DAY)
    assert await house.left("notices") == [1]

    await house.open(recovery(1))
    async with house.connection.transaction() as connection:
        await gatherings.take_due(connection, house.clock.now(), 10)
    await house.keep_after(HOUR)
    assert await house.left("notices") == []


async def test_a_change_that_led_to_no_message_is_kept_while_something_still_names_it(house: House) -> None:
    """The newest of an open warning, one that waits, and one whose steps are to come."""
    now, changes = house.clock.now(), [change(number) for number in range(1, 5)]
    await house.take(*map(taken, changes))
    await house.open(changes[0])
    await house.notice(changes[1], QUIET.key)
    steps = Standing(warning(3), "up", changes[2].change_id, 0, 0, now, now)
    async with house.connection.transaction() as connection:
        await escalations.begin(connection, [steps])
    await house.keep_after(500 * DAY)
    assert set(await house.left("changes")) == {each.change_id for each in changes[:3]}

    await house.open(recovery(1))
    async with house.connection.transaction() as connection:
        await escalations.finish(connection, [steps])
    await house.keep_after(HOUR)
    assert await house.left("changes") == [changes[1].change_id]


async def test_what_a_message_mentions_is_kept_while_it_may_be_sent(house: House) -> None:
    now, warnings = house.clock.now(), [warning(2), warning(3)]
    message = NewDelivery(UUID(int=9), change(1), "hook", "log", now + 9 * DAY, Purpose.GROUP, mentions=warnings)
    await house.take(taken(change(1)))
    async with house.connection.transaction() as connection:
        await make(connection, [message], now)
    await house.keep_after(DAY)
    assert await house.left("mentions") == ["hook", "hook"]

    await house.deliver()
    await house.keep_after(HOUR)
    assert await house.left("mentions") == []


async def test_messages_are_counted_no_longer_than_the_longest_storm_is_looked_for(house: House) -> None:
    async with house.connection.transaction() as connection:
        await flow.add(connection, {"hook": 3}, house.clock.now())
    await house.keep_after(47 * HOUR)
    assert await house.left("flow") == ["hook"]

    await house.keep_after(2 * HOUR)
    assert await house.left("flow") == []


async def test_a_silence_is_known_as_long_after_its_end_as_what_it_kept_quiet(house: House) -> None:
    now = house.clock.now()
    async with house.connection.transaction() as connection:
        for number, lasts in enumerate((DAY, 20 * DAY), 1):
            silence = Silence(UUID(int=number), Match(), "head office", "known", now, now + lasts)
            await silences.add(connection, silence, now)
    await house.keep_after(402 * DAY)
    assert await house.left("silences") == [2]


async def test_when_a_borrower_was_written_to_is_known_as_long_as_a_cap_counts_it(
    settings: NotifierSettings, house: House
) -> None:
    """However short a time records are kept: the longest cap is of seven days."""
    house = House(settings.model_copy(update={"notifier_keep_days": 1}), house.connection, house.clock)
    async with house.connection.transaction() as connection:
        await contacts.touch(connection, [("B-1", None, "message", UUID(int=1))], house.clock.now())
    await house.keep_after(timedelta(days=6, hours=23))
    assert await house.left("contact_touches") == ["B-1"]

    await house.keep_after(2 * HOUR)
    assert await house.left("contact_touches") == []


async def test_what_is_old_is_looked_for_once_an_hour(house: House) -> None:
    await house.keep()
    async with house.connection.transaction() as connection:
        await flow.add(connection, {"hook": 3}, house.clock.now() - 49 * HOUR)
    await house.keep_after(timedelta(minutes=59))
    assert await house.left("flow") == ["hook"]

    await house.keep_after(timedelta(minutes=1))
    assert await house.left("flow") == []
