"""Warnings: listed, told in full, acknowledged."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.warning.acknowledging.recording import Recorder
from services.warning.api.answers import AcknowledgementAnswer, WarningDetail, WarningPage, WarningSummary
from services.warning.api.cursors import place, written
from services.warning.api.naming import Naming
from services.warning.store import queries
from services.warning.store.control import Acknowledged, IdInUseError, NoSuchWarningError
from shared.auth import ApiKey
from shared.clock import Clock
from shared.events.fields import Identifier, Moment
from shared.problems import Problem, ProblemError
from shared.texts import Line, Note
from shared.warnings import Level

PROBLEM: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "No such warning"},
    400: {"model": Problem, "description": "Not a cursor this service gave out"},
}


class Filters(BaseModel):
    """Which warnings: each filter given must hold."""

    model_config = ConfigDict(extra="forbid")

    borrower_id: Identifier | None = None
    loan_id: Annotated[
        Identifier | None, Field(description="The warning's own loan, or the one its latest change named as the worst")
    ] = None
    rule: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = None
    family: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = None
    level: Annotated[Level | None, Field(description="The present level; a warning that has ended has none")] = None
    state: Annotated[Literal["open", "ended"] | None, Field(description="Both where it is not given")] = None
    raised_from: Annotated[Moment | None, Field(description="Raised at this moment or later")] = None
    raised_before: Annotated[Moment | None, Field(description="Raised before this moment")] = None
    cursor: Annotated[str | None, Field(max_length=200, description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def columns(self) -> dict[str, Any]:
        """The filters as the store takes them."""
        given = self.model_dump(exclude={"cursor", "limit", "state"})
        return {**given, "open": None if self.state is None else self.state == "open"}


class Acknowledge(BaseModel):
    """Somebody answers for the warning."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[Line, Field(description="Who: a name or a number the lender knows")]
    note: Note | None = None
    id: Annotated[
        UUID | None, Field(description="The sender's own id, to repeat the request with; made up if absent")
    ] = None


class Desk:
    """What the routes work with."""

    def __init__(self, database: queries.Database, naming: Naming, clock: Clock, recorder: Recorder) -> None:
        self._database = database
        self._naming = naming
        self._clock = clock
        self._recorder = recorder

    async def page(self, filters: Filters) -> WarningPage:
        """One page of warnings."""
        after = place(filters.cursor) if filters.cursor else None
        rows = await queries.warnings(self._database, filters.columns(), after, filters.limit + 1)
        found = [WarningSummary.of(row) for row in rows[: filters.limit]]
        more = len(rows) > filters.limit
        last = queries.Place(found[-1].raised_at, found[-1].warning_id) if more else None
        return WarningPage(warnings=await self._naming.now(found), next=written(last) if last else None)

    async def detail(self, warning_id: UUID) -> WarningDetail:
        """One warning in full. Raises ProblemError (404)."""
        found = await queries.warning(self._database, warning_id)
        if found is None:
            raise ProblemError(
                Problem(title="No such warning", status=404, detail=f"no warning has the id {warning_id}")
            )
        (named,) = await self._naming.now([WarningDetail.told(*found)])
        return named

    async def acknowledge(self, warning_id: UUID, body: Acknowledge) -> Acknowledged:
        """Record an acknowledgement and let it be published. Raises ProblemError (404, or 409 for a used id)."""
        given = Acknowledged(body.id or uuid4(), body.by, body.note, self._clock.now(), known=False)
        try:
            return await self._recorder.record(warning_id, given)
        except NoSuchWarningError as error:
            raise ProblemError(Problem(title="No such warning", status=404, detail=str(error))) from None
        except IdInUseError as error:
            raise ProblemError(Problem(title="Id in use", status=409, detail=str(error))) from None


def warnings_router(desk: Desk, reads: Callable[..., ApiKey], acknowledges: Callable[..., ApiKey]) -> APIRouter:
    """The routes about warnings."""
    router = APIRouter(prefix="/v1/warnings", tags=["warnings"])

    @router.get("", summary="List warnings, the newest first", responses={400: PROBLEM[400]})
    async def list_warnings(filters: Annotated[Filters, Query()], _: Annotated[ApiKey, Depends(reads)]) -> WarningPage:
        return await desk.page(filters)

    @router.get("/{warning_id}", summary="One warning with its changes and evidence", responses={404: PROBLEM[404]})
    async def one_warning(warning_id: UUID, _: Annotated[ApiKey, Depends(reads)]) -> WarningDetail:
        return await desk.detail(warning_id)

    @router.post(
        "/{warning_id}/acknowledgements",
        summary="Answer for a warning",
        status_code=201,
        responses={
            200: {"model": AcknowledgementAnswer, "description": "It was acknowledged under this id before"},
            404: PROBLEM[404],
            409: {"model": Problem, "description": "The id belongs to another warning"},
        },
    )
    async def add_acknowledgement(
        warning_id: UUID, body: Acknowledge, response: Response, _: Annotated[ApiKey, Depends(acknowledges)]
    ) -> AcknowledgementAnswer:
        done = await desk.acknowledge(warning_id, body)
        response.status_code = 200 if done.known else 201
        return AcknowledgementAnswer(id=done.id, by=done.by, note=done.note, at=done.at, link_of=done.link_of)

    return router
