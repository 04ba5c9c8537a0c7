"""The events of the outside world: CloudEvents, one data model a type."""

from shared.events.accept import CONTENT_TYPE, MAX_EVENT_BYTES, Accepted, accept
from shared.events.catalogue import CONTROL_SUBJECT, CONTROL_TYPES, DATA_MODELS, ENVELOPES, example, json_schema
from shared.events.dates import ORDINARY, Ahead
from shared.events.envelope import Envelope
from shared.events.fields import EventData
from shared.events.moments import utc_text

__all__ = [
    "CONTENT_TYPE",
    "CONTROL_SUBJECT",
    "CONTROL_TYPES",
    "DATA_MODELS",
    "ENVELOPES",
    "MAX_EVENT_BYTES",
    "ORDINARY",
    "Accepted",
    "Ahead",
    "Envelope",
    "EventData",
    "accept",
    "example",
    "json_schema",
    "utc_text",
]
