"""Outbox rows: warning changes as CloudEvents, and dead letters."""

from aiokafka import ConsumerRecord

from services.warning.core.changes import Change, to_json
from services.warning.store.commit import Headers, Letter
from services.warning.worker.partition import Partition
from shared.kafka import dead_letters
from shared.kafka.cloudevents import to_headers
from shared.kafka.producer import Outgoing
from shared.kafka.refusals import REFUSED_BY_BROKER
from shared.kafka.topics import Topics

SOURCE = "/bellwether/warning"
ACCEPTED_AT = "bellwether_accepted_at"


def change_letter(topics: Topics, partition: Partition, change: Change, data: bytes, accepted_ms: int) -> Letter:
    """The change on its way to topic `warnings`, with the moment the event that led to it was accepted."""
    attributes = {
        "specversion": "1.0",
        "id": change.change_id,
        "source": SOURCE,
        "type": f"warning.{change.kind}",
        "subject": change.borrower_id,
        "time": change.at,
    }
    headers: Headers = [*to_headers(attributes), (ACCEPTED_AT, str(accepted_ms).encode())]
    return _letter(partition, topics.warnings, change.borrower_id.encode(), data, headers)


def dead_letter(topics: Topics, partition: Partition, record: ConsumerRecord, reason: str, detail: str) -> Letter:
    """The record, whole, on its way to the dead letters."""
    out = dead_letters.of_record(topics.dead_letters, record, service="warning", reason=reason, detail=detail)
    return _letter(partition, out.topic, out.key, out.value, list(out.headers))


def refused_letter(topic: str, record: Outgoing, why: BaseException | None) -> Outgoing:
    """The dead letter of a record that Kafka refused for good, so that it stands on no partition of its own topic."""
    detail = f"expected a record that topic {record.topic} takes; Kafka refused it for good: {why!r}"
    origin = dead_letters.Origin(record.topic)
    return dead_letters.dead_letter(topic, record, origin, service="warning", reason=REFUSED_BY_BROKER, detail=detail)


def _letter(partition: Partition, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Letter:
    partition.outbox_seq += 1
    return Letter(partition.number, partition.outbox_seq, topic, key, value, headers)


__all__ = ["ACCEPTED_AT", "SOURCE", "change_letter", "dead_letter", "refused_letter", "to_json"]
