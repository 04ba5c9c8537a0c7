"""Changes as alerts: the one that fires or ends, and the one of another severity that it takes the place of."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from services.notifier.channels.alertmanager.settings import AlertmanagerSettings
from services.notifier.channels.telling import Telling, alone
from services.notifier.channels.wording import Language, Wording
from services.notifier.core.message import Message, Purpose
from shared.warnings import Level, WarningChange

SKEW = timedelta(minutes=1)
"""An end lies so far back that it is past by Alertmanager's clock as well. One that it takes to lie ahead would be
merged with the end known before, the later of the two: the alert would go on firing."""
_SUFFIXES: dict[Language, str] = {"en": "", "zh": "_zh"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

HEARTBEAT = "bellwether_heartbeat"
"""The alert that proves the path. It is over when it comes, so nobody is told of it."""
_MOST_BYTES = 10_000

_telling = Telling(Wording(Path(__file__).parent))


def body(message: Message, settings: AlertmanagerSettings) -> bytes:
    """What each replica is posted."""
    return msgspec.json.encode(alerts(message, settings))


def alerts(message: Message, settings: AlertmanagerSettings) -> list[dict[str, Any]]:
    """Those of every change the message holds: Alertmanager groups them itself, by routes of its own."""
    if message.purpose in (Purpose.HEARTBEAT, Purpose.TEST):
        ends_at = message.sent_at - SKEW
        return [_alert(message, {"alertname": HEARTBEAT}, settings, ends_at, ends_at)]
    return [alert for each in message.changes for alert in _of_one(alone(message, each), settings)]


def _of_one(message: Message, settings: AlertmanagerSettings) -> list[dict[str, Any]]:
    """What has ended comes first. An alert is known by its labels, so a new level is another alert."""
    change = message.change
    over = change.previous_level if change.previous_level != change.level else None
    return [
        *([_ended(message, over, settings)] if over else []),
        *([_firing(message, change.level, settings)] if change.level else []),
    ]


def _firing(message: Message, level: Level, settings: AlertmanagerSettings) -> dict[str, Any]:
    starts_at, ends_at = min(message.change.raised_at, message.sent_at), message.sent_at + settings.firing_for
    return _alert(message, _labels(message.change, level), settings, starts_at, ends_at)


def _ended(message: Message, level: Level, settings: AlertmanagerSettings) -> dict[str, Any]:
    ends_at = min(message.change.at, message.sent_at - SKEW)
    starts_at = min(message.change.raised_at, ends_at)
    return _alert(message, _labels(message.change, level), settings, starts_at, ends_at)


def _alert(
    message: Message, labels: dict[str, str], settings: AlertmanagerSettings, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    return {
        "labels": {**settings.labels, **labels},
        "annotations": _annotations(message),
        "startsAt": _moment(starts_at),
        "endsAt": _moment(ends_at),
        **({"generatorURL": settings.link} if settings.link else {}),
    }


def _labels(change: WarningChange, level: Level) -> dict[str, str]:
    """What tells one alert from another. Alertmanager groups and routes by them, so numbers and ids stay out.

    The loan is a label only of a warning that is of this loan alone: of another it changes while the alert fires, and
    the alert as it was labelled before would never end.
    """
    return {
        "alertname": change.rule,
        "severity": level.value,
        "family": change.family,
        "borrower_id": change.borrower_id,
        **({"loan_id": change.loan_id} if change.per == "loan" and change.loan_id else {}),
    }


def _annotations(message: Message) -> dict[str, str]:
    words: dict[str, str] = {}
    for language, suffix in _SUFFIXES.items():
        words[f"summary{suffix}"] = _telling.title(message, (language,))
        words[f"description{suffix}"] = _telling.text(message, language, _MOST_BYTES)
    if message.purpose is Purpose.HEARTBEAT:
        return words
    words["warning_id"] = str(message.change.warning_id)
    if message.change.loan_id:
        words["loan_id"] = message.change.loan_id
    return {**words, **({"acknowledge_url": message.acknowledge_url} if message.acknowledge_url else {})}


def _moment(at: datetime) -> str:
    """RFC 3339; Go's zero time and what is before it mean "not given", so nothing starts before 1970."""
    return max(at, _EPOCH).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
