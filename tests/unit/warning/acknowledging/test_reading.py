"""A record is an acknowledgement, or it says why it is none."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.warning.acknowledging.reading import read
from shared.acknowledgements import AcknowledgementGiven, record
from shared.kafka.reading import UnreadableError

GIVEN = AcknowledgementGiven(
    id=UUID(int=1),
    warning_id=UUID(int=2),
    by="Night Desk",
    note="called",
    at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    via="link",
)
WHOLE = GIVEN.model_dump(mode="json")
SENT = record("acknowledgements", GIVEN)


def test_what_the_notifier_sends_is_read_as_it_was_given() -> None:
    assert read(SENT.value, SENT.headers) == GIVEN


def test_fields_that_a_newer_notifier_adds_are_passed_over() -> None:
    assert read(json.dumps({**WHOLE, "until": "2026-04-01"}).encode(), SENT.headers) == GIVEN


def test_headers_beside_the_type_say_nothing() -> None:
    assert read(SENT.value, [("ce_id", None), ("trace", b"\xff")]) == GIVEN


@pytest.mark.parametrize("given", [b"acknowledgement.taken_back", b"", b"\xff"])
def test_another_type_is_left_for_a_service_that_knows_it(given: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"expected ce_type to be acknowledgement\.given, got") as refused:
        read(SENT.value, [("ce_type", given)])
    assert refused.value.reason == "unknown_type"


def _without(name: str) -> bytes:
    return json.dumps({each: value for each, value in WHOLE.items() if each != name}).encode()


def _with(**changed: Any) -> bytes:
    return json.dumps({**WHOLE, **changed}).encode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "expected a value, the record has none"),
        (b"", "expected an acknowledgement: : Invalid JSON"),
        (b"\xff", "expected an acknowledgement: : Invalid JSON"),
        (b"[" * 100_000, "expected an acknowledgement: : Invalid JSON"),
        (b"[]", "expected an acknowledgement: : Input should be an object"),
        (_without("by"), "expected an acknowledgement: by: Field required"),
        (_without("warning_id"), "expected an acknowledgement: warning_id: Field required"),
        (_with(by="two\nlines"), "expected an acknowledgement: by: String should match pattern"),
        (_with(note="\x00"), "expected an acknowledgement: note: String should match pattern"),
        (_with(by="x").replace(b'"x"', b'"\\ud800"'), "expected an acknowledgement: : Invalid JSON"),
        (_with(at="2026-03-02T09:00:00"), "expected an acknowledgement: at: Input should have timezone info"),
        (_with(at="1969-12-31T23:59:59Z"), r"expected at from 1970 to 2199, got 1969-12-31 23:59:59\+00:00"),
        (_with(at="9999-12-31T23:59:59-23:59"), "expected at from 1970 to 2199, got 9999-12-31"),
        (_with(at="0001-01-01T00:00:00+23:59"), "expected at from 1970 to 2199, got 0001-01-01"),
    ],
)
def test_what_is_none_says_what_was_expected(value: bytes | None, said: str) -> None:
    with pytest.raises(UnreadableError, match=said) as refused:
        read(value, SENT.headers)
    assert refused.value.reason == "malformed"


@given(
    st.none()
    | st.binary(max_size=40)
    | st.fixed_dictionaries({name: st.text(max_size=5) | st.integers() for name in WHOLE})
    .map(json.dumps)
    .map(str.encode)
)
@example(json.dumps({**WHOLE, "at": 1e308}).encode())
def test_whatever_a_record_holds_it_is_read_or_refused(value: bytes | None) -> None:
    try:
        found = read(value, [])
    except UnreadableError as refused:
        assert "expected" in str(refused)  # noqa: PT017 - either is right
    else:
        assert found.at.astimezone(UTC) - timedelta(days=1) < found.at
