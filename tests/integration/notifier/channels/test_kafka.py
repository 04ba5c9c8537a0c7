"""The Kafka channel on brokers: what a reader gets, read by the CloudEvents SDK, and what becomes of failures."""

import socket
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import ConsumerRecord
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat
from pydantic import ValidationError

from deploy.local.kafka import RealKafka
from services.notifier.channels.kafka.channel import Kafka
from services.notifier.channels.kafka.settings import KafkaReceiverSettings
from services.notifier.core.message import Purpose
from services.notifier.core.verdict import Delivered, Refused, Retry
from shared.settings import KafkaSettings
from tests.changes import change, recovery
from tests.channels import ID, message, sent, several


def _settings(bootstrap: str, topic: str = "risk.warnings", **settings: Any) -> KafkaReceiverSettings:
    written = {"channel": "kafka", "bootstrap": bootstrap, "topic": topic, **settings}
    return KafkaReceiverSettings.model_validate(written)


async def _records(bootstrap: str, topic: str, number: int) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None)
    await consumer.start()
    try:
        return [await anext(consumer) for _ in range(number)]
    finally:
        await consumer.stop()


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 3, 1)])
    finally:
        await admin.close()


@pytest.fixture(params=["embedded", "real"])
async def place(request: pytest.FixtureRequest, topic_prefix: str) -> tuple[str, str]:
    """A broker's address and a topic on it: the embedded one makes topics when they are first used."""
    topic = f"{topic_prefix}risk"
    if request.param == "embedded":
        return str(request.getfixturevalue("embedded_broker")), topic
    kafka: RealKafka = request.getfixturevalue("real_kafka")
    await _create(kafka.bootstrap, topic)
    return kafka.bootstrap, topic


async def test_the_cloudevents_sdk_reads_what_was_published(place: tuple[str, str]) -> None:
    bootstrap, topic = place
    channel = Kafka(_settings(bootstrap, topic))
    verdicts = [await channel.send(message()), await sent(channel, message(recovery()))]

    assert verdicts == [Delivered(), Delivered()]
    raised, cleared = await _records(bootstrap, topic, 2)
    assert (raised.key, raised.partition) == (b"TEST-0001", cleared.partition)
    event = from_binary_event(KafkaMessage(dict(raised.headers), raised.key, raised.value), JSONFormat())
    assert event.get_id() == str(change().change_id)
    assert event.get_source() == "/bellwether/warning"
    assert event.get_type() == "warning.raised"
    assert event.get_subject() == "TEST-0001"
    assert event.get_time() == change().at
    assert event.get_extension("partitionkey") == "TEST-0001"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == change().model_dump(mode="json")


async def test_a_repeated_message_is_known_by_its_source_and_id(embedded_broker: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}risk"
    channel = Kafka(_settings(embedded_broker, topic))
    await channel.send(message())
    await sent(channel, message(sent_at=change().at + timedelta(hours=1)))

    first, second = await _records(embedded_broker, topic, 2)
    assert (first.headers, first.value) == (second.headers, second.value)


async def test_nobody_listening_is_tried_again(free_port: int) -> None:
    verdict = await sent(Kafka(_settings(f"127.0.0.1:{free_port}")))

    assert isinstance(verdict, Retry)
    assert verdict.why.startswith("not acknowledged: KafkaConnectionError")


async def test_a_broker_that_says_nothing_costs_the_timeout_and_no_more(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)):
        verdict = await sent(Kafka(_settings(f"127.0.0.1:{free_port}", timeout="100ms")))

    assert verdict == Retry("no acknowledgement within 0.1 s: is there a topic risk.warnings?")


async def test_a_topic_that_is_not_there_yet_is_tried_again(real_kafka: RealKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}risk"
    verdict = await sent(Kafka(_settings(real_kafka.bootstrap, topic, timeout="300ms")))
    await _create(real_kafka.bootstrap, topic)

    assert isinstance(verdict, Retry)
    assert f"is there a topic {topic}?" in verdict.why
    assert await sent(Kafka(_settings(real_kafka.bootstrap, topic))) == Delivered()


async def test_after_a_failure_the_next_message_gets_through(
    embedded_broker: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise KafkaError("not now")

    channel = Kafka(_settings(embedded_broker, f"{topic_prefix}risk"))
    with monkeypatch.context() as broken:
        broken.setattr(AIOKafkaProducer, "send", refuse)
        first = await channel.send(message())
    second = await sent(channel)

    assert isinstance(first, Retry)
    assert second == Delivered()


async def test_a_message_larger_than_the_topic_takes_is_refused(embedded_broker: str, topic_prefix: str) -> None:
    text = change().text.model_copy(update={"en": "x" * 1_100_000})
    verdict = await sent(
        Kafka(_settings(embedded_broker, f"{topic_prefix}risk")), message(change().model_copy(update={"text": text}))
    )

    assert isinstance(verdict, Refused)
    assert MessageSizeTooLargeError.__name__ in verdict.why


def test_the_notifiers_own_kafka_settings_are_not_this_receivers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_USERNAME", "notifier")
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", "own.")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")

    cluster = _settings("kafka.example:9092").cluster()

    assert cluster == KafkaSettings.model_construct(kafka_bootstrap="kafka.example:9092")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"topic": "warnings"}, "warnings is one of Bellwether's"),
        ({"topic": "events.inbound"}, "events.inbound is one of Bellwether's"),
        ({"topic": "a/b"}, "expected a topic's name"),
        ({"topic": ".."}, "expected a topic's name"),
        ({"username": "u"}, "with a SASL security_protocol"),
        ({"security_protocol": "SASL_SSL"}, "with a SASL security_protocol"),
        ({"bootstrap": ""}, "expected host:port of one or more brokers"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        _settings(**{"bootstrap": "kafka.example:9092", **settings})


async def test_each_change_of_a_group_is_a_record_of_its_own(embedded_broker: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}risk"
    others = [change(number).model_copy(update={"borrower_id": f"B-{number}"}) for number in (2, 3)]
    verdict = await sent(Kafka(_settings(embedded_broker, topic)), several(*others, purpose=Purpose.DIGEST))

    assert verdict == Delivered()
    events = [
        from_binary_event(KafkaMessage(dict(each.headers), each.key, each.value), JSONFormat())
        for each in await _records(embedded_broker, topic, 3)
    ]
    told = {each.get_id(): each.get_data() for each in events}
    assert told == {str(each.change_id): each.model_dump(mode="json") for each in (change(), *others)}
    assert {each.get_type() for each in events} == {"warning.raised"}
    assert {each.get_subject() for each in events} == {"TEST-0001", "B-2", "B-3"}


@pytest.mark.parametrize("purpose", [Purpose.HEARTBEAT, Purpose.TEST])
async def test_a_proof_of_the_path_is_a_record_of_the_notifiers_own(
    embedded_broker: str, topic_prefix: str, purpose: Purpose
) -> None:
    topic = f"{topic_prefix}risk"
    await sent(Kafka(_settings(embedded_broker, topic)), replace(message(), purpose=purpose))

    [record] = await _records(embedded_broker, topic, 1)
    event = from_binary_event(KafkaMessage(dict(record.headers), record.key, record.value), JSONFormat())
    assert (event.get_type(), event.get_source()) == (f"notifier.{purpose}", "/bellwether/notifier")
    assert event.get_id() == str(ID)
    assert event.get_data() == {"purpose": purpose.value}
