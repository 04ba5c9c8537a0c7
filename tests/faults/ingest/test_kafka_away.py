"""Kafka is slow, frozen or gone: bounded buffering, 503 with Retry-After, and nothing acknowledged is lost."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from deploy.local.kafka import RealKafka
from deploy.local.scrape import scrape, wait_until_below
from shared.events import example
from tests.integration.ingest.conftest import Ingest, make_topics, start_ingest
from tests.kafka_records import read_topic
from tests.waiting import until

SINGLE = {"Content-Type": "application/cloudevents+json"}
LINES = {"Content-Type": "application/x-ndjson"}
INFLIGHT = "bellwether_ingest_inflight_bytes"


def event(identity: str, subject: str = "B-1", **changes: Any) -> bytes:
    return json.dumps({**example("repayment.received"), "id": identity, "subject": subject, **changes}).encode()


@pytest.fixture
async def ingest(own_kafka: RealKafka, tmp_path: Any) -> AsyncIterator[Ingest]:
    topics = await make_topics(own_kafka.bootstrap)
    settings = {"INGEST_ANSWER_SECONDS": "1.5", "INGEST_INFLIGHT_BYTES": "100000"}
    running = start_ingest(own_kafka.bootstrap, topics, tmp_path, **settings)
    yield running
    assert running.service.process.stop() == 0


async def post(http: aiohttp.ClientSession, ingest: Ingest, body: bytes) -> tuple[int, dict[str, Any], Any]:
    async with http.post(f"{ingest.url}/v1/events:batch", data=body, headers=LINES) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


async def ids_on_topic(ingest: Ingest) -> list[str]:
    return [json.loads(each.value)["id"] for each in await read_topic(ingest.bootstrap, ingest.topics.events)]


async def test_a_frozen_kafka_is_answered_with_503_and_nothing_acknowledged_is_lost(
    own_kafka: RealKafka, ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    status, answer, _ = await post(http, ingest, event("before"))
    assert (status, answer["verdicts"]) == (202, ["accepted"])
    own_kafka.pause()
    try:
        began = time.monotonic()
        async with http.post(f"{ingest.url}/v1/events", data=event("single"), headers=SINGLE) as single:
            said = await single.json(content_type=None)
        assert (single.status, single.headers["Retry-After"]) == (503, "1")
        assert single.content_type == "application/problem+json"
        assert "repeat it with the same id" in said["detail"]
        status, answer, headers = await post(http, ingest, b"\n".join([event("a"), b"{", event("b", "B-2")]))
        assert (status, headers["Retry-After"]) == (503, "1")
        assert answer["verdicts"] == ["unknown", "refused", "unknown"]
        assert time.monotonic() - began < 6
        async with http.get(f"{ingest.url}/readyz") as ready, http.get(f"{ingest.url}/healthz") as alive:
            assert (ready.status, alive.status) == (503, 200)
    finally:
        own_kafka.resume()

    while (await post(http, ingest, event("after")))[0] != 202:
        pass
    found = await ids_on_topic(ingest)
    assert {"before", "after"} <= set(found)


async def test_requests_beyond_the_bound_are_refused_at_once(
    own_kafka: RealKafka, ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    await post(http, ingest, event("first"))
    bodies = [b"\n".join(event(f"{number}-{each}") for each in range(100)) for number in range(12)]
    own_kafka.pause()
    try:
        waiting = [asyncio.create_task(post(http, ingest, body)) for body in bodies]
        busy, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        page = await scrape(http, ingest.url)
        assert 0 < page.total(INFLIGHT) <= 100_000
        assert {each.result()[0] for each in busy} == {503}
        answers = await asyncio.gather(*waiting)
    finally:
        own_kafka.resume()

    assert {status for status, _, _ in answers} == {503}
    await wait_until_below(http, ingest.url, INFLIGHT, 0)


async def test_a_killed_kafka_is_answered_with_503_until_it_is_back_with_all_that_was_acknowledged(
    own_kafka: RealKafka, ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    acknowledged: list[str] = []
    statuses: set[int] = set()

    async def send_until(stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set() or statuses != {202, 503}:
            identity = f"{number // 3}"  # some are repeated, as a sender repeats what it is not sure of
            try:
                status, answer, _ = await post(http, ingest, event(identity))
            except aiohttp.ClientError:
                continue  # this very thread started Kafka while the request waited: unknown, so it is repeated
            statuses.add(status)
            if answer["verdicts"] == ["accepted"]:
                acknowledged.append(identity)
                number += 1

    stop = asyncio.Event()
    sending = asyncio.create_task(send_until(stop))
    await until(lambda: len(acknowledged) >= 20)
    own_kafka.kill()
    await until(lambda: 503 in statuses)
    own_kafka.start()  # in this thread: a child lives no longer than the thread that started it
    known = len(acknowledged)
    await until(lambda: len(acknowledged) >= known + 20, seconds=90)
    stop.set()
    await sending

    first_sights = list(dict.fromkeys(await ids_on_topic(ingest)))
    assert first_sights == list(dict.fromkeys(acknowledged))


async def test_sigterm_ends_ingest_with_0_within_10_seconds_even_while_kafka_is_frozen(
    own_kafka: RealKafka, ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    await post(http, ingest, event("first"))
    own_kafka.pause()
    try:
        sending = asyncio.create_task(post(http, ingest, event("never-known")))
        while (await scrape(http, ingest.url)).total(INFLIGHT) == 0:
            pass
        began = time.monotonic()
        code = await asyncio.to_thread(ingest.service.process.stop)
        seconds = time.monotonic() - began
        status, _, _ = await sending
    finally:
        own_kafka.resume()

    assert (code, status) == (0, 503), ingest.service.process.log_text()
    assert seconds < 10
