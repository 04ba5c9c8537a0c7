"""On a real Kafka: a consumer that hangs shows it, and one that has nothing more to do has committed all of the log."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry

from deploy.local.kafka import RealKafka
from shared.kafka.connection import consumer
from shared.kafka.ends import LogEnds
from shared.kafka.lag import Lag, NoProgressError
from shared.kafka.member import Attempt, Member, Records, each_of
from shared.settings import KafkaSettings
from tests.integration.ingest.conftest import make_topics
from tests.kafka_records import committed, write_topic
from tests.topics import until
from tests.waiting import until as until_it_holds

ISOLATION = "read_committed"


class Reader:
    """A member of a group on one topic, which deals with a fetch once `open` is set, and what it shows of itself."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.open = asyncio.Event()
        self.taken: list[bytes] = []
        self.group = f"g{secrets.token_hex(5)}"
        self.registry = CollectorRegistry()
        self.lag = Lag("x", self.registry)
        self._topic = topic
        connect = partial(consumer, KafkaSettings(kafka_bootstrap=bootstrap), isolation_level=ISOLATION)
        self.member = Member(partial(connect, group=self.group), topic, self._take, most=100, lag=self.lag)
        self.ends = LogEnds(partial(connect, group=None), self.lag, every=0.05)

    def _take(self, records: Records) -> Attempt:
        async def attempt() -> bool:
            await self.open.wait()
            self.taken += [each.value for each in each_of(records)]
            return True

        return attempt

    def shows(self, what: str) -> float | None:
        """The gauge of this name, of partition 0."""
        place = {"topic": self._topic, "partition": "0"}
        labels = {"topic": self._topic} if what == "in_hand_seconds" else place
        return self.registry.get_sample_value(f"bellwether_x_{what}", labels)


@asynccontextmanager
async def reading(bootstrap: str, topic: str) -> AsyncIterator[Reader]:
    reader, stop = Reader(bootstrap, topic), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(reader.member.run(stop))
        group.create_task(reader.ends.run(stop))
        try:
            yield reader
        finally:
            reader.open.set()
            stop.set()


async def write(bootstrap: str, topic: str, count: int) -> None:
    await write_topic(bootstrap, topic, [(None, b"x", [])] * count, partition=0)


async def test_what_waits_grows_and_ages_while_a_handler_hangs_and_readiness_hears_of_it(
    real_kafka: RealKafka,
) -> None:
    topics = await make_topics(real_kafka.bootstrap)
    await write(real_kafka.bootstrap, topics.inbound, 3)
    async with reading(real_kafka.bootstrap, topics.inbound) as reader:
        await until_it_holds(lambda: reader.shows("records_behind") == 3)
        await write(real_kafka.bootstrap, topics.inbound, 5)
        await until_it_holds(lambda: reader.shows("records_behind") == 8)
        ages = ("in_hand_seconds", "seconds_behind", "stalled_seconds")
        before = [reader.shows(each) for each in ages]
        assert all(before)
        await until_it_holds(
            lambda: all((reader.shows(each) or 0) > (was or 0) for each, was in zip(ages, before, strict=True))
        )
        await until_it_holds(lambda: (reader.shows("stalled_seconds") or 0) > 0.1)
        with pytest.raises(NoProgressError, match=rf"none is dealt with: {topics.inbound} 0 for"):
            await reader.lag.check(0.1)

        reader.open.set()
        await until_it_holds(lambda: len(reader.taken) == 8)
        await until_it_holds(lambda: reader.shows("records_behind") == reader.shows("in_hand_seconds") == 0)
        await reader.lag.check(0.1)


@pytest.mark.parametrize("last_one_kept", [True, False])
async def test_with_nothing_more_to_read_the_group_stands_where_the_log_ends_behind_transactions_too(
    real_kafka: RealKafka, last_one_kept: bool
) -> None:
    topics = await make_topics(real_kafka.bootstrap)
    core = AIOKafkaProducer(bootstrap_servers=real_kafka.bootstrap, transactional_id=f"{topics.prefix}core")
    async with core, reading(real_kafka.bootstrap, topics.inbound) as reader:
        reader.open.set()
        for kept in (True, last_one_kept):
            await core.begin_transaction()
            await core.send_and_wait(topics.inbound, b"x", partition=0)
            await (core.commit_transaction() if kept else core.abort_transaction())

        async def at_the_end() -> bool:
            with suppress(KeyError):
                return (await committed(real_kafka.bootstrap, reader.group, topics.inbound))[0] == 4
            return False

        await until(at_the_end, what="the group stands at the end")
        assert len(reader.taken) == 1 + last_one_kept
        await until_it_holds(lambda: reader.shows("records_behind") == reader.shows("stalled_seconds") == 0)
