"""One transaction a batch: all of it under this owner's epoch, or none of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest

from services.warning.settings import Settings
from services.warning.store import MIGRATIONS, SCHEMA, ownership
from services.warning.store.commit import Batch, FencedError, Letter, Progress, commit
from services.warning.store.steady import SteadyConnection
from services.warning.worker.committing import Committer, NotCommittedError
from shared.db import migrate

TOPIC = "events"
STARTS = dict.fromkeys(range(4), 0)


@pytest.fixture
async def settings(database_url: str) -> Settings:
    settings = Settings(database_url=database_url)  # type: ignore[arg-type]
    await migrate(settings, SCHEMA, MIGRATIONS)
    return settings


@pytest.fixture
async def steady(settings: Settings) -> AsyncIterator[SteadyConnection]:
    connection = SteadyConnection(settings)
    yield connection
    await connection.close()


async def _batch(connection: "asyncpg.Connection", **changed: int) -> Batch:
    """One borrower and one letter in each of the four partitions, every progress row moved on by ten."""
    held = await ownership.read(connection, TOPIC, list(STARTS))
    rows = [replace(each.progress, next_offset=each.progress.next_offset + 10, **changed) for each in held]
    return Batch(
        progress=rows,
        states={f"B{each.partition}": (each.partition, b"state") for each in rows},
        due={f"B{each.partition}": (each.partition, 7) for each in rows},
        letters=[Letter(each.partition, each.outbox_seq + 1, "warnings", b"k", b"v", []) for each in rows],
    )


async def _written(connection: "asyncpg.Connection") -> list[int]:
    tables = ("borrowers", "timers", "outbox")
    counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    return [*counts, await connection.fetchval("SELECT sum(next_offset) FROM partition_progress")]


async def test_a_batch_is_written_whole(steady: SteadyConnection) -> None:
    connection = await steady.current()
    await ownership.take(connection, TOPIC, STARTS)

    await commit(connection, TOPIC, uuid4(), await _batch(connection))

    assert await _written(connection) == [4, 4, 4, 40]


async def test_one_fenced_partition_of_four_rolls_all_of_them_back(steady: SteadyConnection) -> None:
    connection = await steady.current()
    await ownership.take(connection, TOPIC, STARTS)
    batch = await _batch(connection)
    await ownership.take(connection, TOPIC, {2: 0})

    with pytest.raises(FencedError):
        await commit(connection, TOPIC, uuid4(), batch)

    assert await _written(connection) == [0, 0, 0, 0]


async def test_a_batch_decided_on_a_stale_view_is_refused(steady: SteadyConnection) -> None:
    connection = await steady.current()
    await ownership.take(connection, TOPIC, STARTS)
    batch = await _batch(connection)
    await commit(connection, TOPIC, uuid4(), batch)

    with pytest.raises(FencedError):
        await commit(connection, TOPIC, uuid4(), batch)

    assert await _written(connection) == [4, 4, 4, 40]


class LostAnswer(SteadyConnection):
    """Loses the next answer: the connection breaks just before, or just after, the statement has run."""

    def __init__(self, settings: Settings, *, after: bool) -> None:
        super().__init__(settings)
        self._after = after
        self._armed = False

    def arm(self) -> None:
        self._armed = True

    async def current(self) -> "asyncpg.Connection":
        connection = await super().current()
        if not self._armed:
            return connection
        self._armed = False
        return _Breaking(connection, after=self._after)


class _Breaking:
    def __init__(self, connection: "asyncpg.Connection", *, after: bool) -> None:
        self._connection, self._after = connection, after

    async def fetchval(self, *arguments: object) -> None:
        if self._after:
            await self._connection.fetchval(*arguments)
        self._connection.terminate()
        raise ConnectionResetError("the answer was lost")


async def test_a_commit_whose_answer_was_lost_is_found_to_have_succeeded(settings: Settings) -> None:
    connection = LostAnswer(settings, after=True)
    committer = Committer(connection, TOPIC)
    await committer.take(STARTS)
    batch = await _batch(await connection.current())
    connection.arm()

    commit_id = await committer.commit(batch)

    assert {each.commit_id for each in await committer.read(list(STARTS))} == {commit_id}
    assert await _written(await connection.current()) == [4, 4, 4, 40]
    await connection.close()


async def test_a_commit_that_never_ran_is_found_to_have_failed(settings: Settings) -> None:
    connection = LostAnswer(settings, after=False)
    committer = Committer(connection, TOPIC)
    await committer.take(STARTS)
    batch = await _batch(await connection.current())
    connection.arm()

    with pytest.raises(NotCommittedError):
        await committer.commit(batch)

    assert await _written(await connection.current()) == [0, 0, 0, 0]
    await connection.close()


async def test_a_lost_answer_on_a_partition_taken_by_another_is_a_fence(settings: Settings) -> None:
    connection = LostAnswer(settings, after=False)
    committer = Committer(connection, TOPIC)
    await committer.take(STARTS)
    batch = await _batch(await connection.current())
    await committer.take({3: 0})
    connection.arm()

    with pytest.raises(FencedError):
        await committer.commit(batch)
    await connection.close()


async def test_taking_a_partition_raises_its_epoch_and_keeps_where_it_stands(steady: SteadyConnection) -> None:
    connection = await steady.current()
    (first,) = await ownership.take(connection, TOPIC, {0: 5})
    (second,) = await ownership.take(connection, TOPIC, {0: 99})

    assert first.progress == Progress(0, 1, 0, 5, 0, 0)
    assert second.progress == Progress(0, 2, 0, 5, 0, 0)


async def test_a_database_of_another_time_zone_or_partition_count_is_refused(steady: SteadyConnection) -> None:
    connection = await steady.current()
    await ownership.agree(connection, "Africa/Lagos", 4)
    await ownership.agree(connection, "Africa/Lagos", 4)

    with pytest.raises(ownership.OtherDeploymentError, match="time zone Africa/Lagos and 4 partitions"):
        await ownership.agree(connection, "Africa/Lagos", 5)


async def test_an_instance_id_is_one_workers_alone(steady: SteadyConnection, settings: Settings) -> None:
    other = SteadyConnection(settings)
    assert await ownership.hold_instance(await steady.current(), "warning-0")
    assert not await ownership.hold_instance(await other.current(), "warning-0")
    await steady.close()
    assert await ownership.hold_instance(await other.current(), "warning-0")
    await other.close()
