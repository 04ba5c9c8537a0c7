"""Which loan a warning is about now, and as of when "now" is."""

from collections.abc import Sequence
from typing import TypeVar

from services.warning.api.answers import WarningSummary
from services.warning.core.borrower import Borrower, decode
from services.warning.core.calendar import AsOf, micros
from services.warning.core.engine import Engine
from services.warning.store import queries
from shared.clock import Clock

Summary = TypeVar("Summary", bound=WarningSummary)


class Naming:
    """Names the loans of warnings. With `wall` now is the wall clock's, else the newest business time known."""

    def __init__(self, database: queries.Database, engine: Engine, clock: Clock, topic: str, *, wall: bool) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._topic = topic
        self._wall = wall

    def as_of(self, borrower: Borrower, partition_clock: int) -> AsOf:
        """Now, for this borrower."""
        wall = micros(self._clock.now()) if self._wall else 0
        return self._engine.calendar.on_event(max(borrower.clock, partition_clock, wall))

    async def stored(self, borrower_ids: Sequence[str]) -> dict[str, queries.StoredBorrower]:
        """Those of these borrowers of whom an event has been decided."""
        return await queries.borrowers(self._database, self._topic, borrower_ids)

    async def now(self, warnings: Sequence[Summary]) -> list[Summary]:
        """The same warnings; one that is open and of all a borrower's loans names the worst of them as of now."""
        asked = sorted({each.borrower_id for each in warnings if self._moves(each)})
        stored = await self.stored(asked) if asked else {}
        known = {borrower_id: (decode(each.state), each.clock) for borrower_id, each in stored.items()}
        return [
            self.named(each, *known[each.borrower_id]) if self._moves(each) and each.borrower_id in known else each
            for each in warnings
        ]

    def named(self, warning: Summary, borrower: Borrower, partition_clock: int) -> Summary:
        """The warning of this borrower, as it is named now."""
        if not self._moves(warning):
            return warning
        reading = self._engine.judges[warning.rule].read(borrower.facts, self.as_of(borrower, partition_clock))
        loan_id = reading.loan_id if reading is not None else None
        return warning.model_copy(update={"loan_id": loan_id or warning.loan_id})

    def _moves(self, warning: WarningSummary) -> bool:
        """Whether it may be about another loan than when it last changed."""
        judge = self._engine.judges.get(warning.rule)
        return warning.open and judge is not None and judge.names_loans
