"""The embedded servers do what the tests and the demo count on."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import RealKafka


async def test_a_fresh_database_is_empty_and_writes_durably(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert [await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]
    finally:
        await connection.close()


async def _create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 4, 1)])
    finally:
        await admin.close()


async def test_a_broker_returns_what_was_sent(kafka_bootstrap: str, topic_prefix: str, real_kafka: RealKafka) -> None:
    topic = f"{topic_prefix}events"
    if kafka_bootstrap == real_kafka.bootstrap:
        await _create_topic(kafka_bootstrap, topic)
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"an event", key=b"B1")
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest")
    async with consumer:
        record = await consumer.getone()

    assert (record.key, record.value) == (b"B1", b"an event")
