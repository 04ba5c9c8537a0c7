"""Fetches the states a batch needs that are not in memory."""

from collections.abc import Iterable, Mapping

from aiokafka import ConsumerRecord

from services.warning.store import states
from services.warning.store.steady import SteadyConnection
from services.warning.worker.partition import Partition


def missing_keys(work: Mapping[Partition, Iterable[ConsumerRecord]]) -> dict[bytes, Partition]:
    """Keys of records whose borrower is not in memory, and where each belongs."""
    return {
        record.key: partition
        for partition, records in work.items()
        for record in records
        if record.key not in partition.cache.entries and record.key is not None
    }


async def fill(connection: SteadyConnection, wanted: Mapping[bytes, Partition]) -> None:
    """Put the stored ones of these borrowers into their caches. What nobody stored stays missing: it is new.

    What a transaction in flight has changed is pinned in its cache, so the stored state of the others is their newest.
    """
    ids = [each for each in map(_borrower_id, wanted) if each is not None]
    if not ids:
        return
    found = await connection.read(lambda connection: states.load(connection, ids))
    for borrower_id, state in found:
        key = borrower_id.encode()
        wanted[key].cache.put(key, state)


def _borrower_id(key: bytes) -> str | None:
    """The id behind a key; None where it is no text PostgreSQL could hold, and so nobody's."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text
