"""The time that two clocks agree on: what one of them says alone moves nobody's due times."""

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.warning.metrics import Metrics
from shared.clock import Clock

log = structlog.get_logger(__name__)


class SecondClock(Protocol):
    """A clock of another machine."""

    async def now(self) -> datetime: ...


class TwoClocks:
    """This machine's clock and a second one, which must not be further apart than `tolerance`.

    Which of them is wrong nobody can tell here, so neither is believed until they agree again: due times then come late
    and are made up for, while one that came too early could not be taken back.
    """

    def __init__(self, machine: Clock, second: SecondClock, metrics: Metrics, *, tolerance: timedelta) -> None:
        self._machine = machine
        self._second = second
        self._metrics = metrics
        self._tolerance = tolerance
        self._agreed = True

    async def now(self) -> datetime | None:
        """The earlier of both, or None while they disagree, which is logged when it begins and when it ends."""
        before = self._machine.now()
        second = await self._second.now()
        ahead = _ahead(before, self._machine.now(), second)
        self._metrics.clock_difference.set(ahead.total_seconds())
        agree = abs(ahead) <= self._tolerance
        if agree != self._agreed:
            self._agreed = agree
            self._tell(before, second, ahead)
        if not agree:
            self._metrics.clock_refused.inc()
            return None
        return min(before, second)

    def _tell(self, machine: datetime, second: datetime, ahead: timedelta) -> None:
        told = {"machine": machine.isoformat(), "postgres": second.isoformat(), "ahead_seconds": ahead.total_seconds()}
        if self._agreed:
            log.info("warning.clock.agrees", **told)
        else:
            log.error("warning.clock.disagrees", **told, tolerance_seconds=self._tolerance.total_seconds())


def _ahead(before: datetime, after: datetime, second: datetime) -> timedelta:
    """How far a clock that was read around the second one is ahead of it at least; negative where it is behind."""
    if before > second:
        return before - second
    return min(after - second, timedelta())
