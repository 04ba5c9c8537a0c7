"""Feishu's channel against a server that answers as Feishu does."""

import base64
import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from services.notifier.channels.feishu.channel import Feishu
from services.notifier.channels.feishu.settings import FeishuSettings
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from tests.changes import change
from tests.channels import LOOPBACK, NOW, message, says, sent, several
from tests.sink import Sink

PATH = "/open-apis/bot/v2/hook/the-key"
OK = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


@pytest.fixture(autouse=True)
def _robot(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEISHU_URL", sink.url(PATH))
    monkeypatch.setenv("FEISHU_SECRET", "a robot's secret")
    sink.answers[PATH] = says(200, OK)


def _channel(**settings: Any) -> Feishu:
    written = {"channel": "feishu", "url": {"secret_env": "FEISHU_URL"}, "allow_networks": LOOPBACK, **settings}
    return Feishu(FeishuSettings.model_validate(written))


async def _answered(sink: Sink, status: int, body: str | dict[str, Any], **headers: str) -> Verdict:
    sink.answers[PATH] = says(status, body, **headers)
    return await sent(_channel())


async def test_feishu_takes_a_message_with_code_0(sink: Sink) -> None:
    assert isinstance(await sent(_channel()), Delivered)

    read = msgspec.json.decode(sink.received[0].body)
    assert sorted(read) == ["content", "msg_type"]
    assert sorted(read["content"]["post"]) == ["en_us", "zh_cn"]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8))])
async def test_the_signature_is_the_one_that_feishus_recipe_gives(sink: Sink, zone: timezone) -> None:
    now = NOW.astimezone(zone)
    await sent(_channel(secret={"secret_env": "FEISHU_SECRET"}), message(sent_at=now))

    read = msgspec.json.decode(sink.received[0].body)
    # The recipe: timestamp in seconds, a line feed and the secret are the key; what is hashed is nothing.
    mac = hmac.new(key=(read["timestamp"] + "\n" + "a robot's secret").encode(), digestmod="sha256")
    assert read["sign"] == base64.b64encode(mac.digest()).decode()
    assert datetime.fromtimestamp(int(read["timestamp"]), UTC) == NOW


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (19021, "sign match fail or timestamp is not within one hour from current time"),
        (19022, "Ip Not Allowed"),
        (19024, "Key Words Not Found"),
        (9499, "Bad Request"),
        (99999, "something new"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_a_no_in_the_body_is_a_refusal(sink: Sink, status: int, code: int, said: str) -> None:
    verdict = await _answered(sink, status, {"code": code, "msg": said, "data": {}})

    assert isinstance(verdict, Refused)
    assert verdict.why == f"Feishu: code {code}"
    assert said in verdict.answer.body
    assert not verdict.gone


@pytest.mark.parametrize("status", [200, 400, 429])
async def test_too_many_messages_wait_a_minute(sink: Sink, status: int) -> None:
    verdict = await _answered(sink, status, {"code": 11232, "msg": "frequency limited"})

    assert isinstance(verdict, Retry)
    assert verdict.after == timedelta(minutes=1)


async def test_a_robot_that_is_no_more_is_gone(sink: Sink) -> None:
    verdict = await _answered(sink, 200, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"})

    assert isinstance(verdict, Refused)
    assert verdict.gone


@pytest.mark.parametrize("body", ["", "ok", "<html>", "[0]", "{}", {"code": "0"}, {"code": None}, {"code": False}])
async def test_a_200_without_a_verdict_is_no_delivery(sink: Sink, body: str | dict[str, Any]) -> None:
    assert isinstance(await _answered(sink, 200, body), Retry)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_trouble_on_the_way_is_tried_again(sink: Sink, status: int) -> None:
    assert isinstance(await _answered(sink, status, "<html>"), Retry)


async def test_a_success_under_an_error_status_is_no_delivery(sink: Sink) -> None:
    assert isinstance(await _answered(sink, 502, OK), Retry)


@pytest.mark.parametrize("text", ["x" * 60_000, "预警" * 20_000, '"' * 60_000, "\x00" * 60_000])
async def test_a_body_stays_within_what_feishu_takes(sink: Sink, text: str) -> None:
    texts = change().text.model_copy(update={"en": text, "zh": text})
    told = change().model_copy(update={"text": texts, "borrower_id": text, "rule": text})
    await sent(_channel(), message(told))

    body = sink.received[0].body
    assert len(body) <= 20_000
    assert len(msgspec.json.decode(body)["content"]["post"]["zh_cn"]["title"]) <= 200


async def test_a_keyword_stands_in_every_title(sink: Sink) -> None:
    await sent(_channel(keyword="风险"))

    posts = msgspec.json.decode(sink.received[0].body)["content"]["post"]
    assert [each["title"][:3] for each in posts.values()] == ["风险 ", "风险 "]


async def test_a_group_is_listed_to_each_reader_in_their_language_with_a_link(sink: Sink) -> None:
    told = several(change(2), total=40, common={"branch": "Kano"}, acknowledge_url="https://b.example/a?t=1")
    await sent(_channel(), told)

    post = msgspec.json.decode(sink.received[0].body)["content"]["post"]
    english, chinese = post["en_us"], post["zh_cn"]
    assert (english["title"], chinese["title"]) == ("40 warnings: branch Kano", "40条预警：网点 Kano")
    assert english["content"][-2:] == [
        [{"tag": "text", "text": "and 38 more"}],
        [{"tag": "a", "text": "I answer for it", "href": "https://b.example/a?t=1"}],
    ]
    assert chinese["content"][-1] == [{"tag": "a", "text": "我来处理", "href": "https://b.example/a?t=1"}]


async def test_many_in_a_group_stay_within_what_feishu_takes(sink: Sink) -> None:
    told = [change(number).model_copy(update={"borrower_id": "预警" * 2_000}) for number in range(2, 200)]
    await sent(_channel(secret={"secret_env": "FEISHU_SECRET"}), several(*told, acknowledge_url="https://b.example/a"))

    assert len(sink.received[0].body) <= 20_000
    assert b"https://b.example/a" in sink.received[0].body
