"""The real loan book through the three live services, killed again and again: the same changes as a replay's."""

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest

from deploy.local.demo.receiver import PATH, Receiver, listening, new_secret
from deploy.local.feeder import Feeder, IngestOverHttp
from deploy.local.kafka import RealKafka
from deploy.local.ports import free_port
from deploy.local.processes import ROOT
from deploy.local.scrape import scrape
from deploy.local.services import Service, ServiceName, run_command, start_service
from tests.shared_data import PERF, PREVLOANS, needs_superlender
from tests.topics import PARTITIONS, ends, records, until

pytestmark = [needs_superlender, pytest.mark.slow, pytest.mark.timeout(900)]

ZONE = "Africa/Lagos"
KILLS: dict[ServiceName, int] = {"warning": 6, "ingest": 3, "notifier": 3}


@dataclass(frozen=True)
class Book:
    """The loan book as events, by business day, and what a replay makes of it, by borrower."""

    days: list[list[dict[str, Any]]]
    expected: dict[str, list[bytes]]


def _command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("book")
    events, out = folder / "events.ndjson", folder / "out"
    _command("services.ingest", "convert", "superlender", str(PREVLOANS), str(PERF), "--out", str(events))
    _command("services.warning", "replay", str(events), "--time-zone", ZONE, "--out", str(out))
    expected: defaultdict[str, list[bytes]] = defaultdict(list)
    for line in (out / "changes.ndjson").read_bytes().splitlines():
        expected[msgspec.json.decode(line)["borrower_id"]].append(line)
    return Book(_days(events), dict(expected))


def _days(path: Path) -> list[list[dict[str, Any]]]:
    """Each day's events, its clock record last: what the sender sends once all before it is answered."""
    events = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    days: list[list[dict[str, Any]]] = [[]]
    for is_clock, group in groupby(events, key=lambda each: each["type"] == "clock.advanced"):
        days[-1] += group
        if is_clock:
            days.append([])
    return [each for each in days if each]


@dataclass
class Live:
    """The three services of one deployment, and what came of it."""

    env: dict[str, str]
    logs: Path
    ports: dict[ServiceName, int]
    connection: "asyncpg.Connection"
    running: dict[str, Service] = field(default_factory=dict)
    delivered: list[dict[str, Any]] = field(default_factory=list)

    def url(self, name: ServiceName) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def start(self, name: ServiceName) -> Service:
        """Start a service on its port; it comes back under its old membership."""
        env = {**self.env, "WARNING_GROUP_INSTANCE_ID": "warning-0"}
        service = start_service(name, env, logs=self.logs, port=self.ports[name])
        self.running[name] = service
        return service

    def kill(self, name: ServiceName) -> None:
        """SIGKILL it, whatever it does just now, and start it again."""
        self.running[name].process.kill()
        self.start(name)

    def join(self) -> Service:
        """Start a second replica of the warning service."""
        service = start_service("warning", self.env, logs=self.logs, replica="-second")
        self.running["second"] = service
        return service

    async def decided(self) -> int:
        return int(
            await self.connection.fetchval("SELECT coalesce(sum(next_offset), 0) FROM warning.partition_progress")
        )

    async def all_is_told(self) -> None:
        """Wait until everything on the log is decided, fired, published and delivered."""
        log_records = await ends(self.env["KAFKA_BOOTSTRAP"], f"{self.env['KAFKA_TOPIC_PREFIX']}events")

        async def done() -> bool:
            if await self.decided() < log_records:
                return False
            waiting = await self.connection.fetchval(
                "SELECT (SELECT count(*) FROM warning.outbox) + (SELECT count(*) FROM warning.timers t"
                " JOIN warning.partition_progress p USING (partition) WHERE t.due_at <= p.clock)"
            )
            changes = await self.connection.fetchval("SELECT count(*) FROM warning.changes")
            return not waiting and len({each["data"]["change_id"] for each in self.delivered}) >= changes

        await until(done, seconds=240, what="all changes are delivered")


@pytest.fixture
async def live(real_kafka: RealKafka, topic_prefix: str, database_url: str, tmp_path: Path) -> AsyncIterator[Live]:
    secret, sink = new_secret(), free_port()
    config = {
        "receivers": {
            "sink": {
                "channel": "webhook",
                "url": f"http://127.0.0.1:{sink}{PATH}",
                "secrets": [{"secret_env": "SINK_SECRET"}],
                "allow_networks": ["127.0.0.0/8"],
                "retry": {"first": "200ms", "longest": "1s", "deadline": "1h"},
            }
        },
        "routes": [{"receivers": ["sink"]}],
    }
    (tmp_path / "notifier.yaml").write_text(json.dumps(config))
    env = {
        "KAFKA_BOOTSTRAP": real_kafka.bootstrap,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "DATABASE_URL": database_url,
        "AUTH": "off",
        "TIME_ZONE": ZONE,
        "WARNING_CLOCK": "event",
        "INGEST_FUTURE_LIMIT_SECONDS": "0",
        "NOTIFIER_CONFIG": str(tmp_path / "notifier.yaml"),
        "NOTIFIER_LEASE_SECONDS": "4",
        "NOTIFIER_ATTEMPT_SECONDS": "2",
        "SINK_SECRET": secret,
    }
    await asyncio.to_thread(run_command, "warning", ["migrate"], env, logs=tmp_path)
    await asyncio.to_thread(run_command, "notifier", ["migrate"], env, logs=tmp_path)
    connection = await asyncpg.connect(database_url)
    stack = Live(env, tmp_path, {"ingest": free_port(), "warning": free_port(), "notifier": free_port()}, connection)
    receiver = Receiver(secret, stack.delivered.append)
    async with listening(receiver, sink):
        try:
            for name in stack.ports:
                stack.start(name)
            for service in list(stack.running.values()):
                await asyncio.to_thread(service.wait_ready)
            yield stack
        finally:
            for service in stack.running.values():
                await asyncio.to_thread(service.process.stop)
            await connection.close()


def _plan(days: int, live: Live) -> dict[int, list[Callable[[], Awaitable[None]]]]:
    """What happens at which day: kills at days drawn by chance, and a second replica that comes and goes."""
    chance = Random(20_261_125)
    plan: defaultdict[int, list[Callable[[], Awaitable[None]]]] = defaultdict(list)

    def killing(name: ServiceName) -> Callable[[], Awaitable[None]]:
        async def kill() -> None:
            await asyncio.to_thread(live.kill, name)

        return kill

    for name, count in KILLS.items():
        for day in chance.sample(range(days * 2 // 3), count):
            plan[day].append(killing(name))

    async def join() -> None:
        service = live.join()
        await asyncio.to_thread(service.wait_ready)
        async with aiohttp.ClientSession() as session:

            async def shares() -> bool:
                page = await scrape(session, service.url)
                return page.total("bellwether_warning_partitions_owned") == PARTITIONS // 2

            await until(shares, what="the second replica owns half of the partitions")

    async def leave() -> None:
        assert await asyncio.to_thread(live.running["second"].process.stop) == 0

    plan[days * 3 // 4].append(join)
    plan[days * 7 // 8].append(leave)
    return plan


async def _feed(live: Live, book: Book) -> None:
    """Send the book day by day, with what the plan has in store."""
    plan = _plan(len(book.days), live)
    async with aiohttp.ClientSession() as session:
        feeder = Feeder(IngestOverHttp(session, live.url("ingest")))
        for number, events in enumerate(book.days):
            *before, last = events
            sending = asyncio.create_task(feeder.send(before if last["type"] == "clock.advanced" else events))
            for act in plan.pop(number, []):
                await asyncio.sleep(0)  # the requests are on their way
                await act()
            await sending
            if last["type"] == "clock.advanced":
                await feeder.send([last])
        assert feeder.report.refused == 0, feeder.report.problems
    assert not plan


async def test_the_real_loan_book_gives_the_changes_of_a_replay_though_every_service_is_killed(
    book: Book, live: Live
) -> None:
    await _feed(live, book)
    await live.all_is_told()

    topic = f"{live.env['KAFKA_TOPIC_PREFIX']}warnings"
    seen: dict[str, bytes] = {}
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for record in await records(live.env["KAFKA_BOOTSTRAP"], topic):
        change = msgspec.json.decode(record.value)
        if seen.setdefault(change["change_id"], record.value) is record.value:
            found[change["borrower_id"]].append(record.value)
        assert seen[change["change_id"]] == record.value, "a change told twice says the same"
    assert dict(found) == book.expected

    told = [each["data"]["change_id"] for each in live.delivered]
    assert sorted(told) == sorted(seen), "each change is delivered under one webhook id"
