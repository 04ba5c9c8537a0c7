"""The record of an acknowledgement says what its JSON Schema says, and is a CloudEvent."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from shared.acknowledgements import TYPE, AcknowledgementGiven, record

SCHEMA = Draft202012Validator(
    AcknowledgementGiven.model_json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER
)
GIVEN = AcknowledgementGiven(
    id=UUID(int=1),
    warning_id=UUID(int=2),
    by="Night Desk",
    note="I have called her.",
    at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    link_of="branch-kano",
    via="link",
)
WHOLE: dict[str, Any] = json.loads(GIVEN.model_dump_json())


def test_the_schema_takes_what_is_written() -> None:
    Draft202012Validator.check_schema(SCHEMA.schema)
    SCHEMA.validate(WHOLE)
    assert AcknowledgementGiven.model_validate_json(json.dumps(WHOLE)) == GIVEN


@pytest.mark.parametrize(
    "changed",
    [
        {"by": ""},
        {"by": "a\nb"},
        {"by": "x" * 201},
        {"note": "\x00"},
        {"note": "x" * 2_001},
        {"via": "smoke"},
        {"id": 1},
    ],
)
def test_schema_and_model_refuse_the_same(changed: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid({**WHOLE, **changed})
    with pytest.raises(ValidationError):
        AcknowledgementGiven.model_validate_json(json.dumps({**WHOLE, **changed}))


@pytest.mark.parametrize("missing", ["id", "warning_id", "by", "at", "via"])
def test_neither_goes_without(missing: str) -> None:
    without = {name: value for name, value in WHOLE.items() if name != missing}
    assert not SCHEMA.is_valid(without)
    with pytest.raises(ValidationError):
        AcknowledgementGiven.model_validate_json(json.dumps(without))


def test_a_field_that_a_later_version_adds_does_no_harm() -> None:
    assert AcknowledgementGiven.model_validate({**WHOLE, "until": "2026-04-01"}) == GIVEN


def test_the_record_is_a_cloudevent_about_the_warning() -> None:
    sent = record("acknowledgements", GIVEN)
    message = KafkaMessage(
        headers={name: value or b"" for name, value in sent.headers}, key=sent.key, value=sent.value or b""
    )
    event = from_binary(message, JSONFormat(), CloudEvent)

    assert (event.get_id(), event.get_type(), event.get_subject()) == (str(GIVEN.id), TYPE, str(GIVEN.warning_id))
    assert AcknowledgementGiven.model_validate(event.get_data()) == GIVEN
    assert sent.key == str(GIVEN.warning_id).encode()
