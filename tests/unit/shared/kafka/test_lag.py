"""How far behind a consumer is, in records and in seconds."""

import time
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from shared.kafka.lag import Lag

HERE, GONE = TopicPartition("events", 0), TopicPartition("events", 1)


class FakeConsumer:
    """Owns partition 0, whose log ends at 100."""

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    def highwater(self, _: TopicPartition) -> int:
        return 100


def record(offset: int, *, partition: int = 0, age: float = 0) -> Any:
    return SimpleNamespace(topic="events", partition=partition, offset=offset, timestamp=(time.time() - age) * 1000)


def read(registry: CollectorRegistry, what: str, partition: int = 0) -> float | None:
    return registry.get_sample_value(f"bellwether_x_{what}_behind", {"topic": "events", "partition": str(partition)})


def test_it_is_behind_by_what_is_left_and_by_the_age_of_the_newest_taken() -> None:
    registry = CollectorRegistry()
    Lag("x", registry).observe(FakeConsumer(), [record(89, age=30)])
    assert read(registry, "records") == 10
    assert 30 <= (read(registry, "seconds") or 0) < 40


def test_once_caught_up_it_is_not_behind_however_old_the_newest_record_is() -> None:
    registry = CollectorRegistry()
    Lag("x", registry).observe(FakeConsumer(), [record(99, age=3600)])
    assert (read(registry, "records"), read(registry, "seconds")) == (0, 0)


def test_a_partition_of_another_owner_is_not_measured_here() -> None:
    registry = CollectorRegistry()
    lag = Lag("x", registry)
    lag.observe(FakeConsumer(), [record(89), record(5, partition=1)])
    assert read(registry, "records", partition=1) is None
    lag.forget([HERE, GONE])
    assert read(registry, "records") is None
