"""When borrowers were written to, as far as it counts."""

from datetime import timedelta
from uuid import UUID

from services.notifier.core.conduct import Touch
from services.notifier.store import contacts
from services.notifier.store.connection import Connection
from shared.clock import ManualClock

DAY = timedelta(days=1)


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
