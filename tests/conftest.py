"""What every test may ask for: real servers, a database and a topic prefix of its own; and no sockets in unit tests."""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.broker import embedded_broker as run_embedded_broker
from deploy.local.kafka import RealKafka, fetch_jars, missing_tools
from deploy.local.kafka import real_kafka as run_real_kafka
from deploy.local.ports import free_port as find_free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.postgres import embedded_postgres as run_embedded_postgres
from deploy.local.processes import heed_interrupts

UNIT_TESTS = Path(__file__).parent / "unit"
REAL_KAFKA_REQUIRED = os.environ.get("CI") == "true"

# A slow machine is no bug, so no deadline. CI draws the same examples each time; elsewhere they are fresh.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if REAL_KAFKA_REQUIRED else "dev")


# Where the run was started with SIGINT ignored, it and what it starts can be stopped all the same.
heed_interrupts()


def pytest_report_header() -> str:
    missing = missing_tools()
    return f"real Kafka: {'not here (needs ' + ' and '.join(missing) + ')' if missing else 'yes'}"


class SocketInUnitTestError(Exception):
    """A unit test reached for the network."""


def _refuse(*_: object, **__: object) -> None:
    raise SocketInUnitTestError("expected no network in tests/unit; move this test to tests/integration or use a fake")


@pytest.fixture(autouse=True)
def no_sockets_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting, listening and name look-ups raise in tests/unit; the event loop's own socket pair still works."""
    if UNIT_TESTS in request.path.parents:
        for method in ("connect", "connect_ex", "bind", "sendto"):
            monkeypatch.setattr(socket.socket, method, _refuse)
        monkeypatch.setattr(socket, "getaddrinfo", _refuse)


@pytest.fixture
def free_port() -> int:
    """A loopback port that nothing listens on."""
    return find_free_port()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """One real PostgreSQL for the whole run. A test that stops or crashes it starts one of its own instead."""
    with run_embedded_postgres() as server:
        yield server


@pytest.fixture
async def database_url(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """`DATABASE_URL` of a fresh, empty database; dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    yield await postgres_server.create_database(name)
    await postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def real_kafka() -> Iterator[RealKafka]:
    """One real Kafka for the whole run: topics go under `topic_prefix`. A test that harms it starts its own."""
    require_real_kafka()
    with run_real_kafka() as kafka:
        yield kafka


def require_real_kafka() -> None:
    """Skip where Java or Maven is missing; with CI=true fail instead."""
    if not (missing := missing_tools()) or REAL_KAFKA_REQUIRED:
        fetch_jars()
    else:
        pytest.skip(f"no real Kafka here: {' and '.join(missing)} not found")


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[str]:
    """The address of one embedded broker for the whole run: topics appear on first use, one member per group."""
    with run_embedded_broker() as bootstrap:
        yield bootstrap


@pytest.fixture(params=["embedded", "real"])
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """A broker's address: the test runs once on the embedded broker and once on a real Kafka."""
    if request.param == "embedded":
        return str(request.getfixturevalue("embedded_broker"))
    kafka: RealKafka = request.getfixturevalue("real_kafka")
    return kafka.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """`KAFKA_TOPIC_PREFIX` of this test alone."""
    return f"t{secrets.token_hex(5)}."
