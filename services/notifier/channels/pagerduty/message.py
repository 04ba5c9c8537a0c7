"""Changes as PagerDuty events: one alert a warning, which later changes of it raise, acknowledge or resolve."""

from pathlib import Path
from typing import Any

import msgspec

from services.notifier.channels.pagerduty.settings import PagerDutySettings
from services.notifier.channels.room import fitting, within_characters
from services.notifier.channels.telling import Telling, answer_for_it
from services.notifier.channels.wording import Wording
from services.notifier.core.message import Message, Purpose
from shared.warnings import Kind, Level

MAX_BYTES = 512_000
MAX_SUMMARY = 1_024
MAX_NAME = 255
HEARTBEAT = "bellwether_heartbeat"
"""The alert a heartbeat resolves. There is none: PagerDuty checks the key, answers 202, and pages nobody."""
_SEVERITIES = {Level.BLUE: "info", Level.YELLOW: "warning", Level.ORANGE: "error", Level.RED: "critical"}
_ACTIONS = {Kind.ACKNOWLEDGED: "acknowledge", Kind.CLEARED: "resolve", Kind.WITHDRAWN: "resolve"}

_telling = Telling(Wording(Path(__file__).parent))


def event(message: Message, settings: PagerDutySettings, routing_key: str) -> bytes:
    """The event of a message of one change, or of one that sums up a flood."""
    return fitting(lambda room: msgspec.json.encode(_event(message, settings, routing_key, room)), MAX_BYTES)


def _event(message: Message, settings: PagerDutySettings, routing_key: str, room: int) -> dict[str, Any]:
    action = _action(message)
    head = {"routing_key": routing_key, "event_action": action, "dedup_key": _dedup_key(message)}
    if action != "trigger":
        return head
    url = message.acknowledge_url
    return {
        **head,
        "payload": _payload(message, settings, room),
        "client": "Bellwether",
        **({"client_url": settings.link} if settings.link else {}),
        **({"links": [{"href": url, "text": answer_for_it(*settings.languages)}]} if url is not None else {}),
    }


def _action(message: Message) -> str:
    if message.purpose is Purpose.HEARTBEAT:
        return "resolve"
    return _ACTIONS.get(message.change.kind, "trigger") if message.total == 1 else "trigger"


def _dedup_key(message: Message) -> str:
    """What makes later events find the alert. A test and a summed-up flood are alerts of their own."""
    if message.purpose is Purpose.HEARTBEAT:
        return HEARTBEAT
    own = message.purpose is Purpose.TEST or message.total > 1
    return str(message.id if own else message.change.warning_id)


def _payload(message: Message, settings: PagerDutySettings, room: int) -> dict[str, Any]:
    change, languages = message.change, settings.languages
    share = room // len(languages)
    texts = {f"text_{each}": _telling.text(message, each, share) for each in languages}
    return {
        "summary": within_characters(_telling.title(message, languages), MAX_SUMMARY),
        "source": within_characters(change.borrower_id, MAX_NAME),
        "severity": _SEVERITIES[change.severity],
        "timestamp": change.at.isoformat(),
        "class": within_characters(change.rule, MAX_NAME),
        "component": within_characters(change.loan_id or change.family, MAX_NAME),
        "custom_details": {"level": change.severity.value, "warning_id": str(change.warning_id), **texts},
    }
