"""Changes as CloudEvents in Kafka's binary mode: the events that the warning service published, under the same ids."""

import msgspec

from services.notifier.core.message import Message, Purpose
from shared.kafka.cloudevents import to_headers
from shared.kafka.producer import Outgoing
from shared.warnings import WarningChange

SOURCE = "/bellwether/warning"
"""Whoever decided, not whoever passes it on: source and id together tell a reader what it has seen already."""
OWN_SOURCE = "/bellwether/notifier"
"""Of what nobody but the notifier says: that the path works."""


def records(message: Message, topic: str) -> list[Outgoing]:
    """One record for each change it holds: to a system each is a fact, however people are told of several."""
    if message.purpose in (Purpose.HEARTBEAT, Purpose.TEST):
        return [_own(message, topic)]
    return [_record(each, message.data if each is message.change else _data(each), topic) for each in message.changes]


def _record(change: WarningChange, data: bytes, topic: str) -> Outgoing:
    """The record. A borrower's changes share a key, and so a partition and their order."""
    headers = to_headers({
        "specversion": "1.0",
        "id": str(change.change_id),
        "source": SOURCE,
        "type": f"warning.{change.kind}",
        "subject": change.borrower_id,
        "time": change.at.isoformat(),
        "partitionkey": change.borrower_id,
    })  # fmt: skip
    return Outgoing(topic, change.borrower_id.encode(), data, headers)


def _data(change: WarningChange) -> bytes:
    return change.model_dump_json().encode()


def _own(message: Message, topic: str) -> Outgoing:
    """A record of the notifier's own, which names no borrower."""
    headers = to_headers({
        "specversion": "1.0",
        "id": str(message.id),
        "source": OWN_SOURCE,
        "type": message.type,
        "time": message.created_at.isoformat(),
    })  # fmt: skip
    return Outgoing(topic, message.type.encode(), msgspec.json.encode({"purpose": message.purpose.value}), headers)


def shown(message: Message, topic: str) -> str:
    """The records as text, one a line."""
    return "\n".join(_shown(each) for each in records(message, topic))


def _shown(sent: Outgoing) -> str:
    headers = {name: (value or b"").decode() for name, value in sent.headers}
    key = sent.key.decode() if sent.key is not None else None
    shell = {"topic": sent.topic, "key": key, "headers": headers, "value": msgspec.Raw(sent.value or b"null")}
    return msgspec.json.encode(shell).decode()
