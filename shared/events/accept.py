"""From what a sender wrote to what travels on topic `events`. Ingest and replay both go through here."""

from typing import NamedTuple

from pydantic import ValidationError

from shared.events.canonical import canonical
from shared.events.catalogue import ANY_EVENT, CONTROL_SUBJECT, CONTROL_TYPES
from shared.events.dates import ORDINARY, Ahead, check_dates
from shared.events.envelope import Envelope
from shared.events.fields import EventData
from shared.events.json_format import plain_form
from shared.events.refusing import refusal

MAX_EVENT_BYTES = 262_144
"""One event's limit: a 600-instalment schedule is 36 kB; topics take 1 MB."""

CONTENT_TYPE = "application/cloudevents+json"

_validate = ANY_EVENT.validator.validate_json


class Accepted(NamedTuple):
    """A valid event: where it goes and its canonical bytes."""

    event: Envelope[EventData]
    value: bytes

    @property
    def key(self) -> bytes:
        return self.event.subject.encode()


def accept(raw: bytes, ahead: Ahead = ORDINARY) -> Accepted:
    """Validate one structured CloudEvent and write it canonically: sorted keys, no spaces, `time` in UTC.

    Taken is whatever CloudEvents' JSON format can write that is an event of ours: see docs/adr/0024.

    `ahead` is how far its value dates and periods may lie after its own time.

    Two texts of the same event give the same bytes, so that a repeat is told from an id used twice.
    Raises pydantic.ValidationError naming each wrong field.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise refusal("event_too_large", f"expected an event of at most {MAX_EVENT_BYTES} bytes, got {len(raw)}")
    event, plain = _valid(raw)
    if (event.subject == CONTROL_SUBJECT) is not (event.type in CONTROL_TYPES):
        raise _wrong_subject(event)
    check_dates(event, ahead)
    return Accepted(event, canonical(plain, event))


def _valid(raw: bytes) -> tuple[Envelope[EventData], bytes]:
    """The event, and its text in the plain form: nearly all are, and only what is refused is looked at again."""
    try:
        return _validate(raw), raw
    except ValidationError:
        plain = plain_form(raw)
        if plain is None:
            raise
    return _validate(plain), plain


def _wrong_subject(event: Envelope[EventData]) -> ValidationError:
    # A borrower of that name would share its key with the control events, and readers tell them apart by it.
    expected = f'expected the subject "{CONTROL_SUBJECT}" on control events and on no other'
    return refusal("wrong_subject", expected, "subject", given=event.subject)
