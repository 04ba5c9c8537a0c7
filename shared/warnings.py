"""A change in a warning's life: what the warning service publishes on topic `warnings` and the notifier delivers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Level(StrEnum):
    """How serious: blue < yellow < orange < red."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


class Kind(StrEnum):
    """What happened to the warning. `warning.` and this word is the CloudEvent's type."""

    RAISED = "raised"
    ESCALATED = "escalated"
    EASED = "eased"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"
    ACKNOWLEDGED = "acknowledged"


class _Part(BaseModel):
    # Readers take fields they do not know: the models only ever gain some.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Measure(_Part):
    """The number the rule looked at; `value` is null where it could not be taken any more (a rule was retired)."""

    name: str
    value: float | int | None
    unit: str


class Band(_Part):
    """The band the measure fell in."""

    level: Level
    direction: Literal["above", "below"]
    threshold: float


class Window(_Part):
    """The calendar days the measure was taken over, both included."""

    first: date
    last: date


class OwnPast(_Part):
    """How this compares with the own past of the borrower, or of the loan, under the same rule."""

    raised_before: Annotated[int, Field(ge=0, description="Warnings of this rule raised before this one")]
    last_raised_at: datetime | None


class Evidence(_Part):
    """What led here. `event_id` is null where time itself did: an instalment did not come, a window moved on."""

    event_id: str | None
    event_source: str | None
    items: Annotated[
        list[str], Field(max_length=16, description="Hashes (xxh3-64, hex) of contributing events' source and id")
    ]
    window: Window | None
    own_past: OwnPast


class Ruleset(_Part):
    """Which rules decided."""

    name: str
    version: str
    digest: str


class Text(_Part):
    """What to tell a person."""

    en: str
    zh: str


class About(_Part):
    """Where the borrower and the loan belong, in the lender's own words; null where no event has said so."""

    segment: str | None = None
    product: Annotated[str | None, Field(description="Of the loan named")] = None
    region: str | None = None
    branch: str | None = None
    lender_unit: str | None = None
    relationship_manager: str | None = None
    group: Annotated[str | None, Field(description="Of connected borrowers")] = None


class Acknowledgement(_Part):
    """Somebody has seen the warning and answers for it."""

    id: UUID
    by: str
    note: str | None
    link_of: Annotated[
        str | None, Field(description="Given by a link: the receiver it was sent to; `by` may be any name typed there")
    ] = None


class WarningChange(_Part):
    """One change. `change_id` is deterministic: whoever sees it twice has seen one change."""

    change_id: UUID
    warning_id: UUID
    kind: Kind
    reason: Annotated[
        str | None,
        Field(
            description="Why it cleared: condition, corrected, rescheduled, written_off, rule_retired or"
            " loan_forgotten; why it eased: rescheduled, or nothing"
        ),
    ] = None
    borrower_id: str
    per: Annotated[
        Literal["borrower", "loan"],
        Field(description="Whether the rule warns of the borrower or of each loan by itself"),
    ] = "borrower"
    loan_id: Annotated[
        str | None,
        Field(description="The warning's own loan; of a warning per borrower the worst of its loans at this change"),
    ] = None
    rule: str
    family: str
    level: Annotated[Level | None, Field(description="Null once cleared or withdrawn")]
    previous_level: Annotated[Level | None, Field(description="Null when raised")]
    at: Annotated[datetime, Field(description="Business time of the decision")]
    raised_at: datetime
    measure: Measure
    band: Band | None
    evidence: Evidence
    clears_when: Text | None = None
    ruleset: Ruleset
    text: Text
    about: About = About()
    time_zone: str
    engine: Annotated[str, Field(description="Version of the engine that decided")]
    acknowledgement: Annotated[Acknowledgement | None, Field(description="Of kind acknowledged only")] = None

    @property
    def severity(self) -> Level:
        """The level that matters to a reader: the present one, or the one that has just ended."""
        level = self.level or self.previous_level
        assert level is not None, "a change has a level before or after it"
        return level
