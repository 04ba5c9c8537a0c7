"""How far a consumer is behind, in records and in seconds."""

import time
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from prometheus_client import CollectorRegistry, Gauge


class Lag:
    """Two gauges a topic partition: records behind the log's end, and the age of the newest record taken.

    A partition that has caught up is 0 seconds behind, however old its newest record is.
    """

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        labels = ["topic", "partition"]
        self._records = Gauge(
            f"bellwether_{service}_records_behind", "Records between here and the log's end", labels, registry=registry
        )
        self._seconds = Gauge(
            f"bellwether_{service}_seconds_behind",
            "Age of the newest record taken, 0 when caught up",
            labels,
            registry=registry,
        )

    def observe(self, consumer: AIOKafkaConsumer, newest: Iterable[ConsumerRecord]) -> None:
        """Call with the last record of each partition in a batch, once it is dealt with."""
        assigned = consumer.assignment()
        for record in newest:
            partition = TopicPartition(record.topic, record.partition)
            if partition not in assigned:
                continue  # a rebalance has taken it away meanwhile
            end = consumer.highwater(partition)
            behind = max(0, (end or 0) - record.offset - 1)
            self._records.labels(record.topic, record.partition).set(behind)
            age = max(0.0, time.time() - record.timestamp / 1000) if behind else 0.0
            self._seconds.labels(record.topic, record.partition).set(age)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Another owner measures these now."""
        for each in partitions:
            for gauge in (self._records, self._seconds):
                gauge.remove(each.topic, each.partition)
