"""Records outcomes, many in a transaction: what comes in while one commits goes into the next."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import structlog

from services.notifier.delivering.endpoint import Endpoint
from services.notifier.delivering.fallbacks import fallback_of
from services.notifier.metrics import Metrics
from services.notifier.store import contacts, handing
from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.handing import Fallback, Handing
from services.notifier.store.settling import Outcome, release, settle
from shared.clock import Clock

log = structlog.get_logger(__name__)

OUTCOMES_A_TRANSACTION = 500
RETRY_SECONDS = 0.5


class Recorder:
    """Takes outcomes at any time and writes them down in turn; `released` hears of receivers that may go on."""

    def __init__(
        self,
        connection: Connection,
        endpoints: Mapping[str, Endpoint],
        *,
        clock: Clock,
        metrics: Metrics,
        released: Callable[[Iterable[str]], None],
    ) -> None:
        self._connection = connection
        self._endpoints = endpoints
        self._clock = clock
        self._metrics = metrics
        # Looking a labelled series up takes as long as all else that is counted here, so it is done once.
        self._series = cache(metrics.deliveries.labels)
        self._durations = cache(metrics.attempt_seconds.labels)
        self._released = released
        self._waiting: asyncio.Queue[Outcome | None] = asyncio.Queue()

    def put(self, outcome: Outcome) -> None:
        """Have it recorded."""
        self._waiting.put_nowait(outcome)

    def finish(self) -> None:
        """Let `run` end once all that was put is recorded."""
        self._waiting.put_nowait(None)

    async def run(self) -> None:
        """Record until `finish`."""
        going_on = True
        while going_on:
            taken = [await self._waiting.get()]
            while not self._waiting.empty() and len(taken) < OUTCOMES_A_TRANSACTION:
                taken.append(self._waiting.get_nowait())
            going_on = None not in taken
            if outcomes := [each for each in taken if each is not None]:
                await self._record(outcomes)

    async def _record(self, outcomes: Sequence[Outcome]) -> None:
        """Again until it is committed. Recording twice changes nothing: the second time, the fence has moved on."""
        while True:
            try:
                mine, released = await self._committed(outcomes)
                break
            except PASSING as error:
                log.warning("notifier.recorder.database_away", error=repr(error), outcomes=len(outcomes))
                await asyncio.sleep(RETRY_SECONDS)
        for each in outcomes:
            self._count(each, recorded=each.claim.position in mine)
        self._released(released)

    async def _committed(self, outcomes: Sequence[Outcome]) -> tuple[set[int], list[str]]:
        now = self._clock.now()
        handings = [*self._handings(outcomes, now)]
        async with self._connection.transaction() as connection:
            await handing.lock(connection, handings)
            mine = await settle(connection, outcomes, now)
            handed = await handing.hand_on(connection, [each for each in handings if each.position in mine], now)
            await contacts.untouch(connection, _never_reached(outcomes))
            over = [each.claim for each in outcomes if each.conclusion.state != "pending"]
            released = await release(connection, over)
        self._metrics.fallbacks.inc(len(handed))
        return mine, [*released, *handed]

    def _handings(self, outcomes: Iterable[Outcome], now: datetime) -> Iterator[Handing]:
        """Whoever cannot be told, or refuses what is said: somebody has to know."""
        for each in outcomes:
            if each.conclusion.state == "dead" and (fallback := self._fallback(each.claim.receiver, now)):
                yield Handing(each.claim.position, fallback)

    def _fallback(self, receiver: str, now: datetime) -> Fallback | None:
        return fallback_of({name: each.settings for name, each in self._endpoints.items()}, receiver, now)

    def _count(self, outcome: Outcome, *, recorded: bool) -> None:
        claim, conclusion = outcome.claim, outcome.conclusion
        self._durations(outcome.channel).observe(outcome.seconds)
        self._series(outcome.channel, conclusion.result if recorded else "fenced").inc()
        if not recorded:
            log.warning("notifier.delivery.fenced", delivery_id=str(claim.delivery_id), receiver=claim.receiver)
        elif conclusion.state == "dead":
            log.warning("notifier.delivery.dead", **_ids(outcome), error=conclusion.error)
        elif conclusion.state == "pending":
            log.info("notifier.delivery.retry", **_ids(outcome), error=conclusion.error)
        elif claim.accepted_at is not None:
            delivered_at = outcome.started_at + timedelta(seconds=outcome.seconds)
            self._metrics.acceptance_to_delivery.observe((delivered_at - claim.accepted_at).total_seconds())


def _never_reached(outcomes: Iterable[Outcome]) -> dict[UUID, str]:
    """Deliveries to borrowers that certainly did not arrive, and whose they are."""
    return {
        each.claim.delivery_id: each.claim.recipient.borrower_id
        for each in outcomes
        if each.claim.recipient is not None and not each.reached
    }


def _ids(outcome: Outcome) -> dict[str, str | int]:
    claim = outcome.claim
    return {
        "delivery_id": str(claim.delivery_id),
        "receiver": claim.receiver,
        "warning_id": str(claim.warning_id),
        "tries": claim.tries,
    }
