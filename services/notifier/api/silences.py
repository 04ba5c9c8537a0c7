"""Silences: made, listed, ended early; none is ever forgotten."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.notifier.api.cursors import position, written
from services.notifier.api.problems import problems
from services.notifier.core.matching import Match
from services.notifier.core.silencing import Silence, SilenceState, wake_key
from services.notifier.store import escalations, gatherings, silences
from services.notifier.store.asking import asking
from services.notifier.store.connection import Connection
from services.notifier.store.silences import Kept
from shared.auth import ApiKey
from shared.clock import Clock
from shared.events.fields import Moment
from shared.problems import FieldError, Problem, ProblemError
from shared.texts import Line, Prose


class NewSilence(BaseModel):
    """What is not to be told to anyone, until when, and who says so."""

    model_config = ConfigDict(extra="forbid")

    match: Match = Field(description="At least one key: every key given must hold, one of its values is enough")
    author: Line
    reason: Prose
    begins_at: Moment | None = Field(default=None, description="Now if absent")
    ends_at: Moment

    @field_validator("match")
    @classmethod
    def _about_something(cls, match: Match) -> Match:
        if all(getattr(match, name) is None for name in Match.model_fields):
            raise ValueError("expected at least one key: an empty match would silence everything")
        return match


class SilenceAnswer(BaseModel):
    """A silence."""

    id: UUID
    state: SilenceState
    match: dict[str, list[str]]
    author: str
    reason: str
    begins_at: datetime
    ends_at: datetime = Field(description="When it ends, or was ended")
    created_at: datetime
    ended_by: str | None = Field(description="The API key that ended it early")

    @classmethod
    def told(cls, kept: Kept, now: datetime) -> Self:
        silence = kept.silence
        return cls(
            id=silence.id,
            state=silence.state(now),
            match=silence.match.model_dump(mode="json", exclude_none=True),
            author=silence.author,
            reason=silence.reason,
            begins_at=silence.begins_at,
            ends_at=silence.ends_at,
            created_at=kept.created_at,
            ended_by=kept.ended_by,
        )


class SilencePage(BaseModel):
    """Silences, the newest first."""

    silences: list[SilenceAnswer]
    next: str | None = Field(description="Give it as `cursor` for the next page; null at the end")


class Filters(BaseModel):
    """Which silences."""

    model_config = ConfigDict(extra="forbid")

    state: SilenceState | None = None
    cursor: Annotated[str | None, Field(max_length=200, description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class SilenceDesk:
    """What the routes work with."""

    def __init__(self, connection: Connection, clock: Clock, longest: timedelta) -> None:
        self._connection = connection
        self._clock = clock
        self._longest = longest

    async def page(self, filters: Filters) -> SilencePage:
        """One page of silences."""
        before = position(filters.cursor) if filters.cursor else None
        now = self._clock.now()
        async with asking(self._connection) as inside:
            found = await silences.page(inside, state=filters.state, before=before, limit=filters.limit + 1, now=now)
        rows = found[: filters.limit]
        following = written(rows[-1].number) if len(found) > filters.limit else None
        return SilencePage(silences=[SilenceAnswer.told(each, now) for each in rows], next=following)

    async def one(self, silence: UUID) -> SilenceAnswer:
        """One silence. Raises ProblemError (404)."""
        async with asking(self._connection) as inside:
            return self._told(await silences.one(inside, silence), silence)

    async def add(self, given: NewSilence) -> SilenceAnswer:
        """Keep a new silence. Raises ProblemError (422) where its times make no sense."""
        now = self._clock.now()
        begins_at = given.begins_at or now
        self._check(begins_at, given.ends_at, now)
        silence = Silence(uuid4(), given.match, given.author, given.reason, begins_at, given.ends_at)
        async with asking(self._connection) as inside:
            await silences.add(inside, silence, now)
            return self._told(await silences.one(inside, silence.id), silence.id)

    async def end(self, silence: UUID, by: str) -> SilenceAnswer:
        """End it now, unless it has ended; what it held is looked at again. Raises ProblemError (404)."""
        now = self._clock.now()
        async with asking(self._connection) as inside:
            if await silences.end(inside, silence, by, now):
                await gatherings.wake(inside, [wake_key(silence)], now)
                await escalations.wake(inside, [wake_key(silence)], now)
            return self._told(await silences.one(inside, silence), silence)

    def _told(self, kept: Kept | None, silence: UUID) -> SilenceAnswer:
        if kept is None:
            raise ProblemError(Problem(title="No such silence", status=404, detail=f"no silence has the id {silence}"))
        return SilenceAnswer.told(kept, self._clock.now())

    def _check(self, begins_at: datetime, ends_at: datetime, now: datetime) -> None:
        if ends_at <= now:
            raise _wrong(f"expected a moment after now ({now.isoformat()})")
        if ends_at <= begins_at:
            raise _wrong("expected a moment after `begins_at`")
        if ends_at - max(begins_at, now) > self._longest:
            days = self._longest / timedelta(days=1)
            raise _wrong(f"expected at most {days:g} days of silence: NOTIFIER_SILENCE_DAYS sets how many")


def _wrong(detail: str) -> ProblemError:
    error = FieldError(pointer="/body/ends_at", detail=detail)
    return ProblemError(Problem(title="Invalid request", status=422, detail=f"/body/ends_at: {detail}", errors=[error]))


def silences_router(desk: SilenceDesk, caller: Callable[..., ApiKey]) -> APIRouter:
    """The routes about silences."""
    router = APIRouter(prefix="/v1/silences", tags=["silences"])

    @router.get("", summary="List silences, the newest first", responses=problems(400))
    async def list_silences(filters: Annotated[Filters, Query()], _: Annotated[ApiKey, Depends(caller)]) -> SilencePage:
        return await desk.page(filters)

    @router.post("", summary="Silence what matches", status_code=201, responses=problems())
    async def add_silence(given: NewSilence, _: Annotated[ApiKey, Depends(caller)]) -> SilenceAnswer:
        return await desk.add(given)

    @router.get("/{silence_id}", summary="One silence", responses=problems(404))
    async def one_silence(silence_id: UUID, _: Annotated[ApiKey, Depends(caller)]) -> SilenceAnswer:
        return await desk.one(silence_id)

    @router.delete("/{silence_id}", summary="End a silence now; it stays in the history", responses=problems(404))
    async def end_silence(silence_id: UUID, key: Annotated[ApiKey, Depends(caller)]) -> SilenceAnswer:
        return await desk.end(silence_id, key.name)

    return router
