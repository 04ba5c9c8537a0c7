"""The AsyncAPI document is whole, and made of the same models as everything else."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from deploy.local.processes import ROOT
from services.ingest.asyncapi import asyncapi
from shared.events import CONTROL_TYPES, DATA_MODELS, ENVELOPES, example, json_schema
from shared.kafka.topics import Topics

DOCUMENT = asyncapi(Topics("eu."))
# What AsyncAPI 3.0 asks of the parts we use; its own meta-schema is not to be had without a network.
SHAPE = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "defaultContentType": {"type": "string"},
        "channels": {
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages"],
                "properties": {"messages": {"additionalProperties": {"$ref": "#/$defs/reference"}}},
            }
        },
        "operations": {
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": {"$ref": "#/$defs/reference"},
                    "summary": {"type": "string"},
                },
                "additionalProperties": False,
            }
        },
        "components": {
            "properties": {
                "messages": {
                    "additionalProperties": {
                        "type": "object",
                        "required": ["payload"],
                        "properties": {
                            "payload": {"type": "object", "required": ["schemaFormat", "schema"]},
                            "examples": {"type": "array", "items": {"type": "object", "required": ["payload"]}},
                        },
                    }
                },
                "schemas": {"additionalProperties": {"type": "object"}},
            },
            "additionalProperties": False,
        },
    },
    "$defs": {
        "reference": {
            "type": "object",
            "required": ["$ref"],
            "additionalProperties": False,
            "properties": {"$ref": {"pattern": "^#/"}},
        }
    },
}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def _at(reference: str) -> Any:
    place: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        place = place[name]
    return place


def test_the_document_has_the_shape_of_asyncapi_3() -> None:
    Draft202012Validator(SHAPE).validate(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    assert all(isinstance(_at(reference), dict) for reference in set(_references(DOCUMENT)))


def test_channels_are_the_topics_of_this_deployment() -> None:
    addresses = {name: channel["address"] for name, channel in DOCUMENT["channels"].items()}
    assert addresses == {"events": "eu.events", "inbound": "eu.events.inbound", "deadLetters": "eu.events.dead-letter"}


def test_every_event_type_is_a_message_and_only_control_events_are_not_taken_from_the_inbound_topic() -> None:
    messages = DOCUMENT["components"]["messages"]
    assert {message["name"] for message in messages.values()} == set(DATA_MODELS)
    inbound = {_at(each["$ref"])["name"] for each in DOCUMENT["channels"]["inbound"]["messages"].values()}
    assert inbound == set(DATA_MODELS) - CONTROL_TYPES


@pytest.mark.parametrize("event_type", DATA_MODELS)
def test_a_messages_payload_is_the_schema_that_is_published_for_its_type(event_type: str) -> None:
    published = dict(json_schema(event_type))
    parts = published.pop("$defs", {})
    del published["$schema"]
    schemas = DOCUMENT["components"]["schemas"]
    moved = msgspec.json.decode(msgspec.json.encode(published).replace(b"#/$defs/", b"#/components/schemas/"))

    assert schemas[ENVELOPES[event_type].__name__] == moved
    assert {name: schemas[name].keys() for name in parts} == {name: part.keys() for name, part in parts.items()}


@pytest.mark.parametrize("event_type", DATA_MODELS)
def test_a_messages_example_fits_its_payload(event_type: str) -> None:
    message = DOCUMENT["components"]["messages"][ENVELOPES[event_type].__name__]
    validator = Draft202012Validator({**message["payload"]["schema"], "components": DOCUMENT["components"]})
    assert message["examples"][0]["payload"] == example(event_type)
    validator.validate(message["examples"][0]["payload"])


def test_the_command_prints_it() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "services.ingest", "asyncapi"], cwd=ROOT, check=True, capture_output=True
    )
    assert msgspec.json.decode(said.stdout) == msgspec.json.decode(msgspec.json.encode(asyncapi(Topics())))
