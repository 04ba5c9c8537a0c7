"""Reads a batch of Kafka's format 2 record by record, so that a header's name costs no record but its own."""

from collections.abc import Iterator

import structlog

from shared.kafka.reading.records import BROKERS_TIME, HEAD_BYTES, Broken, Head, Readable

log = structlog.get_logger(__name__)

MAX_VARINT_BITS = 63


class StructureError(Exception):
    """The bytes are no record. The message says what was found."""


def records_of(plain: bytes, head: Head) -> Iterator[Readable | Broken]:
    """Every record of an uncompressed batch; where one makes no sense, the rest of the batch is one Broken.

    No offset is beyond the batch's last.
    """
    cursor = _Cursor(plain, HEAD_BYTES)
    offset = head.first_offset - 1
    found = "the batch ends too early"
    for _ in range(head.records):
        try:
            record, names = _parts(_Cursor(cursor.take(cursor.number())), head, offset + 1)
        except StructureError as error:
            found = str(error)
            break
        offset = record.offset
        yield _named(record, names)
    told = f"expected {head.records} records; {found} (offsets {offset + 1} to {head.last_offset})"
    if offset < head.last_offset:
        yield Broken(head.last_offset, head.max_timestamp, None, plain, (), "unreadable_batch", told, offset + 1)
    elif cursor.left:  # no offset is left to tell it under
        log.warning("kafka.reading.bytes_left", first_offset=head.first_offset, bytes=cursor.left)


def _named(record: Readable, names: list[bytes]) -> Readable | Broken:
    """The record, if the names of its headers are the text that Kafka says they are."""
    wrong = [shown for (shown, _), name in zip(record.headers, names, strict=True) if shown.encode() != name]
    if not wrong:
        return record
    detail = f"expected the names of headers in UTF-8, got {wrong[0][:200]}"
    return Broken(record.offset, record.timestamp, record.key, record.value, record.headers, "header_name", detail)


def _parts(cursor: "_Cursor", head: Head, expected: int) -> tuple[Readable, list[bytes]]:
    """A record, and its headers' names as they are. Raises StructureError."""
    cursor.take(1)  # attributes, of which there are none
    since, offset = cursor.number(), head.first_offset + cursor.number()
    if not expected <= offset <= head.last_offset:
        raise StructureError(f"the offset {offset} is not from {expected} to {head.last_offset}")
    timestamp = head.max_timestamp if head.attributes & BROKERS_TIME else head.first_timestamp + since
    key, value = cursor.nullable(), cursor.nullable()
    if (count := cursor.number()) < 0:
        raise StructureError(f"it has {count} headers")
    headers = [(cursor.take(cursor.number()), cursor.nullable()) for _ in range(count)]
    if cursor.left:
        raise StructureError(f"{cursor.left} bytes stand behind its last header")
    shown = tuple((name.decode(errors="backslashreplace"), content) for name, content in headers)
    return Readable(offset, timestamp, key, value, shown), [name for name, _ in headers]


class _Cursor:
    """Walks over bytes. Raises StructureError where they end too early."""

    def __init__(self, raw: bytes, at: int = 0) -> None:
        self._raw = raw
        self._at = at

    @property
    def left(self) -> int:
        return len(self._raw) - self._at

    def take(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise StructureError(f"a length of {size} bytes where {self.left} are left")
        self._at += size
        return self._raw[self._at - size : self._at]

    def nullable(self) -> bytes | None:
        size = self.number()
        return None if size == -1 else self.take(size)

    def number(self) -> int:
        """A zig-zag varint."""
        value = shift = 0
        while shift <= MAX_VARINT_BITS:
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
        raise StructureError("a number that does not end")
