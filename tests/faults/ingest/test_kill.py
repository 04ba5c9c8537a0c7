"""Ingest is killed with SIGKILL again and again; what it acknowledged is there, and in order."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from deploy.local.feeder import Feeder, IngestOverHttp
from deploy.local.kafka import RealKafka
from deploy.local.services import Service, start_service
from shared.events import example
from shared.kafka.topics import Topics
from tests.integration.ingest.conftest import OPEN, make_topics
from tests.kafka_records import committed, read_until, write_topic
from tests.waiting import until

KILLS = 5
BORROWERS = 40


def event(number: int) -> dict[str, Any]:
    return {**example("repayment.received"), "id": f"e-{number}", "subject": f"B-{number % BORROWERS}"}


def first_sights(records: Sequence[Any]) -> dict[str, list[str]]:
    """Each borrower's ids, in the order they are first seen."""
    seen: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        seen[record.key.decode()].setdefault(json.loads(record.value)["id"])
    return {borrower: list(ids) for borrower, ids in seen.items()}


class Ingests:
    """One ingest at a time, on one port."""

    def __init__(self, kafka: RealKafka, topics: Topics, port: int, logs: Path) -> None:
        self._env = {**OPEN, "KAFKA_BOOTSTRAP": kafka.bootstrap, "KAFKA_TOPIC_PREFIX": topics.prefix}
        self._port = port
        self._logs = logs
        self.running = self.start()

    def start(self, replica: str = "") -> Service:
        port = None if replica else self._port
        return start_service("ingest", self._env, logs=self._logs, port=port, replica=replica)

    def kill_and_restart(self) -> None:
        self.running.process.kill()
        self.running = self.start()


async def test_a_client_that_repeats_loses_nothing_and_keeps_its_order(
    own_kafka: RealKafka, http: aiohttp.ClientSession, free_port: int, tmp_path: Path
) -> None:
    topics = await make_topics(own_kafka.bootstrap)
    ingests = Ingests(own_kafka, topics, free_port, tmp_path)
    feeder = Feeder(IngestOverHttp(http, ingests.running.url), request_events=20, patience=60)
    chance = random.Random(7)
    sent = 0
    for _ in range(KILLS):
        sending = asyncio.create_task(feeder.send([event(sent + each) for each in range(4_000)]))
        known = feeder.report.accepted
        await until(lambda known=known: feeder.report.accepted > known + chance.randrange(2_000))  # type: ignore[misc]
        ingests.kill_and_restart()
        await sending
        sent += 4_000
    assert ingests.running.process.stop() == 0

    records = await read_until(own_kafka.bootstrap, topics.events, lambda found: len(found) >= sent)
    assert (feeder.report.accepted, feeder.report.repeated > 0) == (sent, True)
    assert first_sights(records) == {
        f"B-{borrower}": [f"e-{number}" for number in range(borrower, sent, BORROWERS)] for borrower in range(BORROWERS)
    }


async def test_the_inbound_topic_loses_nothing_and_keeps_its_order_through_kills_and_a_second_replica(
    own_kafka: RealKafka, http: aiohttp.ClientSession, free_port: int, tmp_path: Path
) -> None:
    topics = await make_topics(own_kafka.bootstrap)
    headers = [("content-type", b"application/cloudevents+json")]
    written = 0
    ingests = Ingests(own_kafka, topics, free_port, tmp_path)
    ingests.running.wait_ready()

    async def write(count: int) -> None:
        nonlocal written
        numbers = range(written, written + count)
        for partition in range(4):
            mine = [number for number in numbers if number % BORROWERS % 4 == partition]
            records = [(None, json.dumps(event(number)).encode(), headers) for number in mine]
            await write_topic(own_kafka.bootstrap, topics.inbound, records, partition=partition)
        written += count

    for _ in range(2):
        await write(1_000)
        ingests.kill_and_restart()
    second = ingests.start("-second")
    second.wait_ready()
    await write(1_000)
    assert second.process.stop() == 0
    await write(1_000)

    def all_there(records: Sequence[Any]) -> bool:
        return sum(map(len, first_sights(records).values())) == written

    records = await read_until(own_kafka.bootstrap, topics.events, all_there, seconds=60)
    assert ingests.running.process.stop() == 0
    assert first_sights(records) == {
        f"B-{borrower}": [f"e-{number}" for number in range(borrower, written, BORROWERS)]
        for borrower in range(BORROWERS)
    }
    group = topics.group("ingest", topics.inbound)
    assert sum((await committed(own_kafka.bootstrap, group, topics.inbound)).values()) == written
