"""What runs every few seconds beside the work: deadlines, old rows, and the size of the backlog."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from services.notifier.configuration import Configuration
from services.notifier.configuration.conduct import profiles
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import heartbeats
from services.notifier.store import housekeeping as store
from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.forgetting import Keep, forget, olds
from shared.clock import Clock

log = structlog.get_logger(__name__)

FORGET_EVERY = timedelta(hours=1)
"""Soon enough for what is kept for days: each time, what is old and still needed is looked at again."""


class Housekeeping:
    """Background work for `shared.run.serve`. Every replica does it; each step takes rows no other has."""

    def __init__(
        self,
        settings: NotifierSettings,
        configuration: Configuration,
        connection: Connection,
        *,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._configuration = configuration
        self._connection = connection
        self._clock = clock
        self._metrics = metrics
        self._forget_at: datetime | None = None
        self._backlog = store.Backlog()
        self._expected: dict[str, datetime] = {}
        metrics.oldest_pending_seconds.set_function(lambda: self._age(self._backlog.oldest))
        metrics.overdue_seconds.set_function(lambda: self._age(self._backlog.next_due))

    def use(self, configuration: Configuration) -> None:
        """Go on with this configuration."""
        self._configuration = configuration

    async def run(self, stop: asyncio.Event) -> None:
        """Do it until `stop`."""
        while not stop.is_set():
            try:
                await self.once(stop)
            except PASSING as error:
                log.warning("notifier.housekeeping.database_away", error=repr(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._settings.notifier_housekeeping_seconds)

    async def once(self, stop: asyncio.Event) -> None:
        """Everything once."""
        await self._measure()
        await self._measure_heartbeats()
        await self._expire()
        await self._free()
        if self._forget_at is None or self._clock.now() >= self._forget_at:
            await self._forget(stop)

    async def _measure(self) -> None:
        async with self._connection.statements() as connection:
            self._backlog = await store.backlog(connection)
        self._metrics.pending.set(self._backlog.pending)

    def _age(self, since: datetime | None) -> float:
        """Seconds gone by since then, whenever it is asked: it grows where a database that is away says nothing new."""
        return max(0.0, (self._clock.now() - since).total_seconds()) if since is not None else 0.0

    async def _measure_heartbeats(self) -> None:
        every = {
            name: settings.heartbeat
            for name, settings in self._configuration.receivers.items()
            if settings.heartbeat is not None
        }
        now = self._clock.now()
        self._expected = {name: self._expected.get(name, now) for name in every}
        async with self._connection.statements() as connection:
            latest = await heartbeats.latest(connection, list(every)) if every else {}
        self._metrics.heartbeat_timestamp.clear()
        self._metrics.heartbeat_interval.clear()
        for name, interval in every.items():
            at = latest.get(name, self._expected[name])
            self._metrics.heartbeat_timestamp.labels(name).set(at.timestamp())
            self._metrics.heartbeat_interval.labels(name).set(interval.total_seconds())

    async def _expire(self) -> None:
        async with self._connection.transaction() as connection:
            idle = await store.idle_receivers(connection, list(self._configuration.receivers))
            channels = await store.expire(connection, idle, self._clock.now()) if idle else []
        for channel in channels:
            self._metrics.deliveries.labels(channel, "expired").inc()
        if idle:
            log.warning("notifier.receivers.idle", receivers=idle, given_up=len(channels))

    async def _free(self) -> None:
        async with self._connection.transaction() as connection:
            if freed := await store.free_stuck(connection):
                log.warning("notifier.queue.freed", rows=freed)

    async def _forget(self, stop: asyncio.Event) -> None:
        now = self._clock.now()
        for old in olds(now, self._keep()):
            more = True
            while more and not stop.is_set():
                async with self._connection.transaction() as connection:
                    more = await forget(connection, old)
        self._forget_at = now + FORGET_EVERY

    def _keep(self) -> Keep:
        records = timedelta(days=self._settings.notifier_keep_days)
        storms = [each.storm.within for each in self._configuration.receivers.values() if each.storm is not None]
        return Keep(
            ids=timedelta(days=self._settings.notifier_remember_days),
            records=records,
            touches=max(records, *(each.memory for each in profiles().values())),
            flow=max(storms, default=timedelta()),
        )
