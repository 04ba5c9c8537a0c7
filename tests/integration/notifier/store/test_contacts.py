"""Touches are kept as long as they count, and then forgotten."""

from datetime import timedelta
from uuid import UUID

from services.notifier.core.conduct import Touch
from services.notifier.store import contacts, housekeeping
from services.notifier.store.connection import Connection
from shared.clock import ManualClock

DAY = timedelta(days=1)


async def test_old_touches_are_forgotten_and_those_that_count_are_not(
    connection: Connection, clock: ManualClock
) -> None:
    now = clock.now()
    async with connection.transaction() as inside:
        for days in (1, 401):
            await contacts.touch(inside, [("B-1", None, "message", UUID(int=days))], now - days * DAY)
        assert await housekeeping.forget(inside, now, remember=21 * DAY, keep=400 * DAY) == 1
        assert await housekeeping.forget(inside, now, remember=21 * DAY, keep=400 * DAY) == 0
        found = await contacts.touches(inside, ["B-1", "B-2"], now - 1000 * DAY)

    assert found == {"B-1": [Touch(now - DAY, "message")], "B-2": []}


async def test_taking_a_touch_back_leaves_earlier_ones_of_the_same_message(
    connection: Connection, clock: ManualClock
) -> None:
    now, mail = clock.now(), UUID(int=1)
    async with connection.transaction() as inside:
        for days in (2, 1):
            await contacts.touch(inside, [("B-1", "L-1", "message", mail)], now - days * DAY)
        await contacts.untouch(inside, {mail: "B-1"})
        found = await contacts.touches(inside, ["B-1"], now - 9 * DAY)

    assert found == {"B-1": [Touch(now - 2 * DAY, "message", "L-1")]}
