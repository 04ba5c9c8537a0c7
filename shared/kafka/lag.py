"""How far a consumer is behind, in records and in seconds, and for how long it has not moved.

All of it is worked out when it is asked for, so that it goes on while a consumer hangs.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from prometheus_client import CollectorRegistry, Gauge

from shared.kafka.place import Place


class NoProgressError(Exception):
    """Records wait, and none was dealt with for longer than an operator allows."""


class Lag:
    """What a service's consumers have before them, by topic and partition, and the batch each has in hand.

    A partition that has caught up is 0 seconds behind, however old its newest record is. Where the log ends is known
    from what is fetched, and from `LogEnds`, which asks on a connection of its own.
    """

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._places: dict[TopicPartition, Place] = {}
        self._left: dict[TopicPartition, Place] = {}
        self._begun: dict[str, float] = {}
        gauge, prefix, labels = partial(Gauge, registry=registry), f"bellwether_{service}_", ["topic", "partition"]
        self._gauges: list[tuple[Gauge, Callable[[Place], float]]] = [
            (
                gauge(f"{prefix}records_behind", "Records between here and the log's end", labels),
                lambda place: place.behind,
            ),
            (
                gauge(f"{prefix}seconds_behind", "Age of the oldest record that may wait, 0 when caught up", labels),
                lambda place: place.seconds(time.time()),
            ),
            (
                gauge(f"{prefix}stalled_seconds", "How long records have waited and none was dealt with", labels),
                lambda place: place.stalled(time.monotonic()),
            ),
        ]
        self._in_hand = gauge(f"{prefix}in_hand_seconds", "Age of the batch in hand, 0 between batches", ["topic"])

    def stands(self, partition: TopicPartition, position: int) -> None:
        """Measure this partition, whose reader has dealt with all before `position`.

        One that comes back as it was left has not moved meanwhile: a group that only rebalances makes no progress.
        """
        place = self._place(partition, position)
        place.reach(max(position, place.position), now=time.time(), running=time.monotonic())

    def observe(self, consumer: AIOKafkaConsumer, newest: Iterable[ConsumerRecord]) -> None:
        """Call with the last record of each partition in a batch, once it is dealt with."""
        assigned = consumer.assignment()
        for record in newest:
            partition = TopicPartition(record.topic, record.partition)
            if partition not in assigned:
                continue  # a rebalance has taken it away meanwhile
            place, now, running = self._place(partition, record.offset), time.time(), time.monotonic()
            end = consumer.highwater(partition) or 0
            place.see(max(place.end or 0, end, record.offset + 1), now=now, running=running)
            place.reach(record.offset + 1, now=now, running=running, taken_at=record.timestamp / 1000)

    def end_at(self, ends: Mapping[TopicPartition, int]) -> None:
        """Their logs end there now. Those that are not measured any more are passed over."""
        for partition, end in ends.items():
            if (place := self._places.get(partition)) is not None:
                place.see(end, now=time.time(), running=time.monotonic())

    def measured(self) -> list[TopicPartition]:
        """The partitions measured here."""
        return list(self._places)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Another owner measures these now."""
        for each in partitions:
            if (place := self._places.pop(each, None)) is not None:
                self._left[each] = place
                for gauge, _ in self._gauges:
                    gauge.remove(each.topic, each.partition)

    @contextmanager
    def in_hand(self, topic: str) -> Iterator[None]:
        """While it lasts a batch of this topic is being dealt with."""
        if topic not in self._begun:
            self._in_hand.labels(topic).set_function(lambda: self._age(topic))
        self._begun[topic] = time.monotonic()
        try:
            yield
        finally:
            self._begun[topic] = 0.0

    async def check(self, patience: float) -> None:
        """For readiness. Raises NoProgressError where records have waited for so many seconds; 0: without end."""
        running = time.monotonic()
        waited = {each: place.stalled(running) for each, place in self._places.items()}
        stuck = [f"{each.topic} {each.partition} for {late:.0f} s" for each, late in waited.items() if late > patience]
        if patience and stuck:
            raise NoProgressError(f"records wait and none is dealt with: {', '.join(stuck)}")

    def _place(self, partition: TopicPartition, position: int) -> Place:
        if (place := self._places.get(partition)) is not None:
            return place
        place = self._left.pop(partition, None)
        if place is None or place.position != position:
            place = Place(position, moved=time.monotonic(), noticed=time.time())
        self._places[partition] = place
        self._show(partition, place)
        return place

    def _show(self, partition: TopicPartition, place: Place) -> None:
        for gauge, measure in self._gauges:
            gauge.labels(partition.topic, partition.partition).set_function(partial(measure, place))

    def _age(self, topic: str) -> float:
        begun = self._begun[topic]
        return time.monotonic() - begun if begun else 0.0
