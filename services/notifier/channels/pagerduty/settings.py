"""How a PagerDuty service is configured."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from services.notifier.channels.http import HttpReceiverSettings, Url
from services.notifier.channels.secret import Secret
from services.notifier.channels.wording import Languages
from services.notifier.core.flow import Rate
from services.notifier.core.schedule import RetrySchedule


class PagerDutySettings(HttpReceiverSettings):
    """An Events API v2 integration of one service."""

    channel: Literal["pagerduty"]
    routing_key: Secret = Field(description="The integration key")
    url: Url = Field(
        default="https://events.pagerduty.com/v2/enqueue", description="In Europe https://events.eu.pagerduty.com/…"
    )
    link: Url | None = Field(default=None, description="Where a person finds more, the event's client_url")
    languages: Languages = ("en",)
    concurrency: int = Field(default=4, ge=1, le=256, description="Requests under way at once, in each replica")
    rate: Rate | None = Field(default=Rate(messages=120, burst=10), description="What PagerDuty takes for one key")
    retry: RetrySchedule = RetrySchedule(first=timedelta(seconds=30))

    def targets(self) -> tuple[str]:
        return (self.url,)
