"""Slack's channel against a server that answers as Slack does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from services.notifier.channels.slack.channel import Slack
from services.notifier.channels.slack.settings import SlackSettings
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from shared.warnings import Level
from tests.changes import change
from tests.channels import LOOPBACK, message, says, sent, several
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


async def test_a_group_is_a_heading_and_a_section_for_each_language(sink: Sink) -> None:
    told = several(change(2, level=Level.RED), total=30, common={"branch": "<Kano>"})
    await sent(_channel(), told)

    header, english, chinese = msgspec.json.decode(sink.received[0].body)["blocks"]
    assert header["text"]["text"] == "30 warnings: branch <Kano> / 30条预警：网点 <Kano>"
    assert english["text"]["text"].splitlines()[0] == "30 warnings: branch &lt;Kano&gt;"
    assert english["text"]["text"].endswith("and 28 more")
    assert chinese["text"]["text"].endswith("另有28条")


async def test_whoever_reads_it_can_answer_with_one_click(sink: Sink) -> None:
    await sent(_channel(), replace(message(), acknowledge_url="https://b.example/a?w=1&t=<x>|y"))

    *_, link = msgspec.json.decode(sink.received[0].body)["blocks"]
    assert link["text"]["text"] == "<https://b.example/a?w=1&amp;t=%3Cx%3E%7Cy|I answer for it / 我来处理>"


async def test_a_group_with_long_names_stays_within_a_section_and_counts_the_rest(sink: Sink) -> None:
    told = [change(number).model_copy(update={"borrower_id": "&" * 300}) for number in range(2, 30)]
    await sent(_channel(), several(*told))

    _, english, _ = msgspec.json.decode(sink.received[0].body)["blocks"]
    assert len(english["text"]["text"]) <= 3_000
    assert english["text"]["text"].endswith(f"and {29 - english['text']['text'].count('•')} more")
