"""The loop that claims what is due and has it sent, each receiver within its own room."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.notifier.delivering.attempt import attempt
from services.notifier.delivering.endpoint import Endpoint
from services.notifier.delivering.recorder import Recorder
from services.notifier.metrics import Metrics
from services.notifier.store.claiming import Claim, claim
from services.notifier.store.connection import PASSING, Connection
from shared.clock import Clock

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 4.0
"""How long attempts may go on after SIGTERM; what is left of the drain is for recording them."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things may take, in seconds."""

    attempt: float
    lease: float
    poll: float


class Worker:
    """Background work for `shared.run.serve`. Any number of them share the queue, in this process or in others."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        claims: Connection,
        records: Connection,
        *,
        pace: Pace,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._endpoints = endpoints
        self._claims = claims
        self._pace = pace
        self._clock = clock
        self._recorder = Recorder(records, endpoints, clock=clock, metrics=metrics, released=self.wake)
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        for each in endpoints.values():
            metrics.show_channel(each.channel_name)

    def wake(self, receivers: Iterable[str]) -> None:
        """Something may be due to these. What nobody announces is found by polling."""
        for name in receivers:
            if endpoint := self._endpoints.get(name):
                endpoint.expectant = True
                self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, then let attempts end, and record all of them."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._recorder.run())
                try:
                    await self._claim_until(stop)
                finally:
                    await self._drain()
                    self._recorder.finish()
        finally:
            for endpoint in self._endpoints.values():
                await endpoint.channel.close()

    async def _claim_until(self, stop: asyncio.Event) -> None:
        time = asyncio.get_running_loop().time
        look_at = time()
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                if time() >= look_at:
                    look_at = time() + self._pace.poll
                    self.wake(self._endpoints)
                self._wake.clear()
                await self._claim()
                await self._woken(stopping, look_at - time())
        finally:
            stopping.cancel()

    async def _claim(self) -> None:
        """Claim for whoever may have something due and has room."""
        rooms = {each.name: each.room for each in self._endpoints.values() if each.expectant and each.room > 0}
        if not rooms:
            return
        for name in rooms:
            self._endpoints[name].expectant = False  # set again by whoever adds to the queue meanwhile
        now = self._clock.now()
        try:
            async with self._claims.statements() as connection:
                claimed = await claim(connection, rooms, now, now + timedelta(seconds=self._pace.lease))
        except PASSING as error:
            log.warning("notifier.worker.database_away", error=repr(error))
            return
        for each in claimed:
            self._start(each)
            rooms[each.receiver] -= 1
        for name, left in rooms.items():
            if left == 0:
                self._endpoints[name].expectant = True

    async def _woken(self, stopping: "asyncio.Task[bool]", seconds: float) -> None:
        """Until something is announced, room is made where more was due, or it is time to look for oneself."""
        waking = asyncio.create_task(self._wake.wait())
        await asyncio.wait({waking, stopping}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()

    def _start(self, claimed: Claim) -> None:
        endpoint = self._endpoints[claimed.receiver]
        endpoint.under_way += 1
        task = asyncio.create_task(self._attempt(endpoint, claimed))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _attempt(self, endpoint: Endpoint, claimed: Claim) -> None:
        try:
            self._recorder.put(await attempt(endpoint, claimed, clock=self._clock, seconds=self._pace.attempt))
        finally:
            endpoint.under_way -= 1
            if endpoint.expectant:
                self._wake.set()

    async def _drain(self) -> None:
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        if late:
            log.warning("notifier.worker.attempts_cut_short", attempts=len(late), seconds=DRAIN_SECONDS)
            await asyncio.wait(late)
