"""What every receiver may set, whatever its channel."""

from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.notifier.core.contact import Way
from services.notifier.core.durations import Duration
from services.notifier.core.flow import Breaker, Rate
from services.notifier.core.schedule import RetrySchedule
from services.notifier.core.storm import Storm
from shared.warnings import Kind, Level


class Audience(StrEnum):
    """Who reads it."""

    STAFF = "staff"
    SYSTEMS = "systems"
    BORROWER = "borrower"


class ReceiverSettings(BaseModel):
    """One receiver. Each channel's settings add its own, and set the defaults its vendor asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    addresses_borrowers: ClassVar[bool] = False
    """Whether a message can go to the one borrower that it names as its recipient."""
    way: ClassVar[Way | None] = None
    """By what of a borrower's contact it does so."""
    one_by_one: ClassVar[bool] = False
    """Whether it takes each change by itself, as a record or an alert: nothing can be summed up there."""

    channel: str = Field(description="A folder of services/notifier/channels")
    audience: Audience = Audience.STAFF
    concurrency: int = Field(default=16, ge=1, le=256, description="Messages under way to it at once, in each replica")
    rate: Rate | None = Field(default=None, description="No more messages than this; as many as there are if unset")
    retry: RetrySchedule = RetrySchedule()
    retry_by_level: dict[Level, RetrySchedule] = Field(default={}, description="Another schedule for some levels")
    breaker: Breaker = Breaker()
    collapse: bool | None = Field(
        default=None,
        description="A change that was not sent yet gives way to the next of its warning; unless set, not for systems",
    )
    storm: Storm | None = None
    fallback: str | None = Field(default=None, description="The receiver to tell when this one cannot be told")
    heartbeat: Duration | None = Field(default=None, description="How often to send a message that proves the path")
    conduct: str | None = Field(
        default=None,
        description="The rules of contact with borrowers, a profile of configuration/conduct_profiles",
    )

    borrower_kinds: tuple[Kind, ...] = Field(
        default=(Kind.RAISED, Kind.ESCALATED), description="The changes a borrower is told of; for that audience alone"
    )

    @field_validator("retry", mode="before")
    @classmethod
    def _what_is_left_out_is_the_channels_own(cls, given: Any) -> Any:
        preset: RetrySchedule = cls.model_fields["retry"].default
        return {**preset.model_dump(exclude_unset=True), **given} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _reaches_its_audience(self) -> Self:
        if self.audience is Audience.BORROWER and not self.addresses_borrowers:
            raise ValueError(f"expected audience staff or systems: {self.channel} cannot write to a single borrower")
        if self.audience is Audience.BORROWER and self.heartbeat is not None:
            raise ValueError("expected no `heartbeat` with audience borrower: there is nobody to send it to")
        if self.audience is Audience.BORROWER and self.storm is not None:
            raise ValueError("expected no `storm` with audience borrower: a summary speaks of many")
        if self.audience is not Audience.BORROWER and self.conduct is not None:
            raise ValueError("expected `conduct` with audience borrower alone")
        return self

    @property
    def collapses(self) -> bool:
        """Whether an unsent change gives way to the next one of its warning."""
        return self.collapse if self.collapse is not None else self.audience is not Audience.SYSTEMS

    def schedule(self, level: Level | None) -> RetrySchedule:
        """The retries of a message of this level."""
        return self.retry_by_level.get(level, self.retry) if level else self.retry
