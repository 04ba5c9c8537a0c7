"""Bellwether whole on one machine: a database, a broker and the three services, each a process of its own."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import processes
from deploy.local.broker import running_broker
from deploy.local.postgres import embedded_postgres
from deploy.local.services import COMMAND_SECONDS, Service, ServiceName, start_command, start_service

DATABASE = "bellwether"
SERVICES: tuple[ServiceName, ...] = ("ingest", "warning", "notifier")
MIGRATIONS: dict[ServiceName, list[str]] = {"warning": ["migrate", "--no-topics"], "notifier": ["migrate"]}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """The running services, by name, and the processes they lean on."""

    services: Mapping[ServiceName, Service]
    servers: Sequence[processes.Child] = ()

    def url(self, name: ServiceName) -> str:
        return self.services[name].url

    def check(self) -> None:
        """Raises ChildFailedError, with the end of its log, where the database, the broker or a service has ended."""
        for process in (*self.servers, *(service.process for service in self.services.values())):
            if process.exit_code is not None:
                raise process.failure(f"ended with exit code {process.exit_code}")


@contextmanager
def embedded_stack(
    env: Mapping[str, str], say: Say, *, ports: Mapping[ServiceName, int] | None = None
) -> Iterator[Stack]:
    """Everything embedded and ready; nothing of it is left at the end. `env` holds further settings of the services.

    `ports` are for services whose address has to be known before they run; the others get free ones.
    Raises ChildFailedError, with the end of the log, for what does not come up.
    """
    with ExitStack() as cleanup:
        logs = processes.scratch_directory("logs")
        say("starting an embedded PostgreSQL")
        postgres = cleanup.enter_context(embedded_postgres())
        say("starting an embedded Kafka-protocol broker (in memory, for trying only: it forgets what it held)")
        broker = cleanup.enter_context(running_broker())
        database_url = asyncio.run(postgres.create_database(DATABASE))
        settings = {**env, "KAFKA_BOOTSTRAP": broker.bootstrap, "DATABASE_URL": database_url}
        say("creating the tables")
        _migrate(settings, logs)
        say("starting the services ingest, warning and notifier")
        services = cleanup.enter_context(_running(settings, logs, ports or {}))
        yield Stack(services, (postgres.process, broker.process))


def _migrate(settings: Mapping[str, str], logs: Path) -> None:
    started = [start_command(name, arguments, settings, logs=logs) for name, arguments in MIGRATIONS.items()]
    for command in started:
        command.succeed(COMMAND_SECONDS)


@contextmanager
def _running(
    settings: Mapping[str, str], logs: Path, ports: Mapping[ServiceName, int]
) -> Iterator[dict[ServiceName, Service]]:
    """All services ready; all asked to stop at once at the end."""
    started: dict[ServiceName, Service] = {}
    try:
        for name in SERVICES:
            started[name] = start_service(name, settings, logs=logs, port=ports.get(name))
        for service in started.values():
            service.wait_ready()
        yield started
    finally:
        for service in started.values():
            service.process.ask_to_stop()
        for service in started.values():
            service.process.stop()
