"""What turns a flood of messages into one that says how many."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.durations import Duration
from shared.warnings import Level


class Storm(BaseModel):
    """Past so many messages to one receiver in so long, the rest are summed up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: int = Field(ge=1)
    within: Duration = timedelta(minutes=10)
    summary: Duration = Field(default=timedelta(minutes=10), description="How often a summary goes out meanwhile")
    except_levels: tuple[Level, ...] = Field(default=(), description="Told all the same, such as [red]")
