"""CloudEvents in Kafka's binary mode: attributes as `ce_` headers, the data as the value."""

from collections.abc import Iterable, Mapping

PREFIX = "ce_"
Headers = list[tuple[str, bytes]]


def to_headers(attributes: Mapping[str, str]) -> Headers:
    """`{"id": …}` as `[("ce_id", b"…")]`, with the content type of JSON data."""
    return [
        ("content-type", b"application/json"),
        *((PREFIX + name, value.encode()) for name, value in attributes.items()),
    ]


def from_headers(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """The attributes a record carries. Raises UnicodeDecodeError where one is not UTF-8."""
    return {name[len(PREFIX) :]: value.decode() for name, value in headers if name.startswith(PREFIX)}


def header(headers: Iterable[tuple[str, bytes | None]], name: str) -> bytes | None:
    """The first header of this name."""
    return next((value for each, value in headers if each == name), None)
