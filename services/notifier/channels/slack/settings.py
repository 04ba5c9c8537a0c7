"""How a Slack channel is configured."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from services.notifier.channels.http import HttpReceiverSettings, SecretUrl
from services.notifier.channels.wording import Languages
from services.notifier.core.flow import Rate


class SlackSettings(HttpReceiverSettings):
    """An incoming webhook, whose URL is its key."""

    channel: Literal["slack"]
    url: SecretUrl
    languages: Languages = ("en", "zh")
    concurrency: int = Field(default=1, ge=1, le=256, description="Slack takes about one message a second a channel")
    rate: Rate | None = Field(
        default=Rate(messages=1, per=timedelta(seconds=1), burst=5),
        description="What Slack takes, short bursts included",
    )

    def targets(self) -> tuple[str]:
        return (self.url.get_secret_value(),)
