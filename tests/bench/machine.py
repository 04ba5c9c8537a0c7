"""What is measured on: a real Kafka, a real PostgreSQL, and services as processes of their own."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import asyncpg
import psutil
from aiokafka import AIOKafkaProducer

from deploy.local import processes
from deploy.local.kafka import real_kafka
from deploy.local.postgres import EmbeddedPostgres, embedded_postgres
from deploy.local.services import Service, ServiceName, run_command, start_service
from shared.kafka.partitions import partition_of
from tests.bench.workload import Item

PARTITIONS = 4
PATIENCE_SECONDS = 600.0


@dataclass
class Machine:
    """The servers, for as long as the benchmark runs."""

    bootstrap: str
    postgres: EmbeddedPostgres
    logs: Path

    async def deployment(self) -> "Deployment":
        """A fresh database and fresh topics."""
        name = f"bench_{token_hex(4)}"
        url = await self.postgres.create_database(name)
        env = {
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "KAFKA_TOPIC_PREFIX": f"{name}.",
            "DATABASE_URL": url,
            "AUTH": "off",
            "TIME_ZONE": "Africa/Lagos",
            "WARNING_CLOCK": "event",
            "INGEST_FUTURE_LIMIT_SECONDS": "0",
        }
        await asyncio.to_thread(run_command, "warning", ["migrate"], env, logs=self.logs)
        return Deployment(self, name, url, env)


@dataclass
class Deployment:
    """One database, one set of topics."""

    machine: Machine
    name: str
    database_url: str
    env: dict[str, str]

    @property
    def events_topic(self) -> str:
        return f"{self.name}.events"

    def start(self, service: ServiceName, **env: str) -> Service:
        """Start a service; `wait_ready` waits for it."""
        return start_service(service, {**self.env, **env}, logs=self.machine.logs, replica=token_hex(2))

    async def append(self, items: Sequence[Item]) -> None:
        """Put records on the log as fast as it takes them."""
        await append(self.machine.bootstrap, self.events_topic, items)

    async def connect(self) -> "asyncpg.Connection":
        return await asyncpg.connect(self.database_url, server_settings={"search_path": "warning"})

    async def remove(self) -> None:
        """Drop the database, so that the next part starts on an idle server."""
        await self.machine.postgres.drop_database(self.name)


def producer_of(bootstrap: str) -> AIOKafkaProducer:
    """A producer that waits for all replicas and repeats without doubling."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=10, max_batch_size=262_144
    )


async def append(bootstrap: str, topic: str, items: Sequence[Item]) -> None:
    """Put records on a topic in their order, a clock record on every partition."""
    async with producer_of(bootstrap) as producer:
        await send(producer, topic, items)


async def send(producer: AIOKafkaProducer, topic: str, items: Sequence[Item]) -> None:
    """The same with a producer that is there already; returns once all are acknowledged."""
    waiting = None
    for item in items:
        if item.key is None:
            for partition in range(PARTITIONS):
                waiting = await producer.send(topic, item.value, key=b"clock", partition=partition)
        else:
            partition = partition_of(item.key, PARTITIONS)
            waiting = await producer.send(topic, item.value, key=item.key, partition=partition)
    await producer.flush()
    if waiting is not None:
        await waiting


@contextmanager
def machine() -> Iterator[Machine]:
    """The servers, stopped at the end. Kafka runs as in production: with both of the JVM's compilers."""
    logs = processes.scratch_directory("bench")
    with real_kafka(jvm=("-Xmx1g",)) as kafka, embedded_postgres() as postgres:
        yield Machine(kafka.bootstrap, postgres, logs)


class CpuMeter:
    """CPU seconds of processes, their children's included."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._at = self._now()

    def seconds(self) -> float:
        """Since the meter was made."""
        return self._now() - self._at

    def _now(self) -> float:
        return sum(_cpu(pid) for pid in self._pids)


def _cpu(pid: int) -> float:
    process = psutil.Process(pid)
    times = process.cpu_times()
    spent = times.user + times.system + times.children_user + times.children_system
    for child in process.children(recursive=True):
        try:
            each = child.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it ended meanwhile: from now on it is among its parent's children's times
        spent += each.user + each.system
    return spent


async def decided(connection: "asyncpg.Connection") -> int:
    """Records decided and committed, over all partitions."""
    return int(await connection.fetchval("SELECT coalesce(sum(next_offset), 0) FROM partition_progress"))


async def wait_gone(connection: "asyncpg.Connection") -> None:
    """Wait until the database has ended what a killed process had begun: until then it may still commit."""
    while await connection.fetchval(  # noqa: ASYNC110 - the server is another process
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid())"
    ):
        await asyncio.sleep(0.001)


async def wait_decided(connection: "asyncpg.Connection", count: int, *, poll: float = 0.02) -> float:
    """Wait until so many records are committed; the moment (`time.perf_counter`) at which that was seen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await decided(connection) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"expected {count} records decided within {PATIENCE_SECONDS:g} s")
        await asyncio.sleep(poll)
    return time.perf_counter()


def records_of(items: Sequence[Item]) -> int:
    """How many records the items are on the log."""
    return sum(1 if item.key is not None else PARTITIONS for item in items)
