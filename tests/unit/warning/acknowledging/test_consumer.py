"""Acknowledgements are settled in their order, and none is passed over while the database or Kafka is away."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import OperationalError

from services.warning.acknowledging.consumer import Acknowledging
from services.warning.metrics import Metrics
from services.warning.store.control import Acknowledged, IdInUseError, NoSuchWarningError
from shared.acknowledgements import AcknowledgementGiven
from shared.acknowledgements import record as sent
from shared.kafka.producer import NotAcknowledgedError, Outgoing

HERE = TopicPartition("acknowledgements", 0)
WARNING = UUID(int=99)


def record(number: int, value: bytes | None = None) -> Any:
    given = AcknowledgementGiven(
        id=UUID(int=number), warning_id=WARNING, by="desk", at=datetime(2026, 3, 2, tzinfo=UTC), via="api"
    )
    made = sent(HERE.topic, given)
    place = {"topic": HERE.topic, "partition": HERE.partition, "offset": number}
    return SimpleNamespace(**place, key=made.key, value=value or made.value, headers=made.headers)


class World:
    """The database and the dead letters. The failures of each are met in turn."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.database: list[Exception] = []
        self.kafka: list[Exception] = []
        self.known: set[UUID] = set()
        self.registry = CollectorRegistry()

    async def record(self, warning_id: UUID, given: Acknowledged) -> Acknowledged:
        if self.database:
            raise self.database.pop(0)
        assert warning_id == WARNING
        self.log.append(f"recorded {given.id.int}")
        known = given.id in self.known
        self.known.add(given.id)
        return given._replace(known=known)

    async def publish(self, letters: Sequence[Outgoing]) -> None:
        if self.kafka:
            raise self.kafka.pop(0)
        for each in letters:
            told = dict(each.headers)
            self.log.append(f"letter {told['bellwether_origin_offset'].decode()} {told['bellwether_reason'].decode()}")

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


async def test_a_mistake_of_ours_is_not_waited_out(world: World) -> None:
    world.database = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await taking(world).take({HERE: [record(1)]})()
