"""WeCom's channel against a server that answers as WeCom does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.notifier.channels.wecom.channel import WeCom
from services.notifier.channels.wecom.settings import WeComSettings
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from tests.changes import change
from tests.channels import LOOPBACK, message, says, sent, several
from tests.sink import Sink

PATH = "/cgi-bin/webhook/send"
OK = {"errcode": 0, "errmsg": "ok"}


@pytest.fixture(autouse=True)
def _robot(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECOM_URL", sink.url(f"{PATH}?key=the-key"))
    sink.answers[PATH] = says(200, OK)


def _channel(**settings: Any) -> WeCom:
    written = {"channel": "wecom", "url": {"secret_env": "WECOM_URL"}, "allow_networks": LOOPBACK, **settings}
    return WeCom(WeComSettings.model_validate(written))


async def _answered(sink: Sink, status: int, body: str | dict[str, Any]) -> Verdict:
    sink.answers[PATH] = says(status, body)
    return await sent(_channel())


async def test_wecom_takes_a_message_with_errcode_0(sink: Sink) -> None:
    assert isinstance(await sent(_channel()), Delivered)

    [got] = sink.received
    assert got.query == {"key": "the-key"}
    assert list(msgspec.json.decode(got.body)) == ["msgtype", "markdown"]


async def test_too_many_messages_wait_a_minute(sink: Sink) -> None:
    verdict = await _answered(sink, 200, {"errcode": 45009, "errmsg": "api freq out of limit, hint: [1]"})

    assert isinstance(verdict, Retry)
    assert verdict.after == timedelta(minutes=1)


@pytest.mark.parametrize("code", [-1, 45033])
async def test_a_busy_system_is_tried_again(sink: Sink, code: int) -> None:
    assert isinstance(await _answered(sink, 200, {"errcode": code, "errmsg": "system busy"}), Retry)


async def test_a_key_that_is_none_says_that_the_robot_is_gone(sink: Sink) -> None:
    verdict = await _answered(sink, 200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"})

    assert isinstance(verdict, Refused)
    assert verdict.gone


@pytest.mark.parametrize(("code", "said"), [(40058, "content exceed max length"), (44004, "empty content"), (7, "new")])
async def test_a_no_in_the_body_is_a_refusal(sink: Sink, code: int, said: str) -> None:
    verdict = await _answered(sink, 200, {"errcode": code, "errmsg": said})

    assert isinstance(verdict, Refused)
    assert said in verdict.answer.body
    assert not verdict.gone


@pytest.mark.parametrize("body", ["", "ok", "<html>", "{}", {"errcode": "0"}, {"errcode": False}])
async def test_a_200_without_a_verdict_is_no_delivery(sink: Sink, body: str | dict[str, Any]) -> None:
    assert isinstance(await _answered(sink, 200, body), Retry)


@pytest.mark.parametrize(("kind", "most"), [("markdown", 4_096), ("text", 2_048)])
@pytest.mark.parametrize("text", ["x" * 9_000, "预警" * 4_000, "é" * 9_000, "x预" * 4_000, "😀" * 4_000])
async def test_content_is_cut_by_bytes_and_never_inside_a_character(
    sink: Sink, kind: str, most: int, text: str
) -> None:
    texts = change().text.model_copy(update={"en": text, "zh": text})
    told = change().model_copy(update={"text": texts, "clears_when": texts, "rule": text})
    await sent(_channel(format=kind), message(told))

    content = msgspec.json.decode(sink.received[0].body)[kind]["content"]
    assert most - 10 <= len(content.encode()) <= most
    assert "\N{REPLACEMENT CHARACTER}" not in content
    assert content.count("…") == 2


async def test_a_language_that_is_alone_has_all_the_room(sink: Sink) -> None:
    texts = change().text.model_copy(update={"zh": "预" * 900})
    await sent(_channel(languages=["zh"]), message(change().model_copy(update={"text": texts})))

    content = msgspec.json.decode(sink.received[0].body)["markdown"]["content"]
    assert "预" * 900 in content
    assert not content.endswith("…")


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        ("markdown", "[I answer for it / 我来处理](https://b.example/a?t=1)"),
        ("text", "I answer for it / 我来处理: https://b.example/a?t=1"),
    ],
)
async def test_a_group_however_large_leaves_room_for_the_link(sink: Sink, kind: str, link: str) -> None:
    told = [change(number).model_copy(update={"borrower_id": "预警" * 300}) for number in range(2, 100)]
    await sent(_channel(format=kind), several(*told, acknowledge_url="https://b.example/a?t=1"))

    content = msgspec.json.decode(sink.received[0].body)[kind]["content"]
    assert len(content.encode()) <= (4_096 if kind == "markdown" else 2_048)
    assert content.startswith("99 warnings (99 yellow)\n99 warnings\n99 yellow\n•")
    assert content.endswith(f"\n\n{link}")
    english, chinese = content.split("\n\n")[:2]
    assert english.endswith(f"and {99 - english.count('•')} more")
    assert chinese.endswith(f"另有{99 - chinese.count('•')}条")


async def test_a_link_that_leaves_no_room_for_the_message_is_left_out(sink: Sink) -> None:
    await sent(_channel(format="text"), replace(message(), acknowledge_url="https://b.example/" + "x" * 2_000))

    assert "https://b.example" not in sink.received[0].body.decode()
