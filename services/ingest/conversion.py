"""From an upstream's files to events in the order they happened, with business time marked in between."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import IO

import msgspec
from pydantic import ValidationError

from services.ingest.refusals import invalid
from services.ingest.sources import Event, Row, RowMapping, Upstream
from services.ingest.tables import TableError, rows
from shared.events import CONTROL_SUBJECT, Accepted, accept, utc_text

_encode = msgspec.json.Encoder().encode


class ConversionError(Exception):
    """A file is not what the upstream's mapping expects; says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What came of the files."""

    events: int
    borrowers: int
    first: datetime
    last: datetime


def convert(upstream: Upstream, files: Sequence[Path], out: Path) -> Converted:
    """Write every event of `files` to `out`, ordered by time, each as ingest would publish it.

    A clock.advanced stands at each local midnight between events, and one at the end of the last day: by then
    everything up to that midnight has been said. Raises ConversionError, and then writes nothing.
    """
    if len(files) != len(upstream.files):
        raise ConversionError(f"expected {len(upstream.files)} files, {' and '.join(upstream.files)}; got {len(files)}")
    events = [
        each
        for (name, mapping), path in zip(upstream.files.items(), files, strict=True)
        for each in _events(name, mapping, path)
    ]
    if not events:
        raise ConversionError(f"expected loans in {' or '.join(map(str, files))}, found no rows")
    events.sort(key=_order)
    first, last = events[0].event.time, events[-1].event.time
    borrowers = len({each.event.subject for each in events})
    events += _clock(upstream, first, last)
    events.sort(key=_order)
    with _open(out, "wb") as file:
        file.writelines(each.value + b"\n" for each in events)
    return Converted(len(events), borrowers, first, last)


def _order(accepted: Accepted) -> tuple[datetime, bool, str, str]:
    event = accepted.event
    return event.time, event.subject == CONTROL_SUBJECT, event.subject, event.id


def _events(name: str, mapping: RowMapping, path: Path) -> Iterator[Accepted]:
    try:
        with _open(path, "rb") as binary:
            for line, row in rows(binary):
                yield from _of_row(mapping, row, f"{path} ({name}), line {line}")
    except TableError as error:
        raise ConversionError(f"{path} ({name}), {error}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ConversionError(f"{path} ({name}): expected a whole file in gzip's format: {error}") from None


def _of_row(mapping: RowMapping, row: Row, place: str) -> Iterator[Accepted]:
    try:
        yield from map(_accepted, mapping(row))
    except ValidationError as error:
        raise ConversionError(f"{place}: {invalid(error)}") from None
    except (ValueError, ArithmeticError) as error:
        raise ConversionError(f"{place}: {error}") from None


def _accepted(event: Event) -> Accepted:
    return accept(_encode(event))


def _clock(upstream: Upstream, first: datetime, last: datetime) -> Iterable[Accepted]:
    zone = upstream.time_zone
    day, last_day = first.astimezone(zone).date(), last.astimezone(zone).date()
    while day <= last_day:
        day += timedelta(days=1)
        yield _accepted(_clock_event(upstream.source, datetime.combine(day, time.min, zone)))


def _clock_event(source: str, midnight: datetime) -> Event:
    return {
        "specversion": "1.0",
        "id": f"clock-{midnight.date()}",
        "source": source,
        "type": "clock.advanced",
        "subject": CONTROL_SUBJECT,
        "time": utc_text(midnight),
        "data": {"through": midnight.isoformat()},
    }


def _open(path: Path, mode: str) -> IO[bytes]:
    """A plain file, or a compressed one where its name ends in .gz."""
    return gzip.open(path, mode) if path.suffix == ".gz" else path.open(mode)  # type: ignore[return-value]
