"""Dead letters: a record that could not be taken, whole, with where it came from and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.kafka.producer import Outgoing

PREFIX = "bellwether_"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the record stood."""

    topic: str
    partition: int
    offset: int


def dead_letter(topic: str, record: Outgoing, origin: Origin, *, service: str, reason: str, detail: str) -> Outgoing:
    """The record for the dead-letter topic: key, value and headers untouched, the rest in `bellwether_` headers.

    `reason` is one word (a metric label); `detail` is for the person who reads it.
    """
    added = {
        "origin_topic": origin.topic,
        "origin_partition": str(origin.partition),
        "origin_offset": str(origin.offset),
        "service": service,
        "reason": reason,
        "detail": detail[:2000],
    }
    headers = [*_own(record.headers), *((PREFIX + name, value.encode()) for name, value in added.items())]
    return Outgoing(topic, record.key, record.value, headers)


def original(record: Outgoing, to_topic: str) -> Outgoing:
    """The record as it first was, to be sent again."""
    return Outgoing(to_topic, record.key, record.value, _own(record.headers))


def _own(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [(name, value) for name, value in headers if not name.startswith(PREFIX)]
