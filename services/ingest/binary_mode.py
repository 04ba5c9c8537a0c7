"""CloudEvents in binary mode over HTTP: attributes as `ce-` headers, the body is the data."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from services.ingest.refusals import refused
from shared.events import MAX_EVENT_BYTES

PREFIX = b"ce-"
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_NOT_A_HEADER = ("data", "datacontenttype")

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def is_binary(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether any attribute travels as a header."""
    return any(name.startswith(PREFIX) for name, _ in headers)


def structured(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """The same event in structured mode. Raises RefusedError where headers or body cannot be read."""
    attributes: dict[str, str] = {}
    for name, value in headers:
        if name.startswith(PREFIX):
            attribute = name[len(PREFIX) :].decode("latin-1")
            if attribute in attributes:
                raise refused("malformed", _pointer(attribute), f"expected the header ce-{attribute} once")
            attributes[attribute] = header_text(attribute, value)
    return assemble(attributes, body)


def assemble(attributes: Mapping[str, str], data: bytes) -> bytes:
    """Attributes and JSON data as one structured event. Raises RefusedError where the data is no JSON."""
    for name in _NOT_A_HEADER:
        if name in attributes:
            detail = f"expected no attribute {name!r}: the body and its content type say it"
            raise refused("malformed", _pointer(name), detail)
    # Without datacontenttype, whose default is JSON: both modes give the same bytes.
    return _encode({**attributes, "data": _json(data)})


def header_text(attribute: str, value: bytes) -> str:
    """What a header says: out of its quotes, then percent-decoded once, as the HTTP binding has it."""
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        value = _ESCAPED.sub(rb"\1", value[1:-1])
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise refused("malformed", _pointer(attribute), f"expected the header ce-{attribute} in UTF-8") from None


def _json(data: bytes) -> Any:
    if len(data) > MAX_EVENT_BYTES:
        raise refused("too_large", "/data", f"expected at most {MAX_EVENT_BYTES} bytes, got {len(data)}")
    try:
        return _decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise refused("malformed", "/data", f"expected one JSON object: {error}") from None


def _pointer(attribute: str) -> str:
    return "/" + attribute.replace("~", "~0").replace("/", "~1")
