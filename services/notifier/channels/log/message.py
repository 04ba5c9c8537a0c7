"""What a log line says: what can be searched for, and the English text. Never the link, which is a key."""

from typing import Any

from services.notifier.core.message import Message, Purpose


def fields(message: Message) -> dict[str, Any]:
    """The line's fields: of several changes those of the one that leads, and which they are."""
    return {**_leading(message), **_around(message)}


def _around(message: Message) -> dict[str, Any]:
    """What there is to say of a message that is more than a change."""
    several = {
        "total": message.total,
        "common": dict(message.common),
        "change_ids": [str(each.change_id) for each in message.changes],
    }
    return {
        **({"purpose": message.purpose.value} if message.purpose is not Purpose.CHANGE else {}),
        **(several if message.total > 1 else {}),
        **({"written_at": message.created_at.isoformat()} if message.is_late else {}),
    }


def _leading(message: Message) -> dict[str, Any]:
    if message.purpose is Purpose.HEARTBEAT:
        return {"delivery_id": str(message.id), "type": message.type}
    change = message.change
    return {
        "delivery_id": str(message.id),
        "type": message.type,
        "warning_id": str(change.warning_id),
        "change_id": str(change.change_id),
        "borrower_id": change.borrower_id,
        "loan_id": change.loan_id,
        "rule": change.rule,
        "family": change.family,
        "warning_level": change.level,
        "previous_level": change.previous_level,
        "at": change.at.isoformat(),
        "measure": change.measure.name,
        "value": change.measure.value,
        "unit": change.measure.unit,
        "text": change.text.en,
    }
