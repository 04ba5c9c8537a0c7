"""Who is told next while nobody acknowledges."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.durations import Duration


class Step(BaseModel):
    """Whom to tell when nobody has acknowledged for so long after the step before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wait: Duration
    receivers: Annotated[tuple[str, ...], Field(min_length=1)]


class Escalation(BaseModel):
    """The steps in turn, begun when a warning is raised or escalated, ended by an acknowledgement or its end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]
    repeat: int = Field(default=0, ge=0, le=20, description="How often all the steps are gone through again")
