"""Acknowledgements are settled in their order, and none is passed over while the database or Kafka is away."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from hypothesis import given
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import DataError, OperationalError

from services.warning.acknowledging.consumer import Acknowledging
from services.warning.metrics import Metrics
from services.warning.store.control import Acknowledged, IdInUseError, NoSuchWarningError
from shared.acknowledgements import AcknowledgementGiven
from shared.acknowledgements import record as sent
from shared.kafka.cloudevents import header
from shared.kafka.producer import NotAcknowledgedError, Outgoing
from tests.odd_records import odd_records

HERE = TopicPartition("acknowledgements", 0)
WARNING = UUID(int=99)


def given_by(number: int) -> AcknowledgementGiven:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return AcknowledgementGiven(id=UUID(int=number), warning_id=WARNING, by="desk", at=at, via="api")


def record(number: int, value: bytes | None = None) -> Any:
    made = sent(HERE.topic, given_by(number))
    place = {"topic": HERE.topic, "partition": HERE.partition, "offset": number}
    return SimpleNamespace(**place, key=made.key, value=value or made.value, headers=made.headers)


class World:
    """The database and the dead letters. The failures of each are met in turn."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.database: list[BaseException] = []
        self.kafka: list[Exception] = []
        self.known: set[UUID] = set()
        self.registry = CollectorRegistry()

    async def record(self, warning_id: UUID, given: Acknowledged) -> Acknowledged:
        if self.database:
            raise self.database.pop(0)
        self.log.append(f"recorded {given.id.int}")
        known = given.id in self.known
        self.known.add(given.id)
        return given._replace(known=known)

    async def publish(self, letters: Sequence[Outgoing]) -> None:
        if self.kafka:
            raise self.kafka.pop(0)
        for each in letters:
            told = [header(each.headers, f"bellwether_{name}") or b"" for name in ("origin_offset", "reason")]
            self.log.append(f"letter {b' '.join(told).decode()}")

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"bellwether_warning_{name}_total", labels) or 0.0


@pytest.fixture
def world() -> World:
    return World()


def taking(world: Any) -> Acknowledging:
    return Acknowledging(world, world, "dead", metrics=Metrics(world.registry))


async def test_each_is_recorded_and_one_that_is_known_is_counted_as_such(world: World) -> None:
    attempt = taking(world).take({HERE: [record(1), record(2), record(1)]})

    assert await attempt()
    assert world.log == ["recorded 1", "recorded 2", "recorded 1"]
    assert [world.count("acknowledgements", outcome=each) for each in ("recorded", "known")] == [2, 1]


async def test_while_the_database_is_away_it_goes_on_from_the_one_that_failed(world: World) -> None:
    attempt = taking(world).take({HERE: [record(1), record(2)]})
    world.database = [ConnectionRefusedError(), TimeoutError(), OperationalError("INSERT", {}, Exception("gone"))]

    assert [await attempt() for _ in range(4)] == [False, False, False, True]
    assert world.log == ["recorded 1", "recorded 2"]


async def test_what_cannot_be_recorded_is_a_dead_letter_with_its_reason_and_the_next_one_is_recorded(
    world: World,
) -> None:
    attempt = taking(world).take({HERE: [record(1, b"{"), record(2), record(3), record(4)]})
    world.database = [NoSuchWarningError(), IdInUseError()]

    assert await attempt()
    assert world.log == ["letter 1 malformed", "letter 2 unknown_warning", "letter 3 id_in_use", "recorded 4"]


async def test_a_letter_that_kafka_does_not_take_is_sent_until_it_does(world: World) -> None:
    attempt = taking(world).take({HERE: [record(1, b"{"), record(2)]})
    world.kafka = [NotAcknowledgedError([False], None)]

    assert [await attempt(), await attempt()] == [False, True]
    assert world.log == ["letter 1 malformed", "recorded 2"]
    assert world.count("dead_letters", reason="malformed") == 1


async def test_a_mistake_of_ours_is_not_waited_out_and_costs_its_record_alone(world: World) -> None:
    world.database = [ZeroDivisionError(), DataError("INSERT", {}, Exception("a value that no column holds"))]

    assert await taking(world).take({HERE: [record(1), record(2), record(3)]})()
    assert world.log == ["letter 1 unstorable", "letter 2 unstorable", "recorded 3"]


async def test_the_end_of_the_task_is_no_dead_letter(world: World) -> None:
    world.database = [asyncio.CancelledError()]
    with pytest.raises(asyncio.CancelledError):
        await taking(world).take({HERE: [record(1)]})()
    assert world.log == []


@given(odd_records([sent(HERE.topic, given_by(1)).value or b""]))
async def test_whatever_a_record_holds_it_is_recorded_or_one_letter(odd: ConsumerRecord) -> None:
    world = World()
    assert await taking(world).take({HERE: [odd]})()
    assert len(world.log) == 1
