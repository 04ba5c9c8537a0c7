"""What a partition is told of the time: no more than two clocks agree on, in bounded steps, and each once."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from services.warning.core.calendar import micros
from services.warning.worker.wall_clock import WallClock

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Situation:
    """One partition, what is due in it, and what it was told, as moments."""

    def __init__(self) -> None:
        self.agreed: datetime | None = NOON
        self.due: datetime | None = None
        self.partition = SimpleNamespace(number=3, epoch=1, clock=0)
        self.told: list[datetime] = []
        parts: Any = (self, {3: self.partition}, self, self, "events")
        self.clock = WallClock(*parts, settle=HOUR, step=DAY)

    async def now(self) -> datetime | None:
        return self.agreed

    async def read(self, _: Any) -> dict[int, int]:
        return {} if self.due is None else {3: micros(self.due)}

    async def publish(self, outgoing: list[Any]) -> None:
        for each in outgoing:
            assert each.partition == 3
            self.told.append(datetime.fromisoformat(msgspec.json.decode(each.value)["data"]["through"]))

    async def look(self) -> list[datetime]:
        """What it is told at one look."""
        before = len(self.told)
        await self.clock.advance()
        return self.told[before:]

    def comes_to_it(self) -> None:
        """The partition reads what it was told last."""
        self.partition.clock = micros(self.told[-1])


@pytest.fixture
def situation() -> Situation:
    return Situation()


async def test_nothing_is_told_before_a_due_time_and_the_settling_time_are_over(situation: Situation) -> None:
    assert await situation.look() == []
    situation.due = NOON - HOUR + timedelta(seconds=1)
    assert await situation.look() == []
    situation.due = NOON - HOUR
    assert await situation.look() == [NOON - HOUR]


async def test_nothing_is_told_while_the_clocks_disagree(situation: Situation) -> None:
    situation.due, situation.agreed = NOON - DAY, None
    assert await situation.look() == []


async def test_a_long_way_takes_several_steps_each_from_what_is_due_then(situation: Situation) -> None:
    situation.due = NOON - 9 * DAY
    assert await situation.look() == [NOON - 8 * DAY]
    assert await situation.look() == [], "it has not come to it yet"
    situation.comes_to_it()
    situation.due = NOON - 2 * DAY
    assert await situation.look() == [NOON - DAY], "a stretch in which nothing is due is one step"
    situation.comes_to_it()
    situation.due = NOON - 3 * DAY  # still to be fired
    assert await situation.look() == [NOON - HOUR]


async def test_a_partition_ahead_of_the_time_is_told_nothing_that_would_not_move_it(situation: Situation) -> None:
    situation.due, situation.partition.clock = NOON - DAY, micros(NOON + DAY)
    assert await situation.look() == []


async def test_what_a_wrong_clock_told_is_not_waited_for_since_the_log_refuses_it(situation: Situation) -> None:
    situation.due, situation.agreed = NOON - DAY, NOON + 100 * DAY
    assert await situation.look() == [NOON]
    situation.due, situation.agreed = NOON - HOUR - timedelta(seconds=1), NOON
    assert await situation.look() == [NOON - HOUR]
