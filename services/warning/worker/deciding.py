"""Decides a batch in memory and collects what its transaction will write."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NoReturn
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord

from services.warning.core.borrower import Borrower, encode, new
from services.warning.core.calendar import micros
from services.warning.core.changes import Change, to_json
from services.warning.core.engine import Engine, UnknownTypeError
from services.warning.core.records import Event, UnreadableError, read
from services.warning.store.commit import Batch
from services.warning.worker.letters import change_letter, dead_letter
from services.warning.worker.partition import Partition
from shared.kafka.partitions import partition_of
from shared.kafka.topics import Topics

CLOCK = "clock.advanced"
EVENTS_PER_TURN = 200
"""Then the event loop gets its turn, for heartbeats, /healthz and the transaction in flight: every 2 ms or so."""
DUE_PER_TURN = 50
"""Firing costs several times what an event does."""
NUL = b"\\u0000"
_SAYS_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_MOVED = -1
"""In place of the stored due time: the timer's row is written anew, whatever the borrower's due time is now."""

Touched = dict[bytes, tuple[Borrower, int]]
"""By key: the borrower, and the due time its timer row has."""


class _Through(msgspec.Struct):
    through: datetime


_decode_through = msgspec.json.Decoder(_Through).decode


class PoisonError(Exception):
    """Deciding a record raised something the engine does not raise on purpose."""

    def __init__(self, partition: Partition, offset: int, error: Exception) -> None:
        super().__init__(f"partition {partition.number}, offset {offset}: {type(error).__name__}: {error}")
        self.partition, self.offset = partition, offset


class PoisonTimerError(Exception):
    """Firing a borrower's due time raised."""

    def __init__(self, borrower_id: str, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.borrower_id = borrower_id


class Decided:
    """One batch: what it changed in memory, and what will be written."""

    def __init__(self) -> None:
        self.partitions: dict[int, Partition] = {}
        self.touched: dict[int, Touched] = {}
        """By partition."""
        self.batch = Batch()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.reasons: Counter[str] = Counter()
        self.changes: list[Change] = []
        self.fired = 0
        self.last_records: list[ConsumerRecord] = []

    def pins(self, partition: int, key: bytes) -> bool:
        """Whether it changed this borrower."""
        return key in self.touched.get(partition, ())


class Decider:
    """Turns records and due borrowers into a Decided. A borrower it meets is in its partition's cache, or new."""

    def __init__(self, engine: Engine, topics: Topics, partitions: int) -> None:
        self._engine = engine
        self._topics = topics
        self._partitions = partitions

    async def events(self, work: dict[Partition, list[ConsumerRecord]]) -> Decided:
        """Decide records, in log order. Raises PoisonError; the states it touched are spoilt then."""
        decided = Decided()
        since_turn = 0
        for partition, records in work.items():
            self._begin(decided, partition)
            touched = decided.touched[partition.number]
            for record in records:
                if not self._record(decided, partition, touched, record):
                    break
                partition.next_offset = record.offset + 1
                since_turn += 1
                if since_turn >= EVENTS_PER_TURN:
                    since_turn = 0
                    await asyncio.sleep(0)
            decided.last_records.append(records[-1])
        return await self._finish(decided)

    async def due(self, partition: Partition, borrowers: Iterable[tuple[bytes, Borrower]]) -> Decided:
        """Fire what is due by the partition's clock. Raises PoisonTimerError; the states it touched are spoilt then."""
        decided = Decided()
        self._begin(decided, partition)
        touched = decided.touched[partition.number]
        for count, (key, borrower) in enumerate(borrowers, 1):
            touched[key] = (borrower, _MOVED)
            changes: list[Change] = []
            try:
                decided.fired += self._engine.advance(borrower, partition.clock, changes)
            except Exception as error:
                raise PoisonTimerError(borrower.id, error) from error
            if changes:
                self._tell(decided, partition, changes, partition.clock_accepted_ms)
            if not count % DUE_PER_TURN:
                await asyncio.sleep(0)
        return await self._finish(decided)

    async def nothing(self, partitions: Iterable[Partition]) -> Decided:
        """A batch that changes nobody: it only moves the progress rows on, with what rides on them."""
        decided = Decided()
        for partition in partitions:
            self._begin(decided, partition)
        return await self._finish(decided)

    def _begin(self, decided: Decided, partition: Partition) -> None:
        decided.partitions[partition.number] = partition
        decided.touched[partition.number] = {}

    def _record(self, decided: Decided, partition: Partition, touched: Touched, record: ConsumerRecord) -> bool:
        """Decide one record; False where the partition must stop before it."""
        try:
            self._decide(decided, partition, touched, record)
        except UnreadableError as error:
            self._refuse(decided, partition, record, "unreadable", str(error))
        except _WrongPartitionError as error:
            self._refuse(decided, partition, record, "wrong_partition", str(error))
        except UnknownTypeError as error:
            partition.stopped = f"offset {record.offset}: {error}"
            return False
        except Exception as error:
            raise PoisonError(partition, record.offset, error) from error
        return True

    def _decide(self, decided: Decided, partition: Partition, touched: Touched, record: ConsumerRecord) -> None:
        value = record.value or b""
        if NUL in value and _SAYS_NUL.search(value):
            raise UnreadableError("expected no NUL character: PostgreSQL's text holds none")
        event = read(value)
        if event.type == CLOCK:
            self._advance_clock(decided, partition, event, record.timestamp)
            return
        key = record.key
        borrower = partition.cache.entries.get(key)
        if borrower is None:
            borrower = self._stranger(partition, record, event)
        if borrower.id != event.subject:
            _mismatch(event.subject, key)
        if partition.poison and record.offset in partition.poison:
            self._blind(decided, partition, record, borrower.id)
            return
        if key not in touched:
            touched[key] = (borrower, borrower.due)
        changes: list[Change] = []
        outcome = self._engine.decide(borrower, event, partition.clock, changes)
        decided.outcomes[event.type, outcome] += 1
        if changes:
            self._tell(decided, partition, changes, record.timestamp)
        if outcome in _WHY:
            self._refuse(decided, partition, record, outcome, _WHY[outcome])

    def _blind(self, decided: Decided, partition: Partition, record: ConsumerRecord, borrower_id: str) -> None:
        """Put aside a record on which deciding failed; its borrower is from now on not the whole picture."""
        detail = partition.poison[record.offset]
        decided.batch.blind[borrower_id] = (partition.number, record.offset, detail)
        self._refuse(decided, partition, record, "engine_error", detail)

    def _advance_clock(self, decided: Decided, partition: Partition, event: Event, accepted_ms: int) -> None:
        try:
            through = micros(_decode_through(event.data).through)
        except msgspec.MsgspecError as error:
            raise UnreadableError(f"data of {CLOCK}: {error}") from error
        decided.outcomes[CLOCK, "applied"] += 1
        if through > partition.clock:
            partition.clock = through
            partition.clock_accepted_ms = accepted_ms
            partition.sweeping = True

    def _stranger(self, partition: Partition, record: ConsumerRecord, event: Event) -> Borrower:
        """A borrower nobody has heard of. The partition of a known one was checked when it was new."""
        if record.key is None:
            raise UnreadableError("expected the borrower as the record's key, got none")
        right = partition_of(record.key, self._partitions)
        if right != partition.number:
            raise _WrongPartitionError(f"borrower {event.subject} belongs to partition {right}")
        borrower = new(event.subject)
        if event.subject.encode() == record.key:
            partition.cache.put(record.key, borrower, 256)
        return borrower

    def _tell(self, decided: Decided, partition: Partition, changes: list[Change], accepted_ms: int) -> None:
        batch = decided.batch
        for change in changes:
            data = to_json(change)
            warning_id = UUID(change.warning_id)
            batch.changes.append((UUID(change.change_id), warning_id, change.number, data))
            batch.warnings[warning_id] = data
            batch.letters.append(change_letter(self._topics, partition, change, data, accepted_ms))
        decided.changes += changes

    def _refuse(self, decided: Decided, partition: Partition, record: ConsumerRecord, reason: str, detail: str) -> None:
        decided.reasons[reason] += 1
        decided.batch.letters.append(dead_letter(self._topics, partition, record, reason, detail))

    async def _finish(self, decided: Decided) -> Decided:
        """Encode each borrower once, however many of its events are in the batch."""
        batch = decided.batch
        for number, touched in decided.touched.items():
            partition = decided.partitions[number]
            for count, (key, (borrower, stored_due)) in enumerate(touched.items(), 1):
                state = encode(borrower)
                batch.states[borrower.id] = (number, state)
                if borrower.due != stored_due:
                    batch.due[borrower.id] = (number, borrower.due)
                partition.cache.put(key, borrower, len(state))
                if not count % EVENTS_PER_TURN:
                    await asyncio.sleep(0)
            batch.progress.append(partition.progress())
            partition.version += 1
        return decided


class _WrongPartitionError(Exception):
    pass


def _mismatch(subject: str, key: bytes | None) -> NoReturn:
    raise UnreadableError(f"expected the key to be the subject {subject!r}, got {key!r}")


_WHY = {
    "id_conflict": "another event with the same source and id, but other content, was applied before",
    "too_late": "the event is further behind its borrower's clock than the lateness bound",
}
