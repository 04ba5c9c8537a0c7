"""The watchdog cries only where the log has more and the consumer stands still."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.kafka.watchdog import StuckConsumerError, Watchdog

PLACE = TopicPartition("events.inbound", 0)


class FakeConsumer:
    """At `at`, on a partition that ends at `end`; None where Kafka does not answer."""

    def __init__(self, at: int, end: int | None) -> None:
        self.at = at
        self.end = end
        self.asked = 0

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        self.asked += 1
        if self.end is None:
            raise KafkaError("away")
        return {PLACE: self.end}

    async def position(self, _: TopicPartition) -> int:
        return self.at


async def test_two_looks_at_the_same_place_behind_the_end_are_proof() -> None:
    watchdog = Watchdog(FakeConsumer(5, 9), patience=0)
    await watchdog.look(progressed=False)
    with pytest.raises(StuckConsumerError, match=r"events\.inbound 0 at 5"):
        await watchdog.look(progressed=False)


async def test_a_consumer_that_has_everything_is_left_in_peace() -> None:
    consumer = FakeConsumer(9, 9)
    watchdog = Watchdog(consumer, patience=0)
    for _ in range(3):
        await watchdog.look(progressed=False)

    assert consumer.asked == 3


async def test_a_consumer_that_moves_is_left_in_peace() -> None:
    consumer = FakeConsumer(5, 9)
    watchdog = Watchdog(consumer, patience=0)
    for at in (5, 6, 7):
        consumer.at = at
        await watchdog.look(progressed=False)
    await watchdog.look(progressed=True)
    await watchdog.look(progressed=False)

    assert consumer.asked == 4


async def test_a_kafka_that_does_not_answer_proves_nothing() -> None:
    consumer = FakeConsumer(5, None)
    watchdog = Watchdog(consumer, patience=0)
    for _ in range(3):
        await watchdog.look(progressed=False)

    assert consumer.asked == 3


async def test_nobody_is_asked_before_patience_has_run_out() -> None:
    consumer = FakeConsumer(5, 9)
    watchdog = Watchdog(consumer, patience=3600)
    for _ in range(3):
        await watchdog.look(progressed=False)

    assert consumer.asked == 0
