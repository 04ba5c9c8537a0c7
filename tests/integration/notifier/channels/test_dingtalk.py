"""DingTalk's channel against a server that answers as DingTalk does."""

import base64
import hashlib
import hmac
import urllib.parse
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from aiohttp import web
from pydantic import ValidationError

from services.notifier.channels.dingtalk.channel import DingTalk
from services.notifier.channels.dingtalk.settings import DingTalkSettings
from services.notifier.channels.dingtalk.signature import signed
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from tests.changes import change
from tests.channels import LOOPBACK, NOW, message, says, sent, several
from tests.sink import Received, Sink, hang

PATH = "/robot/send"
OK = {"errcode": 0, "errmsg": "ok"}
SECRET = "SECdingtalk0123456789"


@pytest.fixture(autouse=True)
def _robot(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINGTALK_URL", sink.url(f"{PATH}?access_token=the-key"))
    monkeypatch.setenv("DINGTALK_SECRET", SECRET)
    sink.answers[PATH] = says(200, OK)


def _channel(**settings: Any) -> DingTalk:
    written = {"channel": "dingtalk", "url": {"secret_env": "DINGTALK_URL"}, "allow_networks": LOOPBACK, **settings}
    return DingTalk(DingTalkSettings.model_validate(written))


async def _answered(sink: Sink, status: int, body: str | dict[str, Any]) -> Verdict:
    sink.answers[PATH] = says(status, body)
    return await sent(_channel())


async def test_dingtalk_takes_a_message_with_errcode_0(sink: Sink) -> None:
    assert isinstance(await sent(_channel()), Delivered)

    [got] = sink.received
    read = msgspec.json.decode(got.body)
    assert got.query == {"access_token": "the-key"}
    assert read["msgtype"] == "markdown"
    assert read["markdown"]["text"].startswith(f"### {read['markdown']['title']}")


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8))])
async def test_the_signature_is_the_one_that_dingtalks_recipe_gives(sink: Sink, zone: timezone) -> None:
    def verify(got: Received) -> web.Response:
        timestamp, secret_enc = got.query["timestamp"], SECRET.encode("utf-8")
        string_to_sign = f"{timestamp}\n{SECRET}"
        hmac_code = hmac.new(secret_enc, string_to_sign.encode("utf-8"), digestmod=hashlib.sha256).digest()
        right = got.query["sign"] == base64.b64encode(hmac_code).decode()
        return web.json_response(OK if right else {"errcode": 310000, "errmsg": "sign not match"})

    sink.answers[PATH] = verify
    verdict = await sent(_channel(secret={"secret_env": "DINGTALK_SECRET"}), message(sent_at=NOW.astimezone(zone)))

    assert isinstance(verdict, Delivered)
    assert datetime.fromtimestamp(int(sink.received[0].query["timestamp"]) / 1000, UTC) == NOW


def test_a_sign_is_written_so_that_a_query_keeps_it() -> None:
    """Base64 has +, / and =: a bare + would be read as a blank."""
    signs = [
        urllib.parse.urlsplit(signed("https://a.example/?access_token=k", SECRET, each)).query.split("sign=")[1]
        for each in range(50)
    ]

    assert any("%2B" in each for each in signs)
    assert all(set("+/=").isdisjoint(each) for each in signs)


async def test_signs_of_every_kind_arrive_whole(sink: Sink) -> None:
    channel = _channel(secret={"secret_env": "DINGTALK_SECRET"})
    for second in range(30):
        await channel.send(message(sent_at=NOW + timedelta(seconds=second)))
    await channel.close()

    for got in sink.received:
        mac = hmac.new(SECRET.encode(), f"{got.query['timestamp']}\n{SECRET}".encode(), "sha256")
        assert got.query["sign"] == base64.b64encode(mac.digest()).decode()


@pytest.mark.parametrize("code", [130101, 410100])
async def test_too_many_messages_wait_for_the_ten_minutes_dingtalk_is_deaf(sink: Sink, code: int) -> None:
    verdict = await _answered(sink, 200, {"errcode": code, "errmsg": "send too fast, exceed 20 times per minute"})

    assert isinstance(verdict, Retry)
    assert verdict.after == timedelta(minutes=10)


async def test_a_busy_system_is_tried_again(sink: Sink) -> None:
    assert isinstance(await _answered(sink, 200, {"errcode": -1, "errmsg": "system busy"}), Retry)


@pytest.mark.parametrize(
    ("code", "said"),
    [(310000, "keywords not in content"), (310000, "sign not match"), (310000, "ip not in whitelist"),
     (40035, "json missing"), (430102, "inappropriate text"), (99999, "something new")],
)  # fmt: skip
async def test_a_no_in_the_body_is_a_refusal(sink: Sink, code: int, said: str) -> None:
    verdict = await _answered(sink, 200, {"errcode": code, "errmsg": said})

    assert isinstance(verdict, Refused)
    assert verdict.why == f"DingTalk: errcode {code}"
    assert said in verdict.answer.body
    assert not verdict.gone


@pytest.mark.parametrize("code", [300001, 400013, 400101, 400102, 400106])
async def test_a_robot_that_is_no_more_is_gone(sink: Sink, code: int) -> None:
    verdict = await _answered(sink, 200, {"errcode": code, "errmsg": "token is not exist"})

    assert isinstance(verdict, Refused)
    assert verdict.gone


@pytest.mark.parametrize("body", ["", "ok", "<html>", "{}", {"errcode": "0"}, {"errcode": None}, {"code": 0}])
async def test_a_200_without_a_verdict_is_no_delivery(sink: Sink, body: str | dict[str, Any]) -> None:
    assert isinstance(await _answered(sink, 200, body), Retry)


async def test_no_error_shows_the_token_or_the_signature(sink: Sink) -> None:
    sink.answers[PATH] = hang
    verdict = await sent(_channel(timeout="50ms", secret={"secret_env": "DINGTALK_SECRET"}))

    assert isinstance(verdict, Retry)
    assert "the-key" not in str(verdict)
    assert "sign=" not in str(verdict)


@pytest.mark.parametrize("text", ["x" * 60_000, "预警" * 20_000, '"' * 60_000])
async def test_a_body_stays_within_what_dingtalk_takes(sink: Sink, text: str) -> None:
    texts = change().text.model_copy(update={"en": text, "zh": text})
    await sent(_channel(), message(change().model_copy(update={"text": texts, "borrower_id": text, "rule": text})))

    assert len(sink.received[0].body) <= 20_000


async def test_no_data_makes_a_heading_a_link_or_a_line(sink: Sink) -> None:
    told = change().model_copy(update={"borrower_id": "x\n# [a](b) <c> **d** `e` ![f](g)"})
    await sent(_channel(languages=["en"]), message(told))

    text = msgspec.json.decode(sink.received[0].body)["markdown"]["text"]
    assert "**Borrower:** x ＃ ［a］(b) ＜c＞ ＊＊d＊＊ ｀e｀ ！［f］(g)  \n" in text


def test_a_url_that_is_signed_already_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINGTALK_URL", "https://oapi.example/robot/send?access_token=the-key&timestamp=1&sign=2")
    with pytest.raises(ValidationError, match="without timestamp and sign") as refused:
        _channel()

    assert "the-key" not in str(refused.value)


async def test_a_group_is_listed_with_a_link_to_answer_for_it(sink: Sink) -> None:
    told = several(change(2), common={"branch": "[Kano](x)"}, acknowledge_url="https://b.example/a?t=(1)")
    await sent(_channel(languages=["zh"]), told)

    read = msgspec.json.decode(sink.received[0].body)["markdown"]
    assert read["title"] == "2条预警（黄色2条）：网点 ［Kano］(x)"
    assert "  \n  • 黄色预警：missed_payment，借款人 TEST-0001，days_past_due = 8 days" in read["text"]
    assert read["text"].endswith("\n\n---\n\n[我来处理](https://b.example/a?t=%281%29)")


async def test_many_in_a_group_stay_within_what_dingtalk_takes(sink: Sink) -> None:
    told = [change(number).model_copy(update={"borrower_id": "预警" * 2_000}) for number in range(2, 200)]
    await sent(_channel(), several(*told, acknowledge_url="https://b.example/a"))

    assert len(sink.received[0].body) <= 20_000
    assert "(https://b.example/a)" in sink.received[0].body.decode()
