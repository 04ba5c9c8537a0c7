"""Ingest as a real process, on topics of its own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from deploy.local.kafka import RealKafka
from deploy.local.services import Service, start_service
from shared.kafka.topics import Topics, create_topics
from shared.settings import KafkaSettings

OPEN = {"AUTH": "off", "WARNING_CLOCK": "event", "INGEST_FUTURE_LIMIT_SECONDS": "0"}


@dataclass(frozen=True)
class Ingest:
    """A running ingest, and where what it takes ends up."""

    service: Service
    bootstrap: str
    topics: Topics

    @property
    def url(self) -> str:
        return self.service.url


async def make_topics(bootstrap: str) -> Topics:
    """Fresh topics of four partitions."""
    prefix = f"t{secrets.token_hex(5)}."
    settings = KafkaSettings(kafka_bootstrap=bootstrap, kafka_topic_prefix=prefix)
    await create_topics(settings, partitions=4, replication=1)
    return Topics(prefix)


def start_ingest(bootstrap: str, topics: Topics, logs: Path, **settings: str) -> Ingest:
    """A ready ingest that lets anyone in and takes events of any time. The caller stops its process."""
    env = {**OPEN, "KAFKA_BOOTSTRAP": bootstrap, "KAFKA_TOPIC_PREFIX": topics.prefix, **settings}
    service = start_service("ingest", env, logs=logs)
    service.wait_ready()
    return Ingest(service, bootstrap, topics)


@pytest.fixture(scope="module")
def ingest(real_kafka: RealKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    """One for all the tests of a file."""
    topics = asyncio.run(make_topics(real_kafka.bootstrap))
    running = start_ingest(real_kafka.bootstrap, topics, tmp_path_factory.mktemp("logs"))
    yield running
    assert running.service.process.stop() == 0


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
