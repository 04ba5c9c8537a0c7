"""Binary mode over HTTP reads headers as the CloudEvents binding has it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.binary_mode import header_text, is_binary, structured
from services.ingest.refusals import RefusedError


def test_headers_and_body_become_one_structured_event() -> None:
    headers = [(b"host", b"x"), (b"ce-id", b"1"), (b"ce-specversion", b"1.0"), (b"content-type", b"application/json")]
    event = structured(headers, "application/json", b'{"a": 1}')
    assert json.loads(event) == {"id": "1", "specversion": "1.0", "data": {"a": 1}}


def test_only_ce_headers_make_it_binary() -> None:
    assert is_binary([(b"host", b"x"), (b"ce-id", b"1")])
    assert not is_binary([(b"host", b"x"), (b"cert", b"1")])


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"plain", "plain"),
        (b"a%20b", "a b"),
        (b"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        (b'"quoted \\"text\\" and \\\\"', 'quoted "text" and \\'),
        (b"100%", "100%"),
        (b"%2525", "%25"),
        (b'"', '"'),
        (b"", ""),
    ],
)
def test_a_header_is_taken_out_of_its_quotes_and_decoded_once(header: bytes, text: str) -> None:
    assert header_text("x", header) == text


@given(st.text())
def test_whatever_was_encoded_as_the_binding_says_comes_back(text: str) -> None:
    plain = {*range(0x21, 0x7F)} - {0x22, 0x25}
    encoded = "".join(chr(each) if each in plain else f"%{each:02X}" for each in text.encode())
    assert header_text("x", encoded.encode()) == text


@pytest.mark.parametrize(
    ("headers", "body", "pointer", "said"),
    [
        ([(b"ce-id", b"%FF")], b"{}", "/id", "expected the header ce-id in UTF-8"),
        ([(b"ce-id", b"1"), (b"ce-id", b"2")], b"{}", "/id", "expected the header ce-id once"),
        ([(b"ce-data", b"1")], b"{}", "/data", "expected no attribute 'data'"),
        ([(b"ce-datacontenttype", b"x")], b"{}", "/datacontenttype", "expected no attribute 'datacontenttype'"),
        ([(b"ce-id", b"1")], b"{", "/data", "expected one JSON object"),
        ([(b"ce-id", b"1")], b"\xff", "/data", "expected one JSON object"),
        ([(b"ce-id", b"1")], b"[" * 100_000, "/data", "expected one JSON object"),
        ([(b"ce-id", b"1")], b" " * 300_000, "/data", "expected at most 262144 bytes, got 300000"),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_attribute(
    headers: list[tuple[bytes, bytes]], body: bytes, pointer: str, said: str
) -> None:
    with pytest.raises(RefusedError, match=said) as refused:
        structured(headers, "", body)
    assert refused.value.errors[0].pointer == pointer
