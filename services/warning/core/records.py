"""A record of topic `events`, as the engine reads it."""

from datetime import datetime
from functools import lru_cache
from zlib import crc32

import msgspec
from xxhash import xxh3_64_intdigest

from services.warning.core.calendar import DAY, EPOCH, SECOND, micros

CLOCK = "clock.advanced"


class _Envelope(msgspec.Struct, gc=False):
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: msgspec.Raw


class Event(msgspec.Struct, gc=False):
    """One event of one borrower. `data` is read later, by the families of facts that want it."""

    id: str
    source: str
    type: str
    subject: str
    time: int
    data: msgspec.Raw
    hash: int
    """64 bits of (source, id)."""
    digest: int
    """32 bits of what it says: the same id with another digest is another event."""

    @property
    def key(self) -> str:
        """(source, id) as one text that sorts as the pair does: of two events of one time, the greater is the later."""
        return f"{self.source}\n{self.id}"


class _Through(msgspec.Struct, gc=False):
    through: datetime


class UnreadableError(Exception):
    """The record is not an event. The message says what was expected."""


_decode = msgspec.json.Decoder(_Envelope).decode
_decode_through = msgspec.json.Decoder(_Through).decode


def read(value: bytes) -> Event:
    """Read one canonical structured CloudEvent. Raises UnreadableError."""
    try:
        found = _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(f"expected a CloudEvent in JSON: {error}") from error
    if found.time.tzinfo is None:
        raise UnreadableError("expected `time` with its offset")
    since = found.time - EPOCH
    time = since.days * DAY + since.seconds * SECOND + since.microseconds
    digest = crc32(found.data, _type_digest(found.type) ^ (time & 0xFFFFFFFF))
    return Event(
        found.id, found.source, found.type, found.subject, time, found.data, identity(found.source, found.id), digest
    )


@lru_cache(maxsize=256)
def _type_digest(event_type: str) -> int:
    return crc32(event_type.encode())


def identity(source: str, event_id: str) -> int:
    """64 bits that stand for (source, id)."""
    return xxh3_64_intdigest(f"{source}\n{event_id}".encode())


def through(event: Event) -> int:
    """The moment a clock.advanced says business time has come to. Raises UnreadableError."""
    try:
        return micros(_decode_through(event.data).through)
    except msgspec.MsgspecError as error:
        raise UnreadableError(f"data of {CLOCK}: {error}") from error
