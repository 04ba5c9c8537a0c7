"""A change as alerts: by Alertmanager's own schema, with labels that find the alert again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.alertmanager.message import alerts
from services.notifier.channels.alertmanager.settings import AlertmanagerSettings
from services.notifier.core.message import Purpose
from shared.warnings import Kind, Level, WarningChange
from tests.changes import change, recovery
from tests.channels import NOW, message, several

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
    assert one["labels"] != other["labels"]


def test_an_alert_of_a_borrower_ends_though_another_of_the_loans_is_the_worst_by_then() -> None:
    of_borrower = {"per": "borrower"}
    [fired] = _alerts(change().model_copy(update={**of_borrower, "loan_id": "A"}))
    [ended] = _alerts(recovery().model_copy(update={**of_borrower, "loan_id": "B"}))

    assert ended["labels"] == fired["labels"]
    assert [each["annotations"]["loan_id"] for each in (fired, ended)] == ["A", "B"]


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


@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_purpose_is_what_alertmanagers_schema_asks_for(purpose: Purpose) -> None:
    told = several(change(2), recovery(3), purpose=purpose, acknowledge_url="https://b.example/a")

    jsonschema.validate(alerts(told, SETTINGS), SCHEMA)


def test_of_several_every_one_is_an_alert_with_words_of_its_own() -> None:
    other = change(2, level=Level.RED).model_copy(update={"borrower_id": "B-2"})
    ended = recovery(3).model_copy(update={"borrower_id": "B-3"})
    found = alerts(several(other, ended, acknowledge_url="https://b.example/a"), SETTINGS)

    assert [each["labels"]["borrower_id"] for each in found] == ["TEST-0001", "B-2", "B-3"]
    assert [each["annotations"]["summary"] for each in found] == [
        "YELLOW warning: missed_payment, borrower TEST-0001",
        "RED warning: missed_payment, borrower B-2",
        "Cleared: missed_payment, borrower B-3",
    ]
    assert [each["annotations"].get("acknowledge_url") for each in found] == ["https://b.example/a", None, None]
    assert [_over(each) for each in found] == [False, False, True]


def test_an_alert_is_found_again_by_the_labels_it_had_when_it_was_told_alone() -> None:
    [alone] = _alerts(change(2))
    [_, grouped] = alerts(several(change(2)), SETTINGS)

    assert grouped["labels"] == alone["labels"]
    assert grouped["annotations"] == alone["annotations"]


@pytest.mark.parametrize("purpose", [Purpose.HEARTBEAT, Purpose.TEST])
def test_a_proof_of_the_path_is_an_alert_that_is_over_at_once(purpose: Purpose) -> None:
    [alert] = alerts(replace(message(), purpose=purpose), SETTINGS)

    assert alert["labels"] == {"alertname": "bellwether_heartbeat"}
    assert _over(alert)
