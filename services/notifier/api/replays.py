"""Dead deliveries made live again, by filter."""

from collections.abc import Callable, Iterable
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.api.problems import problems
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration.live import Live
from services.notifier.store import handing, replaying
from services.notifier.store.asking import asking
from services.notifier.store.connection import Connection
from services.notifier.store.replaying import Which
from shared.auth import ApiKey
from shared.clock import Clock
from shared.events.fields import Moment
from shared.problems import Problem, ProblemError
from shared.texts import Line
from shared.warnings import Level

MOST = 10_000


class ReplayOrder(BaseModel):
    """Which dead deliveries to try again: each filter given must hold."""

    model_config = ConfigDict(extra="forbid")

    receiver: Line | None = None
    borrower: Line | None = None
    warning_id: UUID | None = None
    from_: Moment | None = Field(default=None, alias="from", description="Made at this moment or later")
    to: Moment | None = Field(default=None, description="Made before this moment")
    limit: int = Field(default=1_000, ge=1, le=MOST)
    dry_run: bool = Field(default=False, description="Only count them")

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_ is not None and self.to is not None and self.from_ >= self.to:
            raise ValueError("expected `from` to be before `to`")
        return self


class ReplayAnswer(BaseModel):
    """What was done."""

    deliveries: int = Field(description="How many were made live again; of a dry run, how many would be")
    more: bool = Field(description="There are more of them: ask again")
    dry_run: bool
    left_out: list[str] = Field(description="Receivers that are disabled: theirs stay dead until those are enabled")


class ReplayDesk:
    """What the routes work with. `woken` hears of receivers that something is due to again."""

    def __init__(
        self, live: Live, connection: Connection, clock: Clock, woken: Callable[[Iterable[str]], None]
    ) -> None:
        self._live = live
        self._connection = connection
        self._clock = clock
        self._woken = woken

    async def replay(self, order: ReplayOrder) -> ReplayAnswer:
        """Do it, a batch at a time, so that nothing else waits long. Raises ProblemError (404, 409)."""
        receivers = self._live.configuration.receivers
        if order.receiver is not None and order.receiver not in receivers:
            raise ProblemError(
                Problem(title="No such receiver", status=404, detail=f"no receiver has the name {order.receiver!r}")
            )
        names = [order.receiver] if order.receiver is not None else list(receivers)
        async with asking(self._connection) as inside:
            disabled = await handing.disabled(inside, names)
        if order.receiver in disabled:
            detail = f"the receiver {order.receiver!r} is disabled: enable it first"
            raise ProblemError(Problem(title="Cannot be tried again", status=409, detail=detail))
        serving = {name: receivers[name] for name in names if name not in disabled}
        which = Which(list(serving), order.borrower, order.warning_id, order.from_, order.to)
        done = 0 if order.dry_run else await self._revive(which, order.limit, serving)
        async with asking(self._connection) as inside:
            left = await replaying.count(inside, which, order.limit + 1)
        return ReplayAnswer(
            deliveries=min(left, order.limit) if order.dry_run else done,
            more=left > order.limit if order.dry_run else left > 0,
            dry_run=order.dry_run,
            left_out=sorted(disabled),
        )

    async def _revive(self, which: Which, limit: int, serving: dict[str, ReceiverSettings]) -> int:
        lives = {
            (name, level): settings.schedule(level).deadline
            for name, settings in serving.items()
            for level in (None, *Level)
        }
        done = 0
        while lives and done < limit:
            async with asking(self._connection) as inside:
                found = await replaying.revive(inside, which, limit - done, lives, self._clock.now())
            if not found:
                break
            done += len(found)
            self._woken(set(found))
        return done


def replays_router(desk: ReplayDesk, caller: Callable[..., ApiKey]) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/replays", tags=["deliveries"])

    @router.post("", summary="Try dead deliveries again, by filter", responses=problems(404, 409))
    async def replay_deliveries(order: ReplayOrder, _: Annotated[ApiKey, Depends(caller)]) -> ReplayAnswer:
        return await desk.replay(order)

    return router
