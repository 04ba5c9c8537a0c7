"""The ordered producer survives what breaks it, and says of each record whether it is safe."""

import json
from collections.abc import AsyncIterator

import pytest

from deploy.local.kafka import RealKafka
from shared.kafka.dead_letters import Origin, dead_letter
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer
from shared.kafka.topics import MAX_LETTER_BYTES, Topics
from shared.settings import KafkaSettings
from tests.integration.ingest.conftest import make_topics
from tests.kafka_records import create_topic, read_topic


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


async def test_a_record_that_the_broker_will_never_take_is_told_from_its_neighbours(
    real_kafka: RealKafka, producer: Producer, topics: Topics
) -> None:
    compacted = await create_topic(real_kafka.bootstrap, f"{topics.prefix}compacted", {"cleanup.policy": "compact"})
    first, second = (Outgoing(compacted, b"k", each, partition=0) for each in (b"1", b"2"))
    no_key = Outgoing(compacted, None, b"a compacted topic takes none", partition=0)
    with pytest.raises(NotAcknowledgedError, match="InvalidRecordError") as error:
        await producer.publish([first, Outgoing(topics.events, b"k", b"other"), no_key, second])
    assert error.value.refused == 2
    assert error.value.acknowledged == [True, True, False, False]

    await producer.publish([second])
    assert [each.value for each in await read_topic(real_kafka.bootstrap, compacted)] == [b"1", b"2"]


async def test_records_that_are_too_large_together_are_published_one_by_one(
    real_kafka: RealKafka, producer: Producer, topics: Topics
) -> None:
    narrow = await create_topic(real_kafka.bootstrap, f"{topics.prefix}narrow", {"max.message.bytes": "10000"})
    records = [Outgoing(narrow, b"k", b"%d" % number + bytes(4_000)) for number in range(10)]

    await producer.publish(records)

    assert [each.value for each in await read_topic(real_kafka.bootstrap, narrow)] == [each.value for each in records]


@pytest.mark.parametrize("record", [("a partition that is not there", 99), ("a name that is no text", None)])
async def test_a_record_that_cannot_even_be_written_is_refused(
    record: tuple[str, int | None], producer: Producer, topics: Topics
) -> None:
    name = "\udcff" if record[1] is None else "n"
    with pytest.raises(NotAcknowledgedError, match="expected a record that can be written") as error:
        await producer.publish([Outgoing(topics.warnings, b"k", b"v", [(name, b"")], partition=record[1])])
    assert error.value.refused == 0


async def test_the_largest_letter_fits_its_topic_and_a_byte_more_does_not(
    real_kafka: RealKafka, producer: Producer, topics: Topics
) -> None:
    record = Outgoing(topics.inbound, b"k" * 2_000_000, b"v" * 2_000_000, [("h", b"h" * 2_000_000)])
    letter = dead_letter(topics.dead_letters, record, Origin("t", 1, 2), service="s", reason="r", detail="d" * 9_000)
    await producer.publish([letter])

    larger = letter._replace(value=(letter.value or b"") + bytes(100))
    with pytest.raises(NotAcknowledgedError):
        await producer.publish([larger])
    (there,) = await read_topic(real_kafka.bootstrap, topics.dead_letters)
    assert (there.key, there.value) == (letter.key, letter.value)


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
