"""A record of topic events.inbound as one structured event: CloudEvents' binding to Kafka, in either mode."""

from collections.abc import Sequence

from services.ingest.binary_mode import assemble
from services.ingest.bodies import EVENT, JSON, media_type
from services.ingest.refusals import refused
from shared.kafka.cloudevents import PREFIX

Headers = Sequence[tuple[str, bytes | None]]
_CONTENT_TYPE = "content-type"


def structured(value: bytes | None, headers: Headers) -> bytes:
    """The event in structured mode, whichever mode it came in. Raises RefusedError where it is in neither."""
    content_type = _content_type(headers)
    if value is None:
        raise refused("malformed", "/data", "expected a value, the record has none")
    if content_type == EVENT:
        return value
    attributes = _attributes(headers)
    if not attributes:
        modes = f"ce_ headers (binary mode) or the header {_CONTENT_TYPE}: {EVENT} (structured mode)"
        raise refused("malformed", "", f"expected {modes}; the record has neither")
    if content_type not in ("", JSON):
        detail = f"expected {JSON} in binary mode or {EVENT} in structured mode, got {content_type[:80]!r}"
        raise refused("malformed", "/datacontenttype", detail)
    return assemble(attributes, value)


def check_key(key: bytes | None, subject: str) -> None:
    """Raises RefusedError where the key is another borrower's: their order would be that of another partition."""
    if key is not None and key != subject.encode():
        shown = key[:200].decode(errors="backslashreplace")
        detail = f"expected the record's key to be the subject, or no key; got the key {shown!r} for {subject!r}"
        raise refused("wrong_key", "/subject", detail)


def _content_type(headers: Headers) -> str:
    """The media type, "" where none is told."""
    for name, value in headers:
        if name.lower() == _CONTENT_TYPE and value is not None:
            return media_type(value[:200].decode("latin-1"))
    return ""


def _attributes(headers: Headers) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, value in headers:
        if name.startswith(PREFIX):
            attribute = name[len(PREFIX) :]
            if attribute in attributes:
                raise refused("malformed", f"/{attribute}", f"expected the header {name} once")
            attributes[attribute] = _text(name, value)
    return attributes


def _text(name: str, value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise refused("malformed", f"/{name[len(PREFIX) :]}", f"expected the header {name} in UTF-8") from None
