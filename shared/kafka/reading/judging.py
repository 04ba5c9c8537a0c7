"""The one place where it is decided what becomes of an error of reading: it is the record's, and nobody else's."""

from collections.abc import Callable
from typing import TypeVar

from aiokafka import ConsumerRecord

from shared.kafka.reading.fetching import UnreadableRecord

_Read = TypeVar("_Read")

REASONS = (
    "header_name",
    "unpacks_too_large",
    "unreadable",
    "unreadable_batch",
    "wrong_checksum",
)
"""Why any service may give up a record, whatever its topic."""


class UnreadableError(Exception):
    """The record is not what its topic holds. `reason` is one word, the message says what was expected."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def judged(record: ConsumerRecord, read: Callable[[ConsumerRecord], _Read], *known: type[Exception]) -> _Read:
    """What `read` makes of the record. Raises UnreadableError whatever `read` raises, except what is `known` to it.

    Each of these is a dead letter of this record. What ends the process or its task is no Exception and gets through.
    """
    if isinstance(record, UnreadableRecord):
        raise UnreadableError(record.reason, record.detail)
    try:
        return read(record)
    except Exception as error:  # a RecursionError, a MemoryError: nobody can list what a sender thinks of
        if isinstance(error, (UnreadableError, *known)):
            raise
        raise UnreadableError("unreadable", f"expected a record that can be read: {error!r:.500}") from error
