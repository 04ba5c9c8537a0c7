"""The lines of an event file: which shard they concern, and what is wrong with them."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast
from zlib import crc32

import msgspec
from pydantic import ValidationError

from services.warning.core.records import Event, read
from shared.events import CONTROL_SUBJECT, ORDINARY, Ahead, accept

EVERYONE = -1
"""A control event concerns every shard."""
NOBODY_KNOWS = 0
"""The shard that reports a line which names no borrower."""


class _Subject(msgspec.Struct, gc=False):
    subject: str


_subject = msgspec.json.Decoder(_Subject).decode


class BadLineError(Exception):
    """The line is no event that ingest would accept. The message names the field and what was expected."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The file's bytes, decompressed where its name ends in .gz, and the raw file, whose position tells how far."""
    with path.open("rb") as raw:
        if path.suffix != ".gz":
            yield raw, raw
            return
        with gzip.open(raw, "rb") as unpacked:
            yield cast(BinaryIO, unpacked), raw


def shard_of(line: bytes, shards: int) -> int:
    """Which shard a line is for: its borrower's, so that one shard sees all of a borrower, in the file's order."""
    try:
        subject = _subject(line).subject
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return NOBODY_KNOWS
    return EVERYONE if subject == CONTROL_SUBJECT else crc32(subject.encode()) % shards


def event_of(line: bytes, ahead: Ahead = ORDINARY) -> Event:
    """The event as it would come from topic `events`: through ingest's gate, in its canonical form."""
    try:
        return read(accept(line, ahead).value)
    except ValidationError as error:
        raise BadLineError("; ".join(map(_told, error.errors(include_url=False)))) from None


def _told(error: object) -> str:
    found = cast(dict[str, object], error)
    place = ".".join(str(part) for part in cast(tuple[object, ...], found["loc"]))
    return f"{place}: {found['msg']}" if place else str(found["msg"])
