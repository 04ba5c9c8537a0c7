"""Attributes travel as headers and come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.cloudevents import from_headers, header, to_headers


@given(st.dictionaries(st.text("abcdefghij", min_size=1), st.text()))
def test_attributes_come_back(attributes: dict[str, str]) -> None:
    headers = to_headers(attributes)
    assert from_headers([*headers, ("trace", b"\xff")]) == attributes
    assert header(headers, "content-type") == b"application/json"


def test_an_attribute_that_is_no_text_is_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        from_headers([("ce_id", b"\xff")])


def test_the_first_header_of_a_name_counts() -> None:
    assert header([("a", b"1"), ("b", b"2"), ("b", b"3")], "b") == b"2"
    assert header([("a", b"1")], "b") is None
