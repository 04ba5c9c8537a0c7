"""From topic `warnings` to deliveries, on both brokers: each change once, and no record stops the partition."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.notifier.configuration import read
from services.notifier.consuming.consumer import Consumer
from services.notifier.consuming.intake import Intake
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import SCHEMA
from services.notifier.store.connection import Connection
from services.notifier.store.listing import Deliveries
from shared import db
from shared.clock import ManualClock
from shared.kafka.connection import consumer
from shared.kafka.letterbox import LetterBox
from shared.kafka.producer import Producer
from shared.kafka.topics import Topics, create_topics
from tests.batches import REASONS, unreadable
from tests.changes import change, record, recovery
from tests.kafka_records import Plain, committed, read_until, write_batches, write_topic
from tests.topics import until

CONFIGURATION = """
receivers:
  journal: {channel: log}
  seniors: {channel: log}
routes:
  - receivers: [journal]
    continue: true
  - match: {level: red}
    receivers: [seniors]
"""


class Consuming:
    """A running consumer and what came of its records."""

    def __init__(self, settings: NotifierSettings) -> None:
        self.settings = settings
        self.topics = Topics(settings.kafka_topic_prefix)
        self.group = self.topics.group("notifier", self.topics.warnings)
        self.registry = CollectorRegistry()
        self.woken: list[str] = []
        self.connection = Connection(settings)
        metrics = Metrics(self.registry)
        clock = ManualClock(change().at)
        intake = Intake(read(CONFIGURATION), self.connection, self.topics.dead_letters, clock=clock, metrics=metrics)
        self.consumer = Consumer(
            lambda: consumer(settings, group=self.group),
            self.topics.warnings,
            intake,
            LetterBox(Producer(settings, client_id="test-dead-letters"), metrics.records_refused),
            lag=metrics.lag,
            arrived=self.woken.extend,
        )
        self.engine = db.create_engine(settings, SCHEMA)
        self.deliveries = Deliveries(self.engine)

    async def write(self, *records: Plain) -> None:
        await write_topic(self.settings.kafka_bootstrap, self.topics.warnings, records)

    async def told(self) -> list[tuple[str, str, str]]:
        """Receiver, kind and level of every delivery, oldest first."""
        rows = (await self.deliveries.page({}, limit=500)).rows
        return [(row["receiver"], row["kind"], row["level"]) for row in reversed(rows)]

    def counted(self, outcome: str) -> float:
        return self.registry.get_sample_value("bellwether_notifier_changes_total", {"outcome": outcome}) or 0.0

    async def all_committed(self, records: int) -> None:
        async def done() -> bool:
            offsets = await committed(self.settings.kafka_bootstrap, self.group, self.topics.warnings)
            return offsets.get(0) == records

        await until(done, what="all is committed")


@asynccontextmanager
async def _running(settings: NotifierSettings) -> AsyncIterator[Consuming]:
    consuming, stop = Consuming(settings), asyncio.Event()
    task = asyncio.create_task(consuming.consumer.run(stop))
    try:
        yield consuming
    finally:
        stop.set()
        await task
        await consuming.connection.close()
        await consuming.engine.dispose()


@pytest.fixture
async def on_kafka(
    settings: NotifierSettings, kafka_bootstrap: str, topic_prefix: str, request: pytest.FixtureRequest
) -> NotifierSettings:
    """Settings whose broker has the topics; the embedded one makes them on first use."""
    chosen = settings.model_copy(update={"kafka_bootstrap": kafka_bootstrap, "kafka_topic_prefix": topic_prefix})
    if request.node.callspec.params["kafka_bootstrap"] == "real":
        await create_topics(chosen, partitions=4, replication=1)
    return chosen


async def test_changes_become_deliveries_in_order_each_once_however_often_they_come(
    on_kafka: NotifierSettings,
) -> None:
    raised, ended = record(change(), 1_772_357_400_000), record(recovery())
    red = record(change(2, level="red"))
    async with _running(on_kafka) as consuming:
        await consuming.write(raised, raised, ended, red, raised)
        await until(lambda: _count(consuming, 4))
        await consuming.all_committed(5)

        assert await consuming.told() == [
            ("journal", "raised", "yellow"),
            ("journal", "cleared", None),
            ("journal", "raised", "red"),
            ("seniors", "raised", "red"),
        ]
        assert set(consuming.woken) == {"journal", "seniors"}
    assert consuming.counted("routed") == 3
    assert consuming.counted("duplicate") == 2


async def _count(consuming: Consuming, deliveries: int) -> bool:
    return len(await consuming.told()) >= deliveries


async def test_a_restart_takes_nothing_twice_and_misses_nothing(on_kafka: NotifierSettings) -> None:
    async with _running(on_kafka) as consuming:
        await consuming.write(record(change(1)))
        await until(lambda: _count(consuming, 1))
        await consuming.all_committed(1)
    await consuming.write(record(change(1)), record(change(2)))
    async with _running(on_kafka) as consuming:
        await until(lambda: _count(consuming, 2))
        await consuming.all_committed(3)
        assert len(await consuming.told()) == 2


def _broken() -> Sequence[tuple[str, Plain]]:
    key, value, headers = record(change(100))
    unknown = [(name, b"warning.snoozed" if name == "ce_type" else each) for name, each in headers]
    return [
        ("malformed", (key, None, headers)),
        ("malformed", (key, b"", headers)),
        ("malformed", (key, b"{", headers)),
        ("malformed", (key, b"[]", headers)),
        ("malformed", (key, b"\xff\xfe", headers)),
        ("malformed", (key, b"[" * 100_000, headers)),
        ("malformed", (key, value.replace(b'"value":8', b'"value":NaN'), headers)),
        ("malformed", (key, value.replace(b'"level":"yellow"', b'"level":null'), headers)),
        ("malformed", (key, value.replace(b"TEST-0001", b"TEST\\u0000"), headers)),
        ("malformed", (key, value.replace(b'"kind":"raised"', b'"kind":"praised"'), headers)),
        ("unstorable", (key, value.replace(b"TEST-0001", b"\\ud800"), headers)),
        ("unknown_kind", (key, value, unknown)),
        ("unknown_kind", (key, value, [("ce_type", b"\xff")])),
        ("malformed", (None, None, [])),
    ]


async def test_records_that_cannot_be_taken_go_to_the_dead_letters_whole_and_the_rest_goes_on(
    on_kafka: NotifierSettings,
) -> None:
    broken = _broken()
    async with _running(on_kafka) as consuming:
        await consuming.write(record(change(1)), *(each for _, each in broken), record(change(2)))
        await until(lambda: _count(consuming, 2))
        await consuming.all_committed(len(broken) + 2)
        letters = await read_until(
            on_kafka.kafka_bootstrap, consuming.topics.dead_letters, lambda found: len(found) >= len(broken)
        )

    by_offset = {int(dict(each.headers)["bellwether_origin_offset"]): each for each in letters}
    assert sorted(by_offset) == list(range(1, len(broken) + 1))
    for offset, (reason, (key, value, _)) in enumerate(broken, start=1):
        letter = by_offset[offset]
        told = dict(letter.headers)
        assert told["bellwether_reason"].decode() == reason or reason == "unstorable", (offset, told)
        assert (letter.key, letter.value) == (key, value)
        assert told["bellwether_service"] == b"notifier"


async def test_what_no_client_can_read_goes_to_the_dead_letters_and_the_rest_goes_on(
    on_kafka: NotifierSettings,
) -> None:
    async with _running(on_kafka) as consuming:
        await consuming.write(record(change(1)))
        await write_batches(on_kafka.kafka_bootstrap, consuming.topics.warnings, unreadable().values())
        await consuming.write(record(change(2)))
        await until(lambda: _count(consuming, 2))
        await consuming.all_committed(len(REASONS) + 2)
        letters = await read_until(
            on_kafka.kafka_bootstrap, consuming.topics.dead_letters, lambda found: len(found) >= len(REASONS)
        )

    told = sorted((int(dict(each.headers)["bellwether_origin_offset"]), dict(each.headers)) for each in letters)
    assert [headers["bellwether_reason"].decode() for _, headers in told] == REASONS


async def test_headers_that_make_no_sense_do_not_lose_a_change(on_kafka: NotifierSettings) -> None:
    key, value, headers = record(change())
    plain: list[tuple[str, Any]] = [*headers, ("bellwether_accepted_at", b"9" * 30)]
    async with _running(on_kafka) as consuming:
        await consuming.write((key, value, plain), (None, record(change(2))[1], []))
        await until(lambda: _count(consuming, 2))


async def test_a_database_that_comes_back_gets_what_came_meanwhile(
    on_kafka: NotifierSettings, database_url: str
) -> None:
    watcher: asyncpg.Connection[Any] = await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA})
    async with _running(on_kafka) as consuming:
        await consuming.write(record(change(1)))
        await until(lambda: _count(consuming, 1))
        async with watcher.transaction():
            await watcher.execute("LOCK TABLE queue IN EXCLUSIVE MODE")  # a lock_timeout of 5 s ends the wait
            await watcher.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            await consuming.write(record(change(2)))
        await until(lambda: _count(consuming, 2))
        await consuming.all_committed(2)
    await watcher.close()
