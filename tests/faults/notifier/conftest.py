"""Notifiers as real processes that tests kill, and a sink for what they send."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.kafka import RealKafka
from deploy.local.services import Service, run_command, start_service
from shared.kafka.topics import Topics, create_topics
from shared.settings import KafkaSettings
from shared.warnings import WarningChange
from tests.changes import record
from tests.kafka_records import write_topic
from tests.sink import SECRET, Sink
from tests.sink import sink as run_sink

Env = dict[str, str]


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with run_sink() as running:
        yield running


class Start:
    """Starts notifiers, and ends those a failed test has left."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self.started: list[Service] = []

    async def __call__(self, env: Env, *, wait: bool = True) -> Service:
        service = start_service("notifier", env, logs=self._logs, replica=str(len(self.started)))
        self.started.append(service)
        if wait:
            await asyncio.to_thread(service.wait_ready)
        return service


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    starting = Start(tmp_path)
    yield starting
    for service in starting.started:
        service.process.kill()


async def prepared(
    kafka: RealKafka, database_url: str, prefix: str, configuration: dict[str, Any], folder: Path
) -> Env:
    """The settings of a notifier with this configuration, its tables and topics made."""
    file = folder / f"{prefix}yaml"
    await asyncio.to_thread(file.write_text, yaml.safe_dump(configuration))
    settings = KafkaSettings(kafka_bootstrap=kafka.bootstrap, kafka_topic_prefix=prefix)
    await create_topics(settings, partitions=4, replication=1)
    env = {
        "AUTH": "off",
        "KAFKA_BOOTSTRAP": kafka.bootstrap,
        "KAFKA_TOPIC_PREFIX": prefix,
        "DATABASE_URL": database_url,
        "NOTIFIER_CONFIG": str(file),
        "NOTIFIER_ATTEMPT_SECONDS": "1",
        "NOTIFIER_LEASE_SECONDS": "2",
        "NOTIFIER_POLL_SECONDS": "0.1",
        "SINK_SECRET": SECRET,
    }
    await asyncio.to_thread(run_command, "notifier", ["migrate"], env, logs=folder)
    return env


async def write(env: Env, changes: list[WarningChange]) -> None:
    """Publish these as the warning service does."""
    topic = Topics(env["KAFKA_TOPIC_PREFIX"]).warnings
    await write_topic(env["KAFKA_BOOTSTRAP"], topic, [record(each) for each in changes])
