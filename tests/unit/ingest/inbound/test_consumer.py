"""An inbound offset is committed only once its record is an event or a dead letter that Kafka has acknowledged."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from services.ingest.admission import Admission
from services.ingest.inbound.consumer import Inbound
from services.ingest.lane import Share
from services.ingest.metrics import Metrics
from shared.clock import ManualClock
from shared.events import example
from shared.kafka import member
from shared.kafka.cloudevents import header
from shared.kafka.lag import Lag
from shared.kafka.producer import NotAcknowledgedError, Outgoing

HERE = TopicPartition("events.inbound", 0)
STRUCTURED = (("content-type", b"application/cloudevents+json"),)


def record(offset: int, *, broken: bool = False) -> Any:
    value = b"{" if broken else json.dumps({**example("loan.closed"), "id": f"{offset}"}).encode()
    place = {"topic": HERE.topic, "partition": HERE.partition, "offset": offset, "timestamp": 0}
    return SimpleNamespace(**place, key=None, value=value, headers=STRUCTURED)


class Kafka:
    """The group, topic events and the dead letters, all in one. `failures` are met in turn, by what they befall."""

    def __init__(self, *fetches: Sequence[Any], stop: asyncio.Event) -> None:
        self.log: list[str] = []
        self.failures: dict[str, list[Any]] = {"publish": [], "letters": []}
        self.poison = ""
        self._fetches = list(fetches)
        self._stop = stop

    def _failure(self, of: str) -> Any:
        return self.failures[of].pop(0) if self.failures[of] else None

    # The consumer.
    def subscribe(self, topics: list[str], listener: member.Member) -> None:
        self.listener = listener

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.log.append("stopped")

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Mapping[TopicPartition, Sequence[Any]]:
        if self._fetches:
            return {HERE: self._fetches.pop(0)}
        self._stop.set()
        return {}

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    def highwater(self, _: TopicPartition) -> int:
        return 10

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.log.append(f"committed {offsets[HERE]}")

    # The publisher onto topic events.
    async def connect(self) -> None:
        pass

    def place(self, subject: str) -> tuple[int, bytes]:
        return 0, subject.encode()

    async def publish(self, shares: Mapping[int, Share]) -> None:
        for share in shares.values():
            taken = self._failure("publish")
            if callable(taken):
                taken = await taken()
            share.acknowledged = len(share.records) if taken is None else taken
            ids = [json.loads(value)["id"] for _, value in share.records[: share.acknowledged]]
            share.refused = {place: "too large" for place, each in enumerate(ids) if each == self.poison}
            self.log += [f"event {each}" for each in ids if each != self.poison]


class Letters:
    """The producer of dead letters."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    async def publish(self, records: Sequence[Outgoing]) -> None:
        acknowledged: list[bool] = self._kafka._failure("letters") or [True] * len(records)
        for each, done in zip(records, acknowledged, strict=True):
            if done:
                offset = header(each.headers, "bellwether_origin_offset") or b""
                self._kafka.log.append(f"letter {offset.decode()}")
        if not all(acknowledged):
            raise NotAcknowledgedError(acknowledged, None)

    async def stop(self) -> None:
        pass


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "RETRY_SECONDS", 0)
    monkeypatch.setattr(member, "REVOKE_SECONDS", 0.01)


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


def inbound(kafka: Any) -> Inbound:
    admission = Admission(ManualClock(datetime(2026, 3, 2, tzinfo=UTC)), future_limit=None, event_clock=True)
    registry = CollectorRegistry()
    return Inbound(
        lambda: kafka,
        HERE.topic,
        admission,
        kafka,
        Letters(kafka),  # type: ignore[arg-type]
        "dead",
        metrics=Metrics(registry),
        lag=Lag("ingest", registry),
    )


async def test_a_fetch_is_committed_once_its_events_and_letters_are_acknowledged(stop: asyncio.Event) -> None:
    kafka = Kafka([record(0), record(1, broken=True), record(2)], [record(3)], stop=stop)
    await inbound(kafka).run(stop)
    assert kafka.log == ["event 0", "event 2", "letter 1", "committed 3", "event 3", "committed 4", "stopped"]


async def test_after_a_failure_only_the_rest_is_sent_again_and_nothing_is_committed_before(stop: asyncio.Event) -> None:
    kafka = Kafka([record(number) for number in range(4)], stop=stop)
    kafka.failures["publish"] = [1, 0, 2]
    await inbound(kafka).run(stop)
    assert kafka.log == ["event 0", "event 1", "event 2", "event 3", "committed 4", "stopped"]


async def test_letters_without_an_acknowledgement_are_sent_again(stop: asyncio.Event) -> None:
    kafka = Kafka([record(number, broken=True) for number in range(3)], stop=stop)
    kafka.failures["letters"] = [[False, True, False]]
    await inbound(kafka).run(stop)
    assert kafka.log == ["letter 1", "letter 0", "letter 2", "committed 3", "stopped"]


async def test_an_event_that_kafka_refuses_for_good_is_a_dead_letter_of_its_record(stop: asyncio.Event) -> None:
    kafka = Kafka([record(number) for number in range(4)], stop=stop)
    kafka.poison = "2"
    kafka.failures["publish"] = [1, 3]
    await inbound(kafka).run(stop)
    assert kafka.log == ["event 0", "event 1", "event 3", "letter 2", "committed 4", "stopped"]


async def test_a_batch_that_outlasts_a_rebalance_is_abandoned_and_not_committed(stop: asyncio.Event) -> None:
    kafka = Kafka([record(0), record(1)], stop=stop)

    async def rebalance_meanwhile() -> int:
        await kafka.listener.on_partitions_revoked({HERE})
        return 1

    kafka.failures["publish"] = [rebalance_meanwhile]
    await inbound(kafka).run(stop)
    assert kafka.log == ["event 0", "stopped"]
