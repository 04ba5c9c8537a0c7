"""CloudEvents in binary mode over HTTP: attributes as `ce-` headers, the body is the data."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

import msgspec
from pydantic import ValidationError

from services.ingest.refusals import invalid, refused
from shared.events import MAX_EVENT_BYTES
from shared.events.json_format import json_value
from shared.media_types import is_plain_json

PREFIX = b"ce-"
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_NOT_A_HEADER = ("data", "data_base64", "datacontenttype")

_encode = msgspec.json.Encoder().encode


def is_binary(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether any attribute travels as a header."""
    return any(name.startswith(PREFIX) for name, _ in headers)


def structured(headers: Iterable[tuple[bytes, bytes]], content_type: str, body: bytes) -> bytes:
    """The same event in structured mode. Raises RefusedError where headers or body cannot be read."""
    attributes: dict[str, str] = {}
    for name, value in headers:
        if name.startswith(PREFIX):
            attribute = name[len(PREFIX) :].decode("latin-1")
            if attribute in attributes:
                raise refused("malformed", _pointer(attribute), f"expected the header ce-{attribute} once")
            attributes[attribute] = header_text(attribute, value)
    return assemble(attributes, content_type, body)


def assemble(attributes: Mapping[str, str], content_type: str, data: bytes) -> bytes:
    """Attributes and JSON data as one structured event. Raises RefusedError where the data is no JSON."""
    for name in _NOT_A_HEADER:
        if name in attributes:
            detail = f"expected no attribute {name!r}: the body and its content type say it"
            raise refused("malformed", _pointer(name), detail)
    # Without a datacontenttype that is JSON's default: all modes give the same bytes.
    declared = {"datacontenttype": content_type} if content_type and not is_plain_json(content_type) else {}
    return _encode({**attributes, **declared, "data": _json(data, content_type)})


def header_text(attribute: str, value: bytes) -> str:
    """What a header says: out of its quotes, then percent-decoded once, as the HTTP binding has it."""
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        value = _ESCAPED.sub(rb"\1", value[1:-1])
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise refused("malformed", _pointer(attribute), f"expected the header ce-{attribute} in UTF-8") from None


def _json(data: bytes, content_type: str) -> msgspec.Raw:
    if len(data) > MAX_EVENT_BYTES:
        raise refused("too_large", "/data", f"expected at most {MAX_EVENT_BYTES} bytes, got {len(data)}")
    try:
        return json_value(data, content_type, "data")
    except ValidationError as error:
        raise invalid(error) from None


def _pointer(attribute: str) -> str:
    return "/" + attribute.replace("~", "~0").replace("/", "~1")
