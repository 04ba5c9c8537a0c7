"""How a DingTalk robot is configured."""

from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, model_validator

from services.notifier.channels.robots import RobotSettings
from services.notifier.channels.secret import LEFT_OUT, Secret
from services.notifier.core.flow import Rate


class DingTalkSettings(RobotSettings):
    """A custom robot's webhook, with its access_token."""

    channel: Literal["dingtalk"]
    rate: Rate | None = Field(
        # One less than it takes: two messages that come closer together than they left must not make it 21.
        default=Rate(messages=19),
        description="DingTalk takes 20 a minute, and after one more nothing for ten minutes",
    )
    secret: Secret | None = Field(default=None, description="Where the robot verifies signatures: SEC and more")
    keyword: str | None = Field(
        default=None, min_length=1, max_length=50, description="Where the robot asks for one: put before each title"
    )

    @model_validator(mode="after")
    def _can_be_signed(self) -> Self:
        query = parse_qs(urlsplit(self.url.get_secret_value()).query)
        if self.url is not LEFT_OUT and {"timestamp", "sign"} & set(query):
            raise ValueError("expected a url without timestamp and sign: they are made for each message")
        return self
