"""Partitions move between workers, connections break and the broker restarts: nothing is lost, nothing doubled."""

import asyncio

import asyncpg
import pytest

from services.warning.store import ownership
from services.warning.worker.assembly import SameInstanceError
from services.warning.worker.possession import OffsetOutsideLogError
from shared.warnings import WarningChange
from tests.events import Event, clock, disbursed, exposed, repaid
from tests.integration.warning.conftest import Deployment, RunWorker
from tests.topics import records, until

BORROWERS = 40


def _month(month: int) -> list[Event]:
    """Everybody has an instalment on the 1st; every fourth pays nine days late; the clock tells each day."""
    names = [f"B{number}" for number in range(BORROWERS)]
    due = f"2025-{month:02}-01"
    events = [disbursed(name, due, due, loan=f"L{month}") for name in names]
    for day in range(2, 12):
        events.append(clock(f"2025-{month:02}-{day:02}"))
        if day == 10:
            events += [repaid(name, f"2025-{month:02}-10", loan=f"L{month}") for name in names[::4]]
    return events


def _lives(changes: list[WarningChange]) -> dict[str, list[tuple[str, str, str]]]:
    lives: dict[str, list[tuple[str, str, str]]] = {}
    for each in changes:
        lives.setdefault(each.borrower_id, []).append((each.kind, str(each.level), each.at.isoformat()))
    return lives


async def _alone(deployment: Deployment, run_worker: RunWorker, months: range) -> dict[str, list[tuple[str, str, str]]]:
    for month in months:
        await deployment.append(*_month(month))
    async with run_worker():
        await deployment.caught_up()
    return _lives(await deployment.changes())


async def test_two_workers_share_the_partitions_and_tell_each_change_once(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    async with run_worker() as first:
        await deployment.append(*_month(1))
        async with run_worker() as second:

            async def shared() -> bool:
                return bool(first.partitions._value.get() == second.partitions._value.get() == 2)

            await until(shared, what="each owns two partitions")
            await deployment.append(*_month(2))
            await deployment.caught_up()
        await deployment.append(*_month(3))
        await deployment.caught_up()

    found = await deployment.changes()
    lives = _lives(found)
    assert len(lives) == BORROWERS
    for life in lives.values():
        assert [moment for _, _, moment in life] == sorted(moment for _, _, moment in life)
    raw = await records(deployment.settings.kafka_bootstrap, deployment.topics.warnings)
    assert len(raw) == len(found), "a hand-over in good order repeats nothing"


async def test_a_worker_whose_partitions_were_taken_behind_its_back_rejoins_and_decides_the_rest(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    async with run_worker() as metrics:
        await deployment.append(*_month(1))
        await deployment.caught_up()
        await ownership.take(deployment.connection, deployment.topics.events, {1: 0, 2: 0})
        await deployment.append(*_month(2))
        await deployment.caught_up()
        assert metrics.fenced._value.get() >= 1

    assert len(_lives(await deployment.changes())) == BORROWERS
    assert len(await deployment.changes()) == len({each.change_id for each in await deployment.changes()})


async def test_a_database_that_drops_every_connection_costs_nothing(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    async with run_worker():
        for month in range(1, 5):
            await deployment.append(*_month(month))
            await _drop_connections(deployment.connection)
        await deployment.caught_up()

    assert len(_lives(await deployment.changes())) == BORROWERS


async def _drop_connections(connection: "asyncpg.Connection") -> None:
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


async def test_the_outbox_of_a_worker_that_died_is_published_before_anything_new(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"), exposed("B1", "2025-01-02", "lender-2"))
    async with run_worker():
        await deployment.caught_up()
    (told,) = await records(deployment.settings.kafka_bootstrap, deployment.topics.warnings)
    await deployment.connection.execute(
        "INSERT INTO outbox SELECT partition, outbox_seq, $1, $2, $3, '\\x90'"
        " FROM partition_progress WHERE outbox_seq > 0",
        deployment.topics.warnings,
        told.key,
        told.value,
    )
    await deployment.append(*(exposed("B1", f"2025-01-{day:02}", f"lender-{day}") for day in range(3, 5)))

    async with run_worker():
        await deployment.caught_up()

    raw = await records(deployment.settings.kafka_bootstrap, deployment.topics.warnings)
    assert [each.value for each in raw][:2] == [told.value, told.value]
    assert len(await deployment.changes()) == 1


async def test_a_stored_offset_outside_the_log_stops_the_worker_with_both_numbers(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    await deployment.append(*(exposed(f"B{number}", "2025-01-01", "lender-1") for number in range(20)))
    async with run_worker():
        await deployment.caught_up()
    await deployment.connection.execute("UPDATE partition_progress SET next_offset = 1000 WHERE partition = 0")

    with pytest.raises(ExceptionGroup) as raised:
        async with run_worker():
            await asyncio.Event().wait()

    assert raised.group_contains(OffsetOutsideLogError, match="the stored offset is 1000, but the log holds 0 up to")


async def test_two_workers_never_run_under_one_instance_id(deployment: Deployment, run_worker: RunWorker) -> None:
    settings = deployment.settings.model_copy(update={"warning_group_instance_id": "warning-0"})
    async with run_worker(settings=settings):
        with pytest.raises(SameInstanceError, match="warning-0"):
            async with run_worker(settings=settings):
                raise AssertionError("the second worker started")


async def test_a_small_cache_decides_as_a_large_one(deployment: Deployment, run_worker: RunWorker) -> None:
    settings = deployment.settings.model_copy(update={"warning_cache_mb": 0, "warning_batch_records": 7})
    for month in range(1, 4):
        await deployment.append(*_month(month))

    async with run_worker(settings=settings):
        await deployment.caught_up()

    lives = _lives(await deployment.changes())
    assert len(lives) == BORROWERS
    assert {len(life) for number, life in lives.items() if int(number[1:]) % 4 == 0} == {9}
    assert {len(life) for number, life in lives.items() if int(number[1:]) % 4} == {3}
