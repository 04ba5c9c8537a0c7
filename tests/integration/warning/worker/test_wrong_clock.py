"""Clocks jump by a hundred days, of one process or of several: nobody turns red for it, and time goes on afterwards."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.warning.metrics import Metrics
from shared.clock import Clock, SteadyClock, WallClock
from tests.events import Event, disbursed, repaid
from tests.integration.warning.conftest import Deployment, RunWorker
from tests.topics import records, until

JUMP = timedelta(days=100)
BORROWERS = [f"B{number}" for number in range(20)]


class Jumping:
    """The wall clock, which may be set wrong."""

    def __init__(self) -> None:
        self.off = timedelta()
        self.asked = 0

    def now(self) -> datetime:
        self.asked += 1
        return WallClock().now() + self.off


class Second:
    """A database's clock on the same machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def now(self) -> datetime:
        return self._clock.now()


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _healthy() -> list[Event]:
    return [disbursed(each, _day(-30), *(_day(days) for days in (2, 30, 60, 90))) for each in BORROWERS]


@pytest.fixture
def jumping(deployment: Deployment) -> Jumping:
    """The machine's clock of workers run by this test; their time is the wall clock's, and goes without settling."""
    wall = {"warning_clock": "wall", "warning_clock_settle_seconds": 0.0}
    deployment.settings = deployment.settings.model_copy(update=wall)
    clock = Jumping()
    deployment.clock = clock
    return clock


async def _looked(clock: Jumping, times: int) -> None:
    """Wait until the clock was looked at so often again; the worker does so once a second."""
    wanted = clock.asked + times

    async def often_enough() -> bool:
        return clock.asked >= wanted

    await until(often_enough, what=f"{times} more looks at the clock")


async def _everyone_is_well(deployment: Deployment) -> None:
    """Later payments are taken, nobody was ever warned of, and nothing was put aside but for being ahead."""
    await deployment.append(*(repaid(each, _now()) for each in BORROWERS))
    await deployment.caught_up()
    assert await deployment.told() == []
    assert {each["bellwether_reason"] for each in await deployment.dead_letters()} <= {"ahead_of_clock"}
    assert await deployment.connection.fetchval("SELECT count(*) FROM borrowers") == len(BORROWERS)
    clocks = await deployment.connection.fetch("SELECT clock FROM partition_progress")
    assert max(each["clock"] for each in clocks) <= datetime.now(UTC).timestamp() * 1e6


async def _time_goes_on(deployment: Deployment) -> None:
    await deployment.append(disbursed("late", _day(-30), _day(-2), loan="late"))

    async def told() -> bool:
        return await deployment.told() == [("late", "raised", "blue")]

    await until(told, what="an instalment that did not come is noticed")


@pytest.mark.parametrize("jump", [JUMP, -JUMP])
async def test_a_machine_whose_clock_jumps_is_not_believed_where_the_databases_did_not(
    deployment: Deployment, run_worker: RunWorker, jumping: Jumping, jump: timedelta
) -> None:
    await deployment.append(*_healthy())
    async with run_worker() as metrics:
        await deployment.caught_up()
        jumping.off = jump
        await _refused(metrics, 3)
        assert abs(metrics.clock_difference._value.get() - jump.total_seconds()) < 60
        jumping.off = timedelta()
        await _everyone_is_well(deployment)
        await _time_goes_on(deployment)
        assert abs(metrics.clock_difference._value.get()) < 1


async def _refused(metrics: Metrics, looks: int) -> None:
    async def often() -> bool:
        return bool(metrics.clock_refused._value.get() >= looks)

    await until(often, what=f"the clock was refused {looks} times")


async def test_a_machine_that_the_database_runs_on_too_does_not_follow_its_own_jump(
    deployment: Deployment, run_worker: RunWorker, jumping: Jumping
) -> None:
    deployment.clock = steady = SteadyClock(jumping)
    deployment.second = Second(steady)
    await deployment.append(*_healthy())
    async with run_worker():
        await deployment.caught_up()
        jumping.off = JUMP
        await _looked(jumping, 9)  # three a look
        assert steady.step_seconds() == pytest.approx(JUMP.total_seconds(), abs=1)
        jumping.off = timedelta()
        await _everyone_is_well(deployment)
        await _time_goes_on(deployment)


async def test_a_worker_begun_while_its_clock_and_the_databases_are_wrong_is_refused_by_the_log(
    deployment: Deployment, run_worker: RunWorker, jumping: Jumping
) -> None:
    deployment.second = Second(jumping)
    await deployment.append(*_healthy())
    jumping.off = JUMP
    async with run_worker():
        await deployment.caught_up()
        await _looked(jumping, 9)
        jumping.off = timedelta()
        await _everyone_is_well(deployment)
        letters = await deployment.dead_letters()
        assert {each["bellwether_reason"] for each in letters} == {"ahead_of_clock"}
        assert len(letters) <= 4, "told once a partition, and not again while it waits for its own record"
        await _time_goes_on(deployment)


async def test_an_event_that_an_ingest_with_a_wrong_clock_let_in_is_put_aside_and_the_borrowers_others_are_taken(
    deployment: Deployment, run_worker: RunWorker, jumping: Jumping
) -> None:
    ahead = (datetime.now(UTC) + JUMP).isoformat(timespec="seconds")
    await deployment.append(*_healthy(), repaid("B1", ahead))
    async with run_worker():
        await deployment.caught_up()
        await _everyone_is_well(deployment)
    (letter,) = await deployment.dead_letters()
    assert letter["bellwether_reason"] == "ahead_of_clock"
    assert "expected a time at most 3600 s ahead of" in letter["bellwether_detail"]
    assert ahead in letter["bellwether_detail"]


async def test_after_an_outage_time_comes_back_in_steps(
    deployment: Deployment, run_worker: RunWorker, jumping: Jumping
) -> None:
    await deployment.append(disbursed("B1", _day(-30), _day(-20)))
    async with run_worker():

        async def told() -> bool:
            return await deployment.told() == [("B1", "raised", "blue"), ("B1", "escalated", "yellow")]

        await until(told, what="what came meanwhile is told")
    found = await records(deployment.settings.kafka_bootstrap, deployment.topics.events)
    steps = [msgspec.json.decode(each.value)["data"]["through"] for each in found if each.key == b"clock"]
    assert steps == [f"{_day(-19)}T23:00:00Z", f"{_day(-13)}T23:00:00Z"], "a day beyond one day late, and beyond seven"
