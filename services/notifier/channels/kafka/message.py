"""A change as a CloudEvent in Kafka's binary mode: the event that the warning service published, under the same id."""

import msgspec

from services.notifier.core.message import Message
from shared.kafka.cloudevents import to_headers
from shared.kafka.producer import Outgoing

SOURCE = "/bellwether/warning"
"""Whoever decided, not whoever passes it on: source and id together tell a reader what it has seen already."""


def record(message: Message, topic: str) -> Outgoing:
    """The record. A borrower's changes share a key, and so a partition and their order."""
    return Outgoing(topic, message.change.borrower_id.encode(), message.data, to_headers(attributes(message)))


def attributes(message: Message) -> dict[str, str]:
    """The event's attributes, but for its content type."""
    change = message.change
    return {
        "specversion": "1.0",
        "id": str(change.change_id),
        "source": SOURCE,
        "type": message.type,
        "subject": change.borrower_id,
        "time": change.at.isoformat(),
        "partitionkey": change.borrower_id,
    }


def shown(message: Message, topic: str) -> str:
    """The record as text."""
    sent = record(message, topic)
    headers = {name: value.decode() for name, value in sent.headers}
    key = message.change.borrower_id
    shell = {"topic": topic, "key": key, "headers": headers, "value": msgspec.Raw(message.data)}
    return msgspec.json.encode(shell).decode()
