"""The ordered producer survives what breaks it, and says of each record whether it is safe."""

import json
from collections.abc import AsyncIterator

import pytest

from deploy.local.kafka import RealKafka
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer
from shared.kafka.topics import MAX_LETTER_BYTES, Topics
from shared.settings import KafkaSettings
from tests.integration.ingest.conftest import make_topics
from tests.kafka_records import read_topic


@pytest.fixture
async def topics(real_kafka: RealKafka) -> Topics:
    return await make_topics(real_kafka.bootstrap)


@pytest.fixture
async def producer(real_kafka: RealKafka) -> AsyncIterator[Producer]:
    made = Producer(KafkaSettings(kafka_bootstrap=real_kafka.bootstrap), client_id="test")
    yield made
    await made.stop()


async def test_records_of_a_partition_stand_in_the_order_they_were_given(
    real_kafka: RealKafka, producer: Producer, topics: Topics
) -> None:
    await producer.publish([Outgoing(topics.events, b"k", b"%d" % number) for number in range(500)])

    records = await read_topic(real_kafka.bootstrap, topics.events)
    assert [each.value for each in records] == [b"%d" % number for number in range(500)]


async def test_a_record_without_key_and_value_is_sent_like_any_other(
    real_kafka: RealKafka, producer: Producer, topics: Topics
) -> None:
    await producer.publish([Outgoing(topics.events, None, None, [("why", b"x")], partition=2)])

    (record,) = await read_topic(real_kafka.bootstrap, topics.events)
    assert (record.partition, record.key, record.value, record.headers) == (2, None, None, (("why", b"x"),))


async def test_a_record_over_the_limit_says_which_others_are_safe_and_the_next_publish_works(
    real_kafka: RealKafka, producer: Producer, topics: Topics
) -> None:
    records = [
        Outgoing(topics.events, b"k", b"first"),
        Outgoing(topics.events, b"k", b"x" * (MAX_LETTER_BYTES + 1)),
        Outgoing(topics.events, b"k", b"third"),
    ]
    with pytest.raises(NotAcknowledgedError, match="of 3 records not acknowledged") as refused:
        await producer.publish(records)
    assert refused.value.acknowledged[1:] == [False, False]

    await producer.publish([Outgoing(topics.events, b"k", b"after")])
    values = [each.value for each in await read_topic(real_kafka.bootstrap, topics.events)]
    assert b"third" not in values
    assert values[-1] == b"after"
    assert (b"first" in values) >= refused.value.acknowledged[0]


async def test_a_topic_that_is_not_there_is_an_error_in_time_and_of_readiness(
    producer: Producer, topics: Topics
) -> None:
    with pytest.raises(NotAcknowledgedError):
        await producer.publish([Outgoing("no.such.topic", b"k", json.dumps({}).encode())], within=0.5)
    await producer.check(topics.events)
    with pytest.raises(LookupError, match=r"no\.such\.topic does not exist"):
        await producer.check("no.such.topic")


async def test_a_broker_that_is_not_there_is_an_error_in_time(free_port: int) -> None:
    away = Producer(KafkaSettings(kafka_bootstrap=f"127.0.0.1:{free_port}"), client_id="test")
    with pytest.raises(NotAcknowledgedError, match="1 of 1 records"):
        await away.publish([Outgoing("events", b"k", b"v")], within=1)
