"""Topics are made once, with their own retention and limits, and making them again changes nothing."""

import secrets

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.kafka import RealKafka
from shared.kafka.topics import MAX_LETTER_BYTES, Topics, create_topics
from shared.settings import KafkaSettings


async def test_missing_topics_are_made_and_existing_ones_left_alone(real_kafka: RealKafka) -> None:
    prefix = f"t{secrets.token_hex(5)}."
    settings, topics = KafkaSettings(kafka_bootstrap=real_kafka.bootstrap, kafka_topic_prefix=prefix), Topics(prefix)

    assert sorted(await create_topics(settings, partitions=3, replication=1)) == sorted(topics.retention())
    assert await create_topics(settings, partitions=7, replication=1) == []

    admin = AIOKafkaAdminClient(bootstrap_servers=real_kafka.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(list(topics.retention()))
        assert {len(each["partitions"]) for each in described} == {3}
        letters, events = [await _configs(admin, each) for each in (topics.dead_letters, topics.events)]
    finally:
        await admin.close()
    assert (letters["retention.ms"], letters["max.message.bytes"]) == ("-1", str(MAX_LETTER_BYTES))
    assert (events["retention.ms"], events["message.timestamp.type"]) == ("-1", "LogAppendTime")
    async with AIOKafkaConsumer(bootstrap_servers=real_kafka.bootstrap) as consumer:
        assert set(topics.retention()) <= await consumer.topics()


async def _configs(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {each[0]: each[1] for each in answer.resources[0][4]}
