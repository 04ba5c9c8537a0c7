"""The batches of one fetch, as aiokafka's `MemoryRecords` gives them; but what cannot be read is told, not raised."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

from shared.kafka.reading.parsing import records_of
from shared.kafka.reading.records import HEAD_BYTES, Broken, Head, Record
from shared.kafka.reading.unpacking import MAX_UNPACKED_BYTES, UnpackError, unpack

OVERHEAD_BYTES = 12  # base offset and length, which stand before every batch of every format
_AT_LEAST = 26  # what a batch of format 0 takes, the smallest there is
_LEGACY_CODEC_AT, _LEGACY_CODEC = 17, 0x07
_length = struct.Struct(">8xi").unpack_from


class ReadAgain(Exception):  # noqa: N818 - no error: it ends what is read of this fetch
    """What is left of this fetch is to be fetched anew."""


class Budget:
    """What one fetch may unpack, beyond its first batch: its records are all in memory at once."""

    def __init__(self) -> None:
        self._left = MAX_UNPACKED_BYTES

    def check(self) -> None:
        """Raises ReadAgain where it is spent."""
        if self._left <= 0:
            raise ReadAgain

    def spend(self, size: int) -> None:
        """So much was unpacked."""
        self._left -= size


class Doubts:
    """Batches whose checksum failed once. It may have been the wire; the same bytes twice are what the log holds."""

    def __init__(self) -> None:
        self._once: set[int] = set()

    def first_time(self, raw: bytes) -> bool:
        """Whether these bytes are new."""
        seen = zlib.crc32(raw)
        if seen in self._once:
            self._once.discard(seen)
            return False
        self._once.add(seen)
        return True


DOUBTS = Doubts()


class Batches:
    """One partition's part of a fetch: whole batches, and perhaps the beginning of another, which is left out.

    Raises CorruptRecordException where not even a batch's length makes sense: nobody knows where the next one begins.
    """

    def __init__(self, fetched: bytes) -> None:
        self._fetched = bytes(fetched)
        self._at = 0
        self._budget = Budget()

    def size_in_bytes(self) -> int:
        return len(self._fetched)

    def has_next(self) -> bool:
        left = len(self._fetched) - self._at
        return left >= OVERHEAD_BYTES and self._end() <= len(self._fetched)

    def next_batch(self) -> "Batch":
        end = self._end()
        if end - self._at < _AT_LEAST:
            raise CorruptRecordException(f"expected a batch of {_AT_LEAST} bytes or more, got {end - self._at}")
        raw, self._at = self._fetched[self._at : end], end
        return Batch(raw, self._budget)

    def _end(self) -> int:
        return self._at + OVERHEAD_BYTES + int(_length(self._fetched, self._at)[0])


class Batch:
    """One batch, as aiokafka's own, over which it stands. Where a record is unreadable, a Broken stands for it.

    A Broken for a whole batch has its last offset: whatever part of the batch was asked for, it is not passed over.
    """

    def __init__(self, raw: bytes, budget: Budget) -> None:
        self._raw = raw
        self._budget = budget
        self._head = Head.read(raw)
        self._inner: Any = None
        self._fault = self._open()

    def _open(self) -> tuple[str, str] | None:
        """Reason and detail where the batch as a whole cannot be read."""
        magic = self._head.magic
        if magic not in (0, 1, 2) or (magic == 2 and len(self._raw) < HEAD_BYTES):
            return "unreadable_batch", f"expected a batch of format 2, got {len(self._raw)} bytes of format {magic}"
        if magic < 2 and self._raw[_LEGACY_CODEC_AT] & _LEGACY_CODEC:
            return "unreadable_batch", f"expected a compressed batch in format 2, as Kafka keeps it; got format {magic}"
        try:
            self._inner = DefaultRecordBatch(self._raw) if magic == 2 else LegacyRecordBatch(self._raw, magic)
            sound = self._inner.validate_crc()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this batch's, and told as that
            self._inner = None
            return "unreadable_batch", f"expected a record batch: {error!r}"
        return None if sound else ("wrong_checksum", "expected what the batch's checksum says; it was changed since")

    def validate_crc(self) -> bool:
        """Whether it is sound is told by what iterating gives."""
        return True

    @property
    def base_offset(self) -> int:
        return self._head.first_offset

    @property
    def next_offset(self) -> int:
        return self._last_offset + 1

    @property
    def _last_offset(self) -> int:
        return self._head.last_offset_if_sound if self._fault else self._head.last_offset

    @property
    def producer_id(self) -> int | None:
        return None if self._fault else self._inner.producer_id

    @property
    def is_control_batch(self) -> bool:
        return self._fault is None and bool(self._inner.is_control_batch)

    @property
    def is_transactional(self) -> bool:
        return self._fault is None and bool(self._inner.is_transactional)

    def __next__(self) -> Any:
        """The record of a control batch, which only brokers write."""
        return next(self._inner)

    def __iter__(self) -> Iterator[Record]:
        if self._fault is not None:
            if self._fault[0] == "wrong_checksum" and DOUBTS.first_time(self._raw):
                raise ReadAgain
            yield self._broken(*self._fault)
        elif self._head.codec:
            yield from self._unpacked()
        else:
            yield from self._read(self._inner, self._raw)

    def _unpacked(self) -> Iterator[Record]:
        self._budget.check()
        try:
            body = unpack(self._head.codec, self._raw[HEAD_BYTES:])
        except UnpackError as error:
            self._budget.spend(MAX_UNPACKED_BYTES)  # that much was tried
            yield self._broken(error.reason, str(error))
        else:
            self._budget.spend(len(body))
            plain = self._head.uncompressed(self._raw) + body
            yield from self._read(DefaultRecordBatch(plain), plain)

    def _read(self, batch: Any, plain: bytes) -> Iterator[Record]:
        """By aiokafka, which is fast; where it gives up, again, record by record. What comes twice is passed over."""
        try:
            yield from batch
        except Exception as error:  # noqa: BLE001 - of aiokafka's two parsers each has its own
            if self._head.magic < 2:
                yield self._broken("unreadable_batch", f"expected a record of format {self._head.magic}: {error!r}")
            else:
                yield from records_of(plain, self._head)

    def _broken(self, reason: str, detail: str) -> Broken:
        """The batch in place of its records."""
        first, last = self._head.first_offset, self._last_offset
        told = f"{detail} (offsets {first} to {last})"
        return Broken(last, self._head.max_timestamp, None, self._raw, (), reason, told, first)
