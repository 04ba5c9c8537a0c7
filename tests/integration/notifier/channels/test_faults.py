"""Every fault a receiver can have, against every channel that speaks HTTP: the outcome that docs/channels.md names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from services.notifier.channels import discover
from services.notifier.channels.channel import Channel
from services.notifier.channels.http import HttpReceiverSettings
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from tests.channels import LOOPBACK, NOW, message, says, sent
from tests.faulty import CERTIFICATE, GIGABYTE, drips, faulty, floods, hangs, resets
from tests.sink import SECRET, Sink, webhook

ROBOT_PATH = "/robot?key=the-key"
PHONE = "+8613800000001"


@dataclass(frozen=True)
class Way:
    """One channel: how a receiver of it is set up for a URL, and what its vendor answers."""

    settings: Callable[[str], dict[str, Any]]
    yes: tuple[int, str | dict[str, Any]]
    no: tuple[dict[str, Any] | str, ...] = ()
    """What a refusal says with a 200, where the vendor does that."""
    later: tuple[dict[str, Any] | str, ...] = ()
    """What a 200 says that asks for patience."""
    believes_the_status: bool = False
    """Its protocol has no verdict in the body."""
    secret_url: bool = False


def _robot(channel: str) -> Callable[[str], dict[str, Any]]:
    return lambda _: {"channel": channel, "url": {"secret_env": "FAULTY_URL"}}


WAYS = {
    "webhook": Way(webhook, (204, ""), believes_the_status=True),
    "alertmanager": Way(lambda url: {"channel": "alertmanager", "urls": [url]}, (200, "")),
    "slack": Way(
        _robot("slack"),
        (200, "ok"),
        no=("invalid_payload", {"ok": False, "error": "not_in_channel"}),
        later=("rollup_error", {"ok": False, "error": "ratelimited"}),
        secret_url=True,
    ),
    "feishu": Way(
        _robot("feishu"),
        (200, {"code": 0}),
        no=({"code": 19021, "msg": "sign match fail"}, {"code": 19024, "msg": "Key Words Not Found"}, {"code": 9499}),
        later=({"code": 11232, "msg": "frequency limited"},),
        secret_url=True,
    ),
    "dingtalk": Way(
        _robot("dingtalk"),
        (200, {"errcode": 0}),
        no=({"errcode": 310000, "errmsg": "sign not match"},),
        later=({"errcode": 130101, "errmsg": "send too fast"}, {"errcode": -1}),
        secret_url=True,
    ),
    "wecom": Way(
        _robot("wecom"),
        (200, {"errcode": 0}),
        no=({"errcode": 40058, "errmsg": "content exceed max length"}, {"errcode": 93000}),
        later=({"errcode": 45009, "errmsg": "api freq out of limit"},),
        secret_url=True,
    ),
    "pagerduty": Way(
        lambda url: {"channel": "pagerduty", "url": url, "routing_key": {"secret_env": "SINK_SECRET"}},
        (202, {"status": "success"}),
    ),
    "aliyun_sms": Way(
        lambda url: {
            "channel": "aliyun_sms",
            "url": url,
            "access_key_id": {"secret_env": "SINK_SECRET"},
            "access_key_secret": {"secret_env": "SINK_SECRET"},
            "sign_name": "贷后预警",
            "template_code": "SMS_1",
            "to": [PHONE],
        },
        (200, {"Code": "OK"}),
        no=({"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, {"Code": "isv.SMS_TEMPLATE_ILLEGAL"}),
        later=({"Code": "isv.BUSINESS_LIMIT_CONTROL"}, {"Code": "isv.AMOUNT_NOT_ENOUGH"}, {"Code": "isp.SYSTEM_ERROR"}),
    ),
    "sms": Way(
        lambda url: {
            "channel": "sms",
            "url": url,
            "body": {"to": "{{ phone }}", "text": "{{ text }}"},
            "to": [PHONE],
            "answer": {"path": "status", "delivered": ["queued"], "later": ["busy"]},
        },
        (200, {"status": "queued"}),
        no=({"status": "invalid number"},),
        later=({"status": "busy"},),
    ),
}
EVERY_WAY = pytest.mark.parametrize("name", WAYS)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINK_SECRET", SECRET)


def _channel(name: str, url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Channel:
    monkeypatch.setenv("FAULTY_URL", url)
    kind, written = discover()[name], WAYS[name].settings(url)
    common = {"allow_networks": LOOPBACK, "timeout": "200ms"}
    return kind.open(kind.settings.model_validate({**written, **common, **settings}))


def _path(name: str) -> str:
    return "/api/v2/alerts" if name == "alertmanager" else "/"


async def _answered(
    name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch, status: int, body: str | dict[str, Any] = "", **headers: str
) -> Verdict:
    sink.answers[_path(name)] = says(status, body, **headers)
    return await sent(_channel(name, sink.url("/"), monkeypatch, timeout="5s"))


def test_every_channel_that_speaks_http_is_here() -> None:
    speaks = {name for name, kind in discover().items() if issubclass(kind.settings, HttpReceiverSettings)}

    assert set(WAYS) == speaks


@EVERY_WAY
async def test_the_vendors_yes_is_a_delivery(name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(await _answered(name, sink, monkeypatch, *WAYS[name].yes), Delivered)


@EVERY_WAY
@pytest.mark.parametrize("fault", [hangs, drips])
async def test_one_that_does_not_come_to_an_end_costs_the_timeout_and_is_tried_again(
    name: str, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with faulty(fault) as server:
        verdict = await sent(_channel(name, f"http://127.0.0.1:{server.port}/", monkeypatch))

    assert isinstance(verdict, Retry)
    assert "no answer within 0.2 s" in verdict.why


@EVERY_WAY
async def test_one_that_breaks_the_connection_off_is_tried_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with faulty(resets) as server:
        verdict = await sent(_channel(name, f"http://127.0.0.1:{server.port}/", monkeypatch, timeout="5s"))

    assert isinstance(verdict, Retry)
    assert "the connection broke" in verdict.why
    assert server.connections == 2  # a kept connection may just have been closed, so once more at once


@EVERY_WAY
async def test_a_gigabyte_costs_its_connection_and_not_our_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with faulty(floods) as server:
        verdict = await sent(_channel(name, f"http://127.0.0.1:{server.port}/", monkeypatch, timeout="5s"))

    assert isinstance(verdict, Delivered if WAYS[name].believes_the_status else Retry)
    assert len(verdict.answer.body) <= 2_000
    assert server.written < GIGABYTE / 50


@EVERY_WAY
async def test_a_certificate_nobody_vouches_for_is_tried_again_and_nothing_is_sent(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[bytes] = []

    def listens(_: Any) -> Any:
        async def serve(reader: Any, _: Any) -> None:
            received.append(await reader.read(1))

        return serve

    async with faulty(listens, tls=True) as server:
        verdict = await sent(_channel(name, f"https://127.0.0.1:{server.port}/", monkeypatch, timeout="5s"))

    assert isinstance(verdict, Retry)
    assert "no connection" in verdict.why
    assert b"".join(received) == b""


@EVERY_WAY
async def test_a_certificate_that_ca_file_vouches_for_is_good(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with faulty(floods, tls=True) as server:
        url = f"https://127.0.0.1:{server.port}/"
        verdict = await sent(_channel(name, url, monkeypatch, timeout="5s", ca_file=str(CERTIFICATE)))

    assert verdict.answer.code == 200


@EVERY_WAY
async def test_a_redirect_to_the_metadata_address_is_refused_and_not_followed(
    name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for status in (301, 302, 303, 307, 308):
        location = {"Location": "http://169.254.169.254/latest/meta-data/"}
        verdict = await _answered(name, sink, monkeypatch, status, **location)

        assert isinstance(verdict, Refused)
        assert "redirects are not followed" in verdict.why
    assert len(sink.received) == 5


@EVERY_WAY
async def test_too_many_requests_wait_for_as_long_as_is_asked(
    name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in ("30", format_datetime(NOW.replace(microsecond=0) + timedelta(seconds=30), usegmt=True)):
        verdict = await _answered(name, sink, monkeypatch, 429, **{"Retry-After": asked})

        assert isinstance(verdict, Retry)
        assert verdict.after == timedelta(seconds=30)


@EVERY_WAY
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_what_says_nothing_against_the_message_is_tried_again(
    name: str, status: int, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(await _answered(name, sink, monkeypatch, status, "<html>"), Retry)


@EVERY_WAY
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
async def test_a_no_is_final(name: str, status: int, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = await _answered(name, sink, monkeypatch, status, "<html>")

    assert isinstance(verdict, Refused)
    assert not verdict.gone


@EVERY_WAY
async def test_410_says_that_the_receiver_is_gone(name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = await _answered(name, sink, monkeypatch, 410)

    assert isinstance(verdict, Refused)
    assert verdict.gone


@EVERY_WAY
async def test_a_proxys_page_with_a_200_is_a_delivery_only_where_the_status_is_the_verdict(
    name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await _answered(name, sink, monkeypatch, 200, "<html>Please sign in</html>")

    assert isinstance(verdict, Delivered if WAYS[name].believes_the_status else Retry)


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, way in WAYS.items() for body in way.no])
async def test_a_200_that_says_no_is_a_refusal(
    name: str, body: dict[str, Any] | str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(await _answered(name, sink, monkeypatch, 200, body), Refused)


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, way in WAYS.items() for body in way.later])
async def test_a_200_that_asks_for_patience_is_tried_again(
    name: str, body: dict[str, Any] | str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(await _answered(name, sink, monkeypatch, 200, body), Retry)


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.secret_url])
async def test_no_fault_shows_a_url_that_is_a_key(name: str, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    async with faulty(hangs) as hanging, faulty(resets) as breaking:
        for port in (hanging.port, breaking.port, sink.port):
            sink.answers["/robot"] = lambda _: web.Response(status=500)
            verdict = await sent(_channel(name, f"http://127.0.0.1:{port}{ROBOT_PATH}", monkeypatch), message())
            assert "the-key" not in str(verdict)
