"""The topics ingest reads and writes, as an AsyncAPI 3.0 document made from the event models."""

from typing import Any

from pydantic.json_schema import models_json_schema

from shared.events import CONTROL_TYPES, DATA_MODELS, ENVELOPES, example
from shared.events.accept import CONTENT_TYPE
from shared.kafka.topics import Topics

REF = "#/components/schemas/{model}"
_FORMAT = "application/schema+json;version=2020-12"

_EVENTS = "Every accepted event, in structured mode, keyed by borrower (murmur2); clock.advanced is on every partition."
_INBOUND = (
    "Core-banking systems that speak Kafka publish here, in binary mode (`ce_` headers) or structured mode. The key is "
    "the borrower, or absent; the order of one partition is kept. A batch may be compressed; it may unpack to 8 MiB."
)
_DEAD = (
    "What could not be taken, whole where it fits; `bellwether_` headers tell its origin, the reason and true sizes."
)


def asyncapi(topics: Topics) -> dict[str, Any]:
    """The document, with the topics' names in this deployment."""
    names = {name: _message_name(name) for name in ENVELOPES}
    inbound = {name: message for name, message in names.items() if name not in CONTROL_TYPES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bellwether ingest",
            "version": "1.0.0",
            "description": "Events from core-banking systems, as CloudEvents 1.0.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            "events": _channel(topics.events, _EVENTS, names.values()),
            "inbound": _channel(topics.inbound, _INBOUND, inbound.values()),
            "deadLetters": _channel(topics.dead_letters, _DEAD, names.values()),
        },
        "operations": {
            "publishEvents": _operation("send", "events", "Publish each accepted event"),
            "takeInbound": _operation("receive", "inbound", "Validate what core-banking systems published"),
            "publishDeadLetters": _operation("send", "deadLetters", "Put aside what cannot be accepted"),
        },
        "components": {
            "messages": {message: _message(name) for name, message in names.items()},
            "schemas": _schemas(),
        },
    }


def _message_name(event_type: str) -> str:
    return ENVELOPES[event_type].__name__


def _channel(topic: str, description: str, messages: Any) -> dict[str, Any]:
    return {
        "address": topic,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(event_type: str) -> dict[str, Any]:
    return {
        "name": event_type,
        "summary": (DATA_MODELS[event_type].__doc__ or "").strip(),
        "contentType": CONTENT_TYPE,
        "payload": {"schemaFormat": _FORMAT, "schema": {"$ref": REF.format(model=_message_name(event_type))}},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The event's subject"}}},
        "examples": [{"name": event_type, "payload": example(event_type)}],
    }


def _schemas() -> dict[str, Any]:
    _, document = models_json_schema([(model, "validation") for model in ENVELOPES.values()], ref_template=REF)
    return dict(document["$defs"])
