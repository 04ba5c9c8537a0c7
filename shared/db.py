"""PostgreSQL: engines, raw connections and migrations. SQL itself lives in each service's `store/`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.database_url import database_address
from shared.settings import DatabaseSettings

# A client-side deadline: a statement without an answer by then has an unknown outcome.
COMMAND_TIMEOUT_SECONDS = 10.0
OUTAGES = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    TimeoutError,
)
"""What a database that is away looks like. A statement that ended so may or may not have been carried out.

The internal error is asyncpg's where the server's last word comes while a statement is about to be sent.
"""


class NotMigratedError(Exception):
    """The tables are not what the programs expect; it says why in the database's words, or the network's."""


# The server's own limits, so that a stopped process cannot block its successor.
SERVER_LIMITS = {
    "idle_in_transaction_session_timeout": "5000",
    "lock_timeout": "5000",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}


def create_engine(settings: DatabaseSettings, schema: str, *, pool_size: int = 5) -> AsyncEngine:
    """An engine whose connections see `schema` first. Dispose of it when done. Its errors show no data."""
    return create_async_engine(
        "postgresql+asyncpg://",
        pool_size=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=_arguments(settings, schema),
    )


async def connect(settings: DatabaseSettings, schema: str) -> "asyncpg.Connection[Any]":
    """One raw connection for a hot path. The caller closes it."""
    return await asyncpg.connect(**_arguments(settings, schema))


def _arguments(settings: DatabaseSettings, schema: str) -> dict[str, Any]:
    """How every connection is made."""
    return {
        "timeout": COMMAND_TIMEOUT_SECONDS,
        "command_timeout": COMMAND_TIMEOUT_SECONDS,
        **database_address(str(settings.database_url)).arguments({"search_path": schema, **SERVER_LIMITS}),
    }


async def migrate(settings: DatabaseSettings, schema: str, scripts: Path) -> None:
    """Bring `schema` up to the newest migration in `scripts`, under a lock so that two replicas may start at once.

    Raises NotMigratedError where the database is away, does not let us in, or refuses a statement.
    """
    engine = create_engine(settings, schema)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"migrate {schema}"}
            )
            await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            await connection.run_sync(_upgrade(schema, scripts))
    except (SQLAlchemyError, *OUTAGES) as error:
        raise NotMigratedError(f"the tables of schema {schema} are not migrated: {error}") from error
    finally:
        await engine.dispose()


def _upgrade(schema: str, scripts: Path) -> Callable[[Connection], None]:
    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = connection
        config.attributes["schema"] = schema
        command.upgrade(config, "head")

    return run
