"""Slack's channel against a server that answers as Slack does."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from services.notifier.channels.slack.channel import Slack
from services.notifier.channels.slack.settings import SlackSettings
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from tests.changes import change
from tests.channels import LOOPBACK, message, says, sent
from tests.sink import Sink, hang

PATH = "/services/T000/B000/the-key"


@pytest.fixture(autouse=True)
def _url(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", sink.url(PATH))
    sink.answers[PATH] = says(200, "ok")


def _channel(**settings: Any) -> Slack:
    written = {"channel": "slack", "url": {"secret_env": "SLACK_URL"}, "allow_networks": LOOPBACK, **settings}
    return Slack(SlackSettings.model_validate(written))


async def _answered(sink: Sink, status: int, body: str | dict[str, Any] = "", **headers: str) -> Verdict:
    sink.answers[PATH] = says(status, body, **headers)
    return await sent(_channel())


async def test_slack_takes_a_message_with_ok(sink: Sink) -> None:
    assert isinstance(await sent(_channel()), Delivered)

    [got] = sink.received
    assert got.headers["content-type"] == "application/json; charset=utf-8"
    assert [each["type"] for each in msgspec.json.decode(got.body)["blocks"]] == ["header", "section", "section"]


@pytest.mark.parametrize(
    "body",
    ["invalid_token", "invalid_payload", "no_text", "action_prohibited", {"ok": False, "error": "not_in_channel"}],
)
async def test_a_200_that_says_no_is_a_refusal(sink: Sink, body: str | dict[str, Any]) -> None:
    verdict = await _answered(sink, 200, body)

    assert isinstance(verdict, Refused)
    assert not verdict.gone


@pytest.mark.parametrize("body", ["", "<html>Please sign in</html>", {"ok": False}, {}, "[]", "OK, thank you"])
async def test_a_200_without_a_verdict_is_no_delivery(sink: Sink, body: str | dict[str, Any]) -> None:
    assert isinstance(await _answered(sink, 200, body), Retry)


@pytest.mark.parametrize(
    ("status", "body"), [(429, "rate_limited"), (200, {"ok": False, "error": "ratelimited"}), (429, "")]
)
async def test_too_many_messages_wait_for_as_long_as_slack_asks(
    sink: Sink, status: int, body: str | dict[str, Any]
) -> None:
    verdict = await _answered(sink, status, body, **{"Retry-After": "30"})

    assert isinstance(verdict, Retry)
    assert verdict.after == timedelta(seconds=30)


@pytest.mark.parametrize(("status", "body"), [(500, "rollup_error"), (503, "service_unavailable"), (502, "<html>")])
async def test_slacks_own_trouble_is_tried_again(sink: Sink, status: int, body: str) -> None:
    assert isinstance(await _answered(sink, status, body), Retry)


@pytest.mark.parametrize(
    ("status", "body"), [(400, "invalid_payload"), (403, "action_prohibited"), (404, "channel_not_found"), (413, "")]
)
async def test_what_slack_refuses_is_refused(sink: Sink, status: int, body: str) -> None:
    verdict = await _answered(sink, status, body)

    assert isinstance(verdict, Refused)
    assert not verdict.gone


@pytest.mark.parametrize(("status", "body"), [(404, "no_service"), (404, "no_team"), (410, "channel_is_archived")])
async def test_a_webhook_that_is_no_more_is_gone(sink: Sink, status: int, body: str) -> None:
    verdict = await _answered(sink, status, body)

    assert isinstance(verdict, Refused)
    assert verdict.gone


async def test_no_error_shows_the_url(sink: Sink, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sink.answers[PATH] = hang
    slow = await sent(_channel(timeout="50ms"))
    monkeypatch.setenv("SLACK_URL", f"http://127.0.0.1:{free_port}{PATH}")
    away = await sent(_channel())

    assert isinstance(slow, Retry)
    assert isinstance(away, Retry)
    assert "the-key" not in f"{slow} {away}"


async def test_no_block_is_longer_than_slack_takes(sink: Sink) -> None:
    told = change().model_copy(update={"borrower_id": "&" * 5_000, "rule": "<" * 5_000})
    long = change().text.model_copy(update={"en": "&" * 50_000})
    await sent(_channel(), message(told.model_copy(update={"text": long})))

    header, *sections = msgspec.json.decode(sink.received[0].body)["blocks"]
    assert len(header["text"]["text"]) <= 150
    for each in sections:
        assert len(each["text"]["text"]) <= 3_000
        assert "&" not in each["text"]["text"].replace("&amp;", "").replace("&lt;", "")


def test_a_url_that_is_none_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", "hooks.slack.com/services/T/B/the-key")
    with pytest.raises(ValidationError, match="expected the secret to be a URL") as refused:
        _channel()

    assert "the-key" not in str(refused.value)
