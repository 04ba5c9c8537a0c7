"""A warning service's database and topics, and its worker run inside the test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from deploy.local.kafka import RealKafka
from services.warning.core.engine import Engine
from services.warning.metrics import Metrics
from services.warning.service import load_engine
from services.warning.settings import Settings
from services.warning.store import MIGRATIONS, SCHEMA
from services.warning.worker.assembly import assembled
from services.warning.worker.two_clocks import SecondClock
from shared.clock import Clock, ManualClock
from shared.db import migrate
from shared.kafka.producer import Producer
from shared.kafka.topics import Topics, create_topics
from shared.warnings import WarningChange
from tests.events import clock, disbursed, event, exposed, repaid
from tests.topics import PARTITIONS, Event, append, changes, records, until

START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = """
ruleset: test
rules:
- id: missed_payment
  family: repayment
  measure: days_past_due
  above: {blue: 1, yellow: 7, orange: 30}
  text: {en: "{value} past due on {loan}", zh: "{loan} 逾期 {value}"}
  source: test
- id: multi_lender_exposure
  family: exposure
  measure: other_lenders_90d
  above: {yellow: 2}
  text: {en: "{value}", zh: "{value}"}
  source: test
"""


@dataclass
class Deployment:
    """One database and one set of topics."""

    settings: Settings
    connection: "asyncpg.Connection"
    clock: Clock = field(default_factory=lambda: ManualClock(START))
    second: SecondClock | None = None
    """None: PostgreSQL's clock, or a manual clock itself."""

    @property
    def topics(self) -> Topics:
        return Topics(self.settings.kafka_topic_prefix)

    async def append(self, *events: Event) -> None:
        """Put events on the log."""
        await append(self.settings.kafka_bootstrap, self.topics.events, events)

    async def changes(self) -> list[WarningChange]:
        """What was published, each change once."""
        return await changes(self.settings.kafka_bootstrap, self.topics.warnings)

    async def told(self) -> list[tuple[str, str, str | None]]:
        """What was published, in short: (borrower, kind, level)."""
        return [(each.borrower_id, each.kind.value, each.level and each.level.value) for each in await self.changes()]

    async def dead_letters(self) -> list[dict[str, str]]:
        """The headers of each dead letter."""
        found = await records(self.settings.kafka_bootstrap, self.topics.dead_letters)
        return [{name: value.decode() for name, value in each.headers} for each in found]

    async def offsets(self) -> list[int]:
        """Each partition's committed offset."""
        rows = await self.connection.fetch("SELECT next_offset FROM partition_progress ORDER BY partition")
        return [row[0] for row in rows]

    async def caught_up(self) -> None:
        """Wait until everything on the log is committed, due times are fired, and the outbox is published."""
        ends = [0] * PARTITIONS
        for record in await records(self.settings.kafka_bootstrap, self.topics.events):
            ends[record.partition] = record.offset + 1

        async def quiet() -> bool:
            left = await self.connection.fetchval("SELECT count(*) FROM outbox")
            due = await self.connection.fetchval(
                "SELECT count(*) FROM timers t JOIN partition_progress p USING (partition)"
                " WHERE t.due_at <= p.clock AND t.parked_error IS NULL"
            )
            return await self.offsets() == ends and not left and not due

        await until(quiet, what=f"the worker has caught up with {ends}")


class Beside:
    """A second clock that agrees with a manual one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def now(self) -> datetime:
        return self._clock.now()


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A ruleset of two simple rules."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
async def deployment(
    database_url: str, real_kafka: RealKafka, topic_prefix: str, rules: Path
) -> AsyncIterator[Deployment]:
    """A migrated database and fresh topics on a real Kafka."""
    settings = Settings(
        database_url=database_url,  # type: ignore[arg-type]
        kafka_bootstrap=real_kafka.bootstrap,
        kafka_topic_prefix=topic_prefix,
        warning_clock="event",
        time_zone="Africa/Lagos",
        ruleset_file=rules,
        auth="off",
    )
    await migrate(settings, SCHEMA, MIGRATIONS)
    await create_topics(settings, partitions=PARTITIONS, replication=1)
    connection = await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA})
    try:
        yield Deployment(settings, connection)
    finally:
        await connection.close()


RunWorker = Callable[..., AbstractAsyncContextManager[Metrics]]


@pytest.fixture
def run_worker(deployment: Deployment) -> RunWorker:
    """Runs one more replica while its context lasts; at the end it is asked to stop, and must do so in good order."""

    @asynccontextmanager
    async def run(*, engine: Engine | None = None, settings: Settings | None = None) -> AsyncIterator[Metrics]:
        settings = settings or deployment.settings
        metrics = Metrics(CollectorRegistry())
        producer = Producer(settings, client_id="test")
        engine = engine or load_engine(settings.ruleset_file, settings.time_zone)
        clock, stop = deployment.clock, asyncio.Event()
        second = deployment.second or (Beside(clock) if isinstance(clock, ManualClock) else None)
        try:
            async with (
                assembled(settings, engine, producer, clock, metrics, second) as worker,
                asyncio.TaskGroup() as group,
            ):
                group.create_task(worker.run(stop))
                try:
                    yield metrics
                finally:
                    stop.set()
        finally:
            await producer.stop()

    return run


@pytest.fixture
async def decided(deployment: Deployment, run_worker: RunWorker) -> Deployment:
    """B1 is nine days past due and borrows from two new lenders, B2 paid late, and it is 10 February."""
    who = {"kind": "individual", "segment": "consumer", "region": "Kano"}
    await deployment.append(
        event("borrower.registered", "B1", "2025-01-01", who),
        disbursed("B1", "2025-01-01", "2025-02-01", "2025-03-01"),
        disbursed("B2", "2025-01-01", "2025-02-01"),
        exposed("B1", "2025-01-20", "lender-1"),
        exposed("B1", "2025-01-21", "lender-2"),
        clock("2025-02-02"),
        repaid("B2", "2025-02-03"),
        clock("2025-02-10"),
    )
    async with run_worker():
        await deployment.caught_up()
    return deployment
