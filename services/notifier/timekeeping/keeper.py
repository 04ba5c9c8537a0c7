"""The loop that looks what is due."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import structlog

from services.notifier.store.connection import PASSING, Connection
from services.notifier.timekeeping.due import Due
from shared.clock import Clock

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5


class Timekeeper:
    """Background work for `shared.run.serve`. Every replica looks; what one has taken the others pass by."""

    def __init__(
        self,
        kinds: Sequence[Due],
        connection: Connection,
        *,
        clock: Clock,
        woken: Callable[[Iterable[str]], None],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._kinds = kinds
        self._connection = connection
        self._clock = clock
        self._woken = woken
        self._look_seconds = look_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        while not stop.is_set():
            try:
                busy = await self.once()
            except PASSING as error:
                log.warning("notifier.timekeeper.database_away", error=repr(error))
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._look_seconds)

    async def once(self) -> bool:
        """Do some of what is due of each kind, each kind in a transaction. Whether there was any."""
        busy = False
        for kind in self._kinds:
            async with self._connection.transaction() as connection:
                receivers = await kind.take(connection, self._clock.now())
            self._woken(receivers)
            busy = busy or bool(receivers)
        return busy
