"""Replicas of a notifier over one database, told of changes and of time."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.api.notifications import NotificationDesk
from services.notifier.configuration import Configuration
from services.notifier.consuming.telling import Telling, Told
from services.notifier.core.silencing import Silence
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import silences
from services.notifier.store.connection import Connection
from services.notifier.store.taking import Taken, see
from services.notifier.timekeeping.due import Due
from shared.clock import ManualClock
from shared.warnings import WarningChange


class House:
    """The replicas, one for each connection; `kind` is what their timekeepers look after."""

    def __init__(
        self,
        configuration: Configuration,
        kind: Callable[[Configuration, Metrics], Due],
        connections: Sequence[Connection],
        clock: ManualClock,
    ) -> None:
        self.configuration = configuration
        self.metrics = Metrics(CollectorRegistry())
        self.due = kind(configuration, self.metrics)
        self.connections = connections
        self.clock = clock

    async def hear(self, *changes: WarningChange, replica: int = 0) -> Told:
        """Take changes in, as intake does."""
        batch = [Taken(each, each.model_dump_json().encode(), None) for each in changes]
        now = self.clock.now()
        async with self.connections[replica].transaction() as inside:
            fresh = await see(inside, batch, now)
            return await Telling(self.configuration).tell(inside, fresh, now)

    async def turn(self, replica: int = 0) -> set[str]:
        """One turn of one replica's timekeeper."""
        async with self.connections[replica].transaction() as inside:
            return await self.due.take(inside, self.clock.now())

    async def silence(self, silence: Silence) -> None:
        async with self.connections[0].transaction() as inside:
            await silences.add(inside, silence, self.clock.now())

    async def why(self, number: int, receiver: str = "desk") -> list[tuple[str, str]]:
        """What the API says of a warning for a receiver: each state, and why."""
        desk = NotificationDesk(self.connections[0], lambda: self.configuration.escalations)
        answer = await desk.of(UUID(int=number))
        return [(each.state, each.why) for each in answer.notifications if each.receiver == receiver]

    async def rows(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        async with self.connections[0].statements() as inside:
            return [tuple(row) for row in await inside.fetch(sql, *given)]


@pytest.fixture
async def connections(settings: NotifierSettings) -> AsyncIterator[Sequence[Connection]]:
    """One for each of three replicas."""
    opened = [Connection(settings) for _ in range(3)]
    yield opened
    for each in opened:
        await each.close()
