"""How far behind a consumer is, in records and in seconds."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from shared.kafka.lag import Lag, NoProgressError

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
    return registry.get_sample_value(f"bellwether_x_{what}", {"topic": "events", "partition": str(partition)})


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds on the clock that never jumps, as long as the test lasts."""
    at = [1_000.0]
    monkeypatch.setattr("shared.kafka.lag.time.monotonic", lambda: at[0])
    return at


def test_it_is_behind_by_what_is_left_and_by_the_age_of_the_newest_taken() -> None:
    registry = CollectorRegistry()
    Lag("x", registry).observe(FakeConsumer(), [record(89, age=30)])
    assert read(registry, "records_behind") == 10
    assert 30 <= (read(registry, "seconds_behind") or 0) < 40


def test_once_caught_up_it_is_not_behind_however_old_the_newest_record_is() -> None:
    registry = CollectorRegistry()
    Lag("x", registry).observe(FakeConsumer(), [record(99, age=3600)])
    assert (read(registry, "records_behind"), read(registry, "seconds_behind")) == (0, 0)


def test_a_partition_of_another_owner_is_not_measured_here() -> None:
    registry = CollectorRegistry()
    lag = Lag("x", registry)
    lag.observe(FakeConsumer(), [record(89), record(5, partition=1)])
    assert read(registry, "records_behind", partition=1) is None
    lag.forget([HERE, GONE])
    assert read(registry, "records_behind") is None


async def test_records_that_wait_too_long_while_none_is_dealt_with_are_no_progress(running: list[float]) -> None:
    registry = CollectorRegistry()
    lag = Lag("x", registry)
    lag.stands(HERE, 90)
    running[0] += 3600
    await lag.check(300)
    lag.end_at({HERE: 100, GONE: 5})
    running[0] += 10
    assert (read(registry, "records_behind"), read(registry, "stalled_seconds")) == (10, 3610)
    with pytest.raises(NoProgressError, match="none is dealt with: events 0 for 3610 s"):
        await lag.check(300)
    await lag.check(0)
    lag.observe(FakeConsumer(), [record(91)])
    await lag.check(300)
    assert read(registry, "stalled_seconds") == 0


async def test_a_group_that_does_nothing_but_rebalance_makes_no_progress(running: list[float]) -> None:
    lag = Lag("x", CollectorRegistry())
    lag.stands(HERE, 90)
    lag.end_at({HERE: 100})
    for _ in range(4):
        lag.forget([HERE])
        running[0] += 100
        lag.stands(HERE, 90)
    with pytest.raises(NoProgressError, match="events 0 for 400 s"):
        await lag.check(300)


async def test_one_that_another_owner_moved_on_meanwhile_begins_anew(running: list[float]) -> None:
    lag = Lag("x", CollectorRegistry())
    lag.stands(HERE, 90)
    lag.end_at({HERE: 100})
    lag.forget([HERE])
    running[0] += 400
    lag.stands(HERE, 95)
    lag.end_at({HERE: 100})
    await lag.check(300)


def test_a_batch_in_hand_grows_old_until_it_is_done(running: list[float]) -> None:
    registry = CollectorRegistry()
    lag = Lag("x", registry)

    def age() -> float | None:
        return registry.get_sample_value("bellwether_x_in_hand_seconds", {"topic": "events"})

    with lag.in_hand("events"):
        assert age() == 0
        running[0] += 40
        assert age() == 40
    assert age() == 0
