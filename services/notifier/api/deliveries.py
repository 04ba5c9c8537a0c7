"""Deliveries: listed, told in full, tried again."""

from collections.abc import Callable, Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.notifier.api.answers import DeliveryDetail, DeliveryPage, DeliverySummary
from services.notifier.api.cursors import position, written
from services.notifier.api.problems import problems
from services.notifier.configuration.live import Live
from services.notifier.core.schedule import State
from services.notifier.store.listing import Deliveries
from shared.auth import ApiKey
from shared.clock import Clock
from shared.problems import Problem, ProblemError
from shared.texts import Line


class Filters(BaseModel):
    """Which deliveries: each filter given must hold."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    receiver: Line | None = None
    warning_id: UUID | None = None
    borrower: Line | None = None
    cursor: Annotated[str | None, Field(max_length=200, description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class Desk:
    """What the routes work with. `woken` hears of receivers that something is due to again."""

    def __init__(
        self,
        deliveries: Deliveries,
        live: Live,
        clock: Clock,
        woken: Callable[[Iterable[str]], None],
    ) -> None:
        self._deliveries = deliveries
        self._live = live
        self._clock = clock
        self._woken = woken

    async def page(self, filters: Filters) -> DeliveryPage:
        """One page of deliveries."""
        before = position(filters.cursor) if filters.cursor else None
        given = {**filters.model_dump(exclude={"cursor", "limit"}), "before": before}
        page = await self._deliveries.page(given, limit=filters.limit)
        found = [DeliverySummary.model_validate(row) for row in page.rows]
        return DeliveryPage(deliveries=found, next=None if page.next_before is None else written(page.next_before))

    async def detail(self, delivery: UUID) -> DeliveryDetail:
        """One delivery. Raises ProblemError (404)."""
        row = await self._deliveries.one(delivery)
        if row is None:
            raise ProblemError(
                Problem(title="No such delivery", status=404, detail=f"no delivery has the id {delivery}")
            )
        return DeliveryDetail.model_validate(row)

    async def retry(self, delivery: UUID) -> DeliveryDetail:
        """Make a dead delivery live again, with a deadline from now. Raises ProblemError (404, 409)."""
        found = await self.detail(delivery)
        settings = self._live.configuration.receivers.get(found.receiver)
        if settings is None:
            raise _conflict(f"the receiver {found.receiver!r} is not configured any more")
        state = (await self._deliveries.receivers([found.receiver]))[found.receiver]
        if state["disabled_at"] is not None:
            raise _conflict(f"the receiver {found.receiver!r} is disabled ({state['disabled_why']}): enable it first")
        now = self._clock.now()
        give_up_at = now + settings.schedule(found.level).deadline
        if not await self._deliveries.revive(delivery, now=now, give_up_at=give_up_at):
            raise _conflict(f"expected a dead delivery, this one is {found.state}")
        self._woken([found.receiver])
        return await self.detail(delivery)


def _conflict(detail: str) -> ProblemError:
    return ProblemError(Problem(title="Cannot be tried again", status=409, detail=detail))


def deliveries_router(desk: Desk, caller: Callable[..., ApiKey]) -> APIRouter:
    """The routes about deliveries."""
    router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

    @router.get("", summary="List deliveries, the newest first", responses=problems(400))
    async def list_deliveries(
        filters: Annotated[Filters, Query()], _: Annotated[ApiKey, Depends(caller)]
    ) -> DeliveryPage:
        return await desk.page(filters)

    @router.get("/{delivery_id}", summary="One delivery with its attempts", responses=problems(404))
    async def one_delivery(delivery_id: UUID, _: Annotated[ApiKey, Depends(caller)]) -> DeliveryDetail:
        return await desk.detail(delivery_id)

    @router.post(
        "/{delivery_id}:retry",
        summary="Try a dead delivery again",
        status_code=202,
        responses=problems(404, 409),
    )
    async def retry_delivery(delivery_id: UUID, _: Annotated[ApiKey, Depends(caller)]) -> DeliveryDetail:
        return await desk.retry(delivery_id)

    return router
