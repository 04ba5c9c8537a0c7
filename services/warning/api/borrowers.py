"""One borrower's picture."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends

from services.warning.api.answers import BorrowerAnswer, IndicatorValue, LoanAnswer, WarningSummary
from services.warning.api.naming import Naming
from services.warning.core.borrower import decode
from services.warning.core.changes import as_datetime
from services.warning.core.engine import Engine
from services.warning.core.indicators import CATALOGUE
from services.warning.core.picture import loans, overall_level, readings
from services.warning.store import queries
from shared.auth import ApiKey
from shared.http.paths import BorrowerId
from shared.problems import Problem, ProblemError

OPEN_WARNINGS_SHOWN = 500


class Pictures:
    """Pictures of borrowers, as of now as `naming` has it."""

    def __init__(self, database: queries.Database, engine: Engine, naming: Naming) -> None:
        self._database = database
        self._engine = engine
        self._naming = naming

    async def of(self, borrower_id: str) -> BorrowerAnswer:
        """The picture. Raises ProblemError (404) where nobody has heard of the borrower."""
        stored = (await self._naming.stored([borrower_id])).get(borrower_id)
        if stored is None:
            detail = f"no event of a borrower {borrower_id!r} has been decided"
            raise ProblemError(Problem(title="No such borrower", status=404, detail=detail))
        filters = {"borrower_id": borrower_id, "open": True}
        rows = await queries.warnings(self._database, filters, None, OPEN_WARNINGS_SHOWN)
        return self._answer(stored, [WarningSummary.of(row) for row in rows])

    def _answer(self, stored: queries.StoredBorrower, warnings: list[WarningSummary]) -> BorrowerAnswer:
        borrower = decode(stored.state)
        as_of = self._naming.as_of(borrower, stored.clock)
        found = readings(borrower, as_of, self._engine.terms)
        profile = borrower.facts.profile
        return BorrowerAnswer.model_validate(
            {
                "borrower_id": borrower.id,
                "as_of": as_datetime(as_of.at),
                "level": overall_level((each.family, each.level) for each in warnings if each.level),
                "kind": profile.kind,
                "segment": profile.segment,
                "sector": profile.sector,
                "region": profile.region,
                "branch": profile.branch,
                "lender_unit": profile.lender_unit,
                "relationship_manager": profile.relationship_manager,
                "group": profile.group,
                "indicators": [IndicatorValue.of(CATALOGUE[name], reading) for name, reading in found.items()],
                "loans": [LoanAnswer.of(each) for each in loans(borrower, as_of, self._engine.terms)],
                "open_warnings": [self._naming.named(each, borrower, stored.clock) for each in warnings],
                "blind": stored.blind,
            }
        )


def borrowers_router(pictures: Pictures, reads: Callable[..., ApiKey]) -> APIRouter:
    """The route about borrowers."""
    router = APIRouter(prefix="/v1/borrowers", tags=["borrowers"])

    @router.get(
        "/{borrower_id:path}",
        summary="One borrower: level, indicators, loans and open warnings",
        responses={404: {"model": Problem, "description": "No such borrower"}},
    )
    async def one_borrower(borrower_id: BorrowerId, _: Annotated[ApiKey, Depends(reads)]) -> BorrowerAnswer:
        return await pictures.of(borrower_id)

    return router
