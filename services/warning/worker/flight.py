"""The transaction in flight: at most one, while the next batch is decided."""

import asyncio
from collections.abc import Callable
from time import perf_counter

import structlog

from services.warning.metrics import Metrics
from services.warning.store.commit import Batch
from services.warning.worker.committing import Committer
from services.warning.worker.deciding import Decided, Remarked
from services.warning.worker.outbox import Outbox

log = structlog.get_logger(__name__)


class Flight:
    """Commits batches in the order they were decided. What went wrong is raised to whoever waits for the landing."""

    def __init__(
        self, committer: Committer, outbox: Outbox, metrics: Metrics, landed: Callable[[Decided], None]
    ) -> None:
        self._committer = committer
        self._outbox = outbox
        self._metrics = metrics
        self._on_landing = landed
        self._task: asyncio.Task[None] | None = None
        self.newest = Batch()
        """What took off last, empty once it is known to have landed."""

    async def take_off(self, decided: Decided) -> None:
        """Start committing a batch once the one before it has landed. Raises what `landed` raises."""
        await self.landed()
        for partition in decided.partitions.values():
            published = self._outbox.published_up_to(partition)
            if published > partition.deleted:
                decided.batch.sent[partition.number] = published
        self.newest = decided.batch
        self._task = asyncio.create_task(self._commit(decided))
        await asyncio.sleep(0)  # so that the statement is on its way before the next batch is decided

    async def landed(self) -> None:
        """Wait for the batch in flight. Raises FencedError or NotCommittedError where it was not written."""
        task, self._task = self._task, None
        if task is not None:
            await task
        self.newest = Batch()

    async def landed_within(self, seconds: float) -> bool:
        """Whether what was in flight is written; after `seconds` it is given up, its outcome unknown."""
        task, self._task = self._task, None
        self.newest = Batch()
        if task is None:
            return True
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            await self._committer.abandon()
        return not task.cancelled() and task.exception() is None

    async def _commit(self, decided: Decided) -> None:
        began = perf_counter()
        commit_id = await self._committer.commit(decided.batch)
        self._metrics.commit_seconds.observe(perf_counter() - began)
        for partition in decided.partitions.values():
            partition.commit_id = commit_id
            partition.deleted = decided.batch.sent.get(partition.number, partition.deleted)
        self._outbox.add(decided.batch.letters)
        self._metrics.count(decided.outcomes, decided.changes, decided.reasons)
        self._remark(decided.remarks)
        self._on_landing(decided)

    def _remark(self, remarks: list[Remarked]) -> None:
        """Once they are committed, so that each is counted once."""
        for borrower_id, source, event_id, each in remarks:
            self._metrics.remarks.labels(each.name).inc()
            log.warning(
                "warning.remark", remark=each.name, about=each.about, detail=each.detail, borrower_id=borrower_id,
                event_source=source, event_id=event_id,
            )  # fmt: skip
