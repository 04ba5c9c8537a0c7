"""The channel for any gateway of text messages, against one that answers in several ways."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from pydantic import ValidationError

from services.notifier.channels.sms.channel import Sms
from services.notifier.channels.sms.segments import segments
from services.notifier.channels.sms.settings import SmsSettings
from services.notifier.core.contact import Contact
from services.notifier.core.message import Purpose
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from shared.warnings import Level
from tests.changes import change
from tests.channels import ID, LOOPBACK, message, says, sent, several
from tests.sink import Sink

PATH = "/v1/messages"
ONE, TWO = "+2348012345678", "+2348087654321"
RULE = {"path": "messages.0.status", "delivered": ["queued", 0], "later": ["throttled"]}
BORROWER = {
    "to": [],
    "audience": "borrower",
    "borrower": {"template": "late", "lender": "Example Bank", "contact": "+1 202 555 0100"},
}


@pytest.fixture(autouse=True)
def _gateway(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_KEY", "the-key")
    sink.answers[PATH] = says(200, {"messages": [{"status": "queued"}]})


def _channel(sink: Sink, **settings: Any) -> Sms:
    written = {
        "channel": "sms",
        "url": sink.url(PATH),
        "allow_networks": LOOPBACK,
        "to": [ONE],
        "body": {"to": ["{{ phone }}"], "content": "{{ text }}", "id": "{{ id }}", "flash": False},
        **settings,
    }
    return Sms(SmsSettings.model_validate(written))


async def _answered(sink: Sink, status: int, body: str | dict[str, Any] = "", **settings: Any) -> Verdict:
    sink.answers[PATH] = says(status, body, **{"Retry-After": "5"})
    return await sent(_channel(sink, **settings))


async def test_the_body_is_what_the_settings_write_with_phone_text_and_id_in_it(sink: Sink) -> None:
    assert isinstance(
        await sent(_channel(sink, headers={"X-Api-Key": {"secret_env": "SMS_KEY"}, "X-A": "b"})), Delivered
    )

    [got] = sink.received
    assert msgspec.json.decode(got.body) == {
        "to": [ONE],
        "content": "YELLOW warning: missed_payment, borrower TEST-0001\nThis is a test message: no borrower is late.",
        "id": str(ID),
        "flash": False,
    }
    assert (got.headers["x-api-key"], got.headers["x-a"]) == ("the-key", "b")
    assert got.headers["content-type"] == "application/json; charset=utf-8"


async def test_no_data_breaks_out_of_the_body(sink: Sink) -> None:
    told = change().model_copy(update={"borrower_id": '","to":["+1"],"x":"{{ 7 * 7 }}&to=+1'})
    await sent(_channel(sink), message(told))
    await sent(_channel(sink, kind="form", body={"to": "{{ phone }}", "text": "{{ text }}"}), message(told))

    as_json, as_form = sink.received
    assert msgspec.json.decode(as_json.body)["to"] == [ONE]
    assert parse_qs(as_form.body.decode())["to"] == [ONE]
    assert "{{ 7 * 7 }}" in msgspec.json.decode(as_json.body)["content"]


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_a_form_travels_as_the_method_wants_it(sink: Sink, method: str) -> None:
    settings = {"kind": "form", "method": method, "secrets": {"key": {"secret_env": "SMS_KEY"}}}
    body = {"key": "{{ key }}", "to": "{{ phone[1:] }}", "text": "{{ text }}"}
    assert isinstance(await sent(_channel(sink, body=body, **settings)), Delivered)

    [got] = sink.received
    read = got.query if method == "GET" else {name: value[0] for name, value in parse_qs(got.body.decode()).items()}
    assert (read["key"], read["to"]) == ("the-key", ONE[1:])
    assert read["text"].startswith("YELLOW warning")


async def test_each_number_is_told_once(sink: Sink) -> None:
    sink.answers[PATH] = lambda got: says(503 if TWO.encode() in got.body else 200)(got)
    channel = _channel(sink, to=[ONE, TWO, ONE])
    first = await channel.send(message())
    sink.answers[PATH] = says(200)
    second = await sent(channel)

    assert (type(first), type(second)) == (Retry, Delivered)
    assert TWO not in str(first)
    assert [ONE.encode() in each.body for each in sink.received].count(True) == 1
    assert len(sink.received) == 3


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"messages": [{"status": "queued"}]}, Delivered),
        (200, {"messages": [{"status": 0}]}, Delivered),
        (200, {"messages": [{"status": "throttled"}]}, Retry),
        (400, {"messages": [{"status": "throttled"}]}, Retry),
        (200, {"messages": [{"status": "invalid number"}]}, Refused),
        (200, {"messages": []}, Retry),
        (200, {"messages": {"0": {"status": "queued"}}}, Delivered),
        (200, "queued", Retry),
        (200, "", Retry),
        (200, {"messages": [{"status": None}]}, Retry),
        (400, {"messages": [{"status": "queued"}]}, Refused),
        (429, "", Retry),
        (500, "", Retry),
        (401, "", Refused),
    ],
)
async def test_the_rule_reads_the_verdict_from_the_answer(
    sink: Sink, status: int, body: str | dict[str, Any], expected: type
) -> None:
    verdict = await _answered(sink, status, body, answer=RULE)

    assert isinstance(verdict, expected)
    if status == 429:
        assert isinstance(verdict, Retry)
        assert verdict.after == timedelta(seconds=5)


@pytest.mark.parametrize(("status", "expected"), [(200, Delivered), (202, Delivered), (429, Retry), (400, Refused)])
async def test_without_a_rule_the_status_decides(sink: Sink, status: int, expected: type) -> None:
    assert isinstance(await _answered(sink, status, "whatever"), expected)


@pytest.mark.parametrize(("language", "most"), [("en", 1), ("en", 3), ("zh", 1), ("zh", 3)])
async def test_a_text_takes_no_more_segments_than_are_paid_for(sink: Sink, language: str, most: int) -> None:
    texts = change().text.model_copy(update={"en": "x€ " * 600, "zh": "预警" * 600})
    told = replace(message(change().model_copy(update={"text": texts})), acknowledge_url="https://b.example/a?t=1")
    await sent(_channel(sink, language=language, max_segments=most), told)

    content = msgspec.json.decode(sink.received[0].body)["content"]
    assert segments(content) <= most
    assert content.endswith(": https://b.example/a?t=1")


@pytest.mark.parametrize("status", [200, 400, 503])
async def test_what_is_kept_of_an_answer_does_not_show_the_number(sink: Sink, status: int) -> None:
    verdict = await _answered(sink, status, f"{ONE} {ONE[1:]} taken, or not")

    assert "taken, or not" in verdict.answer.body
    assert ONE[1:] not in str(verdict)


async def test_a_group_and_a_late_message_are_told_in_a_few_words(sink: Sink) -> None:
    told = several(change(2, level=Level.RED), common={"branch": "Kano"}, purpose=Purpose.DIGEST)
    await sent(_channel(sink), replace(told, sent_at=told.created_at + timedelta(hours=3)))

    assert msgspec.json.decode(sink.received[0].body)["content"].splitlines() == [
        "Digest: 2 warnings (1 red, 1 yellow): branch Kano",
        "As of 1 Mar 2026, 09:31 UTC: this message was written 3 hours ago.",
    ]


async def test_a_borrower_is_told_gently_and_nothing_of_levels_rules_or_amounts(sink: Sink) -> None:
    channel = _channel(sink, **BORROWER)
    english, chinese = (
        Contact("TEST-0001", "en", "America/New_York", phone="+12025550123"),
        Contact("TEST-0001", "zh", "Asia/Shanghai", phone="+8613800000003"),
    )
    verdicts = [await channel.send(replace(message(), id=ID, recipient=each)) for each in (english, chinese, None)]
    await channel.close()

    assert [type(each) for each in verdicts] == [Delivered, Delivered, Refused]
    contents = [msgspec.json.decode(each.body) for each in sink.received]
    assert [each["to"] for each in contents] == [["+12025550123"], ["+8613800000003"]]
    assert contents[1]["content"].startswith("【Example Bank】温馨提示")
    for word in ("YELLOW", "黄色", "missed_payment", "TEST-0001", "TEST-LOAN-1", "8", "days"):
        assert word not in contents[0]["content"].replace("+1 202 555 0100", "")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"to": []}, "expected `to` with at least 1 number"),
        ({"to": ["0801"]}, "pattern"),
        ({**BORROWER, "borrower": None}, "expected `borrower` with audience borrower"),
        ({"borrower": BORROWER["borrower"]}, "expected `borrower` with audience borrower, and not without"),
        ({"body": {"to": "{{ number }}"}}, "'number' is undefined"),
        ({"body": {"to": "{{ phone"}}, "expected templates in `body`"),
        ({"body": {"to": "{{ phone + 1 }}"}}, "expected templates in `body`"),
        ({"body": {"to": "{{ phone.__class__.__mro__ }}"}}, "expected templates in `body`"),
        ({"body": {}}, "at least 1 item"),
        ({"body": {"to": ["{{ phone }}"]}, "kind": "form"}, "a form has no lists"),
        ({"method": "GET"}, "expected `kind: form` with `method: GET`"),
        ({"secrets": {"text": {"secret_env": "SMS_KEY"}}}, "expected other names of secrets"),
        ({"headers": {"Host": "a"}}, "expected the name of a header"),
        ({"headers": {"X-A": "a\r\nX-B: c"}}, "printable ASCII"),
        ({"answer": {"path": "a..b", "delivered": ["x"]}}, "pattern"),
        ({"answer": {"path": "a", "delivered": []}}, "at least 1 item"),
        ({"url": "http://169.254.169.254/"}, "is a private address"),
    ],
)
def test_settings_that_cannot_work_are_refused(sink: Sink, settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        _channel(sink, **settings)
