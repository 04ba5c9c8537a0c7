"""Escalations outlive the processes that began them, and replicas that die on the way tell no step twice or never."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.kafka import RealKafka
from tests.changes import change, warning
from tests.faults.notifier.conftest import Env, Start, prepared, write
from tests.sink import Received, Sink, webhook
from tests.topics import until

WARNINGS = 40


@pytest.fixture
async def env(real_kafka: RealKafka, database_url: str, topic_prefix: str, sink: Sink, tmp_path: Path) -> Env:
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
    return await prepared(real_kafka, database_url, topic_prefix, configuration, tmp_path)


async def _count(env: Env, sql: str) -> Any:
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
    env: Env, sink: Sink, start: Start
) -> None:
    first = await start(env, wait=False)
    await write(env, [change(number) for number in range(1, WARNINGS + 1)])

    async def begun() -> bool:
        return bool(await _count(env, "SELECT count(*) FROM notifier.open_warnings") == WARNINGS)

    await until(begun, what="every escalation has begun")
    first.process.kill()
    second, *_ = [await start(env, wait=False) for _ in range(3)]

    async def telling() -> bool:
        return bool(sink.received)

    await until(telling, what="somebody tells the first step")
    second.process.kill()

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
