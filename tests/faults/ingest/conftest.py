"""A Kafka that a test may freeze and kill, and an ingest on it."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from deploy.local.kafka import RealKafka
from deploy.local.kafka import real_kafka as run_real_kafka
from tests.conftest import require_real_kafka


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[RealKafka]:
    """For one file's tests. Each leaves it running."""
    require_real_kafka()
    with run_real_kafka() as kafka:
        yield kafka


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
