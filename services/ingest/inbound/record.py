"""A record of topic events.inbound as one structured event: CloudEvents' binding to Kafka, in either mode."""

from collections.abc import Sequence

from services.ingest.binary_mode import assemble
from services.ingest.bodies import EVENT
from services.ingest.refusals import refused
from shared.kafka.cloudevents import PREFIX
from shared.media_types import declares_json, media_type

Headers = Sequence[tuple[str, bytes | None]]
_CONTENT_TYPE = "content-type"
_FORMATS = "application/cloudevents"
"""What the types of all event formats begin with, by which the binding tells structured mode (3)."""


def structured(value: bytes | None, headers: Headers) -> bytes:
    """The event in structured mode, whichever mode it came in. Raises RefusedError where it is in neither."""
    given = _content_type(headers)
    if value is None:
        raise refused("malformed", "/data", "expected a value, the record has none")
    declared = media_type(given)
    if not declared.is_utf_8:
        raise refused("malformed", "", f"expected {_CONTENT_TYPE} in UTF-8, got {given[:80]!r}")
    if declared.name == EVENT:
        return value
    if declared.name.startswith(_FORMATS):
        raise refused("malformed", "", f"expected {EVENT}, the one event format there is here; got {given[:80]!r}")
    attributes = _attributes(headers)
    if not attributes:
        modes = f"ce_ headers (binary mode) or the header {_CONTENT_TYPE}: {EVENT} (structured mode)"
        raise refused("malformed", "", f"expected {modes}; the record has neither")
    if given and not declares_json(given):
        detail = f"expected */json or */*+json in binary mode or {EVENT} in structured mode, got {given[:80]!r}"
        raise refused("malformed", "/datacontenttype", detail)
    return assemble(attributes, given, value)


def check_key(key: bytes | None, subject: str) -> None:
    """Raises RefusedError where the key is another borrower's: their order would be that of another partition."""
    if key is not None and key != subject.encode():
        shown = key[:200].decode(errors="backslashreplace")
        detail = f"expected the record's key to be the subject, or no key; got the key {shown!r} for {subject!r}"
        raise refused("wrong_key", "/subject", detail)


def _content_type(headers: Headers) -> str:
    """What the record is said to be, "" where nothing is said."""
    given = [value for name, value in headers if name.lower() == _CONTENT_TYPE and value is not None]
    if len(set(given)) > 1:
        raise refused("malformed", "/datacontenttype", f"expected the header {_CONTENT_TYPE} once")
    return given[0][:200].decode("latin-1") if given else ""


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
