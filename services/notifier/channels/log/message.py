"""What a log line says of a change: what can be searched for, and the English text."""

from typing import Any

from services.notifier.core.message import Message


def fields(message: Message) -> dict[str, Any]:
    """The line's fields."""
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
