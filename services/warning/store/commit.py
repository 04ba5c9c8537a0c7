"""One batch, one statement: all of it is written under this owner's epoch, or none of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

# The guard divides by zero where a progress row was not mine to move: that aborts the statement, and with it what the
# other data-modifying parts did. A guard that merely yielded no row would not: each of them runs to completion.
_COMMIT = """
WITH progress AS (
    UPDATE partition_progress p
    SET next_offset = n.next_offset, clock = n.clock, outbox_seq = n.outbox_seq, version = p.version + 1, commit_id = $1
    FROM unnest($3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
        AS n(partition, epoch, version, next_offset, clock, outbox_seq)
    WHERE p.topic = $2 AND p.partition = n.partition AND p.epoch = n.epoch AND p.version = n.version
    RETURNING 1
), guard AS (
    SELECT 1 / (count(*) = cardinality($3::int[]))::int AS held FROM progress
), kept AS (
    INSERT INTO borrowers AS b (borrower_id, partition, state)
    SELECT * FROM unnest($9::text[], $10::int[], $11::bytea[])
    ON CONFLICT (borrower_id) DO UPDATE SET state = excluded.state
), timed AS (
    INSERT INTO timers (borrower_id, partition, due_at, parked_error)
    SELECT * FROM unnest($12::text[], $13::int[], $14::bigint[], $41::text[])
    ON CONFLICT (borrower_id) DO UPDATE SET due_at = excluded.due_at, parked_error = excluded.parked_error
), untimed AS (
    DELETE FROM timers USING unnest($15::text[]) AS gone(id) WHERE borrower_id = gone.id
), told AS (
    INSERT INTO changes (change_id, warning_id, number, data)
    SELECT * FROM unnest($16::uuid[], $17::uuid[], $18::int[], $19::json[])
    ON CONFLICT (change_id) DO NOTHING
), warned AS (
    INSERT INTO warnings
        (warning_id, borrower_id, rule, family, loan_id, level, open, raised_at, changed_at, last_change)
    SELECT w, b, r, f, l, v, v IS NOT NULL, s, a, d
    FROM unnest($20::uuid[], $21::text[], $22::text[], $23::text[], $24::text[], $25::text[],
        $26::timestamptz[], $27::timestamptz[], $28::json[]) AS t(w, b, r, f, l, v, s, a, d)
    ON CONFLICT (warning_id) DO UPDATE SET loan_id = excluded.loan_id, level = excluded.level, open = excluded.open,
        changed_at = excluded.changed_at, last_change = excluded.last_change
), posted AS (
    INSERT INTO outbox (partition, seq, topic, key, value, headers)
    SELECT * FROM unnest($29::int[], $30::bigint[], $31::text[], $32::bytea[], $33::bytea[], $34::bytea[])
), sent AS (
    DELETE FROM outbox o USING unnest($35::int[], $36::bigint[]) AS s(partition, seq)
    WHERE o.partition = s.partition AND o.seq <= s.seq
), blinded AS (
    INSERT INTO blind_borrowers (borrower_id, partition, record_offset, error)
    SELECT * FROM unnest($37::text[], $38::int[], $39::bigint[], $40::text[])
    ON CONFLICT (borrower_id) DO UPDATE SET record_offset = excluded.record_offset, error = excluded.error
)
SELECT held FROM guard
"""

Headers = list[tuple[str, bytes | None]]
pack_headers = msgspec.msgpack.Encoder().encode
unpack_headers = msgspec.msgpack.Decoder(Headers).decode


@dataclass(slots=True)
class Progress:
    """A partition's row as its owner knows it."""

    partition: int
    epoch: int
    version: int
    next_offset: int
    clock: int
    outbox_seq: int


class Letter(NamedTuple):
    """One outbox row."""

    partition: int
    seq: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Standing(NamedTuple):
    """A warning after a change of it."""

    borrower_id: str
    rule: str
    family: str
    loan_id: str | None
    level: str | None
    raised_at: datetime
    changed_at: datetime
    last_change: str
    """The change's data in JSON."""


@dataclass(slots=True)
class Batch:
    """Everything one transaction writes. `progress` holds the rows as they will be, with the version they have now."""

    progress: list[Progress] = field(default_factory=list)
    states: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Borrower -> (partition, state)."""
    due: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Borrower -> (partition, due time) where it moved; 0: it has none any more."""
    changes: list[tuple[str, str, int, str]] = field(default_factory=list)
    """(change id, warning id, number, data in JSON)."""
    warnings: dict[str, Standing] = field(default_factory=dict)
    """Warning -> how it stands after its latest change."""
    letters: list[Letter] = field(default_factory=list)
    sent: dict[int, int] = field(default_factory=dict)
    """Partition -> sequence up to which the outbox is published."""
    parked: dict[str, str] = field(default_factory=dict)
    """Borrower in `due` -> the error for which its due time waits until its next record."""
    blind: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """Borrower -> (partition, offset, error)."""


class FencedError(Exception):
    """Another owner has the partition, or this owner's view of it is stale. Nothing was written."""


def _columns(rows: Any, count: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


async def commit(connection: "asyncpg.Connection[Any]", topic: str, commit_id: UUID, batch: Batch) -> None:
    """Write the batch. Raises FencedError where a progress row is not this owner's.

    What the driver raises leaves the outcome unknown.
    """
    # Sorted keys: two writers that overlap queue up instead of deadlocking.
    states = sorted((borrower, *rest) for borrower, rest in batch.states.items())
    timed = sorted((borrower, partition, due) for borrower, (partition, due) in batch.due.items() if due)
    parked = [batch.parked.get(borrower) for borrower, _, _ in timed] if batch.parked else [None] * len(timed)
    untimed = sorted(borrower for borrower, (_, due) in batch.due.items() if not due)
    progress = [(p.partition, p.epoch, p.version, p.next_offset, p.clock, p.outbox_seq) for p in batch.progress]
    letters = [
        (each.partition, each.seq, each.topic, each.key, each.value, pack_headers(each.headers))
        for each in batch.letters
    ]
    try:
        await connection.fetchval(
            _COMMIT, commit_id, topic, *_columns(progress, 6), *_columns(states, 3), *_columns(timed, 3), untimed,
            *_columns(batch.changes, 4), *_columns(((each, *rest) for each, rest in batch.warnings.items()), 9),
            *_columns(letters, 6), *_columns(batch.sent.items(), 2),
            *_columns(((borrower, *rest) for borrower, rest in sorted(batch.blind.items())), 4),
            parked,
        )  # fmt: skip
    except asyncpg.DivisionByZeroError as error:
        raise FencedError(f"partitions {[each.partition for each in batch.progress]}: not mine to move") from error
