"""What the API answers with."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.warning.core.indicators import Indicator, Reading
from services.warning.core.picture import LoanStanding
from services.warning.store.queries import Row
from shared.warnings import Level, WarningChange


class WarningSummary(BaseModel):
    """A warning as it stands; `level` is null once it has ended."""

    warning_id: UUID
    borrower_id: str
    rule: str
    family: str
    loan_id: str | None = Field(
        description="The warning's own loan where its rule is per loan. Else the worst of the loans now; where none is"
        " in a band any more, the one that its latest change named"
    )
    level: Level | None
    open: bool
    raised_at: datetime
    changed_at: datetime
    last_change: WarningChange

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls.model_validate(dict(row))


class WarningPage(BaseModel):
    """Some warnings, the newest first; `next` is the cursor of the page after this one, null on the last."""

    warnings: list[WarningSummary]
    next: str | None


class AcknowledgementAnswer(BaseModel):
    """Who answers for a warning, since when."""

    id: UUID
    by: str
    note: str | None
    at: datetime
    link_of: str | None = Field(description="Of one given by a link: the receiver that the link was sent to")


class WarningDetail(WarningSummary):
    """A warning with its whole life: each change with its evidence, and who acknowledged it."""

    changes: list[WarningChange]
    acknowledgements: list[AcknowledgementAnswer]

    @classmethod
    def told(cls, row: Row, changes: Sequence[Row], acknowledged: Sequence[Row]) -> Self:
        return cls.model_validate(
            {
                **row,
                "changes": [each["data"] for each in changes],
                "acknowledgements": [dict(each) for each in acknowledged],
            }
        )


class IndicatorValue(BaseModel):
    """A number, or why there is none: absent is never zero."""

    name: str
    value: float | int | None
    unit: str
    absent_because: str | None = Field(description="What is missing; null where there is a value")

    @classmethod
    def of(cls, indicator: Indicator, reading: Reading | None) -> Self:
        value = None if reading is None else reading.value
        return cls(
            name=indicator.name,
            value=value,
            unit=indicator.unit,
            absent_because=indicator.absent_when if reading is None else None,
        )


class WriteOffAnswer(BaseModel):
    """What was given up of a loan."""

    amount: str
    currency: str
    on: date


class LoanAnswer(BaseModel):
    """One loan. `scheduled` is all that falls due by the plan in force, `paid` what counts towards it as of now.

    Both are decimal strings in `currency`.
    """

    loan_id: str
    days_past_due: int = Field(description="After grace; 0 where nothing material is overdue")
    currency: str | None
    scheduled: str
    paid: str
    closed: bool = Field(description="A closing counts, and nothing is owed")
    written_off: WriteOffAnswer | None = Field(description="The write-off that counts, where nothing is owed since")
    lacks: list[date] = Field(
        description="Days on which instalments had fallen due or were paid that the last loan.disbursed does not repeat"
    )
    reversals_alone: int = Field(description="Reversals whose payment did not come within the lateness bound")

    @classmethod
    def of(cls, standing: LoanStanding) -> Self:
        return cls.model_validate(standing._asdict())


class BorrowerAnswer(BaseModel):
    """One borrower's picture as of `as_of`, business time."""

    borrower_id: str
    as_of: datetime
    level: Level | None = Field(
        description="The highest open level, one higher where warnings of a second family stand at it too"
    )
    kind: Literal["individual", "enterprise"] | None
    segment: str | None
    sector: str | None
    region: str | None
    branch: str | None
    lender_unit: str | None
    relationship_manager: str | None
    group: str | None
    indicators: list[IndicatorValue]
    loans: list[LoanAnswer]
    open_warnings: list[WarningSummary]
    blind: str | None = Field(
        description="Set where an event of this borrower could not be decided, so that the picture lacks it: the error"
    )


class IndicatorAnswer(BaseModel):
    """One entry of the catalogue."""

    name: str
    unit: str
    whole: bool = Field(description="Whether it is a whole number: an int in expressions, else a double")
    meaning: str
    source: str
    absent_when: str
    reads: list[str] = Field(description="Families of facts it is computed from")
    per_loan: bool = Field(description="Whether a rule may measure it per loan")

    @classmethod
    def of(cls, indicator: Indicator) -> Self:
        return cls(
            name=indicator.name,
            unit=indicator.unit,
            whole=indicator.whole,
            meaning=indicator.meaning,
            source=indicator.source,
            absent_when=indicator.absent_when,
            reads=sorted(indicator.reads),
            per_loan=indicator.per_loan,
        )


class Catalogue(BaseModel):
    """Every number a rule may measure."""

    indicators: list[IndicatorAnswer]


class RuleAnswer(BaseModel):
    """One rule, as it is evaluated. Durations are in seconds."""

    id: str
    family: str
    per: Literal["borrower", "loan"] = Field(description="Whom one warning of it is of")
    measure: str
    unit: str
    direction: Literal["above", "below"]
    bands: dict[Level, float]
    given: str | None
    hold_seconds: float
    segments: list[str]
    text: dict[str, str]
    source: str


class RulesetAnswer(BaseModel):
    """The rules that decide now; `yaml` is the file as its owner wrote it."""

    name: str
    version: str
    digest: str
    time_zone: str
    engine: str
    rules: list[RuleAnswer]
    yaml: str
