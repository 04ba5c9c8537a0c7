"""How fast one receiver may be written to, and when it is left alone for a while."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.durations import Duration


class Rate(BaseModel):
    """At most so many messages in so long, from all replicas together; up to `burst` of them at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: int = Field(ge=1)
    per: Duration = timedelta(minutes=1)
    burst: int = Field(default=1, ge=1)


class Breaker(BaseModel):
    """After so many failures in a row nothing is sent for `pause`, then one message tries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    failures: int = Field(default=5, ge=1)
    pause: Duration = timedelta(seconds=30)
    longest: Duration = Field(default=timedelta(minutes=10), description="The pause doubles with each failed trial")
