"""Dead letters: a record that could not be taken, whole where it fits, with where it came from and why."""

from dataclasses import dataclass

from aiokafka import ConsumerRecord

from shared.kafka.fitting import PREFIX, SIZES, Headers, fitted, not_ours
from shared.kafka.producer import Outgoing
from shared.kafka.reading import UnreadableRecord
from shared.kafka.topics import MAX_LETTER_BYTES

_DETAIL_BYTES = 2_000
_ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the record stood; one that never came to stand on its topic has a place on none of its partitions."""

    topic: str
    partition: int | None = None
    offset: int | None = None


def dead_letter(topic: str, record: Outgoing, origin: Origin, *, service: str, reason: str, detail: str) -> Outgoing:
    """The record for the dead-letter topic: key, value and headers untouched, the rest in `bellwether_` headers.

    `reason` is one word (a metric label); `detail` is for the person who reads it. What is larger than a letter may be
    is cut, as `fitted` says.
    """
    place = {"origin_partition": origin.partition, "origin_offset": origin.offset}
    added = {
        "origin_topic": origin.topic,
        **{name: str(number) for name, number in place.items() if number is not None},
        "service": service,
        "reason": reason,
        "detail": detail,
    }
    ours = [(PREFIX + name, _text(value)) for name, value in added.items()]
    return fitted(Outgoing(topic, record.key, record.value, [*not_ours(record.headers), *ours]), MAX_LETTER_BYTES)


def of_record(topic: str, record: ConsumerRecord, *, service: str, reason: str, detail: str) -> Outgoing:
    """The dead letter of a record as it was fetched; of one that nobody can read, as much as there is of it."""
    origin = Origin(record.topic, record.partition, record.offset)
    whole = Outgoing(record.topic, record.key, record.value, record.headers)
    letter = dead_letter(topic, whole, origin, service=service, reason=reason, detail=detail)
    if not isinstance(record, UnreadableRecord):
        return letter
    added = {_ALTERED: "names of headers"}
    if record.first_offset is not None:
        added = {_ALTERED: "the value is the bytes as they stand", "origin_first_offset": str(record.first_offset)}
    ours = [(PREFIX + name, value.encode()) for name, value in added.items()]
    return fitted(letter._replace(headers=[*letter.headers, *ours]), MAX_LETTER_BYTES)


def is_whole(headers: Headers) -> bool:
    """Whether a letter with these headers holds the record as it was."""
    told = {name.removeprefix(PREFIX) for name, _ in headers if name.startswith(PREFIX)}
    return not told & {_ALTERED, *SIZES}


def original(record: Outgoing, to_topic: str) -> Outgoing:
    """The record as it first was, to be sent again."""
    return Outgoing(to_topic, record.key, record.value, not_ours(record.headers))


def _text(value: str) -> bytes:
    """In UTF-8, whatever it quotes, and no longer than a letter has room for."""
    return value.encode(errors="backslashreplace")[:_DETAIL_BYTES].decode(errors="ignore").encode()
