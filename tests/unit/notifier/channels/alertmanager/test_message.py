"""A change as alerts: by Alertmanager's own schema, with labels that find the alert again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.alertmanager.message import alerts
from services.notifier.channels.alertmanager.settings import AlertmanagerSettings
from shared.warnings import Kind, Level, WarningChange
from tests.changes import change
from tests.channels import NOW, message

# `postableAlerts` of api/v2/openapi.yaml, as JSON Schema, and no field that it does not know.
LABELS = {"type": "object", "additionalProperties": {"type": "string"}, "required": ["alertname"]}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
SCHEMA = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "startsAt": MOMENT,
            "endsAt": MOMENT,
            "labels": LABELS,
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
            "generatorURL": {"type": "string"},
        },
        "required": ["labels"],
        "additionalProperties": False,
    },
}
SETTINGS = AlertmanagerSettings.model_validate({"channel": "alertmanager", "urls": ["https://am.example"]})


def _alerts(told: WarningChange, now: datetime = NOW) -> list[dict[str, Any]]:
    return alerts(message(told, sent_at=now), SETTINGS)


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _over(alert: dict[str, Any], now: datetime = NOW) -> bool:
    return _moment(alert["endsAt"]) < now


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_change_is_what_alertmanagers_schema_asks_for(kind: Kind) -> None:
    over = kind in (Kind.CLEARED, Kind.WITHDRAWN)
    told = change(kind=kind, level=None if over else Level.RED, previous_level=Level.RED)

    jsonschema.validate(_alerts(told), SCHEMA)


def test_each_level_fires_once_and_ends_with_the_labels_it_fired_with() -> None:
    life = [
        change(kind=Kind.RAISED, level=Level.YELLOW),
        change(kind=Kind.ESCALATED, level=Level.RED, previous_level=Level.YELLOW),
        change(kind=Kind.EASED, level=Level.BLUE, previous_level=Level.RED),
        change(kind=Kind.CLEARED, level=None, previous_level=Level.BLUE),
    ]
    firing: list[dict[str, str]] = []
    for told in life:
        for alert in _alerts(told):
            if _over(alert):
                firing.remove(alert["labels"])
            else:
                firing.append(alert["labels"])

    assert firing == []


def test_an_acknowledgement_leaves_the_alert_firing() -> None:
    [alert] = _alerts(change(kind=Kind.ACKNOWLEDGED, level=Level.RED, previous_level=Level.RED))

    assert not _over(alert)


def test_the_same_rule_on_two_loans_is_two_alerts() -> None:
    [one] = _alerts(change())
    [other] = _alerts(change().model_copy(update={"loan_id": "another"}))
    [none] = _alerts(change().model_copy(update={"loan_id": None}))

    assert one["labels"] != other["labels"]
    assert "loan_id" not in none["labels"]


@given(
    st.integers(-2_208_988_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_an_alert_never_ends_before_it_starts_and_what_is_over_lies_a_minute_back(
    at: datetime, open_for: timedelta
) -> None:
    times = {"raised_at": at, "at": at + open_for}
    [firing] = _alerts(change().model_copy(update=times))
    [ended] = _alerts(change(kind=Kind.CLEARED, level=None, previous_level=Level.RED).model_copy(update=times))

    for alert in (firing, ended):
        assert datetime(1970, 1, 1, tzinfo=UTC) <= _moment(alert["startsAt"]) <= _moment(alert["endsAt"])
    assert _moment(firing["endsAt"]) > NOW
    assert _moment(ended["endsAt"]) <= NOW - timedelta(minutes=1)
