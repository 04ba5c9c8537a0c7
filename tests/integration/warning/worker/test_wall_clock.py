"""With the wall clock as business time, the owner of a partition tells it that a due time has come."""

from datetime import timedelta

from shared.clock import ManualClock
from tests.events import disbursed, repaid
from tests.integration.warning.conftest import Deployment, RunWorker
from tests.topics import records, until


async def _clock_records(deployment: Deployment) -> list[int]:
    found = await records(deployment.settings.kafka_bootstrap, deployment.topics.events)
    return [each.partition for each in found if each.key == b"clock"]


async def test_an_instalment_that_does_not_come_is_noticed_once_the_day_and_the_settling_time_are_over(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    assert isinstance(deployment.clock, ManualClock)
    settings = deployment.settings.model_copy(update={"warning_clock": "wall"})
    await deployment.append(
        disbursed("B1", "2025-12-31", "2026-01-01"),
        disbursed("B2", "2025-12-31", "2026-01-01", loan="L2"),
        repaid("B2", "2025-12-31", loan="L2"),
    )
    async with run_worker(settings=settings):
        await deployment.caught_up()
        assert await _clock_records(deployment) == []
        deployment.clock.advance(timedelta(hours=23, minutes=4))
        deployment.clock.advance(timedelta(minutes=2))

        async def told() -> bool:
            return bool(await deployment.told())

        await until(told, what="the missed payment is told")
        await deployment.caught_up()

    assert await deployment.told() == [("B1", "raised", "blue")]
    assert len(await _clock_records(deployment)) == 1, "only the partition in which something is due is told"


async def test_a_due_time_is_told_once_however_long_its_record_waits(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    assert isinstance(deployment.clock, ManualClock)
    settings = deployment.settings.model_copy(update={"warning_clock": "wall", "warning_clock_settle_seconds": 0.0})
    await deployment.append(disbursed("B1", "2025-12-31", "2026-01-01"))
    deployment.clock.advance(timedelta(days=2))

    async with run_worker(settings=settings):

        async def told() -> bool:
            return bool(await deployment.told())

        await until(told, what="the missed payment is told")
        await deployment.caught_up()

    (change,) = await deployment.changes()
    assert change.at.isoformat() == "2026-01-01T23:00:00+00:00", "decided as of the due time, 00:00 in Lagos"
    assert len(await _clock_records(deployment)) == 1
