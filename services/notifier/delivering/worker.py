"""The loop that claims what is due and has it sent, each receiver within its own room."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration.sections import AcknowledgementLinks
from services.notifier.core.flow import CircuitState
from services.notifier.delivering.attempt import attempt
from services.notifier.delivering.borrowers import Guard, is_guarded
from services.notifier.delivering.endings import Endings, may_end
from services.notifier.delivering.endpoint import Endpoint, open_endpoints
from services.notifier.delivering.recorder import Recorder
from services.notifier.metrics import Metrics
from services.notifier.store import pacing
from services.notifier.store.claiming import Claim, claim
from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.sealing import Sealer
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
        links: Callable[[], AcknowledgementLinks | None] = lambda: None,
        sealer: Sealer | None = None,
    ) -> None:
        self._guard = Guard(claims, sealer, metrics)
        self._endings = Endings(claims, metrics)
        self._links = links
        self._endpoints = dict(endpoints)
        self._coming: Mapping[str, ReceiverSettings] | None = None
        self._begun: set[str] = set()
        self._claims = claims
        self._pace = pace
        self._clock = clock
        self._metrics = metrics
        self._recorder = Recorder(records, self._endpoints, clock=clock, metrics=metrics, released=self.wake)
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        for each in self._endpoints.values():
            metrics.show_channel(each.channel_name)
        for state in CircuitState:
            metrics.endpoints.labels(state).set_function(partial(self._count, state))

    def use(self, receivers: Mapping[str, ReceiverSettings]) -> None:
        """Go on with these receivers, before anything more is claimed. Those that stay as they were notice nothing."""
        self._coming = receivers
        self._wake.set()

    def circuits(self) -> dict[str, CircuitState]:
        """Whether each receiver is sent to, as this worker sees it."""
        now = self._clock.now()
        return {name: each.circuit.state(now) for name, each in self._endpoints.items()}

    def _count(self, state: CircuitState) -> int:
        return [*self.circuits().values()].count(state)

    def lasting(self) -> set[str]:
        """Receivers that have been broken for longer than their patience."""
        now = self._clock.now()
        return {name for name, each in self._endpoints.items() if each.circuit.lasting(now)}

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
            await asyncio.gather(*self._closing)

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
                self._change_over()
                await self._claim()
                await self._woken(stopping, min(look_at - time(), self._next_token()))
        finally:
            stopping.cancel()

    def _change_over(self) -> None:
        """Between two claims, so that nothing claimed is ever without its endpoint."""
        coming, self._coming = self._coming, None
        if coming is None:
            return
        gone = [each for name, each in self._endpoints.items() if coming.get(name) != each.settings]
        kept = self._endpoints.keys() - {each.name for each in gone}
        try:
            fresh = open_endpoints({name: each for name, each in coming.items() if name not in kept})
        except (OSError, ValueError) as error:  # a file that was there a moment ago
            log.warning("notifier.worker.receivers_not_opened", error=repr(error))
            self._coming = coming
            return
        for endpoint in gone:
            del self._endpoints[endpoint.name]
            endpoint.retired = True
            self._close_if_idle(endpoint)
        self._endpoints.update(fresh)
        for each in fresh.values():
            self._metrics.show_channel(each.channel_name)
        log.info("notifier.worker.receivers_changed", retired=[each.name for each in gone], opened=[*fresh])

    def _close_if_idle(self, endpoint: Endpoint) -> None:
        if endpoint.retired and endpoint.under_way == 0:
            closing = asyncio.create_task(endpoint.channel.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _claim(self) -> None:
        """Claim for whoever may have something due and has room."""
        now, time = self._clock.now(), asyncio.get_running_loop().time()
        rooms = {each.name: room for each in self._endpoints.values() if (room := each.claimable(now, time)) > 0}
        if not rooms:
            return
        for name in rooms:
            self._endpoints[name].expectant = False  # set again by whoever adds to the queue meanwhile
        paced = {name: room for name, room in rooms.items() if self._endpoints[name].settings.rate is not None}
        try:
            if len(paced) < len(rooms):
                async with self._claims.statements() as connection:
                    free = {name: room for name, room in rooms.items() if name not in paced}
                    claimed = await claim(connection, free, now, self._leased_until(now))
                await self._admit(claimed, free, now)
            if paced:
                await self._claim_paced(paced, now)
        except PASSING as error:
            log.warning("notifier.worker.database_away", error=repr(error))

    async def _claim_paced(self, rooms: dict[str, int], now: datetime) -> None:
        """As many as all replicas together may send now. What more is due waits for its time, not for the poll."""
        rates = {name: rate for name in rooms if (rate := self._endpoints[name].settings.rate) is not None}
        async with self._claims.transaction() as connection:
            await pacing.begin(connection, [name for name in rooms if name not in self._begun])
            paced = await pacing.claim_paced(connection, rooms, rates, now, self._leased_until(now))
        self._begun.update(rooms)
        await self._admit(paced.claims, rooms, now)
        time = asyncio.get_running_loop().time()
        for name, wait in paced.waits.items():
            if wait:
                self._endpoints[name].expectant = True
                self._endpoints[name].paced_until = time + wait.total_seconds()

    def _leased_until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._pace.lease)

    async def _admit(self, claimed: Sequence[Claim], rooms: dict[str, int], now: datetime) -> None:
        """Borrowers are written to, and ends are told, only once that may be; nobody else waits for it."""
        settings = {name: each.settings for name, each in self._endpoints.items()}
        guarded = [each for each in claimed if is_guarded(settings[each.receiver])]
        others = [each for each in claimed if not is_guarded(settings[each.receiver])]
        self._begin([each for each in others if not may_end(each)], rooms, now)
        if any(map(may_end, claimed)):
            self._begin(await self._ended(others, settings, now), rooms, now)
            guarded = [*(each for each in guarded if not may_end(each)), *await self._ended(guarded, settings, now)]
        if guarded:
            admitted = await self._guard.admit(guarded, settings, now)
            self._begin(admitted.claims, rooms, now)
            self.wake(admitted.released)

    async def _ended(
        self, claimed: Sequence[Claim], settings: Mapping[str, ReceiverSettings], now: datetime
    ) -> list[Claim]:
        """Of those that say that something is over, what may go."""
        ended = await self._endings.admit([each for each in claimed if may_end(each)], settings, now)
        self.wake(ended.released)
        return ended.claims

    def _begin(self, claimed: Iterable[Claim], rooms: dict[str, int], now: datetime) -> None:
        for each in claimed:
            self._start(each, now)
            rooms[each.receiver] -= 1
        for name, left in rooms.items():
            if left == 0:
                self._endpoints[name].expectant = True

    def _next_token(self) -> float:
        """Seconds until a receiver's rate or breaker lets something through."""
        now, time = self._clock.now(), asyncio.get_running_loop().time()
        waits = (each.wait(now, time) for each in self._endpoints.values())
        return min((wait for wait in waits if wait is not None), default=self._pace.poll)

    async def _woken(self, stopping: "asyncio.Task[bool]", seconds: float) -> None:
        """Until something is announced, room is made where more was due, or it is time to look for oneself."""
        waking = asyncio.create_task(self._wake.wait())
        await asyncio.wait({waking, stopping}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()

    def _start(self, claimed: Claim, now: datetime) -> None:
        endpoint = self._endpoints[claimed.receiver]
        trial = endpoint.begin(now)
        task = asyncio.create_task(self._attempt(endpoint, claimed, trial=trial))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _attempt(self, endpoint: Endpoint, claimed: Claim, *, trial: bool) -> None:
        try:
            links, seconds = self._links(), self._pace.attempt
            self._recorder.put(
                await attempt(endpoint, claimed, trial=trial, links=links, clock=self._clock, seconds=seconds)
            )
        finally:
            endpoint.under_way -= 1
            self._close_if_idle(endpoint)
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
