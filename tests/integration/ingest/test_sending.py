"""Senders of every temper: large bodies, slow bodies, bodies that end too soon."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from shared.events import example
from shared.kafka.topics import Topics
from tests.integration.ingest.conftest import Ingest, start_ingest

TEN_MEGABYTES = 10_000_000


@pytest.fixture(scope="module")
def impatient(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    """An ingest that waits half a second for a body."""
    logs = tmp_path_factory.mktemp("logs")
    running = start_ingest(embedded_broker, Topics("sending."), logs, HTTP_BODY_SECONDS="0.5", INGEST_INBOUND="off")
    yield running
    assert running.service.process.stop() == 0


async def _answer(ingest: Ingest, sent: bytes, *more: str) -> tuple[int, dict[str, object]]:
    """Write everything and only then read, as a simple sender does. `more` are further headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", ingest.service.port)
    head = ["POST /v1/events HTTP/1.1", "Host: x", "Content-Type: application/cloudevents+json", *more]
    writer.write("\r\n".join([*head, "", ""]).encode() + sent)
    await writer.drain()
    said = await reader.readuntil(b"\r\n\r\n")
    length = int(said.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    writer.close()
    return int(said.split()[1]), json.loads(body)


async def test_a_sender_that_reads_only_once_it_has_sent_10_mb_still_gets_its_answer(impatient: Ingest) -> None:
    status, answer = await _answer(impatient, b" " * TEN_MEGABYTES, f"Content-Length: {TEN_MEGABYTES}")
    assert (status, answer["detail"]) == (413, "expected a body of at most 262144 bytes")


async def test_a_body_of_unknown_length_is_counted_as_it_comes(impatient: Ingest) -> None:
    chunk = b"%x\r\n" % 100_000 + b" " * 100_000 + b"\r\n"
    status, _ = await _answer(impatient, chunk * 100 + b"0\r\n\r\n", "Transfer-Encoding: chunked")
    assert status == 413


async def test_a_sender_that_asks_first_is_told_before_it_sends(impatient: Ingest) -> None:
    status, _ = await _answer(impatient, b"", f"Content-Length: {TEN_MEGABYTES}", "Expect: 100-continue")
    assert status == 413


async def test_a_body_that_does_not_come_is_not_waited_for_for_ever(impatient: Ingest) -> None:
    status, answer = await _answer(impatient, b'{"spec', "Content-Length: 100")
    assert (status, answer["detail"]) == (408, "expected the whole body within 0.5 s")


async def test_a_connection_that_ends_before_its_body_leaves_ingest_in_good_health(impatient: Ingest) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", impatient.service.port)
    writer.write(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\n")
    writer.write(b'Content-Length: 100\r\n\r\n{"spec')
    await writer.drain()
    writer.transport.abort()

    body = json.dumps(example("loan.closed")).encode()
    assert (await _answer(impatient, body, f"Content-Length: {len(body)}"))[0] == 202
    assert "Traceback" not in impatient.service.process.log_text()
