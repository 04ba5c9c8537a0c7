"""Decides a batch in memory and collects what its transaction will write."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

import structlog
from aiokafka import ConsumerRecord

from services.warning.core.borrower import Borrower, decode, encode, new
from services.warning.core.changes import Change, as_datetime, to_json
from services.warning.core.engine import Engine, UnknownTypeError
from services.warning.core.facts import Remark
from services.warning.core.outcomes import refusal
from services.warning.core.records import CLOCK, Event, UnreadableError, read, through
from services.warning.store.commit import Batch, Standing
from services.warning.worker.future import AHEAD, FutureLimit
from services.warning.worker.letters import change_letter, dead_letter
from services.warning.worker.partition import Partition
from shared.kafka import reading
from shared.kafka.partitions import partition_of
from shared.kafka.topics import Topics

log = structlog.get_logger(__name__)

EVENTS_PER_TURN = 200
"""Then the event loop gets its turn, for heartbeats, /healthz and the transaction in flight: every 2 ms or so."""
DUE_PER_TURN = 50
"""Firing costs several times what an event does."""
BACKSLASH = b"\\"
"""Looked for first: one byte is found at once, and hardly any record has one."""
_SAYS_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Remarked(NamedTuple):
    """A remark, of whom, and the event it was made on; None where time led to it."""

    borrower_id: str
    source: str | None
    event_id: str | None
    remark: Remark


class Decided:
    """One batch: what it changed in memory, and what will be written."""

    def __init__(self) -> None:
        self.partitions: dict[int, Partition] = {}
        self.batch = Batch()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.reasons: Counter[str] = Counter()
        self.changes: list[Change] = []
        self.remarks: list[Remarked] = []
        self.fired = 0
        self.last_records: list[ConsumerRecord] = []

    def begin(self, partition: Partition) -> None:
        """Decide for this partition too."""
        self.partitions[partition.number] = partition

    def finish(self) -> "Decided":
        """Nothing more comes: note where each partition stands now."""
        for partition in self.partitions.values():
            self.batch.progress.append(partition.progress())
            partition.version += 1
        return self

    def keep(self, partition: Partition, key: bytes, borrower: Borrower) -> None:
        """Put a changed borrower in memory and among what will be written."""
        state = encode(borrower)
        self.batch.states[borrower.id] = (partition.number, state)
        partition.cache.put(key, state)

    def pins(self, key: bytes) -> bool:
        """Whether it changed the borrower of this key."""
        return key.decode() in self.batch.states


class Decider:
    """Turns records and due borrowers into a Decided. A borrower it meets is in its partition's cache, or new.

    Borrowers stay encoded in memory and are decoded for one event at a time. That costs 4 us; walking over an object
    that lies scattered in memory since its last event cost 15. And whatever fails leaves nothing behind.
    """

    def __init__(self, engine: Engine, topics: Topics, partitions: int, future: FutureLimit) -> None:
        self._engine = engine
        self._topics = topics
        self._partitions = partitions
        self._future = future

    async def events(self, decided: Decided, work: dict[Partition, list[ConsumerRecord]]) -> None:
        """Decide records, in log order. One that cannot be taken becomes a dead letter; an unknown type stops here."""
        since_turn = 0
        for partition, records in work.items():
            decided.begin(partition)
            last = None
            for record in records:
                if not self._record(decided, partition, record):
                    break
                last = record
                partition.next_offset = record.offset + 1
                since_turn += 1
                if since_turn >= EVENTS_PER_TURN:
                    since_turn = 0
                    await asyncio.sleep(0)
            if last is not None:
                decided.last_records.append(last)

    async def due(self, decided: Decided, borrowers: Iterable[tuple[Partition, str]]) -> None:
        """Fire what is due of these borrowers by their partition's clock. One that fails is parked."""
        for count, (partition, borrower_id) in enumerate(borrowers, 1):
            decided.begin(partition)
            try:
                self._fire(decided, partition, borrower_id.encode(), borrower_id)
            except Exception as error:
                log.exception("warning.timer.failed", partition=partition.number, borrower_id=borrower_id)
                decided.batch.due[borrower_id] = (partition.number, partition.clock)
                decided.batch.parked[borrower_id] = f"{type(error).__name__}: {error}"
            if not count % DUE_PER_TURN:
                await asyncio.sleep(0)

    def _fire(self, decided: Decided, partition: Partition, key: bytes, borrower_id: str) -> None:
        stored = partition.cache.entries.get(key)
        if stored is None:  # its state is gone, and so is what was due
            decided.batch.due[borrower_id] = (partition.number, 0)
            return
        borrower = decode(stored)
        changes: list[Change] = []
        remarks: list[Remark] = []
        decided.fired += self._engine.advance(borrower, partition.clock, changes, remarks)
        decided.remarks += [Remarked(borrower_id, None, None, each) for each in remarks]
        # The timer's row is written anew, whatever the due time is now: it must not be found due again.
        decided.batch.due[borrower_id] = (partition.number, borrower.due)
        decided.keep(partition, key, borrower)
        if changes:
            self._tell(decided, partition, changes, partition.clock_accepted_ms)

    def _record(self, decided: Decided, partition: Partition, record: ConsumerRecord) -> bool:
        """Decide one record; False where the partition must stop before it."""
        try:
            event = reading.judged(record, _event, UnreadableError)
        except reading.UnreadableError as error:
            self._refuse(decided, partition, record, error.reason, str(error))
        except UnreadableError as error:
            self._refuse(decided, partition, record, "unreadable", str(error))
        else:
            return self._event(decided, partition, record, event)
        return True

    def _event(self, decided: Decided, partition: Partition, record: ConsumerRecord, event: Event) -> bool:
        """Decide one event; False where the partition must stop before it."""
        try:
            self._decide(decided, partition, record, event)
        except UnreadableError as error:
            self._refuse(decided, partition, record, "unreadable", str(error))
        except _WrongPartitionError as error:
            self._refuse(decided, partition, record, "wrong_partition", str(error))
        except UnknownTypeError as error:
            partition.stopped = f"offset {record.offset}: {error}"
            return False
        except Exception as error:
            log.exception("warning.event.failed", partition=partition.number, offset=record.offset)
            self._blind(decided, partition, record, event.subject, f"{type(error).__name__}: {error}")
        return True

    def _decide(self, decided: Decided, partition: Partition, record: ConsumerRecord, event: Event) -> None:
        if ahead := self._future.beyond(event.time, record.timestamp):
            self._refuse(decided, partition, record, AHEAD, ahead)
            return
        if event.type == CLOCK:
            self._advance_clock(decided, partition, event, record.timestamp)
            return
        key = record.key
        stored = partition.cache.entries.get(key)
        borrower = self._stranger(partition, record, event) if stored is None else decode(stored)
        if borrower.id != event.subject:
            _mismatch(event.subject, key)
        due = borrower.due
        changes: list[Change] = []
        remarks: list[Remark] = []
        outcome = self._engine.decide(borrower, event, partition.clock, changes, remarks)
        decided.outcomes[event.type, outcome] += 1
        if outcome == "applied":
            decided.keep(partition, key, borrower)
            if borrower.due != due:
                decided.batch.due[borrower.id] = (partition.number, borrower.due)
            if changes:
                self._tell(decided, partition, changes, record.timestamp)
            decided.remarks += [Remarked(borrower.id, event.source, event.id, each) for each in remarks]
        elif why := refusal(outcome, remarks):
            self._refuse(decided, partition, record, outcome, why)

    def _blind(
        self, decided: Decided, partition: Partition, record: ConsumerRecord, borrower_id: str, error: str
    ) -> None:
        """Put aside a record on which deciding failed; its borrower's picture lacks it from now on."""
        decided.batch.blind[borrower_id] = (partition.number, record.offset, error)
        self._refuse(decided, partition, record, "engine_error", error)

    def _advance_clock(self, decided: Decided, partition: Partition, event: Event, accepted_ms: int) -> None:
        moment = through(event)
        decided.outcomes[CLOCK, "applied"] += 1
        if moment > partition.clock:
            partition.clock = moment
            partition.clock_accepted_ms = accepted_ms
            partition.sweeping = True

    def _stranger(self, partition: Partition, record: ConsumerRecord, event: Event) -> Borrower:
        """A borrower nobody has heard of. The partition of a known one was checked when it was new."""
        if record.key is None:
            raise UnreadableError("expected the borrower as the record's key, got none")
        right = partition_of(record.key, self._partitions)
        if right != partition.number:
            raise _WrongPartitionError(f"borrower {event.subject} belongs to partition {right}")
        if event.subject.encode() != record.key:
            _mismatch(event.subject, record.key)
        return new(event.subject)

    def _tell(self, decided: Decided, partition: Partition, changes: list[Change], accepted_ms: int) -> None:
        batch = decided.batch
        for change in changes:
            data = to_json(change)
            text = data.decode()
            batch.changes.append((change.change_id, change.warning_id, change.number, text))
            batch.warnings[change.warning_id] = _standing(change, text)
            batch.letters.append(change_letter(self._topics, partition, change, data, accepted_ms))
        decided.changes += changes

    def _refuse(self, decided: Decided, partition: Partition, record: ConsumerRecord, reason: str, detail: str) -> None:
        decided.reasons[reason] += 1
        decided.batch.letters.append(dead_letter(self._topics, partition, record, reason, detail))


def _event(record: ConsumerRecord) -> Event:
    value = record.value or b""
    if BACKSLASH in value and _SAYS_NUL.search(value):
        raise UnreadableError("expected no NUL character: PostgreSQL's text holds none")
    return read(value)


def _standing(change: Change, text: str) -> Standing:
    return Standing(
        change.borrower_id,
        change.rule,
        change.family,
        change.loan_id,
        change.level,
        as_datetime(change.raised_at_micros),
        as_datetime(change.at_micros),
        text,
    )


class _WrongPartitionError(Exception):
    pass


def _mismatch(subject: str, key: bytes | None) -> NoReturn:
    raise UnreadableError(f"expected the key to be the subject {subject!r}, got {key!r}")
