"""A webhook's body: `{type, timestamp, data}`, where `data` is the change as it was published."""

from typing import Any

import msgspec

from services.notifier.core.message import Message

MAX_BYTES = 20_000
"""Standard Webhooks' advice is to stay below 20 kB: many receivers refuse more."""


def body(message: Message) -> bytes:
    """The body, the same in every attempt. A change that is too large is told without its evidence and its words."""
    full = _body(message, msgspec.Raw(message.data))
    return full if len(full) < MAX_BYTES else _body(message, _thin(message))


def _body(message: Message, data: Any) -> bytes:
    return msgspec.json.encode({"type": message.type, "timestamp": message.change.at, "data": data})


def _thin(message: Message) -> dict[str, Any]:
    """What identifies the change; `thin` says that the warning service's API has the rest."""
    kept = {
        "change_id", "warning_id", "kind", "reason", "borrower_id", "loan_id", "rule", "family", "level",
        "previous_level", "at", "raised_at", "measure",
    }  # fmt: skip
    return {**message.change.model_dump(mode="json", include=kept), "thin": True}
