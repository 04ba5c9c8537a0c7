"""What every receiver may set, whatever its channel."""

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.schedule import RetrySchedule


class ReceiverSettings(BaseModel):
    """One receiver. Each channel's settings add its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = Field(description="A folder of services/notifier/channels")
    concurrency: int = Field(default=16, ge=1, le=256, description="Messages under way to it at once, in each replica")
    retry: RetrySchedule = RetrySchedule()
