"""A record is read in the mode it says it is in; nothing is guessed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.inbound.record import check_key, structured
from services.ingest.refusals import RefusedError

STRUCTURED = [("content-type", b"application/cloudevents+json")]


def test_a_structured_record_is_its_value() -> None:
    assert structured(b"whatever", STRUCTURED) == b"whatever"
    assert structured(b"x", [("Content-Type", b"Application/CloudEvents+JSON; charset=utf-8")]) == b"x"


@pytest.mark.parametrize("content_type", [[], [("content-type", b"application/json")]])
def test_a_binary_record_is_its_headers_and_value(content_type: list[tuple[str, bytes | None]]) -> None:
    headers = [("trace", b"1"), ("ce_id", "é".encode()), ("ce_source", b"/x"), *content_type]
    assert json.loads(structured(b'{"a": 1}', headers)) == {"id": "é", "source": "/x", "data": {"a": 1}}


@pytest.mark.parametrize(
    ("value", "headers", "said"),
    [
        (None, STRUCTURED, "/data: expected a value, the record has none"),
        (b"{}", [], "expected ce_ headers .* or the header content-type: .*; the record has neither"),
        (b"{}", [("content-type", b"application/json")], "the record has neither"),
        (b"{}", [("ce_id", b"1"), ("content-type", b"text/xml")], "got 'text/xml'"),
        (b"{}", [("ce_id", b"1"), ("ce_id", b"1")], "/id: expected the header ce_id once"),
        (b"{}", [("ce_id", b"\xff")], "/id: expected the header ce_id in UTF-8"),
        (b"[]x", [("ce_id", b"1")], "/data: expected one JSON object"),
    ],
)
def test_what_is_in_neither_mode_is_refused(value: bytes | None, headers: Any, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        structured(value, headers)


_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_", "ce_data", "content-type", "x", "ce_a/b"]), st.none() | st.binary(max_size=9)
    ),
    max_size=4,
)


@given(st.none() | st.binary(max_size=30), _HEADERS)
def test_whatever_a_record_holds_it_is_read_or_refused(
    value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    try:
        assert isinstance(structured(value, headers), bytes)
    except RefusedError as refused:
        assert "expected" in str(refused)  # noqa: PT017 - either is right


def test_a_key_is_the_subject_or_absent() -> None:
    check_key(None, "B-1")
    check_key(b"B-1", "B-1")
    for key in (b"", b"B-2", b"\xff"):
        with pytest.raises(RefusedError, match="expected the record's key to be the subject, or no key"):
            check_key(key, "B-1")
