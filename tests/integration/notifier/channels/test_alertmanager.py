"""Alertmanager's channel against HTTP servers that answer as its replicas do."""

import base64
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from services.notifier.channels.alertmanager.channel import Alertmanager
from services.notifier.channels.alertmanager.settings import AlertmanagerSettings
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from tests.changes import recovery
from tests.channels import LOOPBACK, message, says, sent
from tests.sink import SECRET, Sink, hang

ONE, TWO = "/one/api/v2/alerts", "/two/api/v2/alerts"


def _settings(sink: Sink, **settings: Any) -> AlertmanagerSettings:
    written = {"channel": "alertmanager", "urls": [sink.url("/one"), sink.url("/two/")], "allow_networks": LOOPBACK}
    return AlertmanagerSettings.model_validate({**written, **settings})


@pytest.fixture
def replicas(sink: Sink) -> Sink:
    """Two replicas that take everything, as the real one does: 200 and nothing else."""
    sink.answers[ONE] = sink.answers[TWO] = says(200)
    return sink


async def _answered(sink: Sink, status: int, body: str = "", **headers: str) -> Verdict:
    sink.answers[ONE] = says(status, body, **headers)
    return await sent(Alertmanager(_settings(sink, urls=[sink.url("/one")])))


async def test_every_replica_is_told_the_same(replicas: Sink) -> None:
    assert isinstance(await sent(Alertmanager(_settings(replicas))), Delivered)

    [one], [two] = replicas.of(ONE), replicas.of(TWO)
    assert one.body == two.body
    assert one.headers["content-type"] == "application/json"
    assert msgspec.json.decode(one.body)[0]["labels"]["severity"] == "yellow"


async def test_a_recovery_ends_the_alert(replicas: Sink) -> None:
    await sent(Alertmanager(_settings(replicas)), message(recovery()))

    [alert] = msgspec.json.decode(replicas.of(ONE)[0].body)
    assert alert["endsAt"] == "2026-03-01T09:30:00.000Z"


async def test_the_replica_that_was_away_is_told_later_and_the_other_not_again(replicas: Sink) -> None:
    replicas.answers[TWO] = says(503, "starting", **{"Retry-After": "3"})
    channel = Alertmanager(_settings(replicas))
    first = await channel.send(message())
    replicas.answers[TWO] = says(200)
    second = await sent(channel)

    assert isinstance(first, Retry)
    assert f"127.0.0.1:{replicas.port}/two/: HTTP 503" in first.why
    assert first.after is not None
    assert first.after.total_seconds() == 3
    assert isinstance(second, Delivered)
    assert (len(replicas.of(ONE)), len(replicas.of(TWO))) == (1, 2)


async def test_a_replica_that_hangs_holds_up_only_itself(replicas: Sink) -> None:
    replicas.answers[TWO] = hang
    verdict = await sent(Alertmanager(_settings(replicas, timeout="100ms")))

    assert isinstance(verdict, Retry)
    assert "no answer within 0.1 s" in verdict.why
    assert len(replicas.of(ONE)) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_an_answer_that_may_change_is_tried_again(sink: Sink, status: int) -> None:
    assert isinstance(await _answered(sink, status), Retry)


@pytest.mark.parametrize(("status", "body"), [(400, '"start time must be before end time"'), (401, ""), (404, "")])
async def test_what_alertmanager_refuses_is_refused(sink: Sink, status: int, body: str) -> None:
    verdict = await _answered(sink, status, body)

    assert isinstance(verdict, Refused)
    assert body in verdict.answer.body


@pytest.mark.parametrize(
    ("status", "body"), [(200, "<html>Please sign in</html>"), (200, '{"status":"error"}'), (204, ""), (202, "")]
)
async def test_a_yes_that_is_not_alertmanagers_is_no_delivery(sink: Sink, status: int, body: str) -> None:
    assert isinstance(await _answered(sink, status, body), Retry)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"token": {"secret_env": "SINK_SECRET"}}, f"Bearer {SECRET}"),
        (
            {"username": "bellwether", "password": {"secret_env": "SINK_SECRET"}},
            "Basic " + base64.b64encode(f"bellwether:{SECRET}".encode()).decode(),
        ),
    ],
)
async def test_it_signs_in_as_it_is_told_to(replicas: Sink, settings: dict[str, Any], expected: str | None) -> None:
    await sent(Alertmanager(_settings(replicas, **settings)))

    assert replicas.received[0].headers.get("authorization") == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"urls": []}, "at least 1 item"),
        ({"urls": ["https://am.example", "http://10.0.0.1"]}, "10.0.0.1 is a private address"),
        ({"labels": {"severity": "page"}}, "none of alertname"),
        ({"labels": {"a-b": "c"}}, "expected a label's name"),
        ({"username": "u"}, "expected `username` and `password`, or neither"),
        (
            {"username": "u", "password": {"secret_env": "SINK_SECRET"}, "token": {"secret_env": "SINK_SECRET"}},
            "got both",
        ),
    ],
)
async def test_settings_that_cannot_work_are_refused(sink: Sink, settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        _settings(sink, **settings)
