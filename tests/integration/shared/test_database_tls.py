"""Each `sslmode`, on servers with and without TLS, by both ways that services connect; libpq itself is the judge."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import cast

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import db
from shared.settings import DatabaseSettings
from tests.tls_postgres import TlsPostgres, programs, tls_postgres

ENCRYPTED = "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
Ask = Callable[[str], Awaitable[bool]]
REFUSALS = (OSError, asyncpg.PostgresError, DBAPIError)
REMEDY = "apt-get install postgresql"
NO_TLS = "rejected SSL upgrade|server does not support SSL"
UNKNOWN_AUTHORITY = "certificate verify failed"
NOT_ITS_NAME = "IP address mismatch|does not match host name"
NO_PROOF = "connection requires a valid client certificate"


@pytest.fixture(scope="module")
def server() -> Iterator[TlsPostgres]:
    folder = programs()
    if folder is None:
        pytest.skip(f"no PostgreSQL with TLS here: {REMEDY}")
    with tls_postgres(folder) as running:
        yield running


async def _raw(url: str) -> bool:
    connection = await db.connect(DatabaseSettings.model_validate({"database_url": url}), "public")
    try:
        return bool(await connection.fetchval(ENCRYPTED))
    finally:
        await connection.close()


async def _pooled(url: str) -> bool:
    engine = db.create_engine(DatabaseSettings.model_validate({"database_url": url}), "public")
    try:
        async with engine.connect() as connection:
            return bool((await connection.execute(text(ENCRYPTED))).scalar_one())
    finally:
        await engine.dispose()


async def _by_libpq(url: str) -> bool:
    """psql's answer: what holds for the others holds for it too, or they do not mean what libpq means."""
    folder = programs()
    assert folder is not None
    command = [str(folder / "psql"), "-XAt", url, "-c", ENCRYPTED]
    asked = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, failure = await asked.communicate()
    if asked.returncode:
        raise ConnectionError(failure.decode())
    return said.decode().strip() == "t"


@pytest.fixture(params=[_raw, _pooled, _by_libpq])
def encrypted(request: pytest.FixtureRequest) -> Ask:
    """Connects, and says whether the server sees the connection as encrypted."""
    if request.param is _by_libpq and programs() is None:
        pytest.skip(f"no psql here: {REMEDY}")
    return cast("Ask", request.param)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("disable", False),
        ("allow", False),
        ("prefer", True),
        ("require", True),
        ("verify-ca", True),
        ("verify-full", True),
    ],
)
async def test_with_tls_on_the_server_a_mode_encrypts_or_not(
    server: TlsPostgres, encrypted: Ask, mode: str, expected: bool
) -> None:
    assert await encrypted(server.url("postgres", f"sslmode={mode}&sslrootcert={server.authority}")) is expected


async def test_what_is_not_said_is_preferred(server: TlsPostgres, encrypted: Ask) -> None:
    assert await encrypted(server.url("postgres", ""))


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
async def test_without_tls_on_the_server_a_mode_that_does_not_insist_goes_on_without(
    database_url: str, encrypted: Ask, mode: str
) -> None:
    assert not await encrypted(f"{database_url}?sslmode={mode}")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_without_tls_on_the_server_a_mode_that_insists_does_not_connect(
    database_url: str, server: TlsPostgres, encrypted: Ask, mode: str
) -> None:
    with pytest.raises(REFUSALS, match=NO_TLS):
        await encrypted(f"{database_url}?sslmode={mode}&sslrootcert={server.authority}")


async def test_require_alone_asks_for_no_proof(server: TlsPostgres, encrypted: Ask) -> None:
    assert await encrypted(server.url("postgres", "sslmode=require", "127.0.0.1"))


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_server_that_another_authority_vouches_for_is_not_taken(
    server: TlsPostgres, encrypted: Ask, mode: str
) -> None:
    with pytest.raises(REFUSALS, match=UNKNOWN_AUTHORITY):
        await encrypted(server.url("postgres", f"sslmode={mode}&sslrootcert={server.stranger}"))


async def test_a_servers_name_counts_for_verify_full_alone(server: TlsPostgres, encrypted: Ask) -> None:
    assert await encrypted(server.url("postgres", f"sslmode=verify-ca&sslrootcert={server.authority}", "127.0.0.1"))

    with pytest.raises(REFUSALS, match=NOT_ITS_NAME):
        await encrypted(server.url("postgres", f"sslmode=verify-full&sslrootcert={server.authority}", "127.0.0.1"))


@pytest.mark.parametrize("connected", [_raw, _pooled])
async def test_the_systems_authorities_do_not_vouch_for_ones_own(server: TlsPostgres, connected: Ask) -> None:
    with pytest.raises(REFUSALS, match=UNKNOWN_AUTHORITY):
        await connected(server.url("postgres", "sslrootcert=system"))


async def test_a_client_proves_itself_by_a_certificate(server: TlsPostgres, encrypted: Ask) -> None:
    proof = f"sslcert={server.certificate}&sslkey={server.key}"

    assert await encrypted(server.url("certified", f"sslmode=verify-full&sslrootcert={server.authority}&{proof}"))
    with pytest.raises(REFUSALS, match=NO_PROOF):
        await encrypted(server.url("certified", f"sslmode=verify-full&sslrootcert={server.authority}"))


async def test_allow_and_prefer_come_the_other_way_where_a_server_insists(server: TlsPostgres, encrypted: Ask) -> None:
    assert await encrypted(server.url("encrypted", "sslmode=allow"))
    assert not await encrypted(server.url("plain", "sslmode=prefer"))
