"""Where the worker's group stands, as lag tools and the service's own gauges and probes see it."""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.events import clock
from tests.integration.warning.conftest import Deployment, RunWorker
from tests.kafka_records import committed
from tests.topics import PARTITIONS, until


async def _stands_at(deployment: Deployment, *ends: int) -> None:
    group = deployment.topics.group("warning", deployment.topics.events)

    async def there() -> bool:
        found = await committed(deployment.settings.kafka_bootstrap, group, deployment.topics.events)
        return [found.get(each) for each in range(PARTITIONS)] == list(ends)

    await until(there, what=f"Kafka is told that the group stands at {ends}")


async def test_once_nothing_is_left_the_group_stands_where_the_log_ends(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    async with run_worker():
        for day in range(1, 6):  # the last ones come within a second of the commit before
            await deployment.append(clock(f"2025-01-0{day}"))
            await deployment.caught_up()
        await _stands_at(deployment, 5, 5, 5, 5)


async def test_what_a_worker_that_died_did_not_tell_kafka_its_successor_tells_though_nothing_new_comes(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    await deployment.append(*(clock(f"2025-01-0{day}") for day in range(1, 6)))
    async with run_worker():
        await deployment.caught_up()
    group = deployment.topics.group("warning", deployment.topics.events)
    places = [TopicPartition(deployment.topics.events, each) for each in range(PARTITIONS)]
    async with AIOKafkaConsumer(bootstrap_servers=deployment.settings.kafka_bootstrap, group_id=group) as outside:
        outside.assign(places)
        await outside.commit(dict.fromkeys(places, 2))
    await _stands_at(deployment, 2, 2, 2, 2)

    async with run_worker():
        await _stands_at(deployment, 5, 5, 5, 5)


async def test_a_transactions_marker_at_the_end_of_the_log_is_nothing_to_be_behind_of(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    await deployment.append(clock("2025-01-01"))
    restoring = AIOKafkaProducer(
        bootstrap_servers=deployment.settings.kafka_bootstrap, transactional_id=deployment.topics.prefix
    )
    async with restoring, restoring.transaction():
        await restoring.send_and_wait(deployment.topics.events, b"no event", partition=0)
    async with run_worker() as metrics:
        await _stands_at(deployment, 3, 1, 1, 1)
        await metrics.lag.check(0.001)
