"""Reads the services' metrics to know how far they are: whether to feed on, and whether all is delivered."""

import asyncio
from collections.abc import Sized
from dataclasses import dataclass

import aiohttp

from deploy.local.scrape import MetricsPage, scrape
from deploy.local.stack import Stack

MOST_BEHIND = 2_000  # records: the embedded broker keeps a few megabytes a partition and drops the oldest
POLL_SECONDS = 0.1
QUIET_READINGS = 5
SETTLE_SECONDS = 120.0
GIVEN_UP = ("refused", "expired")


class DemoFailedError(Exception):
    """Something was refused, given up, or not done in time."""


class Backlog:
    """What the services have not come to yet, by their own metrics."""

    def __init__(self, session: aiohttp.ClientSession, stack: Stack) -> None:
        self._session = session
        self._stack = stack

    async def until_short(self) -> None:
        """Return once at most MOST_BEHIND records wait. A service that does not answer counts as behind.

        Raises DemoFailedError after SETTLE_SECONDS.
        """
        deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
        while (behind := await self._records()) > MOST_BEHIND:
            if asyncio.get_running_loop().time() > deadline:
                raise DemoFailedError(f"expected at most {MOST_BEHIND} records to wait, got {behind:g} for too long")
            await asyncio.sleep(POLL_SECONDS)

    async def _records(self) -> float:
        try:
            warning, notifier = await _pages(self._session, self._stack)
        except aiohttp.ClientError:  # whoever watches the processes says why
            return float("inf")
        behind = warning.total("bellwether_warning_records_behind") + warning.total("bellwether_warning_outbox_rows")
        return behind + notifier.total("bellwether_notifier_records_behind")


@dataclass(frozen=True)
class Reading:
    """How far all of it is. Two equal readings in a row: nothing has moved between them."""

    clock_events: int
    partitions: int
    timers_fired: int
    changes: int
    unpublished: int
    taken: int
    pending: int
    given_up: int
    delivered: int

    def done(self, clock_events: int) -> bool:
        """Everything is decided, taken and delivered."""
        # The last clock record of a partition stands behind all else in it.
        decided = self.clock_events >= clock_events * self.partitions > 0
        return decided and not self.unpublished and self.taken >= self.changes and self.delivered >= self.changes


async def until_settled(session: aiohttp.ClientSession, stack: Stack, *, clock_events: int, deliveries: Sized) -> None:
    """Return once all that was fed, `clock_events` clock events among it, is decided and every change is delivered.

    What falls due at the last clock record is decided after it, a batch at a time, so nothing may move for
    QUIET_READINGS readings. Raises DemoFailedError where a delivery is given up, or after SETTLE_SECONDS.
    """
    deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
    quiet, last = 0, await _read(session, stack, deliveries)
    while quiet < QUIET_READINGS:
        if last.given_up:
            raise DemoFailedError(f"{last.given_up} deliveries to the demo's own receivers were given up")
        if asyncio.get_running_loop().time() > deadline:
            raise DemoFailedError(f"expected all to be decided and delivered within {SETTLE_SECONDS:g} s, got {last}")
        await asyncio.sleep(POLL_SECONDS)
        now = await _read(session, stack, deliveries)
        quiet = quiet + 1 if now == last and now.done(clock_events) else 0
        last = now


async def _read(session: aiohttp.ClientSession, stack: Stack, deliveries: Sized) -> Reading:
    warning, notifier = await _pages(session, stack)
    outcomes = notifier.by("bellwether_notifier_deliveries_total", "outcome")
    return Reading(
        clock_events=int(warning.total("bellwether_warning_events_total", type="clock.advanced")),
        partitions=int(warning.total("bellwether_warning_partitions_owned")),
        timers_fired=int(warning.total("bellwether_warning_timers_fired_total")),
        changes=int(warning.total("bellwether_warning_changes_total")),
        unpublished=int(warning.total("bellwether_warning_outbox_rows")),
        taken=int(notifier.total("bellwether_notifier_changes_total")),
        pending=int(notifier.total("bellwether_notifier_pending")),
        given_up=int(sum(outcomes.get((each,), 0) for each in GIVEN_UP)),
        delivered=len(deliveries),
    )


async def _pages(session: aiohttp.ClientSession, stack: Stack) -> tuple[MetricsPage, MetricsPage]:
    warning, notifier = await asyncio.gather(*(scrape(session, stack.url(each)) for each in ("warning", "notifier")))
    return warning, notifier
