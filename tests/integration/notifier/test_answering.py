"""Acknowledgements and escalations at the notifier as a process, with a real Kafka behind it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
import yaml

from deploy.local.kafka import RealKafka
from deploy.local.services import run_command
from services.notifier.core.tokens import Link, press_id, signed
from shared.acknowledgements import TYPE, AcknowledgementGiven
from shared.auth import new_key
from shared.kafka.cloudevents import from_headers
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings
from shared.warnings import Acknowledgement, Kind, Level
from tests.caller import Caller, notifier
from tests.changes import change, record, warning
from tests.kafka_records import read_topic, write_topic
from tests.sink import SECRET as SINK_SECRET
from tests.sink import Sink, webhook
from tests.topics import until

SECRET = "a secret for links alone"


def _configuration(sink: Sink) -> dict[str, Any]:
    """The second step comes long after the test, unless it comes too early."""
    steps = [{"wait": "300ms", "receivers": ["head"]}, {"wait": "1h", "receivers": ["head"]}]
    return {
        "receivers": {name: {**webhook(sink.url(f"/{name}")), "audience": "staff"} for name in ("desk", "head")},
        "routes": [{"receivers": ["desk"], "escalation": "up"}],
        "escalations": {"up": {"steps": steps}},
        "acknowledgement_links": {"base_url": "https://notifier.example", "secrets": [{"secret_env": "LINK_SECRET"}]},
    }


@pytest.fixture
async def env(
    database_url: str, real_kafka: RealKafka, topic_prefix: str, sink: Sink, tmp_path: Path
) -> dict[str, str]:
    (tmp_path / "notifier.yaml").write_text(yaml.safe_dump(_configuration(sink)))
    token, digest = new_key()
    key = {"name": "risk-desk", "sha256": digest, "scopes": ["acknowledge"]}
    (tmp_path / "keys.yaml").write_text(yaml.safe_dump({"keys": [key]}))
    env = {
        "AUTH_KEYS_FILE": str(tmp_path / "keys.yaml"),
        "KAFKA_BOOTSTRAP": real_kafka.bootstrap,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "DATABASE_URL": database_url,
        "NOTIFIER_CONFIG": str(tmp_path / "notifier.yaml"),
        "LINK_SECRET": SECRET,
        "SINK_SECRET": SINK_SECRET,
        "TEST_TOKEN": token,
    }
    settings = KafkaSettings(kafka_bootstrap=real_kafka.bootstrap, kafka_topic_prefix=topic_prefix)
    await create_topics(settings, partitions=1, replication=1)
    await asyncio.to_thread(run_command, "notifier", ["migrate"], env, logs=tmp_path)
    return env


@pytest.fixture
async def caller(env: dict[str, str], tmp_path: Path) -> AsyncIterator[Caller]:
    async with notifier(env, env["TEST_TOKEN"], tmp_path) as (calling, _):
        yield calling


async def test_whoever_answers_by_link_or_by_key_is_on_the_topic_before_it_is_confirmed_and_nobody_else(
    caller: Caller, env: dict[str, str]
) -> None:
    by_link, by_key = uuid4(), uuid4()
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    token = signed(Link(by_link, "branch-kano", in_an_hour), SECRET.encode())
    path = f"/v1/acknowledge/{token}"

    assert (await caller.browse("GET", path))[0] == 200
    assert (await caller.browse("POST", path, {"by": "Night Desk"}))[0] == 202
    assert (await caller.browse("POST", path))[0] == 202
    path = f"/v1/warnings/{by_key}/acknowledgements"
    status, answer = await caller.call("POST", path, {"by": "head-office", "note": "x"})
    assert (status, answer["warning_id"], answer["via"]) == (202, str(by_key), "api")

    ended = signed(Link(by_link, "branch-kano", in_an_hour - timedelta(hours=2)), SECRET.encode())
    for refused, expected in ((ended, 410), ("x.y", 403)):
        for method in ("GET", "POST"):
            assert (await caller.browse(method, f"/v1/acknowledge/{refused}"))[0] == expected
    assert (await caller.call("POST", f"/v1/acknowledge/{token}", {"by": "x" * 5_000}))[0] == 413
    assert (await caller.call("POST", path, {"by": "head-office"}, key=None))[0] == 401

    records = await read_topic(env["KAFKA_BOOTSTRAP"], f"{env['KAFKA_TOPIC_PREFIX']}acknowledgements")
    given = [AcknowledgementGiven.model_validate_json(each.value) for each in records]
    assert [(each.id, each.warning_id, each.by, each.via) for each in given] == [
        (press_id(token), by_link, "Night Desk", "link"),
        (press_id(token), by_link, "branch-kano", "link"),
        (UUID(answer["id"]), by_key, "head-office", "api"),
    ]
    attributes = [from_headers(each.headers) for each in records]
    assert [(each["type"], each["id"]) for each in attributes] == [(TYPE, str(each.id)) for each in given]


async def test_an_unanswered_warning_is_handed_upwards_and_the_link_in_the_message_ends_that(
    caller: Caller, env: dict[str, str], sink: Sink
) -> None:
    warnings = f"{env['KAFKA_TOPIC_PREFIX']}warnings"
    await write_topic(env["KAFKA_BOOTSTRAP"], warnings, [record(change())])

    async def escalated() -> bool:
        return bool(sink.of("/head"))

    await until(escalated)
    first, second = (msgspec.json.decode(sink.of(path)[0].body) for path in ("/desk", "/head"))
    assert (first["data"]["warning_id"], second["data"]["warning_id"]) == (str(warning(1)), str(warning(1)))
    assert (first.get("purpose"), second["purpose"]) == (None, "escalation")
    base, _, link = second["acknowledge_url"].partition("/v1/")
    assert base == "https://notifier.example"
    assert await _rows(env, "SELECT step FROM notifier.escalations") == [1]
    assert await _rows(env, "SELECT told FROM notifier.open_warnings") == [["desk", "head"]]

    assert (await caller.browse("POST", f"/v1/{link}"))[0] == 202
    [given] = await read_topic(env["KAFKA_BOOTSTRAP"], f"{env['KAFKA_TOPIC_PREFIX']}acknowledgements")
    said = AcknowledgementGiven.model_validate_json(given.value)
    assert (said.warning_id, said.by) == (warning(1), "head")

    answer = Acknowledgement(id=said.id, by=said.by, note=said.note)
    acknowledged = change(1, 1, kind=Kind.ACKNOWLEDGED, previous_level=Level.YELLOW)
    told = acknowledged.model_copy(update={"acknowledgement": answer})
    await write_topic(env["KAFKA_BOOTSTRAP"], warnings, [record(told)])

    async def over() -> bool:
        return await _rows(env, "SELECT step FROM notifier.escalations") == []

    await until(over)
    assert await _rows(env, "SELECT acknowledged_by FROM notifier.open_warnings") == ["head"]


async def _rows(env: dict[str, str], sql: str) -> list[Any]:
    connection = await asyncpg.connect(env["DATABASE_URL"])
    try:
        return [row[0] for row in await connection.fetch(sql)]
    finally:
        await connection.close()
