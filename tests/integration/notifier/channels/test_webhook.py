"""The webhook against a real HTTP server: what it sends, and what it makes of every answer."""

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import ValidationError
from standardwebhooks import Webhook as IndependentVerifier

from services.notifier.channels.webhook.channel import Webhook
from services.notifier.channels.webhook.settings import WebhookSettings
from services.notifier.core.message import Message, Purpose
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from shared.warnings import WarningChange
from tests.changes import change, recovery, warning
from tests.sink import SECRET, Sink, hang, webhook

ID = UUID(int=7)
OLD_SECRET = "whsec_" + "b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCE="


def _settings(url: str, **settings: Any) -> WebhookSettings:
    return WebhookSettings.model_validate(webhook(url, **settings))


def _message(sent_at: datetime | None = None, **fields: Any) -> Message:
    told = change(**fields)
    now = sent_at or datetime.now(UTC)
    return Message(ID, told, told.model_dump_json().encode(), created_at=now, sent_at=now)


async def _send(settings: WebhookSettings, message: Message | None = None) -> Verdict:
    channel = Webhook(settings)
    try:
        return await channel.send(message or _message())
    finally:
        await channel.close()


async def _answered(sink: Sink, status: int, **headers: str) -> Verdict:
    sink.answers["/"] = lambda _: web.Response(status=status, text="said the sink", headers=headers)
    return await _send(_settings(sink.url()))


async def test_an_independent_implementation_verifies_the_signature(sink: Sink) -> None:
    assert isinstance(await _send(_settings(sink.url())), Delivered)

    [got] = sink.received
    payload = IndependentVerifier(SECRET).verify(got.body, got.headers)
    assert got.id == str(ID)
    assert payload["type"] == "warning.raised"
    assert payload["data"] == change().model_dump(mode="json")


async def test_the_timestamp_is_right_whatever_zone_the_clock_tells(sink: Sink) -> None:
    now = datetime.now(timezone(timedelta(hours=8)))
    await _send(_settings(sink.url()), _message(sent_at=now))

    [got] = sink.received
    IndependentVerifier(SECRET).verify(got.body, got.headers)
    assert int(got.headers["webhook-timestamp"]) == int(now.timestamp())


async def test_while_a_secret_is_rotated_the_old_and_the_new_one_verify(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLD_SECRET", OLD_SECRET)
    secrets = [{"secret_env": "SINK_SECRET"}, {"secret_env": "OLD_SECRET"}]
    await _send(_settings(sink.url(), secrets=secrets))

    [got] = sink.received
    for secret in (SECRET, OLD_SECRET):
        IndependentVerifier(secret).verify(got.body, got.headers)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
async def test_an_answer_that_may_change_is_tried_again(sink: Sink, status: int) -> None:
    verdict = await _answered(sink, status)

    assert isinstance(verdict, Retry)
    assert (verdict.answer.code, verdict.answer.body) == (status, "said the sink")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_any_other_refusal_is_final(sink: Sink, status: int) -> None:
    verdict = await _answered(sink, status)

    assert isinstance(verdict, Refused)
    assert not verdict.gone


async def test_410_says_that_the_receiver_is_gone(sink: Sink) -> None:
    verdict = await _answered(sink, 410)

    assert isinstance(verdict, Refused)
    assert verdict.gone


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (timedelta(minutes=10), 600),
        (timedelta(minutes=-10), 0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
async def test_retry_after_is_read_in_seconds_and_as_a_date(
    sink: Sink, written: str | timedelta, seconds: int | None
) -> None:
    if isinstance(written, timedelta):
        written = format_datetime(datetime.now(UTC) + written, usegmt=True)
    verdict = await _answered(sink, 429, **{"Retry-After": written})

    assert isinstance(verdict, Retry)
    if seconds is None:
        assert verdict.after is None
    else:
        assert verdict.after is not None
        assert verdict.after.total_seconds() == pytest.approx(seconds, abs=60)


async def test_a_redirect_to_the_metadata_address_is_refused_and_not_followed(sink: Sink) -> None:
    verdict = await _answered(sink, 302, Location="http://169.254.169.254/latest/meta-data/")

    assert isinstance(verdict, Refused)
    assert len(sink.received) == 1


@pytest.mark.usefixtures("sink")
async def test_a_private_address_in_the_url_is_refused_when_the_configuration_is_read() -> None:
    for host in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a9fe:a9fe]"):
        with pytest.raises(ValidationError, match="is a private address"):
            _settings(f"http://{host}/", allow_networks=[])


@pytest.mark.parametrize("host", ["localhost", "0x7f.1", "0177.0.0.1"])
async def test_a_name_that_leads_to_a_private_address_is_not_connected_to(sink: Sink, host: str) -> None:
    verdict = await _send(_settings(f"http://{host}:{sink.port}/", allow_networks=["10.0.0.0/8"]))

    assert isinstance(verdict, Retry)
    assert sink.received == []


class Rebinding(AbstractResolver):
    """Answers a public address when asked first, and the loopback address ever after."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = "93.184.216.34" if self.asked == 1 else "127.0.0.1"
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_name_that_changes_its_address_after_it_was_looked_up_is_not_connected_to(sink: Sink) -> None:
    resolver = Rebinding()
    await resolver.resolve("rebinding.example")
    channel = Webhook(_settings(f"http://rebinding.example:{sink.port}/", allow_networks=[]))
    session = channel._poster._session()
    assert isinstance(session.connector, aiohttp.TCPConnector)
    session.connector._resolver = resolver
    verdict = await channel.send(_message())
    await channel.close()

    assert isinstance(verdict, Retry)
    assert "127.0.0.1 is a private address" in verdict.why
    assert sink.received == []


async def test_a_receiver_that_never_answers_costs_its_timeout_and_no_more(sink: Sink) -> None:
    sink.answers["/"] = hang
    verdict = await _send(_settings(sink.url(), timeout="100ms"))

    assert isinstance(verdict, Retry)
    assert verdict.why == "no answer within 0.1 s"


@pytest.mark.usefixtures("sink")
async def test_an_endless_answer_is_cut() -> None:
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        except OSError:
            done.set()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        verdict = await _send(_settings(f"http://127.0.0.1:{port}/"))
        async with asyncio.timeout(10):
            await done.wait()

    assert isinstance(verdict, Delivered)
    assert len(verdict.answer.body) == 2_000


@pytest.mark.usefixtures("sink")
async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_attempt() -> None:
    """The server answers one request a connection, then closes it without a word."""
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if b"content-length" in line)
        await reader.readexactly(length)
        served += 1
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n")
        await writer.drain()
        await reader.read(1)  # the second request's first byte
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    channel = Webhook(_settings(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
    async with server:
        verdicts = [await channel.send(_message()) for _ in range(2)]
        await channel.close()

    assert [type(each) for each in verdicts] == [Delivered, Delivered]
    assert served == 2


@pytest.mark.usefixtures("sink")
async def test_nobody_listening_is_tried_again(free_port: int) -> None:
    verdict = await _send(_settings(f"http://127.0.0.1:{free_port}/"))

    assert isinstance(verdict, Retry)
    assert verdict.why.startswith("no connection")


async def test_a_change_too_large_for_a_webhook_is_told_in_brief(sink: Sink) -> None:
    long = change().model_copy(update={"text": change().text.model_copy(update={"en": "x" * 30_000})})
    message = Message(
        ID, long, long.model_dump_json().encode(), created_at=datetime.now(UTC), sent_at=datetime.now(UTC)
    )
    await _send(_settings(sink.url()), message)

    [got] = sink.received
    assert len(got.body) < 20_000
    assert got.data["thin"] is True
    assert got.data["change_id"] == str(long.change_id)
    assert "text" not in got.data


def _group(*others: WarningChange, **fields: Any) -> Message:
    told = {"purpose": Purpose.GROUP, "others": others, "total": 1 + len(others), "common": {"branch": "Kano"}}
    return replace(_message(), **{**told, **fields})


async def test_several_are_told_in_brief_and_what_was_left_out_is_counted(sink: Sink) -> None:
    await _send(_settings(sink.url()), _group(*(change(number) for number in range(2, 400)), total=1_000))

    [got] = sink.received
    payload = IndependentVerifier(SECRET).verify(got.body, got.headers)
    assert payload["type"] == "warnings.group"
    assert (payload["data"]["purpose"], payload["data"]["total"]) == ("group", 1_000)
    assert payload["data"]["common"] == {"branch": "Kano"}
    told = [each["warning_id"] for each in payload["data"]["changes"]]
    assert told == [str(warning(number)) for number in range(1, len(told) + 1)]
    assert 20_000 - 600 < len(got.body) < 20_000


async def test_a_group_of_two_holds_both(sink: Sink) -> None:
    await _send(_settings(sink.url()), _group(recovery(2)))

    data = sink.received[0].data
    assert [each["kind"] for each in data["changes"]] == ["raised", "cleared"]
    assert data["total"] == 2


async def test_what_is_told_again_says_why_and_how_to_answer(sink: Sink) -> None:
    told = replace(_message(), purpose=Purpose.ESCALATION, acknowledge_url="https://b.example/a?t=1")
    await _send(_settings(sink.url()), told)

    read = msgspec.json.decode(sink.received[0].body)
    assert (read["type"], read["purpose"], read["acknowledge_url"]) == (
        "warning.raised",
        "escalation",
        "https://b.example/a?t=1",
    )
    assert read["data"] == change().model_dump(mode="json")


async def test_a_heartbeat_names_no_borrower(sink: Sink) -> None:
    await _send(_settings(sink.url()), replace(_message(), purpose=Purpose.HEARTBEAT))

    read = msgspec.json.decode(sink.received[0].body)
    assert (read["type"], read["data"]) == ("notifier.heartbeat", {"purpose": "heartbeat"})


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process's own clock is on the wall there."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_shanghai")
async def test_a_sender_whose_wall_clock_is_eight_hours_ahead_signs_what_verifies(sink: Sink) -> None:
    assert datetime.now(UTC).astimezone().utcoffset() == timedelta(hours=8)
    await _send(_settings(sink.url()), _group(change(2)))

    [got] = sink.received
    IndependentVerifier(SECRET).verify(got.body, got.headers)
