"""Escalations outlive the processes that began them, and replicas that die on the way tell no step twice or never."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from deploy.local.kafka import RealKafka
from deploy.local.services import Service, run_command, start_service
from shared.kafka.topics import Topics, create_topics
from shared.settings import KafkaSettings
from tests.changes import change, record, warning
from tests.kafka_records import write_topic
from tests.sink import SECRET, Received, Sink, webhook
from tests.sink import sink as run_sink
from tests.topics import until

WARNINGS = 40


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with run_sink() as running:
        yield running


@pytest.fixture
async def env(
    real_kafka: RealKafka, database_url: str, topic_prefix: str, sink: Sink, tmp_path: Path
) -> dict[str, str]:
    """A notifier whose warnings are handed to `head`, and a moment later to `chief`."""
    configuration = {
        "receivers": {
            "desk": {"channel": "log"},
            **{name: webhook(sink.url(f"/{name}"), concurrency=4) for name in ("head", "chief")},
        },
        "routes": [{"receivers": ["desk"], "escalation": "up"}],
        "escalations": {
            "up": {"steps": [{"wait": "3s", "receivers": ["head"]}, {"wait": "1s", "receivers": ["chief"]}]}
        },
    }
    (tmp_path / "notifier.yaml").write_text(yaml.safe_dump(configuration))
    settings = KafkaSettings(kafka_bootstrap=real_kafka.bootstrap, kafka_topic_prefix=topic_prefix)
    await create_topics(settings, partitions=4, replication=1)
    made = {
        "AUTH": "off",
        "KAFKA_BOOTSTRAP": real_kafka.bootstrap,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "DATABASE_URL": database_url,
        "NOTIFIER_CONFIG": str(tmp_path / "notifier.yaml"),
        "NOTIFIER_ATTEMPT_SECONDS": "1",
        "NOTIFIER_LEASE_SECONDS": "2",
        "NOTIFIER_POLL_SECONDS": "0.1",
        "SINK_SECRET": SECRET,
    }
    await asyncio.to_thread(run_command, "notifier", ["migrate"], made, logs=tmp_path)
    return made


@pytest.fixture
async def services() -> AsyncIterator[list[Service]]:
    started: list[Service] = []
    yield started
    for each in started:
        each.process.kill()


async def _count(env: dict[str, str], sql: str) -> Any:
    connection = await asyncpg.connect(env["DATABASE_URL"])
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _ids(received: list[Received]) -> dict[str, set[str]]:
    ids: dict[str, set[str]] = {}
    for each in received:
        ids.setdefault(each.data["warning_id"], set()).add(each.id)
    return ids


async def test_after_kill_9_three_replicas_tell_every_step_as_one_would_although_one_of_them_dies(
    env: dict[str, str], sink: Sink, services: list[Service], tmp_path: Path
) -> None:
    services.append(start_service("notifier", env, logs=tmp_path))
    topic = Topics(env["KAFKA_TOPIC_PREFIX"]).warnings
    changes = [change(number) for number in range(1, WARNINGS + 1)]
    await write_topic(env["KAFKA_BOOTSTRAP"], topic, [record(each) for each in changes])

    async def begun() -> bool:
        return bool(await _count(env, "SELECT count(*) FROM notifier.open_warnings") == WARNINGS)

    await until(begun, what="every escalation has begun")
    services[0].process.kill()
    services += [start_service("notifier", env, logs=tmp_path, replica=f"after{each}") for each in range(3)]

    async def telling() -> bool:
        return bool(sink.received)

    await until(telling, what="somebody tells the first step")
    services[1].process.kill()

    async def all_told() -> bool:
        return len(_ids(sink.of("/chief"))) == WARNINGS and len(_ids(sink.of("/head"))) == WARNINGS

    await until(all_told, what="both steps have been told of every warning")
    for path in ("/head", "/chief"):
        ids = _ids(sink.of(path))
        assert ids.keys() == {str(warning(number)) for number in range(1, WARNINGS + 1)}
        assert {len(each) for each in ids.values()} == {1}, "what repeats has the same id"
    told = "SELECT count(*) FROM notifier.deliveries WHERE purpose = 'escalation'"
    assert await _count(env, told) == 2 * WARNINGS
    assert await _count(env, "SELECT count(*) FROM notifier.escalations") == 0
