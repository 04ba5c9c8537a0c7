"""Times of the week by a wall clock somewhere, with that place's holidays: office hours, nights, week-ends."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Span = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""Such as 08:00-17:00; one that ends before it begins goes on past midnight: 22:00-07:00."""


class Calendar(BaseModel):
    """Where a day is not what its weekday says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = Field(default=frozenset(), description="Saturdays and Sundays that are worked on")


class Times(BaseModel):
    """The spans of `hours` on each of `days`, by the clock of `time_zone`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_zone: str
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    hours: tuple[Span, ...] = ("00:00-24:00",)
    calendar: str | None = Field(default=None, description="A name of `calendars`: its holidays are not among the days")
