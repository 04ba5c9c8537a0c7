"""A change as alerts: the one that fires or ends, and the one of another severity that it takes the place of."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from services.notifier.channels.alertmanager.settings import AlertmanagerSettings
from services.notifier.channels.wording import Wording
from services.notifier.core.message import Message
from shared.warnings import Level, WarningChange

SKEW = timedelta(minutes=1)
"""An end lies so far back that it is past by Alertmanager's clock as well. One that it takes to lie ahead would be
merged with the end known before, the later of the two: the alert would go on firing."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_wording = Wording(Path(__file__).parent)


def body(message: Message, settings: AlertmanagerSettings) -> bytes:
    """What each replica is posted."""
    return msgspec.json.encode(alerts(message, settings))


def alerts(message: Message, settings: AlertmanagerSettings) -> list[dict[str, Any]]:
    """What has ended comes first. An alert is known by its labels, so a new level is another alert."""
    change = message.change
    over = change.previous_level if change.previous_level != change.level else None
    return [
        *([_ended(message, over, settings)] if over else []),
        *([_firing(message, change.level, settings)] if change.level else []),
    ]


def _firing(message: Message, level: Level, settings: AlertmanagerSettings) -> dict[str, Any]:
    starts_at = min(message.change.raised_at, message.sent_at)
    return _alert(message.change, level, settings, starts_at, message.sent_at + settings.firing_for)


def _ended(message: Message, level: Level, settings: AlertmanagerSettings) -> dict[str, Any]:
    ends_at = min(message.change.at, message.sent_at - SKEW)
    return _alert(message.change, level, settings, min(message.change.raised_at, ends_at), ends_at)


def _alert(
    change: WarningChange, level: Level, settings: AlertmanagerSettings, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    return {
        "labels": {**settings.labels, **_labels(change, level)},
        "annotations": _annotations(change),
        "startsAt": _moment(starts_at),
        "endsAt": _moment(ends_at),
        **({"generatorURL": settings.link} if settings.link else {}),
    }


def _labels(change: WarningChange, level: Level) -> dict[str, str]:
    """What tells one alert from another. Alertmanager groups and routes by them, so numbers and ids stay out."""
    return {
        "alertname": change.rule,
        "severity": level.value,
        "family": change.family,
        "borrower_id": change.borrower_id,
        **({"loan_id": change.loan_id} if change.loan_id else {}),
    }


def _annotations(change: WarningChange) -> dict[str, str]:
    return {
        "summary": _wording.render("title", change, "en"),
        "summary_zh": _wording.render("title", change, "zh"),
        "description": _wording.render("body", change, "en"),
        "description_zh": _wording.render("body", change, "zh"),
        "warning_id": str(change.warning_id),
    }


def _moment(at: datetime) -> str:
    """RFC 3339; Go's zero time and what is before it mean "not given", so nothing starts before 1970."""
    return max(at, _EPOCH).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
