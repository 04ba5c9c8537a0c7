"""Reading and writing topics in tests, beside the code under test."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from shared.events import accept
from shared.kafka.partitions import partition_of
from shared.warnings import WarningChange

PARTITIONS = 4
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02

Event = dict[str, Any]


async def until(
    condition: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE_SECONDS, what: str = "it holds"
) -> None:
    """Ask until `condition` holds. Raises AssertionError after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 - what is waited for is in another process
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"waited {seconds:g} s until {what}, in vain") from None


async def records(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Everything on a topic now, partition by partition."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition(topic, each) for each in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found) < sum(ends.values()):  # the topics of a test start at 0 and have no gaps
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += batch
    return sorted(found, key=lambda each: (each.partition, each.offset))


async def ends(bootstrap: str, topic: str) -> int:
    """How many records a topic holds, over all its partitions."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        return sum((await consumer.end_offsets([TopicPartition(topic, each) for each in range(PARTITIONS)])).values())


async def changes(bootstrap: str, topic: str) -> list[WarningChange]:
    """The warning changes on a topic, each once: a reader drops the ids it has seen."""
    seen: dict[str, WarningChange] = {}
    for record in await records(bootstrap, topic):
        change = WarningChange.model_validate_json(record.value)
        seen.setdefault(str(change.change_id), change)
    return list(seen.values())


async def append(bootstrap: str, topic: str, events: Iterable[Event]) -> None:
    """Write events as ingest does: canonical, keyed by borrower; a control event to every partition."""
    written: list[tuple[int, bytes, bytes]] = []
    for event in events:
        accepted = accept(msgspec.json.encode(event))
        if event["type"] == "clock.advanced":
            written += [(each, accepted.key, accepted.value) for each in range(PARTITIONS)]
        else:
            written.append((partition_of(accepted.key, PARTITIONS), accepted.key, accepted.value))
    await append_raw(bootstrap, topic, written)


async def append_raw(bootstrap: str, topic: str, written: Sequence[tuple[int, bytes | None, bytes]]) -> None:
    """Write records as they are: (partition, key, value)."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        sent = [await producer.send(topic, value, key=key, partition=partition) for partition, key, value in written]
        await asyncio.gather(*sent)
