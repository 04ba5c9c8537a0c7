"""What Kafka refuses for good never holds up what stands behind it, and is not lost."""

from collections.abc import Awaitable, Callable

import pytest

from services.ingest.redrive.run import Wanted, redrive
from shared.kafka.cloudevents import header
from shared.kafka.topics import create_topics
from shared.warnings import WarningChange
from tests.events import exposed
from tests.integration.warning.conftest import Deployment, RunWorker
from tests.kafka_records import create_topic, write_topic
from tests.topics import PARTITIONS, records

Narrow = Callable[[str, int], Awaitable[Deployment]]


@pytest.fixture
def narrow(deployment: Deployment) -> Narrow:
    """The deployment on other topics, of which an operator made one smaller than `migrate` does."""

    async def made(topic: str, max_bytes: int) -> Deployment:
        prefix = f"{deployment.settings.kafka_topic_prefix}narrow."
        settings = deployment.settings.model_copy(update={"kafka_topic_prefix": prefix})
        await create_topic(settings.kafka_bootstrap, f"{prefix}{topic}", {"max.message.bytes": str(max_bytes)})
        await create_topics(settings, partitions=PARTITIONS, replication=1)
        return Deployment(settings, deployment.connection)

    return made


async def test_a_change_that_topic_warnings_refuses_is_a_dead_letter_that_redrive_reads(
    narrow: Narrow, run_worker: RunWorker
) -> None:
    deployment = await narrow("warnings", 600)
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"), exposed("B1", "2025-01-02", "lender-2"))

    async with run_worker(settings=deployment.settings) as metrics:
        await deployment.caught_up()

    assert await deployment.told() == []
    (letter,) = await records(deployment.settings.kafka_bootstrap, deployment.topics.dead_letters)
    assert header(letter.headers, "bellwether_reason") == b"refused_by_broker"
    assert header(letter.headers, "bellwether_origin_topic") == deployment.topics.warnings.encode()
    assert WarningChange.model_validate_json(letter.value).borrower_id == "B1"
    assert (metrics.records_refused._value.get(), metrics.outbox_rows._value.get()) == (1, 0)
    again = await redrive(deployment.settings, Wanted())  # to a topic that is as small as before
    assert str(again).splitlines() == [
        f"1 cannot be sent to {deployment.topics.warnings}: refused_by_broker",
        "0 of 1 dead letters sent again",
    ]


async def test_a_dead_letter_that_its_topic_refuses_is_cut_and_the_changes_behind_it_are_told(
    narrow: Narrow, run_worker: RunWorker
) -> None:
    deployment = await narrow("events.dead-letter", 8_000)
    bootstrap, topic = deployment.settings.kafka_bootstrap, deployment.topics.events
    await write_topic(bootstrap, topic, [(b"k" * 500_000, b"{" * 400_000, [("h", b"h" * 90_000)])])
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"), exposed("B1", "2025-01-02", "lender-2"))

    async with run_worker(settings=deployment.settings):
        await deployment.caught_up()

    (told,) = await deployment.dead_letters()
    sizes = [told[f"bellwether_{each}_bytes"] for each in ("key", "headers", "value")]
    assert sizes == ["500000", "90001", "400000"]
    assert await deployment.told() == [("B1", "raised", "yellow")]
