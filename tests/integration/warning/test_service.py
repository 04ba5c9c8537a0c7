"""The warning service as a process: it starts, answers, refuses and stops as its operator expects."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import aiohttp
import msgspec
import pytest

from deploy.local.scrape import scrape
from deploy.local.services import Service, start_service
from shared.acknowledgements import AcknowledgementGiven, record
from shared.auth import new_key
from shared.kafka.partitions import partition_of
from shared.warnings import Kind
from tests.events import exposed
from tests.integration.warning.conftest import START, Deployment
from tests.kafka_records import write_topic
from tests.openapi import answers_what_it_documents
from tests.topics import PARTITIONS, append_raw, until

Start = Callable[..., Service]


@pytest.fixture
async def start(deployment: Deployment, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the service with settings of its own; whatever was started is stopped at the end."""
    settings = deployment.settings
    env = {
        "DATABASE_URL": str(settings.database_url),
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
        "RULESET_FILE": str(settings.ruleset_file),
        "TIME_ZONE": settings.time_zone,
        "WARNING_CLOCK": "event",
        "AUTH": "off",
    }
    started: list[Service] = []

    def run(**changed: str) -> Service:
        started.append(start_service("warning", {**env, **changed}, logs=tmp_path, replica=str(len(started))))
        return started[-1]

    yield run
    for service in started:
        await asyncio.to_thread(service.process.stop)


async def test_it_answers_decides_and_drains_within_ten_seconds_of_being_asked_to_stop(
    deployment: Deployment, start: Start
) -> None:
    service = start()
    await asyncio.to_thread(service.wait_ready)
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"), exposed("B1", "2025-01-02", "lender-2"))
    await deployment.caught_up()
    async with aiohttp.ClientSession() as session:
        page = await scrape(session, service.url)
        async with session.get(f"{service.url}/v1/borrowers/B1") as response:
            assert (await response.json())["level"] == "yellow"

    asked = time.monotonic()
    service.process.ask_to_stop()
    code = await asyncio.to_thread(service.process.wait, 10)

    assert (code, time.monotonic() - asked < 10) == (0, True)
    assert page.total("bellwether_warning_events_total", outcome="applied") == 2
    assert page.total("bellwether_warning_changes_total", rule="multi_lender_exposure", kind="raised") == 1
    assert page.total("bellwether_warning_records_behind") == 0
    assert page.total("bellwether_warning_partitions_owned") == 4


async def test_killed_it_comes_back_to_its_partitions_under_its_instance_id(
    deployment: Deployment, start: Start
) -> None:
    first = start(WARNING_GROUP_INSTANCE_ID="warning-0")
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"))
    await deployment.caught_up()
    await asyncio.to_thread(first.process.kill)
    await deployment.append(exposed("B1", "2025-01-02", "lender-2"))

    start(WARNING_GROUP_INSTANCE_ID="warning-0")
    await deployment.caught_up()

    assert await deployment.told() == [("B1", "raised", "yellow")]


async def test_killed_again_and_again_it_loses_no_acknowledgement_and_records_and_tells_none_twice(
    decided: Deployment, start: Start
) -> None:
    warnings = [row[0] for row in await decided.connection.fetch("SELECT warning_id FROM warnings")]
    given = [
        AcknowledgementGiven(id=uuid4(), warning_id=warnings[number % 3], by=f"{number}", at=START, via="api")
        for number in range(300)
    ]
    sent = [record(decided.topics.acknowledgements, each) for each in given]
    plain = [(each.key, each.value, each.headers) for each in sent]
    await write_topic(decided.settings.kafka_bootstrap, decided.topics.acknowledgements, plain)

    async def recorded(count: int) -> bool:
        return int(await decided.connection.fetchval("SELECT count(*) FROM acknowledgements")) >= count

    for count in (1, 120, 240):
        service = start(WARNING_GROUP_INSTANCE_ID="warning-0")
        await until(partial(recorded, count), what=f"{count} are recorded")
        await asyncio.to_thread(service.process.kill)
    start(WARNING_GROUP_INSTANCE_ID="warning-0")
    await until(partial(recorded, len(given)), what="all are recorded")

    async def published() -> bool:
        return not await decided.connection.fetchval("SELECT count(*) FROM control_outbox")

    await until(published, what="all are told")
    told = [each.acknowledgement for each in await decided.changes() if each.kind is Kind.ACKNOWLEDGED]
    assert sorted(each.by for each in told if each) == sorted(each.by for each in given)
    assert await decided.dead_letters() == []


async def test_without_keys_it_refuses_to_start(start: Start) -> None:
    service = start(AUTH="keys")

    assert await asyncio.to_thread(service.process.wait, 30) == 2
    assert "set AUTH_KEYS_FILE to a keys file, or AUTH=off" in service.process.log_text()


async def test_a_time_zone_nobody_knows_is_named_with_the_setting(start: Start) -> None:
    service = start(TIME_ZONE="Mars/Olympus")

    assert await asyncio.to_thread(service.process.wait, 30) != 0
    assert 'expected an IANA time zone such as "Africa/Lagos"' in service.process.log_text()


async def test_a_worker_that_dies_takes_its_process_down(deployment: Deployment, start: Start) -> None:
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"))
    service = start()
    await deployment.caught_up()
    service.process.signal(signal.SIGTERM)
    await asyncio.to_thread(service.process.wait, 10)
    await deployment.connection.execute("UPDATE partition_progress SET next_offset = 77")

    again = start()

    assert await asyncio.to_thread(again.process.wait, 30) == 1
    assert "the stored offset is 77" in again.process.log_text()


async def test_a_database_of_another_time_zone_stops_it(deployment: Deployment, start: Start) -> None:
    service = start()
    await asyncio.to_thread(service.wait_ready)

    other = start(TIME_ZONE="Asia/Shanghai")

    assert await asyncio.to_thread(other.process.wait, 30) == 1
    assert "the database was written with time zone Africa/Lagos" in other.process.log_text()


async def test_its_answers_are_those_it_documents_whatever_is_asked(
    deployment: Deployment, start: Start, tmp_path: Path
) -> None:
    token, digest = new_key()
    keys = tmp_path / "keys.yaml"
    keys.write_text(f"keys: [{{name: test, sha256: {digest}, scopes: [warnings, acknowledge]}}]")
    service = start(AUTH="keys", AUTH_KEYS_FILE=str(keys))
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"), exposed("B1", "2025-01-02", "lender-2"))
    await deployment.caught_up()

    await asyncio.to_thread(answers_what_it_documents, service.url, headers={"Authorization": f"Bearer {token}"})


async def test_where_records_wait_and_none_is_dealt_with_readiness_says_so_and_the_api_is_left_in_service(
    deployment: Deployment, start: Start
) -> None:
    service = start(KAFKA_STALL_SECONDS="1")
    await asyncio.to_thread(service.wait_ready)
    unknown = {**exposed("B1", "2025-01-01", "lender-1"), "type": "planet.aligned"}
    home = partition_of(b"B1", PARTITIONS)
    written = [(home, b"B1", msgspec.json.encode(unknown))]
    await append_raw(deployment.settings.kafka_bootstrap, deployment.topics.events, written)
    async with aiohttp.ClientSession() as session:

        async def not_ready() -> bool:
            async with session.get(f"{service.url}/readyz") as response:
                answer = await response.json()
                return response.status == 503 and f"events {home} for" in answer["checks"]["progress"]

        await until(not_ready, what="readiness names the partition")
        async with session.get(f"{service.url}/readyz?exclude=progress") as response:
            assert response.status == 200
        page = await scrape(session, service.url)
    assert page.total("bellwether_warning_records_behind", topic=deployment.topics.events) == 1
    assert page.total("bellwether_warning_stalled_seconds", partition=str(home)) > 1
