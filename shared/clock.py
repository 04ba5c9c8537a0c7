"""The wall clock, handed in like any other IO so that tests own the time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

TOLERANCE = timedelta(seconds=60)
"""Far more than a clock is slewed by or a look takes, far less than what a decision about days minds."""
PATIENCE_SECONDS = 600.0
"""A bad answer of a time server is mended sooner; being late by this harms no deadline that is counted in hours."""


class Clock(Protocol):
    """Tells the present moment in UTC."""

    def now(self) -> datetime: ...


class WallClock:
    """The machine's clock. The only place in Bellwether that reads it for a timestamp."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteadyClock:
    """A wall clock whose jumps are believed only once they have stood for PATIENCE_SECONDS.

    Until then time goes on by the machine's other clock, which counts from its start and is never set. A step is right
    where a machine was suspended or its clock was wrong before, and wrong where a time server answered nonsense; both
    look the same at first, and what is done too late can be made up for, what is done too early cannot be undone.
    It must be asked now and then, for it notices nothing between two questions.
    """

    def __init__(self, wall: Clock, running: Callable[[], float] = time.monotonic) -> None:
        """`running` are seconds on the clock that is never set."""
        self._wall = wall
        self._running = running
        self._base = wall.now(), running()
        self._step = timedelta()
        self._since = 0.0

    def now(self) -> datetime:
        """The wall clock's time, or what it would be had it not jumped."""
        wall, running = self._wall.now(), self._running()
        base, at = self._base
        expected = base + timedelta(seconds=running - at)
        if self._believes(wall - expected, running):
            self._base = wall, running
            return wall
        return expected

    def step_seconds(self) -> float:
        """How far the wall clock has jumped ahead, negative where it went back; 0 where it is believed."""
        self.now()
        return self._step.total_seconds()

    def _believes(self, step: timedelta, running: float) -> bool:
        if abs(step) <= TOLERANCE:
            if self._step:
                log.info("clock.step_undone", seconds=self._step.total_seconds())
        elif abs(step - self._step) > TOLERANCE:
            self._step, self._since = step, running
            log.error("clock.stepped", seconds=step.total_seconds(), believed_in_seconds=PATIENCE_SECONDS)
            return False
        elif running - self._since < PATIENCE_SECONDS:
            return False
        else:
            log.warning("clock.step_believed", seconds=step.total_seconds())
        self._step = timedelta()
        return True


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by
