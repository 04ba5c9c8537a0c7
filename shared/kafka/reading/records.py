"""What a batch of records is made of: what stands before them, one that is as it should be, and one that is not."""

import struct
from dataclasses import dataclass
from typing import NamedTuple, Protocol

HEAD_BYTES = 61
CODEC, BROKERS_TIME = 0x07, 0x08
"""Bits of a batch's attributes."""
Headers = tuple[tuple[str, bytes | None], ...]


class Record(Protocol):
    """What aiokafka makes a ConsumerRecord of."""

    @property
    def offset(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Readable:
    """A record that is as it should be."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_type: int = 0
    checksum: None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands for what cannot be read: a record with a header whose name is not UTF-8, which is shown with backslashes;

    or, where `first_offset` is there, all records of a batch from that one to `offset`, whose bytes are the `value`.
    """

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    reason: str
    detail: str
    first_offset: int | None = None
    timestamp_type: int = 0
    checksum: None = None


class Head(NamedTuple):
    """What stands before a batch's records. Of formats before 2 only the first two fields are known."""

    first_offset: int
    magic: int
    attributes: int = 0
    last_delta: int = 0
    first_timestamp: int = 0
    max_timestamp: int = 0
    records: int = 1

    @classmethod
    def read(cls, raw: bytes) -> "Head":
        """From 17 bytes or more."""
        first, magic = struct.unpack_from(">q8xb", raw)
        if magic < 2 or len(raw) < HEAD_BYTES:
            return cls(first, magic)
        return cls(first, magic, *struct.unpack_from(">21xhiqq14xi", raw))

    @property
    def codec(self) -> int:
        """0 where it is not compressed."""
        return self.attributes & CODEC

    @property
    def last_offset(self) -> int:
        return self.first_offset + max(0, self.last_delta)

    @property
    def last_offset_if_sound(self) -> int:
        """Of a batch that may be damaged: what two numbers of it agree on, lest going on behind it leave the log."""
        return self.first_offset + max(0, min(self.last_delta, self.records - 1))

    def uncompressed(self, raw: bytes) -> bytes:
        """The same head on a batch whose records are not compressed; its checksum is the old one."""
        return raw[:21] + struct.pack(">h", self.attributes & ~CODEC) + raw[23:HEAD_BYTES]
