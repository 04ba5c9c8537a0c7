"""Alibaba Cloud's channel against a server that checks its signature and answers as SendSms does."""

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web
from pydantic import ValidationError

from services.notifier.channels.aliyun_sms.channel import AliyunSms
from services.notifier.channels.aliyun_sms.settings import WORDS, AliyunSmsSettings
from services.notifier.channels.aliyun_sms.signature import signed
from services.notifier.core.contact import Contact
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from shared.warnings import Level
from tests.changes import change
from tests.channels import ID, LOOPBACK, NOW, message, says, sent
from tests.sink import Received, Sink

KEY_ID, SECRET = "testid", "testsecret"
OK = {"Code": "OK", "Message": "OK", "BizId": "900619746936498440^0", "RequestId": "F655A8D5"}
ONE, TWO = "+8613800000001", "+8613800000002"


@pytest.fixture(autouse=True)
def _service(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIYUN_KEY_ID", KEY_ID)
    monkeypatch.setenv("ALIYUN_KEY_SECRET", SECRET)
    sink.answers["/"] = says(200, OK)


def _channel(sink: Sink, **settings: Any) -> AliyunSms:
    written = {
        "channel": "aliyun_sms",
        "url": sink.url("/"),
        "allow_networks": LOOPBACK,
        "access_key_id": {"secret_env": "ALIYUN_KEY_ID"},
        "access_key_secret": {"secret_env": "ALIYUN_KEY_SECRET"},
        "sign_name": "贷后预警",
        "template_code": "SMS_100000001",
        "to": [ONE],
        **settings,
    }
    return AliyunSms(AliyunSmsSettings.model_validate(written))


async def _answered(sink: Sink, status: int, body: str | dict[str, Any]) -> Verdict:
    sink.answers["/"] = says(status, body)
    return await sent(_channel(sink))


def _verify(got: Received) -> web.Response:
    """The documented recipe, over the request as it arrived."""
    query = "&".join(f"{quote(key, safe='~')}={quote(got.query[key], safe='~')}" for key in sorted(got.query))
    names = got.headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    lines = "".join(f"{name}:{got.headers[name].strip()}\n" for name in names.split(";"))
    digest = hashlib.sha256(got.body).hexdigest()
    canonical = f"POST\n{got.path}\n{query}\n{lines}\n{names}\n{digest}"
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    right = hmac.new(SECRET.encode(), to_sign.encode(), "sha256").hexdigest()
    expected = f"ACS3-HMAC-SHA256 Credential={KEY_ID},SignedHeaders={names},Signature={right}"
    unsigned = {name for name in got.headers if name.startswith("x-acs-") or name == "content-type"} - set(
        names.split(";")
    )
    if got.headers["authorization"] != expected or unsigned or got.headers["x-acs-content-sha256"] != digest:
        return web.json_response({"Code": "SignatureDoesNotMatch", "Message": "…"}, status=400)
    return web.json_response(OK)


def test_the_signature_is_that_of_the_published_example() -> None:
    headers = signed(
        "RunInstances",
        "2014-05-26",
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        host="ecs.cn-shanghai.aliyuncs.com",
        path="/",
        key_id="YourAccessKeyId",
        secret="YourAccessKeySecret",
        nonce="3156853299f313e23d1673dc12e1703d",
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
    )

    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8))])
async def test_the_service_finds_the_signature_right(sink: Sink, zone: timezone) -> None:
    sink.answers["/"] = _verify
    told = change().model_copy(update={"borrower_id": "a b+c&d=e/f~*'（预警）%2B"})
    verdict = await sent(_channel(sink, params={"who": "borrower_id"}), message(told, sent_at=NOW.astimezone(zone)))

    assert isinstance(verdict, Delivered)
    [got] = sink.received
    assert got.headers["x-acs-date"] == "2026-03-01T09:31:02Z"
    assert (got.query["PhoneNumbers"], got.query["OutId"]) == ("8613800000001", str(ID))
    assert msgspec.json.decode(got.query["TemplateParam"]) == {"who": "a b+c&d=e/f~*'（预警）%2B"}


async def test_every_attempt_has_a_nonce_of_its_own(sink: Sink) -> None:
    sink.answers["/"] = says(503)
    channel = _channel(sink, to=[ONE, TWO])
    await channel.send(message())
    await sent(channel, replace(message(), attempt=2))

    assert len({each.headers["x-acs-signature-nonce"] for each in sink.received}) == 4


async def test_the_number_that_was_not_taken_is_tried_again_and_the_other_is_not(sink: Sink) -> None:
    busy = {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控Permits:1"}
    sink.answers["/"] = lambda got: says(200, busy if got.query["PhoneNumbers"] == TWO[1:] else OK)(got)
    channel = _channel(sink, to=[ONE, TWO])
    first = await channel.send(message())
    sink.answers["/"] = says(200, OK)
    second = await sent(channel)

    assert isinstance(first, Retry)
    assert isinstance(second, Delivered)
    assert sorted(each.query["PhoneNumbers"] for each in sink.received) == [ONE[1:], TWO[1:], TWO[1:]]
    assert TWO[1:] not in str(first)


@pytest.mark.parametrize(
    ("code", "said", "wait"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", timedelta(minutes=1)),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", timedelta(hours=1)),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:50", timedelta(hours=1)),
        ("isv.AMOUNT_NOT_ENOUGH", "账户余额不足", timedelta(minutes=30)),
        ("isv.OUT_OF_SERVICE", "业务停机", timedelta(minutes=30)),
        ("isv.DAY_LIMIT_CONTROL", "触发日发送限额", timedelta(hours=1)),
        ("Throttling.User", "Request was denied due to user flow control.", timedelta(minutes=1)),
        ("isp.SYSTEM_ERROR", "SYSTEM_ERROR", None),
        ("isp.GATEWAY_ERROR", "", None),
    ],
)
async def test_what_may_work_later_is_tried_later(sink: Sink, code: str, said: str, wait: timedelta | None) -> None:
    for status in (200, 400, 503):
        verdict = await _answered(sink, status, {"Code": code, "Message": said})

        assert isinstance(verdict, Retry)
        assert verdict.after == wait


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, "isv.MOBILE_NUMBER_ILLEGAL"), (200, "isv.SMS_TEMPLATE_ILLEGAL"), (200, "isv.SMS_SIGNATURE_ILLEGAL"),
        (200, "isv.BLACK_KEY_CONTROL_LIMIT"), (200, "isv.PARAM_LENGTH_LIMIT"), (200, "isv.SOMETHING_NEW"),
        (400, "SignatureDoesNotMatch"), (404, "InvalidAccessKeyId.NotFound"), (403, "Forbidden.RAM"),
    ],
)  # fmt: skip
async def test_a_no_in_the_body_is_a_refusal(sink: Sink, status: int, code: str) -> None:
    verdict = await _answered(sink, status, {"Code": code, "Message": "…"})

    assert isinstance(verdict, Refused)
    assert verdict.why.endswith(f"Alibaba Cloud: {code}")


@pytest.mark.parametrize("body", ["", "OK", "<html>", {}, {"Code": 0}, {"Code": None}])
async def test_a_200_without_a_verdict_is_no_delivery(sink: Sink, body: str | dict[str, Any]) -> None:
    assert isinstance(await _answered(sink, 200, body), Retry)


async def test_every_variable_is_a_text_of_some_length_within_the_limit(sink: Sink) -> None:
    told = change().model_copy(update={"borrower_id": "长" * 500, "loan_id": None, "band": None})
    await sent(_channel(sink, params={word: word for word in WORDS}), message(told))

    said = msgspec.json.decode(sink.received[0].query["TemplateParam"])
    assert set(said) == set(WORDS)
    assert all(isinstance(each, str) and 1 <= len(each) <= 35 for each in said.values())
    assert (said["loan_id"], said["level"]) == ("-", "黄色")


async def test_a_borrower_is_written_to_at_their_own_number(sink: Sink) -> None:
    channel = _channel(sink, to=[], audience="borrower")
    contact = Contact("TEST-0001", "zh", "Asia/Shanghai", phone=TWO)
    verdicts = [await channel.send(replace(message(), recipient=each)) for each in (contact, None)]
    await channel.close()

    assert [type(each) for each in verdicts] == [Delivered, Refused]
    assert [each.query["PhoneNumbers"] for each in sink.received] == [TWO[1:]]


def test_a_preview_shows_what_would_be_sent_and_no_key(sink: Sink) -> None:
    told: Message = message(change(level=Level.RED))
    preview = _channel(sink, params={"level": "level"}).preview(told)

    assert "红色" in preview
    assert SECRET not in preview


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"to": []}, "expected `to` with at least 1 number"),
        ({"audience": "borrower"}, "audience borrower without `to`"),
        ({"to": ["13800000001"]}, "pattern"),
        ({"template_code": "100"}, "pattern"),
        ({"url": "https://dysmsapi.example/?Action=SendSms"}, "expected a url without a query"),
        ({"params": {"who": "name"}}, "borrower_id"),
        ({"audience": "borrower", "to": [], "heartbeat": "1h"}, "there is nobody to send it to"),
    ],
)
def test_settings_that_cannot_work_are_refused(sink: Sink, settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        _channel(sink, **settings)
