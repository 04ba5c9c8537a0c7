"""What CloudEvents' JSON format (1.0.2) can write besides the plain form: attributes that are null, `data_base64`."""

from base64 import b64decode
from typing import Any

import msgspec

from shared.events.canonical import check_unrepeated, decode, encode
from shared.events.refusing import refusal
from shared.media_types import media_type

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DATA, BINARY_DATA = "data", "data_base64"


def plain_form(raw: bytes) -> bytes | None:
    """The same event in the plain form; None where it is in that form already, or no JSON object.

    Raises pydantic.ValidationError where there is no telling what it means.
    """
    _check_no_mark(raw)
    try:
        document = decode(raw)
        unset = _unset(document)
        if not unset and not (isinstance(document, dict) and BINARY_DATA in document):
            return None
        check_unrepeated(raw, encode(document))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    for name in unset:
        del document[name]
    if BINARY_DATA in document:
        document[DATA] = _json_of(document)
    return encode(document)


def _unset(document: Any) -> list[str]:
    """The attributes that are null; `data` is none, and may be null."""
    if not isinstance(document, dict):
        return []
    return [name for name, value in document.items() if value is None and name != DATA]


def _check_no_mark(text: bytes, *place: str) -> None:
    if text.startswith(BYTE_ORDER_MARK):
        raise refusal("byte_order_mark", "expected JSON without a byte-order mark before it (RFC 8259, 8.1)", *place)


def _json_of(document: dict[str, Any]) -> msgspec.Raw:
    """The JSON in `data_base64`, which it then no longer holds."""
    text = document.pop(BINARY_DATA)
    if DATA in document:
        raise refusal("both_data", f"expected either {DATA} or {BINARY_DATA}", BINARY_DATA)
    return json_value(_decoded(text), str(document.get("datacontenttype", "")), BINARY_DATA)


def _decoded(text: Any) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise refusal("not_base64", "expected text in base64 (RFC 4648, 4)", BINARY_DATA) from None


def json_value(data: bytes, content_type: str, place: str) -> msgspec.Raw:
    """Bytes as the one JSON value that they are, unread. Raises pydantic.ValidationError naming `place`."""
    charset = media_type(content_type)
    if not charset.is_utf_8:
        raise refusal("not_utf_8", f"expected JSON in UTF-8, got the charset {charset.charset[:40]!r}", place)
    _check_no_mark(data, place)
    try:
        return msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise refusal("not_json", f"expected one JSON object: {error}", place) from None
