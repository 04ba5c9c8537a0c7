"""Reading and writing whole topics, for tests."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest

SECONDS = 30.0


async def read_topic(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Every record that is on the topic now, partition by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(SECONDS):
            await consumer._client._wait_on_metadata(topic)
            partitions = [TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            records: list[ConsumerRecord] = []
            while any([await consumer.position(each) < ends[each] for each in partitions]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def read_until(
    bootstrap: str, topic: str, done: Callable[[Sequence[ConsumerRecord]], bool], *, seconds: float = SECONDS
) -> list[ConsumerRecord]:
    """Read the topic again and again until `done`; its records then. Fails after `seconds`, with what is there."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not done(records := await read_topic(bootstrap, topic)):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"after {seconds:g} s {topic} holds {len(records)} records: {records[-10:]}")
    return records


async def committed(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """A group's committed offsets, by partition; those it never committed are left out."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(topic)
        partitions = [TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        offsets = {each.partition: await consumer.committed(each) for each in partitions}
    finally:
        await consumer.stop()
    return {partition: offset for partition, offset in offsets.items() if offset is not None}


Plain = tuple[bytes | None, bytes | None, Iterable[tuple[str, bytes | None]]]
"""Key, value and headers."""


async def write_topic(
    bootstrap: str, topic: str, records: Iterable[Plain], *, partition: int = 0, compression: str | None = None
) -> None:
    """Append records to one partition, each in a batch of its own, so that nothing is too odd to be written."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=100_000_000, compression_type=compression
    )
    await producer.start()
    try:
        for key, value, headers in records:
            batch = producer.create_batch()
            assert batch.append(key=key, value=value, timestamp=None, headers=list(headers))
            await (await producer.send_batch(batch, topic, partition=partition))
    finally:
        await producer.stop()


async def write_batches(bootstrap: str, topic: str, batches: Iterable[bytes], *, partition: int = 0) -> None:
    """Append whole batches to one partition, as the bytes that they are. Fails where the broker refuses one."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client._wait_on_metadata(topic)
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        for each in batches:
            request = ProduceRequest(None, -1, 10_000, [(topic, [(partition, each)])])
            answer = await client.send(leader, request)
            ((_, ((_, code, *_),)),) = answer.topics
            assert code == 0, f"the broker refused it: {code}"
    finally:
        await client.close()


async def create_topic(bootstrap: str, topic: str, settings: dict[str, str]) -> str:
    """A topic of four partitions that an operator made otherwise than `migrate` does; its name."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(topic, 4, 1, topic_configs=settings)])
        assert [code for _, code, *_ in answer.topic_errors] == [0], answer
    finally:
        await admin.close()
    return topic
