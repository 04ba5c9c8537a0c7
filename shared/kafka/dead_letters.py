"""Dead letters: a record that could not be taken, whole, with where it came from and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.kafka.producer import Outgoing, size_of
from shared.kafka.topics import MAX_LETTER_BYTES

PREFIX = "bellwether_"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the record stood."""

    topic: str
    partition: int
    offset: int


def dead_letter(topic: str, record: Outgoing, origin: Origin, *, service: str, reason: str, detail: str) -> Outgoing:
    """The record for the dead-letter topic: key, value and headers untouched, the rest in `bellwether_` headers.

    `reason` is one word (a metric label); `detail` is for the person who reads it. A record that no topic of ours takes
    whole (it came compressed) leaves its value where it is and tells its size as `value_bytes`.
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
    letter = Outgoing(topic, record.key, record.value, headers)
    if size_of(letter) <= MAX_LETTER_BYTES:
        return letter
    added_size = (f"{PREFIX}value_bytes", str(len(record.value or b"")).encode())
    return Outgoing(topic, record.key, None, [*headers, added_size])


def original(record: Outgoing, to_topic: str) -> Outgoing:
    """The record as it first was, to be sent again."""
    return Outgoing(to_topic, record.key, record.value, _own(record.headers))


def _own(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [(name, value) for name, value in headers if not name.startswith(PREFIX)]
