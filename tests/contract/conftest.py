"""The three services running, each once for all the tests of its contract."""

import asyncio
from collections.abc import Iterator

import pytest

from deploy.local.postgres import EmbeddedPostgres
from deploy.local.services import ServiceName
from tests.guarded import SERVICES, Guarded, start_guarded

Running = dict[ServiceName, Guarded]


@pytest.fixture(scope="session")
def running(
    embedded_broker: str, postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """They ask for keys, share nothing, and must end well and without a traceback."""
    started: Running = {}
    for name in SERVICES:
        url = asyncio.run(postgres_server.create_database(f"contract_{name}"))
        started[name] = start_guarded(name, embedded_broker, url, tmp_path_factory.mktemp(name))
    yield started
    for name, each in started.items():
        assert each.service.process.stop() == 0
        assert "Traceback" not in each.service.process.log_text()
        asyncio.run(postgres_server.drop_database(f"contract_{name}"))
