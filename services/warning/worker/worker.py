"""The consume loop: fetch, decide, fire what falls due, commit; one transaction in flight, one batch waiting."""

import asyncio
from collections.abc import Iterable
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
        """Records and then due times, decided while the turn before commits, and committed together."""
        try:
            with self._possession.in_hand():
                await self._possession.follow()
            work = await self._fetch()
            with self._possession.in_hand():
                await self._decide(work)
        except FencedError as error:
            log.warning("warning.fenced", error=str(error))
            self._metrics.fenced.inc()
            await self._possession.rejoin()
        except NotCommittedError as error:
            log.warning("warning.commit.failed", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
            await self._possession.decide_again()

    async def _decide(self, work: Work) -> None:
        decided = Decided()
        if work:
            await self._events(decided, work)
        await self._sweep(decided)
        if not decided.partitions:
            await self._rest(decided)
        if decided.partitions:
            await self._take_off(decided.finish())

    async def _fetch(self) -> Work:
        self._possession.pause_and_resume(lambda number: self._outbox.waiting(number) > FULL)
        waiting = any(each.due or each.sweeping for each in self._possession.owned.values())
        return await self._possession.fetch(0 if waiting else FETCH_MS, self._batch_records)

    async def _events(self, decided: Decided, work: Work) -> None:
        await fill(self._reader, missing_keys(work))
        began = perf_counter()
        await self._decider.events(decided, work)
        self._metrics.decide_seconds.observe(perf_counter() - began)

    async def _take_off(self, decided: Decided) -> None:
        await self._flight.take_off(decided)
        for partition in decided.partitions.values():
            partition.cache.shrink(decided.pins)

    async def _sweep(self, decided: Decided) -> None:
        """Fire some of what is due, in each partition in turn."""
        asked = {each.number: each for each in self._possession.owned.values() if each.sweeping and not each.due}
        if asked:
            await self._find_due(decided, asked)
        borrowers = _next_due(self._possession.owned.values())
        if not borrowers:
            return
        missing = {key: each for each, borrower in borrowers if (key := borrower.encode()) not in each.cache.entries}
        await fill(self._reader, missing)
        await self._decider.due(decided, borrowers)
        self._metrics.timers_fired.inc(decided.fired)
        self._metrics.timers_parked.inc(len(decided.batch.parked))

    async def _find_due(self, decided: Decided, partitions: dict[int, Partition]) -> None:
        """Ask the table who is due, and correct its answer by what it may not know yet: two batches' due times."""
        moved = {**self._flight.newest.due, **decided.batch.due}
        through = {each.number: each.clock for each in partitions.values()}
        found = await self._reader.read(lambda connection: states.due(connection, through, DUE_READ))
        for number, borrowers in found.items():
            partitions[number].due.extend(each for each in borrowers if each not in moved)
            partitions[number].sweeping = len(borrowers) == DUE_READ
        for each, (number, due) in moved.items():
            if number in partitions and 0 < due <= through[number] and each not in self._flight.newest.parked:
                partitions[number].due.append(each)

    async def _rest(self, decided: Decided) -> None:
        """Nothing came: delete the published rows of the outbox, so that a successor does not publish them again."""
        await self._possession.rest()
        for each in self._possession.owned.values():
            if self._outbox.published_up_to(each) > each.deleted:
                decided.begin(each)


def _next_due(partitions: Iterable[Partition]) -> list[tuple[Partition, str]]:
    """The next DUE_PER_COMMIT borrowers to fire, shared out among the partitions that have some."""
    found: list[tuple[Partition, str]] = []
    waiting = [each for each in partitions if each.due]
    for left, each in zip(range(len(waiting), 0, -1), sorted(waiting, key=lambda each: len(each.due)), strict=True):
        share = min(len(each.due), (DUE_PER_COMMIT - len(found)) // left)
        found += [(each, each.due.popleft()) for _ in range(share)]
    return found
