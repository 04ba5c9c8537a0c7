"""Which changes are told in one message, and when."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.core.durations import Duration
from services.notifier.core.labels import Label
from services.notifier.core.times import Zone

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description='Such as "08:30"')]


class Grouping(BaseModel):
    """Changes that agree in all of `by` are told together. `by` may be empty: then all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: tuple[Label, ...] = Field(default=("borrower",), max_length=4)
    wait: Duration = Field(default=timedelta(seconds=30), description="From the first change to the first message")
    interval: Duration = Field(default=timedelta(minutes=5), description="At least, from one message to the next")
    repeat: Duration | None = Field(
        default=None, description="Told again so often while a warning is open and nobody has acknowledged it"
    )

    @model_validator(mode="after")
    def _not_more_often_than_it_is_told(self) -> Self:
        if self.repeat is not None and self.repeat < self.interval:
            raise ValueError("expected `repeat` to be no shorter than `interval`")
        return self


class Digest(BaseModel):
    """One message at fixed times of the day, for everything since the one before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: tuple[Label, ...] = Field(default=(), max_length=4)
    at: tuple[Clock, ...] = Field(min_length=1, max_length=24)
    time_zone: Zone
