"""PagerDuty's channel against a server that answers as the Events API v2 does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.notifier.channels.pagerduty.channel import PagerDuty
from services.notifier.channels.pagerduty.settings import PagerDutySettings
from services.notifier.core.message import Message, Purpose
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from shared.warnings import Kind, Level
from tests.changes import change, recovery, warning
from tests.channels import ID, LOOPBACK, message, says, sent, several
from tests.sink import Sink

PATH = "/v2/enqueue"
KEY = "0123456789abcdef0123456789abcdef"
TAKEN = {"status": "success", "message": "Event processed", "dedup_key": "any"}


@pytest.fixture(autouse=True)
def _service(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGERDUTY_KEY", KEY)
    sink.answers[PATH] = says(202, TAKEN)


def _channel(sink: Sink, **settings: Any) -> PagerDuty:
    written = {"routing_key": {"secret_env": "PAGERDUTY_KEY"}, "url": sink.url(PATH), "allow_networks": LOOPBACK}
    return PagerDuty(PagerDutySettings.model_validate({"channel": "pagerduty", **written, **settings}))


async def _events(sink: Sink, told: Message, **settings: Any) -> list[dict[str, Any]]:
    assert isinstance(await sent(_channel(sink, **settings), told), Delivered)
    return [msgspec.json.decode(each.body) for each in sink.received]


async def _answered(sink: Sink, status: int, body: str | dict[str, Any] = "", **headers: str) -> Verdict:
    sink.answers[PATH] = says(status, body, **headers)
    return await sent(_channel(sink))


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (Kind.RAISED, "trigger"), (Kind.ESCALATED, "trigger"), (Kind.EASED, "trigger"),
        (Kind.ACKNOWLEDGED, "acknowledge"), (Kind.CLEARED, "resolve"), (Kind.WITHDRAWN, "resolve"),
    ],
)  # fmt: skip
async def test_each_kind_of_change_moves_the_warnings_own_alert(sink: Sink, kind: Kind, action: str) -> None:
    over = kind in (Kind.CLEARED, Kind.WITHDRAWN)
    told = change(kind=kind, level=None if over else Level.RED, previous_level=Level.YELLOW)
    [event] = await _events(sink, message(told))

    assert (event["event_action"], event["dedup_key"]) == (action, str(warning(1)))
    assert event["routing_key"] == KEY


@pytest.mark.parametrize(
    ("level", "severity"),
    [(Level.BLUE, "info"), (Level.YELLOW, "warning"), (Level.ORANGE, "error"), (Level.RED, "critical")],
)
async def test_a_level_is_a_severity(sink: Sink, level: Level, severity: str) -> None:
    [event] = await _events(sink, message(change(level=level)))

    assert event["payload"]["severity"] == severity


async def test_of_several_each_is_an_alert_of_its_own_and_only_those_left_are_sent_again(sink: Sink) -> None:
    told = several(change(2), recovery(3))
    sink.answers[PATH] = lambda got: says(503 if str(warning(2)).encode() in got.body else 202, TAKEN)(got)
    channel = _channel(sink)
    first = await channel.send(told)
    sink.answers[PATH] = says(202, TAKEN)
    second = await sent(channel, told)

    assert isinstance(first, Retry)
    assert isinstance(second, Delivered)
    keys = [msgspec.json.decode(each.body)["dedup_key"] for each in sink.received]
    assert sorted(keys) == sorted(str(warning(number)) for number in (1, 2, 2, 3))


async def test_a_flood_pages_once(sink: Sink) -> None:
    [event] = await _events(sink, several(change(2), purpose=Purpose.STORM, total=900))

    assert event["dedup_key"] == str(ID)
    assert event["payload"]["summary"] == "Flood: 900 warnings"


async def test_a_heartbeat_pages_nobody(sink: Sink) -> None:
    [event] = await _events(sink, replace(message(), purpose=Purpose.HEARTBEAT))

    assert event == {"routing_key": KEY, "event_action": "resolve", "dedup_key": "bellwether_heartbeat"}


async def test_whoever_is_paged_can_answer_with_one_click(sink: Sink) -> None:
    [event] = await _events(sink, replace(message(), acknowledge_url="https://bellwether.example/a?t=1"))

    assert event["links"] == [{"href": "https://bellwether.example/a?t=1", "text": "I answer for it"}]


@pytest.mark.parametrize("text", ["x" * 900_000, "预警" * 300_000, "\x00" * 900_000])
async def test_an_event_stays_within_what_pagerduty_takes(sink: Sink, text: str) -> None:
    told = change().model_copy(update={"borrower_id": text, "rule": text, "family": text, "loan_id": text})
    [event] = await _events(sink, message(told), languages=["en", "zh"])

    assert len(sink.received[0].body) <= 512_000
    assert len(event["payload"]["summary"]) <= 1_024


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_pagerduty_asks_to_send_again_is_sent_again(sink: Sink, status: int) -> None:
    verdict = await _answered(sink, status, **{"Retry-After": "7"})

    assert isinstance(verdict, Retry)
    assert verdict.after == timedelta(seconds=7)


async def test_an_event_pagerduty_calls_invalid_is_refused(sink: Sink) -> None:
    errors = {"status": "invalid event", "message": "Event object is invalid", "errors": ["Invalid routing key"]}
    verdict = await _answered(sink, 400, errors)

    assert isinstance(verdict, Refused)
    assert "Invalid routing key" in verdict.answer.body


@pytest.mark.parametrize(
    ("status", "body"), [(202, ""), (202, "<html>"), (200, TAKEN), (202, {"status": "invalid event"})]
)
async def test_a_yes_that_is_not_pagerdutys_is_no_delivery(sink: Sink, status: int, body: str | dict[str, Any]) -> None:
    assert isinstance(await _answered(sink, status, body), Retry)


async def test_no_verdict_and_no_preview_shows_the_key(sink: Sink) -> None:
    assert KEY not in str(await _answered(sink, 503)) + _channel(sink).preview(message())
