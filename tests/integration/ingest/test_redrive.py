"""Dead letters go back to where they came from, each by one run only."""

import asyncio
import json
import sys
from collections import Counter

import pytest

from deploy.local.kafka import RealKafka
from deploy.local.processes import ROOT
from services.ingest.redrive.run import Redriven, Wanted, redrive
from shared.events import example
from shared.kafka.dead_letters import Origin, dead_letter
from shared.kafka.partitions import partition_of
from shared.kafka.producer import Outgoing
from shared.kafka.topics import Topics
from shared.settings import KafkaSettings
from tests.batches import REASONS, unreadable
from tests.integration.ingest.conftest import make_topics
from tests.kafka_records import Plain, read_topic, write_batches, write_topic

EVENT = json.dumps(example("loan.closed")).encode()


@pytest.fixture
async def topics(real_kafka: RealKafka) -> Topics:
    return await make_topics(real_kafka.bootstrap)


@pytest.fixture
def settings(real_kafka: RealKafka, topics: Topics) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=real_kafka.bootstrap, kafka_topic_prefix=topics.prefix)


def letter(topics: Topics, key: str, reason: str, *, origin: str, partition: int = 3, value: bytes = EVENT) -> Plain:
    record = Outgoing(origin, key.encode(), value, [("content-type", b"application/cloudevents+json")])
    place = Origin(origin, partition, 7)
    made = dead_letter(topics.dead_letters, record, place, service="x", reason=reason, detail="because")
    return made.key, made.value, made.headers


async def test_a_letter_goes_back_as_it_was_to_its_partition_or_to_its_keys(
    settings: KafkaSettings, topics: Topics
) -> None:
    letters = [
        letter(topics, "B-1", "ahead_of_clock", origin=topics.inbound),
        letter(topics, "B-1", "wrong_partition", origin=topics.events),
    ]
    await write_topic(settings.kafka_bootstrap, topics.dead_letters, letters)

    done = await redrive(settings, Wanted())

    expected = Counter({(topics.inbound, "ahead_of_clock"): 1, (topics.events, "wrong_partition"): 1})
    assert done == Redriven(sent=expected)
    (inbound,) = await read_topic(settings.kafka_bootstrap, topics.inbound)
    (event,) = await read_topic(settings.kafka_bootstrap, topics.events)
    headers = (("content-type", b"application/cloudevents+json"),)
    assert (inbound.partition, inbound.key, inbound.value, inbound.headers) == (3, b"B-1", EVENT, headers)
    assert (event.partition, event.key, event.value, event.headers) == (partition_of(b"B-1", 4), b"B-1", EVENT, headers)


async def test_each_letter_is_sent_by_one_run_only_whatever_the_filters(
    settings: KafkaSettings, topics: Topics
) -> None:
    reasons = ["a", "b", "a", "c", "b"]
    letters = [letter(topics, f"B-{i}", reason, origin=topics.inbound) for i, reason in enumerate(reasons)]
    await write_topic(settings.kafka_bootstrap, topics.dead_letters, letters)

    async def run(*only: str) -> tuple[int, int]:
        done = await redrive(settings, Wanted(frozenset(only)))
        return done.sent.total(), done.left.total()

    assert [await run("b"), await run("b"), await run("c"), await run(), await run()] == [
        (2, 3), (0, 3), (1, 2), (2, 0), (0, 0),
    ]  # fmt: skip
    keys = [record.key for record in await read_topic(settings.kafka_bootstrap, topics.inbound)]
    assert keys == [b"B-1", b"B-4", b"B-3", b"B-0", b"B-2"]


async def test_only_letters_of_the_origin_asked_for_are_sent(settings: KafkaSettings, topics: Topics) -> None:
    letters = [letter(topics, "B-1", "a", origin=origin) for origin in (topics.inbound, topics.events)]
    await write_topic(settings.kafka_bootstrap, topics.dead_letters, letters)

    done = await redrive(settings, Wanted(origins=frozenset([topics.events])))

    assert done == Redriven(sent=Counter({(topics.events, "a"): 1}), left=Counter({(topics.inbound, "a"): 1}))
    assert await read_topic(settings.kafka_bootstrap, topics.inbound) == []


async def test_what_cannot_be_sent_is_said_once_and_stops_nothing(settings: KafkaSettings, topics: Topics) -> None:
    letters: list[Plain] = [
        letter(topics, "B-1", "too_large", origin=topics.inbound, value=b"x" * 1_000_000),
        letter(topics, "B-1", "left_where_it_was", origin=topics.inbound, value=b"x" * 1_100_000),
        letter(topics, "B-1", "foreign", origin="another.topic"),
        (None, b"no letter at all", []),
        letter(topics, "B-1", "no_such_partition", origin=topics.inbound, partition=99),
        letter(topics, "B-1", "fine", origin=topics.inbound),
    ]
    await write_topic(settings.kafka_bootstrap, topics.dead_letters, letters)

    done = await redrive(settings, Wanted())

    assert done.sent == Counter({(topics.inbound, "fine"): 1})
    assert sorted(reason for _, reason in done.unsendable) == [
        "",
        "foreign",
        "left_where_it_was",
        "no_such_partition",
        "too_large",
    ]
    assert await redrive(settings, Wanted()) == Redriven()


async def test_letters_that_no_client_can_read_are_said_once_and_stop_nothing(
    settings: KafkaSettings, topics: Topics
) -> None:
    await write_batches(settings.kafka_bootstrap, topics.dead_letters, unreadable().values())
    await write_topic(
        settings.kafka_bootstrap, topics.dead_letters, [letter(topics, "B-1", "fine", origin=topics.inbound)]
    )

    done = await redrive(settings, Wanted())

    assert (done.sent.total(), done.unsendable.total()) == (1, len(REASONS))
    assert await redrive(settings, Wanted()) == Redriven()


async def test_the_command_says_what_it_did(settings: KafkaSettings, topics: Topics) -> None:
    letters = [letter(topics, "B-1", reason, origin=topics.inbound) for reason in ("a", "a", "b")]
    await write_topic(settings.kafka_bootstrap, topics.dead_letters, letters)

    command = [sys.executable, "-m", "services.ingest", "redrive", "--reason", "a"]
    env = {"KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "KAFKA_TOPIC_PREFIX": topics.prefix}
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()

    assert process.returncode == 0
    assert said.decode().splitlines() == [
        f"2 sent again to {topics.inbound}: a",
        f"1 not asked for, of {topics.inbound}: b",
        "2 of 3 dead letters sent again",
    ]
