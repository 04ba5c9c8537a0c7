"""Puts careful reading in the place of aiokafka's own, which raises out of the fetch and so ends the consumer.

aiokafka 0.14 decodes the names of headers as UTF-8, which the protocol does not ask of a producer, and unpacks whatever
a batch holds: its consumer can then neither give the records before it nor go on behind it.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher

from shared.kafka.reading.batches import Batches, ReadAgain
from shared.kafka.reading.records import Broken

KNOWN = "0.14."
_ARGUMENTS = (
    "(tp, records, aborted_transactions, fetch_offset, key_deserializer, value_deserializer, check_crcs,"
    " isolation_level)"
)


class OtherLibraryError(Exception):
    """aiokafka is not the one whose fetcher this module knows."""


@dataclass
class UnreadableRecord(ConsumerRecord):  # type: ignore[misc]
    """In a fetch, stands for what cannot be read. `judged` makes an UnreadableError of it.

    A batch has its last offset here, the first one in `first_offset`, and its bytes as `value`.
    """

    reason: str
    detail: str
    first_offset: int | None


class PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """Ends early where the rest is to be fetched anew, and passes on what is broken as an UnreadableRecord."""

    def _unpack_records(self) -> Iterator[ConsumerRecord]:
        try:
            yield from super()._unpack_records()
        except ReadAgain:
            return

    def _consumer_record(self, tp: Any, record: Any) -> ConsumerRecord:
        made = super()._consumer_record(tp, record)
        if type(record) is not Broken:
            return made
        return UnreadableRecord(
            **vars(made), reason=record.reason, detail=record.detail, first_offset=record.first_offset
        )


def read_with_care() -> None:
    """Have every consumer of this process read so. Raises OtherLibraryError where aiokafka's insides are others."""
    if fetcher.PartitionRecords is PartitionRecords:
        return
    found = version("aiokafka")
    arguments = str(inspect.signature(fetcher.PartitionRecords))
    if not found.startswith(KNOWN) or arguments != _ARGUMENTS or not hasattr(fetcher, "MemoryRecords"):
        raise OtherLibraryError(f"expected aiokafka {KNOWN}x, whose reading of a fetch is replaced here; got {found}")
    fetcher.MemoryRecords, fetcher.PartitionRecords = Batches, PartitionRecords
