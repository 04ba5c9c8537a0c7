"""The partitions this worker owns: joining the group, taking what it assigns, letting go, and coming back."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from services.warning.metrics import Metrics
from services.warning.store import states
from services.warning.store.commit import FencedError
from services.warning.store.ownership import Held, waiting_letters
from services.warning.store.steady import SteadyConnection
from services.warning.worker.cache import Cache
from services.warning.worker.committing import Committer
from services.warning.worker.deciding import Decided
from services.warning.worker.flight import Flight
from services.warning.worker.membership import RELEASE_SECONDS, Membership
from services.warning.worker.outbox import Outbox
from services.warning.worker.partition import Partition

log = structlog.get_logger(__name__)

OFFSETS_EVERY_SECONDS = 1.0
"""How often Kafka is told where the group stands. Only lag tools read it."""


class OffsetOutsideLogError(Exception):
    """The stored offset is not in the log any more, or not yet: going on would skip or repeat events."""


class Possession:
    """What the worker owns, by partition number. Nothing is decided for a partition that is not in `owned`."""

    def __init__(
        self,
        topic: str,
        new_consumer: Callable[[], AIOKafkaConsumer],
        committer: Committer,
        outbox: Outbox,
        reader: SteadyConnection,
        metrics: Metrics,
        *,
        cache_bytes: int,
    ) -> None:
        self.owned: dict[int, Partition] = {}
        self._topic = topic
        self._new_consumer = new_consumer
        self._committer = committer
        self._outbox = outbox
        self._reader = reader
        self._metrics = metrics
        self._cache_bytes = cache_bytes
        self._flight = Flight(committer, outbox, metrics, self._landed)
        self._kept: dict[int, tuple[UUID | None, Cache]] = {}
        self._consumer = new_consumer()
        self._membership = Membership()
        self._paused: set[TopicPartition] = set()
        self._committed: dict[int, int] = {}
        self._told: dict[int, int] = {}
        self._telling: asyncio.Task[None] | None = None
        self._told_at = 0.0

    @property
    def flight(self) -> Flight:
        """The transaction in flight."""
        return self._flight

    def in_hand(self) -> AbstractContextManager[None]:
        """While it lasts the worker is busy with what it owns, and shows for how long."""
        return self._metrics.lag.in_hand(self._topic)

    async def join(self) -> None:
        """Join the group. Raises KafkaError where it cannot be reached."""
        self._consumer.subscribe([self._topic], listener=self._membership)
        await self._consumer.start()

    async def follow(self) -> None:
        """Do what the group asked for meanwhile: let go, then take. Raises OffsetOutsideLogError."""
        if self._membership.revoking:
            await self._let_go()
        assigned = self._membership.assignment()
        if assigned is not None:
            await self._take(assigned)
        self._tell_in_time()

    async def fetch(self, timeout_ms: int, max_records: int) -> dict[Partition, list[ConsumerRecord]]:
        """The next records of the owned partitions, from where each of them stands. Raises OffsetOutsideLogError."""
        try:
            got = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        except NoOffsetForPartitionError:
            return {}  # assigned but not taken yet: its offset is in the database, not in Kafka
        except OffsetOutOfRangeError as error:
            raise await self._outside_log(error) from error
        return {
            partition: ahead
            for tp, records in got.items()
            if (partition := self.owned.get(tp.partition)) is not None and partition.stopped is None
            # A fetch sent before the seek may bring what is decided already.
            if (ahead := _from(records, partition.next_offset))
        }

    def pause_and_resume(self, too_full: Callable[[int], bool]) -> None:
        """Stop fetching partitions that are stopped or `too_full`; go on with the others. Polling never stops."""
        wanted = {
            TopicPartition(self._topic, each.number)
            for each in self.owned.values()
            if each.stopped is not None or too_full(each.number)
        }
        if wanted == self._paused:
            return
        with suppress(IllegalStateError):  # the assignment has just changed: the next turn follows it
            self._consumer.pause(*(wanted - self._paused))
            self._consumer.resume(*(self._paused - wanted))
            self._paused = wanted
        stopped = [each for each in self.owned.values() if each.stopped is not None]
        self._metrics.stopped_partitions.set(len(stopped))
        for each in stopped:
            log.error("warning.partition.stopped", partition=each.number, reason=each.stopped)

    async def rest(self) -> None:
        """Everything fetched is committed: what the log holds beyond it are markers of transactions, no records."""
        await self._flight.landed()
        for each in self.owned.values():
            if each.stopped is None:
                place = TopicPartition(self._topic, each.number)
                with suppress(IllegalStateError):  # revoked since: the next turn lets go of it
                    position = max(each.next_offset, await self._consumer.position(place))
                    self._metrics.lag.stands(place, position)
                    self._committed[each.number] = position

    async def decide_again(self) -> None:
        """Go back to what is stored, in memory and in the log. Raises FencedError where another owns a partition."""
        await self._flight.landed_within(0.0)
        rows = await self._committer.read(list(self.owned))
        for held in rows:
            partition = self.owned[held.progress.partition]
            if held.progress.epoch != partition.epoch:
                raise FencedError(f"partition {partition.number} has another owner")
            partition.cache.clear()
            fresh = Partition.of(held, partition.cache)
            fresh.deleted = partition.deleted
            self.owned[partition.number] = fresh
            self._seek(fresh)

    async def rejoin(self) -> None:
        """Drop everything and join anew: an epoch is raised for what the group assigns, never to answer a fence."""
        await self._flight.landed_within(0.0)
        self._drop_all()
        self._kept.clear()
        self._membership.released()
        await self._consumer.stop()
        self._membership = Membership()
        self._consumer = self._new_consumer()
        await self.join()

    async def leave(self) -> None:
        """Finish what is in flight, tell Kafka where the group stands, and leave."""
        if await self._flight.landed_within(RELEASE_SECONDS):
            await self._tell_offsets()
        self._membership.released()
        await self._consumer.stop()

    async def _let_go(self) -> None:
        """Before the group moves on. What is in memory is used again only if nobody else wrote meanwhile."""
        clean = await self._flight.landed_within(RELEASE_SECONDS)
        self._kept = {each.number: (each.commit_id, each.cache) for each in self.owned.values()} if clean else {}
        self._drop_all()
        self._membership.released()

    def _drop_all(self) -> None:
        for number in self.owned:
            self._outbox.drop(number)
        self._metrics.lag.forget(TopicPartition(self._topic, number) for number in self.owned)
        self.owned.clear()
        self._committed.clear()
        self._told.clear()
        self._paused.clear()
        self._metrics.partitions.set(0)

    async def _take(self, assigned: frozenset[int]) -> None:
        """Own what was assigned: raise each epoch, and go on from the stored offset."""
        log.info("warning.partitions.assigned", partitions=sorted(assigned))
        kept, self._kept = self._kept, {}
        if not assigned:
            return
        starts = await self._log_bounds(assigned)
        for held in await self._committer.take({number: first for number, (first, _) in starts.items()}):
            _check_within(held, *starts[held.progress.partition])
            await self._own(held, kept.get(held.progress.partition), self._cache_bytes // len(assigned))
        await self._reader.read(lambda connection: states.unpark(connection, sorted(assigned)))
        self._metrics.partitions.set(len(self.owned))
        log.info("warning.partitions.taken", offsets={each.number: each.next_offset for each in self.owned.values()})

    async def _own(self, held: Held, kept: tuple[UUID | None, Cache] | None, cache_bytes: int) -> None:
        unchanged = kept is not None and kept[0] == held.commit_id
        cache = kept[1] if kept is not None and unchanged else Cache(cache_bytes)
        cache.max_bytes = cache_bytes
        partition = Partition.of(held, cache)
        letters = await self._reader.read(lambda connection: waiting_letters(connection, partition.number))
        self._outbox.take(partition.number, letters)
        self.owned[partition.number] = partition
        self._committed[partition.number] = partition.next_offset
        self._metrics.lag.stands(TopicPartition(self._topic, partition.number), partition.next_offset)
        self._seek(partition)

    def _seek(self, partition: Partition) -> None:
        with suppress(IllegalStateError):  # revoked since: the next turn lets go of it
            self._consumer.seek(TopicPartition(self._topic, partition.number), partition.next_offset)

    async def _log_bounds(self, numbers: frozenset[int]) -> dict[int, tuple[int, int]]:
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        first = await self._consumer.beginning_offsets(partitions)
        last = await self._consumer.end_offsets(partitions)
        return {each.partition: (first[each], last[each]) for each in partitions}

    async def _outside_log(self, error: OffsetOutOfRangeError) -> OffsetOutsideLogError:
        (tp, offset), *_ = error.args[0].items()
        first, last = (await self._log_bounds(frozenset([tp.partition])))[tp.partition]
        return _outside(tp.partition, offset, first, last)

    def _landed(self, decided: Decided) -> None:
        """What a committed batch means for the outside: lag, and where the group stands."""
        self._metrics.lag.observe(self._consumer, decided.last_records)
        self._committed.update({each.partition: each.next_offset for each in decided.batch.progress})
        self._metrics.cache_borrowers.set(sum(len(each.cache) for each in self.owned.values()))

    def _tell_in_time(self) -> None:
        """Tell Kafka where the group stands, soon after it has moved, until Kafka has heard it."""
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= OFFSETS_EVERY_SECONDS and self._untold() and not self._is_telling():
            self._told_at = now
            self._telling = asyncio.create_task(self._tell_offsets())

    def _is_telling(self) -> bool:
        return self._telling is not None and not self._telling.done()

    def _untold(self) -> dict[int, int]:
        return {number: offset for number, offset in self._committed.items() if self._told.get(number) != offset}

    async def _tell_offsets(self) -> None:
        offsets = self._untold()
        try:
            if offsets:
                await self._consumer.commit({TopicPartition(self._topic, each): at for each, at in offsets.items()})
        except (KafkaError, IllegalStateError) as error:
            log.info("warning.offsets.not_told", error=f"{type(error).__name__}: {error}")
        else:
            self._told.update(offsets)


def _from(records: list[ConsumerRecord], offset: int) -> list[ConsumerRecord]:
    if records[0].offset >= offset:
        return records
    return [each for each in records if each.offset >= offset]


def _check_within(held: Held, first: int, last: int) -> None:
    offset = held.progress.next_offset
    if not first <= offset <= last:
        raise _outside(held.progress.partition, offset, first, last)


def _outside(partition: int, offset: int, first: int, last: int) -> OffsetOutsideLogError:
    return OffsetOutsideLogError(
        f"partition {partition}: the stored offset is {offset}, but the log holds {first} up to {last};"
        " was the topic made anew or shortened? restore it, or rebuild the database from an archive"
    )
