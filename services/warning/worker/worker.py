"""The consume loop: fetch, decide, commit, and fire what falls due; one transaction in flight, one batch waiting."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import structlog
from aiokafka import ConsumerRecord

from services.warning.metrics import Metrics
from services.warning.store import states
from services.warning.store.commit import FencedError
from services.warning.store.steady import SteadyConnection
from services.warning.worker.committing import NotCommittedError
from services.warning.worker.deciding import Decided, Decider
from services.warning.worker.flight import Flight
from services.warning.worker.loading import fill, missing_keys
from services.warning.worker.outbox import FULL, Outbox
from services.warning.worker.partition import Partition
from services.warning.worker.possession import Possession

log = structlog.get_logger(__name__)

FETCH_MS = 200
DUE_READ = 20_000
"""Due borrowers read at once; a bank's half million fall due at one midnight."""
DUE_PER_COMMIT = 500
RETRY_SECONDS = 0.2

Work = dict[Partition, list[ConsumerRecord]]


class Worker:
    """Turns the records of the partitions it owns into committed states and published changes.

    Whatever fails, what is in the database is the truth: memory is dropped and read anew from there.
    """

    def __init__(
        self,
        possession: Possession,
        decider: Decider,
        flight: Flight,
        outbox: Outbox,
        reader: SteadyConnection,
        metrics: Metrics,
        *,
        batch_records: int,
    ) -> None:
        self._possession = possession
        self._decider = decider
        self._flight = flight
        self._outbox = outbox
        self._reader = reader
        self._metrics = metrics
        self._batch_records = batch_records

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then finish the transaction in flight, publish what it told and leave the group."""
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._outbox.run(drained))
            try:
                await self._possession.join()
                while not stop.is_set():
                    await self._turn()
            finally:
                await self._possession.leave()
            drained.set()

    async def _turn(self) -> None:
        try:
            await self._possession.follow()
            work = await self._fetch()
            if work:
                await self._events(work)
            fired = await self._sweep()
            if not work and not fired:
                await self._idle()
        except FencedError as error:
            log.warning("warning.fenced", error=str(error))
            self._metrics.fenced.inc()
            await self._possession.rejoin()
        except NotCommittedError as error:
            log.warning("warning.commit.failed", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
            await self._possession.decide_again()

    async def _fetch(self) -> Work:
        self._possession.pause_and_resume(lambda number: self._outbox.waiting(number) > FULL)
        waiting = any(each.due or each.sweeping for each in self._possession.owned.values())
        return await self._possession.fetch(0 if waiting else FETCH_MS, self._batch_records)

    async def _events(self, work: Work) -> None:
        await fill(self._reader, missing_keys(work))
        began = perf_counter()
        decided = await self._decider.events(work)
        self._metrics.decide_seconds.observe(perf_counter() - began)
        await self._take_off(decided)

    async def _take_off(self, decided: Decided) -> None:
        await self._flight.take_off(decided)
        for partition in decided.partitions.values():
            number = partition.number
            partition.cache.shrink(lambda key, number=number: decided.pins(number, key))  # type: ignore[misc]

    async def _sweep(self) -> bool:
        """Fire some of what is due in each partition, in turn with event batches; whether there was any."""
        fired = False
        for partition in list(self._possession.owned.values()):
            if partition.sweeping and not partition.due:
                await self._find_due(partition)
            if partition.due:
                fired = True
                await self._fire(partition, [partition.due.popleft() for _ in range(_chunk(partition.due))])
        return fired

    async def _find_due(self, partition: Partition) -> None:
        """Ask for due borrowers once nothing is in flight: from then on an event fires its borrower's itself."""
        await self._flight.landed()
        number, clock = partition.number, partition.clock
        found = await self._reader.read(lambda connection: states.due(connection, number, clock, DUE_READ))
        partition.due.extend(found)
        partition.sweeping = len(found) == DUE_READ

    async def _fire(self, partition: Partition, borrower_ids: Sequence[str]) -> None:
        borrowers = [(each.encode(), each) for each in borrower_ids]
        await fill(self._reader, {key: partition for key, _ in borrowers if key not in partition.cache.entries})
        decided = await self._decider.due(partition, borrowers)
        self._metrics.timers_fired.inc(decided.fired)
        self._metrics.timers_parked.inc(len(decided.batch.parked))
        await self._take_off(decided)

    async def _idle(self) -> None:
        """Nothing came: delete the published rows of the outbox, so that a successor does not publish them again."""
        await self._flight.landed()
        done = [each for each in self._possession.owned.values() if self._outbox.published_up_to(each) > each.deleted]
        if done:
            await self._flight.take_off(self._decider.nothing(done))


def _chunk(due: Sequence[str]) -> int:
    return min(DUE_PER_COMMIT, len(due))
