"""On a real Kafka the watchdog tells a consumer that stands still from a log that only seems to have more."""

from aiokafka import AIOKafkaProducer, TopicPartition

from deploy.local.kafka import RealKafka
from shared.kafka.connection import consumer
from shared.kafka.watchdog import Watchdog
from shared.settings import KafkaSettings
from tests.integration.ingest.conftest import make_topics


async def test_a_log_that_ends_in_a_transaction_taken_back_has_nothing_more(real_kafka: RealKafka) -> None:
    topics = await make_topics(real_kafka.bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=real_kafka.bootstrap, transactional_id=f"{topics.prefix}core")
    await producer.start()
    for kept in (True, False):
        await producer.begin_transaction()
        await producer.send_and_wait(topics.inbound, b"x", partition=0)
        await (producer.commit_transaction() if kept else producer.abort_transaction())
    await producer.stop()
    reader = consumer(KafkaSettings(kafka_bootstrap=real_kafka.bootstrap), group=None, isolation_level="read_committed")
    await reader.start()
    try:
        place = TopicPartition(topics.inbound, 0)
        reader.assign([place])
        while not await reader.getmany(timeout_ms=200):
            pass
        watchdog = Watchdog(reader, patience=0)
        for _ in range(4):
            assert not await reader.getmany(timeout_ms=200)
            await watchdog.look(progressed=False)
        assert await reader.position(place) == (await reader.end_offsets([place]))[place] == 4
    finally:
        await reader.stop()
