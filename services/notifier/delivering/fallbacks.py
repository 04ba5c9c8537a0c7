"""Hands on what waits for receivers that cannot be told: disabled, or broken for longer than anyone should wait."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import structlog

from services.notifier.channels.settings import ReceiverSettings
from services.notifier.metrics import Metrics
from services.notifier.store import handing
from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.handing import Fallback, Handing, Place
from shared.clock import Clock
from shared.warnings import Level

log = structlog.get_logger(__name__)

STEPS_A_TURN = 20
"""Of 500 rows. What more there is waits for the next turn."""


def fallback_of(receivers: Mapping[str, ReceiverSettings], name: str, now: datetime) -> Fallback | None:
    """Who is told in this one's place; None where nobody is."""
    settings = receivers.get(name)
    instead = settings.fallback if settings is not None else None
    if instead is None or instead not in receivers:
        return None
    chosen = receivers[instead]
    return Fallback(instead, chosen.channel, {level: now + chosen.schedule(level).deadline for level in (None, *Level)})


class Sending(Protocol):
    """The worker, as this knows it."""

    def wake(self, receivers: Iterable[str]) -> None: ...

    def lasting(self) -> set[str]: ...


class Fallbacks:
    """Background work for `shared.run.serve`. Every replica does it; a delivery is handed on once."""

    def __init__(
        self,
        receivers: Callable[[], Mapping[str, ReceiverSettings]],
        sending: Sending,
        connection: Connection,
        *,
        clock: Clock,
        metrics: Metrics,
        every: float,
    ) -> None:
        self._receivers = receivers
        self._sending = sending
        self._connection = connection
        self._clock = clock
        self._metrics = metrics
        self._every = every
        self._places: dict[str, Place] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Do it until `stop`."""
        while not stop.is_set():
            try:
                await self.once()
            except PASSING as error:
                log.warning("notifier.fallbacks.database_away", error=repr(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._every)

    async def once(self) -> None:
        """Look at every receiver that has a fallback and cannot be told."""
        receivers = self._receivers()
        having = [name for name, settings in receivers.items() if settings.fallback is not None]
        if not having:
            return
        async with self._connection.statements() as connection:
            disabled = await handing.disabled(connection, having)
        unreachable = disabled | self._sending.lasting()
        for name in having:
            if name in unreachable:
                await self._hand_on(name, receivers)

    async def _hand_on(self, name: str, receivers: Mapping[str, ReceiverSettings]) -> None:
        """All that waits for it, so many rows a turn."""
        place: Place | None = self._places.pop(name, handing.START)
        for _ in range(STEPS_A_TURN):
            if place is None:
                return
            place = await self._step(name, receivers, place)
        if place is not None:
            self._places[name] = place

    async def _step(self, name: str, receivers: Mapping[str, ReceiverSettings], place: Place) -> Place | None:
        now = self._clock.now()
        async with self._connection.transaction() as connection:
            found, onward = await handing.waiting(connection, name, place)
            fallback = fallback_of(receivers, name, now)
            handings = [Handing(each, fallback) for each in found] if fallback is not None else []
            await handing.lock(connection, handings)
            told = await handing.hand_on(connection, handings, now)
        if told:
            log.warning("notifier.receiver.handed_on", receiver=name, fallback=told[0], messages=len(told))
            self._metrics.fallbacks.inc(len(told))
            self._sending.wake(set(told))
        return onward
