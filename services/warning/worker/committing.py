"""Commits batches, one at a time, and finds out what became of one whose answer was lost."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

import structlog

from services.warning.store import ownership
from services.warning.store.commit import Batch, FencedError, commit
from services.warning.store.ownership import Held
from services.warning.store.steady import DATABASE_ERRORS, SteadyConnection

log = structlog.get_logger(__name__)


class NotCommittedError(Exception):
    """The batch is not in the database and never will be; the partitions are still this owner's."""


class Committer:
    """The worker's writing connection on one topic's progress rows."""

    def __init__(self, connection: SteadyConnection, topic: str) -> None:
        self._connection = connection
        self._topic = topic

    async def take(self, starts: Mapping[int, int]) -> list[Held]:
        """Raise the epoch of these partitions, each of which begins at its start where nobody ever owned it."""
        return await self._connection.read(lambda connection: ownership.take(connection, self._topic, starts))

    async def read(self, partitions: Sequence[int]) -> list[Held]:
        """The stored rows, once no statement runs on them any more."""
        return await self._connection.read(lambda connection: ownership.read(connection, self._topic, partitions))

    async def commit(self, batch: Batch) -> UUID:
        """Write the batch; the id of its commit. Raises FencedError, or NotCommittedError where it failed for sure."""
        commit_id = uuid4()
        try:
            await commit(await self._connection.current(), self._topic, commit_id, batch)
        except DATABASE_ERRORS as error:
            log.warning("warning.commit.unanswered", error=f"{type(error).__name__}: {error}")
            await self._connection.renew()
            await self._find_out(commit_id, batch, error)
        return commit_id

    async def _find_out(self, commit_id: UUID, batch: Batch, error: BaseException) -> None:
        mine = {each.partition: each.epoch for each in batch.progress}
        held = await self.read(list(mine))
        if any(each.progress.epoch != mine[each.progress.partition] for each in held):
            raise FencedError(f"partitions {sorted(mine)}: not all of them are mine any more") from error
        if not all(each.commit_id == commit_id for each in held):
            raise NotCommittedError(f"{type(error).__name__}: {error}") from error

    async def abandon(self) -> None:
        """Give up what is still running: a successor waits for it no longer than the server's own limits."""
        await self._connection.renew()
