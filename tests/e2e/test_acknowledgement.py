"""Somebody presses the link in an escalated message: the warning shows who, and nobody else is told of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest
import yaml

from deploy.local.feeder import Feeder, IngestOverHttp
from deploy.local.kafka import RealKafka
from deploy.local.ports import free_port
from deploy.local.services import Service, ServiceName, run_command, start_service
from tests.events import exposed
from tests.sink import SECRET, Sink, webhook
from tests.sink import sink as run_sink
from tests.topics import until

pytestmark = pytest.mark.slow

LENDERS = 3  # new ones within 90 days, by the default ruleset a yellow warning
CHIEF_AFTER = "4s"  # long enough for the acknowledgement to come round


@dataclass(frozen=True)
class Lender:
    """The three services, and those whom the notifier tells."""

    services: dict[ServiceName, Service]
    sink: Sink
    session: aiohttp.ClientSession
    database_url: str

    async def lend_elsewhere(self, borrower: str) -> None:
        """What raises a warning on this borrower."""
        feeder = Feeder(IngestOverHttp(self.session, self.services["ingest"].url))
        await feeder.send([exposed(borrower, f"2026-03-0{day}", f"lender-{day}") for day in range(1, LENDERS + 1)])

    async def told(self, receiver: str, borrower: str) -> dict[str, Any]:
        """The first message that the receiver gets on this borrower."""

        async def arrived() -> bool:
            return borrower in self.heard_of(receiver)

        await until(arrived, what=f"{receiver} is told of {borrower}")
        return self._heard(receiver)[self.heard_of(receiver).index(borrower)]

    def heard_of(self, receiver: str) -> list[str]:
        """The borrowers that a receiver was told of, in turn."""
        return [each["data"]["borrower_id"] for each in self._heard(receiver)]

    def _heard(self, receiver: str) -> list[dict[str, Any]]:
        return [msgspec.json.decode(each.body) for each in self.sink.of(f"/{receiver}")]

    async def acknowledged_by(self, warning: str) -> list[str]:
        """As the warning service tells it."""
        async with self.session.get(f"{self.services['warning'].url}/v1/warnings/{warning}") as response:
            return [each["by"] for each in (await response.json())["acknowledgements"]]

    async def escalating(self) -> set[str]:
        """The borrowers of whom a step is still to be told."""
        connection = await asyncpg.connect(self.database_url)
        try:
            rows = await connection.fetch(
                "SELECT borrower_id FROM notifier.escalations JOIN notifier.open_warnings USING (warning_id)"
            )
        finally:
            await connection.close()
        return {row[0] for row in rows}


def _configuration(sink: Sink, notifier_port: int) -> dict[str, Any]:
    """The desk is told at once, the head soon after, and the chief if nobody has answered by then."""
    steps = [{"wait": "100ms", "receivers": ["head"]}, {"wait": CHIEF_AFTER, "receivers": ["chief"]}]
    return {
        "receivers": {
            name: {**webhook(sink.url(f"/{name}")), "audience": "staff"} for name in ("desk", "head", "chief")
        },
        "routes": [
            {"match": {"kind": "acknowledged"}, "receivers": ["desk"]},
            {"receivers": ["desk"], "escalation": "up"},
        ],
        "escalations": {"up": {"steps": steps}},
        "acknowledgement_links": {
            "base_url": f"http://127.0.0.1:{notifier_port}",
            "secrets": [{"secret_env": "LINK_SECRET"}],
        },
    }


@pytest.fixture
async def lender(real_kafka: RealKafka, topic_prefix: str, database_url: str, tmp_path: Path) -> AsyncIterator[Lender]:
    notifier_port, services = free_port(), {}
    async with run_sink() as sink, aiohttp.ClientSession() as session:
        (tmp_path / "notifier.yaml").write_text(yaml.safe_dump(_configuration(sink, notifier_port)))
        env = {
            "KAFKA_BOOTSTRAP": real_kafka.bootstrap,
            "KAFKA_TOPIC_PREFIX": topic_prefix,
            "DATABASE_URL": database_url,
            "AUTH": "off",
            "TIME_ZONE": "Africa/Lagos",
            "WARNING_CLOCK": "event",
            "NOTIFIER_CONFIG": str(tmp_path / "notifier.yaml"),
            "LINK_SECRET": "a secret for links alone",
            "SINK_SECRET": SECRET,
        }
        migrations: list[ServiceName] = ["warning", "notifier"]
        await asyncio.gather(
            *(asyncio.to_thread(run_command, each, ["migrate"], env, logs=tmp_path) for each in migrations)
        )
        names: list[ServiceName] = ["ingest", "warning", "notifier"]
        try:
            for name in names:
                port = notifier_port if name == "notifier" else None
                services[name] = start_service(name, env, logs=tmp_path, port=port)
            for service in services.values():
                await asyncio.to_thread(service.wait_ready)
            yield Lender(services, sink, session, database_url)
        finally:
            for service in services.values():
                service.process.ask_to_stop()
            for service in services.values():
                await asyncio.to_thread(service.process.stop)


async def test_a_pressed_link_is_shown_by_the_warning_and_ends_the_escalation_while_another_goes_on(
    lender: Lender,
) -> None:
    await lender.lend_elsewhere("ANSWERED")
    escalated = await lender.told("head", "ANSWERED")
    assert escalated["purpose"] == "escalation"
    await lender.lend_elsewhere("UNANSWERED")  # its steps fall due later, each of them

    async with lender.session.post(escalated["acknowledge_url"], data={"by": "Night Desk"}) as response:
        assert response.status == 202
    async with lender.session.post(escalated["acknowledge_url"]) as response:  # pressed again
        assert response.status == 202

    async def over() -> bool:
        return "ANSWERED" not in await lender.escalating()

    await until(over, what="the acknowledgement has ended the escalation")
    warning = escalated["data"]["warning_id"]
    assert await lender.acknowledged_by(warning) == ["Night Desk"]

    await lender.told("chief", "UNANSWERED")
    assert lender.heard_of("chief") == ["UNANSWERED"]
    assert sorted(lender.heard_of("head")) == ["ANSWERED", "UNANSWERED"]
    assert lender.heard_of("desk").count("ANSWERED") == 2, "of the warning, and of who answers for it"
    assert await lender.acknowledged_by(warning) == ["Night Desk"]
