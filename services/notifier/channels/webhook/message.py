"""A webhook's body: `{type, timestamp, data}`, where `data` is the change as it was published, or several in brief."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.notifier.core.message import Message, Purpose
from shared.warnings import WarningChange

MAX_BYTES = 20_000
"""Standard Webhooks' advice is to stay below 20 kB: many receivers refuse more."""


def body(message: Message) -> bytes:
    """The body, the same in every attempt. A change that is too large is told without its evidence and its words."""
    if message.purpose is Purpose.HEARTBEAT:
        return _body(message, {"purpose": message.purpose.value})
    if message.total > 1:
        return _several(message)
    full = _body(message, msgspec.Raw(message.data))
    return full if len(full) < MAX_BYTES else _body(message, {**_thin(message.change), "thin": True})


def _body(message: Message, data: Any) -> bytes:
    return msgspec.json.encode({
        "type": message.type,
        "timestamp": message.change.at,
        **({"purpose": message.purpose.value} if message.purpose is not Purpose.CHANGE else {}),
        **({"acknowledge_url": message.acknowledge_url} if message.acknowledge_url is not None else {}),
        "data": data,
    })  # fmt: skip


def _several(message: Message) -> bytes:
    """As many changes as there is room for. What `total` is more than their number is what was left out."""
    shell: Mapping[str, Any] = {"purpose": message.purpose.value, "total": message.total, "common": message.common}
    changes: list[msgspec.Raw] = []
    length = len(_body(message, {**shell, "changes": []}))
    for each in message.changes:
        written = msgspec.json.encode(_thin(each))
        length += len(written) + 1  # and a comma
        if length >= MAX_BYTES:
            break
        changes.append(msgspec.Raw(written))
    return _body(message, {**shell, "changes": changes})


def _thin(change: WarningChange) -> dict[str, Any]:
    """What identifies the change; the warning service's API has the rest."""
    kept = {
        "change_id", "warning_id", "kind", "reason", "borrower_id", "per", "loan_id", "rule", "family",
        "level", "previous_level", "at", "raised_at", "measure",
    }  # fmt: skip
    return change.model_dump(mode="json", include=kept)
