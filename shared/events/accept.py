"""From what a sender wrote to what travels on topic `events`. Ingest and replay both go through here."""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from shared.events.catalogue import ANY_EVENT, CONTROL_SUBJECT, CONTROL_TYPES
from shared.events.dates import ORDINARY, Ahead, check_dates
from shared.events.envelope import Envelope
from shared.events.fields import EventData

MAX_EVENT_BYTES = 262_144
"""One event's limit: a 600-instalment schedule is 36 kB; topics take 1 MB."""

CONTENT_TYPE = "application/cloudevents+json"

_validate = ANY_EVENT.validator.validate_json
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(order="sorted").encode


class Accepted(NamedTuple):
    """A valid event: where it goes and its canonical bytes."""

    event: Envelope[EventData]
    value: bytes

    @property
    def key(self) -> bytes:
        return self.event.subject.encode()


def accept(raw: bytes, ahead: Ahead = ORDINARY) -> Accepted:
    """Validate one structured CloudEvent and write it canonically: sorted keys, no spaces, `time` in UTC.

    `ahead` is how far its value dates and periods may lie after its own time.

    Two texts of the same event give the same bytes, so that a repeat is told from an id used twice.
    Raises pydantic.ValidationError naming each wrong field.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise _refused("event_too_large", f"expected an event of at most {MAX_EVENT_BYTES} bytes, got {len(raw)}")
    event: Envelope[EventData] = _validate(raw)
    if (event.subject == CONTROL_SUBJECT) is not (event.type in CONTROL_TYPES):
        raise _wrong_subject(event)
    check_dates(event, ahead)
    document = _decode(raw)
    if not _is_canonical(document["time"]):
        document["time"] = utc_text(event.time)
    return Accepted(event, _encode(document))


def _is_canonical(valid_time: str) -> bool:
    # "2026-03-31T09:30:00Z", by far the commonest: formatting it anew would cost a fifth of the whole.
    return len(valid_time) == 20 and valid_time[10] == "T" and valid_time[19] == "Z"


def utc_text(moment: datetime) -> str:
    """A moment as events carry it: UTC, RFC 3339, microseconds only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _wrong_subject(event: Envelope[EventData]) -> ValidationError:
    # A borrower of that name would share its key with the control events, and readers tell them apart by it.
    expected = f'expected the subject "{CONTROL_SUBJECT}" on control events and on no other'
    return _refused("wrong_subject", expected, "subject", given=event.subject)


def _refused(kind: str, message: str, *location: str, given: str | None = None) -> ValidationError:
    error = PydanticCustomError(kind, message)
    return ValidationError.from_exception_data("event", [{"type": error, "loc": location, "input": given}])
